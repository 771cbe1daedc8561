"""Tables as CSV files that no spreadsheet takes for formulas.

A spreadsheet runs a cell that begins with ``= + - @`` (also after spaces, and in full width), and some cut a file at
semicolons or tabs, whatever it was written with.  Words and file names are other people's texts, so an apostrophe goes
before each place where such a formula could begin.  Numbers stay numbers.

To read a file back: ``pandas.read_csv(path, encoding="utf-8-sig")``, and ``original`` of each text (pandas without it
reads the apostrophes as a part of the texts).
"""

from __future__ import annotations

import numbers
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# A cell begins where the text does, and where a spreadsheet of another country may cut it.
_BEGINS = r"(?:^|(?<=[;\t\r\n]))"
# Spaces (those without a width too) do not hide a formula; apostrophes are let through, so that one more can be told
# from one that was there.
_FORMULA = r"(?=['\"\s\u200b-\u200f\u2060\ufeff\x00]*[=+\-@\t\r＝＋－＠﹢﹣﹦﹫])"
_UNSAFE = re.compile(_BEGINS + _FORMULA)
_MARKED = re.compile(f"{_BEGINS}'{_FORMULA}")


def safe(text: str) -> str:
    """A text for a cell: with an apostrophe before whatever a spreadsheet could take for a formula."""
    return _UNSAFE.sub("'", text)


def original(cell: str) -> str:
    """The text of a cell that ``safe`` has made."""
    return _MARKED.sub("", cell)


def as_csv(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    """A table as a CSV file: UTF-8 with a byte order mark, without which Excel breaks every umlaut.

    Args:
        frame: whatever is neither a number nor missing is written as a text, headings too; several levels of headings
            are joined by a space.
        index: whether its labels are written as the first columns.

    Returns:
        Texts in quotes; numbers as they are, in all their digits; nothing for what is missing.
    """
    import csv

    import pandas as pd

    columns = {number: frame.iloc[:, number] for number in range(frame.shape[1])}
    titles = [_title(name) for name in frame.columns]
    if index:
        levels: list[Any] = [frame.index.get_level_values(number) for number in range(frame.index.nlevels)]
        columns = dict(enumerate([*levels, *columns.values()]))
        titles = ["" if name is None else _title(name) for name in frame.index.names] + titles
    cells = pd.DataFrame({number: pd.Series([_cell(value) for value in column], dtype=object)
                          for number, column in columns.items()})  # fmt: skip
    text = cells.to_csv(index=False, header=titles, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    return text.encode("utf-8-sig", errors="replace")  # a file name need not be text


def _title(name: Any) -> str:
    return safe(" ".join(str(part) for part in name if part != "") if isinstance(name, tuple) else str(name))


def _cell(value: Any) -> Any:
    """A number or nothing as it is, anything else as a text that is no formula."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return None
    # The truth is a text to a spreadsheet whatever is done about it.
    return value if isinstance(value, numbers.Number) and not isinstance(value, complex) else safe(str(value))
