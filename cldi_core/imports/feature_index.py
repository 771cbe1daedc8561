"""What the rows of a matrix of features are of: a table, a line for each row.

As TSV with a line of headings (any of ``HEADINGS``), or without one: a picture; a language and a word; or a language, a
word and a position.  As JSON: a list with the same for each row, as a text, a list or an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data import parsing, storage
from cldi_core.errors import FeatureError, in_one_line

HEADINGS = {
    "language": "language", "lang": "language",
    "word": "word", "label": "word",
    "position": "position", "rank": "position",
    "picture": "picture", "image": "picture", "id": "picture", "name": "picture", "file_name": "picture",
    "file": "file",
}  # fmt: skip
BARE: dict[int, tuple[str, ...]] = {1: ("picture",), 2: ("language", "word"), 3: ("language", "word", "position")}
EXPECTED = (
    "expected a line for each row, tab-separated: language, word and position, or a picture's id or file name, "
    "under the headings language, word, position, picture"
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one row is of, as it is written: a picture, or a word with or without a position.

    Attributes:
        place: where it stands, for reports.
        position: from 0; -1 where none is given.
        file: whose rows are meant, all of them, where the index is about many files.
    """

    place: str
    language: str = ""
    word: str = ""
    position: int = -1
    picture: str = ""
    file: str = ""


@dataclass(frozen=True)
class Index:
    """The lines of an index; ``files`` has those that are about whole files, by the file's name."""

    lines: Sequence[Line]
    files: Mapping[str, list[Line]]


def read(path: Path, *, words: bool = False) -> Index:
    """An index.

    Args:
        words: the only column of a table without headings holds words, as the language is known.

    Raises:
        FeatureError: it cannot be read, or a line says neither a picture nor a word.
    """
    try:
        if path.suffix.lower() == ".json":
            table = _json(storage.read_bytes(path, storage.LARGE).decode("utf-8-sig"))  # in however many lines
        else:
            table = _tsv(storage.read_text(path, storage.LARGE))
    except (OSError, ValueError, RecursionError) as error:
        raise FeatureError(f"the index {path.name!r} cannot be read ({in_one_line(error)}); {EXPECTED}") from error
    if not table:
        raise FeatureError(f"the index {path.name!r} is empty; {EXPECTED}")
    columns: tuple[str, ...] = ()
    first = [str(cell).strip().lower() for cell in table[0][1]]
    if not isinstance(table[0][1], dict):
        headed = all(cell in HEADINGS for cell in first)
        columns = tuple(HEADINGS[cell] for cell in first) if headed else BARE.get(len(first), ())
        columns = ("word",) if words and not headed and len(first) == 1 else columns
        table = table[headed:]
    try:
        lines = [_line(place, row, columns) for place, row in table]
    except ValueError as error:
        raise FeatureError(f"the index {path.name!r}, {error}; {EXPECTED}") from error
    files: dict[str, list[Line]] = {}
    for each in lines:
        if each.file:
            files.setdefault(Path(each.file).name, []).append(each)
    return Index(lines, files)


def _tsv(text: str) -> list[tuple[str, Sequence[str] | dict[str, object]]]:
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [(f"line {number}", line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]


def _json(text: str) -> list[tuple[str, Sequence[str] | dict[str, object]]]:
    rows = parsing.parsed_json(text)
    if not isinstance(rows, list):
        raise ValueError("it is no list")
    found: list[tuple[str, Sequence[str] | dict[str, object]]] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list | dict | str | int):
            raise ValueError(f"row {number} is no text, list or object")
        found.append((f"row {number}", row if isinstance(row, dict) else [str(cell) for cell in _cells(row)]))
    return found


def _cells(row: list[object] | str | int) -> Sequence[object]:
    return row if isinstance(row, list) else [row]


def _line(place: str, row: Sequence[str] | dict[str, object], columns: tuple[str, ...]) -> Line:
    if isinstance(row, dict):
        return line(
            place, {HEADINGS.get(str(key).lower(), ""): str(cell) for key, cell in row.items() if cell is not None}
        )
    if len(row) != len(columns):
        raise ValueError(f"{place} has {len(row)} columns where {len(columns) or 'one to three'} are expected")
    return line(place, dict(zip(columns, row, strict=True)))


def line(place: str, named: Mapping[str, str]) -> Line:
    """A line of cells by the values of ``HEADINGS``.

    Raises:
        ValueError: it names neither a picture nor a word, or a position that is none; the text begins with its place.
    """
    position = named.get("position", "").strip()
    if position and not (position.isascii() and position.isdecimal() and len(position) < 10):
        raise ValueError(f"{place} has the position {position[:20]!r}, which is no whole number from 0")
    word, picture = named.get("word", ""), named.get("picture", "").strip()
    if not (word.strip() or picture):
        raise ValueError(f"{place} names neither a picture nor a word")
    where = int(position) if position else -1
    return Line(place, named.get("language", "").strip(), word, where, picture, named.get("file", "").strip())
