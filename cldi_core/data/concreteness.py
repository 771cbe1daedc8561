"""How concrete English words are, as people rated them: ``concreteness.tsv`` in a data set's folder.

A line for each word: word, tab, number; with or without a line of headings.  The table that Brysbaert, Warriner &
Kuperman (2014) published (40,000 English words, 1 to 5) is read as it is, tab or comma separated: of its columns
``Word`` and ``Conc.M`` count.  It is not shipped, as its licence does not say that it may be.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, in_one_line

FILE = "concreteness.tsv"
WORD, MEAN = "word", "conc.m"  # headings of the published table, in lower case
EXPECTED = "expected a word, a tab and a number, or the table of Brysbaert et al. (2014) as it is"
LONGEST, MAX_LINES = 200, 1_000_000  # letters of a word, and lines: of English words 40,000 are rated
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def concreteness(dataset: Dataset, word: str) -> float | None:
    """How concrete an English word is, in the units of the file; ``None`` where that is not known, or without a file.

    The word counts as it is written, else in lower case.

    Raises:
        DatasetError: there is a file, and it cannot be read.
    """
    known = ratings(dataset)
    return None if known is None else known.get(word, known.get(word.lower()))


def ratings(dataset: Dataset) -> Mapping[str, float] | None:
    """The words of a data set's file, or of that beside its pictures, with their numbers; ``None`` without one.

    Read once for as long as the data set is open.

    Raises:
        DatasetError: as ``read``.
    """
    if dataset not in _KEPT:
        _KEPT[dataset] = next(
            (found for folder in dict.fromkeys((dataset.path, dataset.home)) if (found := _there(folder)) is not None),
            None,
        )
    return _KEPT[dataset]


def read(path: Path) -> dict[str, float]:
    """The words of a file with their numbers, in its order; a byte order mark, CRLF and blank lines are tolerated.

    Raises:
        FileNotFoundError: there is none.
        DatasetError: it is no regular file of UTF-8, has no words, too many lines, or one that is no word and number; a
            word stands there with two numbers.
    """
    try:
        text = storage.read_text(path, storage.LARGE).removeprefix("\ufeff")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{FILE} cannot be read ({in_one_line(error)})") from error
    lines = [(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, line) for number, line in lines if line.strip()]
    if not lines:
        raise DatasetError(f"{FILE} has no words; {EXPECTED}")
    if len(lines) > MAX_LINES:
        raise DatasetError(f"{FILE} has {len(lines):,} lines, more than the {MAX_LINES:,} that are accepted")
    tab = "\t" in lines[0][1]
    rows = [(number, _cells(line, number, tab=tab)) for number, line in lines]
    own, mean, width = _columns(rows[0][1])
    found: dict[str, float] = {}
    for number, cells in rows[_is_header(rows[0][1]) :]:
        if len(cells) != width:
            raise _wrong(number, f"{len(cells)} columns instead of {width}")
        word, value = _word(cells[own], number), _value(cells[mean], number)
        if found.setdefault(word, value) != value:
            raise _wrong(number, f"{word[:40]!r} is there twice, with {found[word]:g} and {value:g}")
    if not found:
        raise DatasetError(f"{FILE} has no words; {EXPECTED}")
    return found


_KEPT: WeakKeyDictionary[Dataset, Mapping[str, float] | None] = WeakKeyDictionary()


def _there(folder: Path) -> dict[str, float] | None:
    try:
        return read(folder / FILE)
    except FileNotFoundError:
        return None


def _cells(line: str, number: int, *, tab: bool) -> list[str]:
    if tab:
        return [cell.strip() for cell in line.split("\t")]
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except (csv.Error, StopIteration) as error:
        raise _wrong(number, in_one_line(error)) from error


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a first line names columns: it begins with "Word", and no number follows."""
    return cells[0].lower() == WORD and not any(map(_NUMBER.fullmatch, cells[1:]))


def _columns(first: Sequence[str]) -> tuple[int, int, int]:
    """Where the word and the number stand, and how many columns there are."""
    names = [cell.lower() for cell in first]
    if _is_header(first) and MEAN in names:
        return 0, names.index(MEAN), len(names)
    if len(first) != 2:
        raise _wrong(1, f"{len(first)} columns")
    return 0, 1, 2


def _word(text: str, number: int) -> str:
    word = unicodedata.normalize("NFC", text)
    if not word or len(word) > LONGEST or any(map(wordlists.is_control, word)):
        raise _wrong(number, f"{text[:40]!r} is no word")
    return word


def _value(text: str, number: int) -> float:
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        raise _wrong(number, f"{text[:40]!r} has a decimal comma; write {text.replace(',', '.')[:40]}")
    value = float(text) if _NUMBER.fullmatch(text) and len(text) <= LONGEST else math.nan
    if not math.isfinite(value):
        raise _wrong(number, f"{text[:40]!r} is no number")
    return value


def _wrong(number: int, why: str) -> DatasetError:
    return DatasetError(f"{FILE}, line {number}: {why}; {EXPECTED}")
