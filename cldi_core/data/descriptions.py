"""Descriptions as files: of concepts in a data set, and of pictures in a table of the user's.

``descriptions.tsv`` of a data set describes what its pictures depict (their ``concept``), a line for each concept and
language: concept, language, short name, keywords separated by ``|``.  A user's table has a line for each description:
picture (its id or file name), language, text; once trained on it is kept in the data set as ``texts.tsv``.  Both are
UTF-8, tab-separated, with a line of headings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data import storage, wordlists
from cldi_core.errors import DatasetError

FILE, TABLE = "descriptions.tsv", "texts.tsv"
CONCEPTS = ("concept", "language", "name", "keywords")
PICTURES = ("picture", "language", "text")
MOST = storage.LARGE  # bytes of one file


@dataclass(frozen=True)
class Row:
    """What one language says of one concept: its short name, and keywords."""

    concept: str
    language: str
    name: str
    keywords: tuple[str, ...]


def read_concepts(path: Path) -> list[Row]:
    """The descriptions of concepts.

    Raises:
        DatasetError: there is no such file, or a line is not one.
    """
    rows = []
    for number, (concept, language, name, keywords) in _lines(path, CONCEPTS):
        parts = tuple(word for word in (part.strip() for part in keywords.split("|")) if word)
        if not (name or parts):
            raise _wrong(path, number, "describes nothing")
        rows.append(Row(concept, language, name, parts))
    return rows


def write_concepts(folder: Path, rows: Sequence[Row]) -> None:
    """Replace a data set's ``descriptions.tsv``.

    Raises:
        DatasetError: a row that would not be read back as it is; nothing is written.
    """
    for row in rows:
        if not _fits(row):
            raise DatasetError(
                f"what {row.language!r} says of {row.concept!r} cannot be written; expected a concept, a language and "
                "a name or keywords, without a tab, a line break or another control character, needless spaces, or a | "
                "in a keyword"
            )
    lines = ["\t".join(CONCEPTS)]
    lines += ["\t".join([row.concept, row.language, row.name, "|".join(row.keywords)]) for row in rows]
    storage.write_text(folder / FILE, "".join(f"{line}\n" for line in lines))


def _fits(row: Row) -> bool:
    """Whether a row comes back from the file as it is, but for the kind of its spaces."""
    parts = (row.concept, row.language, row.name, *row.keywords)
    plain = all(
        part == part.strip() and "  " not in part and not any(map(wordlists.is_control, part)) for part in parts
    )
    filled = row.concept and row.language and (row.name or row.keywords) and all(row.keywords)
    return bool(plain and filled and not any("|" in keyword for keyword in row.keywords))


def read_table(path: Path) -> list[tuple[str, str, str]]:
    """The lines (picture, language, text) of a user's table.

    Raises:
        DatasetError: there is no such file, a line is not one, or a description is empty.
    """
    rows = []
    for number, (picture, language, text) in _lines(path, PICTURES):
        if not text:
            raise _wrong(path, number, f"has an empty description of {picture!r}")
        rows.append((picture, language, text))
    return rows


def read_lines(path: Path, expected: str) -> list[str]:
    """The lines of a text file in UTF-8.

    Raises:
        DatasetError: it cannot be read, or is too large; it ends with what was ``expected``.
    """
    try:
        return storage.read_text(path, MOST).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name!r} cannot be read ({error}); {expected}, in UTF-8") from error


def _lines(path: Path, headings: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """The numbered lines below the headings, as columns without spaces around them."""
    expected = f"expected the tab-separated columns {', '.join(headings)}"
    lines = read_lines(path, expected)
    if tuple(column.strip().casefold() for column in lines[0].split("\t")) != headings:
        raise DatasetError(f"{path.name!r} begins with {lines[0][:60]!r}; {expected} as its first line")
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            columns = [" ".join(column.split()) for column in line.split("\t")]
            if len(columns) != len(headings) or not (columns[0] and columns[1]):
                raise _wrong(path, number, f"has {len(columns)} columns or an empty one; {expected}")
            yield number, columns


def _wrong(path: Path, number: int, what: str) -> DatasetError:
    return DatasetError(f"{path.name!r}: line {number} {what}")
