"""Word lists as a data set stores them: one line per word pair, no header, UTF-8, three columns separated by tabs.

The columns are the English word, its translation and the part of speech: N, V, A, or X for every other. Several lines
with the same English word are several right translations. Those published with the paper are such lists; what else
people have becomes one in `cldi_core.imports.lists`. The language pair stands in the file's name:
`imgWords_en_de.txt` as published with Hartmann & Søgaard 2018, or `en-de.tsv`.
"""

from __future__ import annotations

import codecs
import gc
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypedDict

from cldi_core.data import disk, storage
from cldi_core.errors import LexiconError

POS = ("N", "V", "A", "X")
POS_ALIASES = {
    "N": "N",
    "NN": "N",
    "NOUN": "N",
    "V": "V",
    "VB": "V",
    "VERB": "V",
    "A": "A",
    "ADJ": "A",
    "ADJECTIVE": "A",
    "X": "X",
    "OTHER": "X",
}
_FORMAT = "expected three columns separated by tabs: English, translation, part of speech"
_ACCEPTED_POS = "accepted: N, V, A, X (also NN, VB, ADJ, noun, verb, adjective, other)"
ENGLISH = frozenset({"en", "eng"})
_PAIR = re.compile(r"([a-z]{2,3})-([a-z]{2,3})")
# At the end of a longer name, or with an underscore, only English may come first: `my_set.txt` is no list of "my-set".
_PAIR_IN_STEM = re.compile(r"(?:.*[^a-zA-Z])?(en|eng)[_-]([a-z]{2,3})")
_JOINERS = "\u200c\u200d"  # zero-width (non-)joiner: part of the spelling in Persian and in Indian languages
# How a spelling is compared.  Not casefold, but what people write on a keyboard without these letters.
_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ŋ": "n", "æ": "ae", "œ": "oe", "þ": "th"}
)
_A_TO_Z = frozenset(string.ascii_letters)
_BETWEEN = ("Pd", "Zs", "Cc", "Cf")  # Unicode categories: dashes, spaces, invisible characters
_APOSTROPHES = "'`‘’‛ʼʻʹ′＇·−"  # and what stands for a hyphen elsewhere: Catalan's middle dot, the minus sign


class Row(NamedTuple):  # made in half the time of a frozen record, which millions of them feel
    """One word pair: a word, one right translation, and the part of speech: "N", "V", "A", or "X" for others.

    In a file the source word is English; in a list that was turned round (``reversed_rows``) the target word is.
    """

    source: str
    target: str
    pos: str


class PosCounts(TypedDict):
    """A number of rows per part of speech."""

    N: int
    V: int
    A: int
    X: int


class Summary(TypedDict):
    """What `import-lists --json` prints for one file; all numbers are counts, see `summary`."""

    file: str
    pair: str
    rows: int
    pos: PosCounts
    source_words: int
    target_words: int
    multiword: int
    same_spelled: PosCounts


def pair_languages(pair: str) -> tuple[str, str]:
    """The two language codes of a pair: "en-de" gives ("en", "de").

    Raises:
        LexiconError: not two codes of two or three lower-case letters, joined by a hyphen.

    >>> pair_languages("en-de")
    ('en', 'de')
    """
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise LexiconError(
            f"{_shown(pair)} is not a language pair; accepted: two codes of 2 or 3 lower-case letters joined by a "
            "hyphen; write for example 'en-de'"
        )
    return match[1], match[2]


def reversed_pair(pair: str) -> str:
    """The pair the other way round; ``""`` for what is no pair.

    >>> reversed_pair("en-de"), reversed_pair("notes")
    ('de-en', '')
    """
    match = _PAIR.fullmatch(pair)
    return f"{match[2]}-{match[1]}" if match else ""


def reversed_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows of a list turned round: each word asks for what it was a right answer of."""
    return [Row(row.target, row.source, row.pos) for row in rows]


def read_list(path: str | Path, pair: str | None = None) -> tuple[str, list[Row]]:
    """Read a word list. A byte order mark, CRLF line ends and blank lines are tolerated.

    Args:
        path: the file.
        pair: the language pair, "en-de"; None to take it from the file's name. A pair given here beats the name.

    Returns:
        the pair and the rows in the order of the file, repeated ones included; words are NFC-normalised and without
        space around them, the part of speech is N, V, A or X.

    Raises:
        LexiconError: no readable file, no pair, no rows, text that is not UTF-8, or a line with another number of
            columns, an empty cell, an unknown part of speech or control characters.
    """
    path = Path(path)
    pair = pair_of(path.name) if pair is None else "-".join(pair_languages(pair))
    with many_rows():
        rows = list(_rows(_read_text(path).split("\n"), path))
    if not rows:
        raise LexiconError(f"{str(path)!r} holds no word pairs; {_FORMAT}; check that this is the right file")
    return pair, rows


def _rows(lines: Iterable[str], path: Path) -> Iterator[Row]:
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix("\r")
        cells = line.split("\t")
        if len(cells) == 3 and _is_stored(*cells):
            yield Row(*cells)
        elif line.strip(" \t"):
            yield _row(cells, line, f"{str(path)!r}, line {number}")


@contextmanager
def many_rows() -> Iterator[None]:
    """Rows are made without the search for circles of references: they are in none, and millions take half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_list(path: str | Path, rows: Iterable[Row]) -> None:
    """Write a word list that `read_list` reads back as the same rows: UTF-8, LF, rows in the given order.

    The file appears whole or not at all: it is written beside its place, synchronised to disk and then renamed. Its
    folder is made if need be. Equal rows give equal bytes.

    Raises:
        LexiconError: no rows, a row that could not be read back, or the file cannot be written.
    """
    path = Path(path)
    lines = []
    for number, row in enumerate(rows, start=1):
        clean = row if _is_stored(row.source, row.target, row.pos) else _checked(row, number, path)
        lines.append(f"{clean.source}\t{clean.target}\t{clean.pos}\n")
    if not lines:
        raise LexiconError(
            f"no rows to write to {str(path)!r}; a word list needs at least one; check what you selected"
        )
    try:
        storage.write_text(path, "".join(lines))
    except OSError as error:
        raise LexiconError(
            f"cannot write {str(path)!r}: {disk.reason(error, path.parent)}; "
            f"{disk.step(error, path.parent, 'choose a folder that you can write to')}"
        ) from error


def is_same_spelled(one: str, other: str) -> bool:
    """Whether two words are the same but for case, accents, hyphens, spaces and apostrophes (see ``folded``).

    >>> is_same_spelled("Lodz", "Łódź"), is_same_spelled("e-mail", "Email"), is_same_spelled("cow", "Kuh")
    (True, True, False)
    """
    return _may_be_same(one, other) and folded(one) == folded(other)


def folded(word: str) -> str:
    """A word as its spelling is compared: never empty.

    NFKD without combining marks, casefolded; Latin letters that Unicode does not decompose become what they are written
    with where they are missing (ł l, ø o, æ ae …); dashes, spaces, apostrophes and invisible characters go.  Scripts
    stay what they are: transliterated, Москва would be spelled as Moskva, which no reader of either would say.
    """
    if word.isascii() and word.isalnum():
        return word.lower()  # what comes out below, at once
    letters = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).casefold()
    kept = (c for c in letters if unicodedata.category(c) not in _BETWEEN and c not in _APOSTROPHES)
    return "".join(kept).translate(_UNDECOMPOSED) or word


def _may_be_same(one: str, other: str) -> bool:
    """Whether two words begin alike when they are folded, or with something that takes a second look; very quick."""
    first, second = _initial(one[:1]), _initial(other[:1])
    return first == second or not first or not second


@lru_cache(maxsize=4096)
def _initial(letter: str) -> str:
    """What a word that begins with a letter begins with when it is folded; empty where that takes a second look."""
    if not letter.isalnum() or letter in _APOSTROPHES:
        return ""
    first = folded(letter + "0")[0]  # "0": the letter itself leaves nothing
    return "" if first == "0" else first


def is_control(character: str) -> bool:
    """Whether a character is a control or an invisible one: NUL, bidirectional overrides, Unicode's own line ends …"""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS


def summary(path: str | Path, pair: str, rows: Sequence[Row]) -> Summary:
    """Count what a word list holds.

    Returns:
        `file`: the path as given; `pair`; `rows`: number of rows; `pos`: rows per part of speech; `source_words` and
        `target_words`: distinct strings, case kept ("TV" and "tv" are two); `multiword`: rows whose translation has
        a space in it; `same_spelled`: rows per part of speech for which `is_same_spelled` holds.
    """
    return Summary(
        file=str(path),
        pair=pair,
        rows=len(rows),
        pos=_pos_counts(rows),
        source_words=len({row.source for row in rows}),
        target_words=len({row.target for row in rows}),
        multiword=sum(not row.target.isalnum() and len(row.target.split()) > 1 for row in rows),
        same_spelled=_pos_counts(list(_same_spelled(rows))),
    )


def _same_spelled(rows: Iterable[Row]) -> Iterator[Row]:
    """Those of ``is_same_spelled``; most begin with two letters of a to z that one look tells apart."""
    for row in rows:
        source, target = row.source, row.target
        first, second = source[:1], target[:1]
        apart = first in _A_TO_Z and second in _A_TO_Z and first != second and first.lower() != second.lower()
        if not apart and is_same_spelled(source, target):
            yield row


def _pos_counts(rows: Sequence[Row]) -> PosCounts:
    listed = [row.pos for row in rows]
    return PosCounts(N=listed.count("N"), V=listed.count("V"), A=listed.count("A"), X=listed.count("X"))


def _shown(text: str | bytes, limit: int = 60) -> str:
    """A piece of a file for an error line: escaped, so that it cannot break or reorder the line, and shortened."""
    return repr(text[:limit]) + ("…" if len(text) > limit else "")


def pair_of(name: str) -> str:
    """The language pair that a file's name tells.

    Raises:
        LexiconError: it tells none.

    >>> pair_of("imgWords_en_de.txt"), pair_of("en-de.tsv")
    ('en-de', 'en-de')
    """
    stem = Path(name).stem
    match = _PAIR.fullmatch(stem) or _PAIR_IN_STEM.fullmatch(stem)
    if match is None:
        raise LexiconError(
            f"the name {name!r} does not tell the language pair; accepted: names like 'imgWords_en_de.txt' or "
            "'en-de.tsv'; rename the file or give the pair yourself, for example 'en-de'"
        )
    return f"{match[1]}-{match[2]}"


def bytes_of(path: Path, name: str) -> bytes:
    """What the file of a word list holds; errors call it by ``name``.

    Raises:
        LexiconError: no regular file that can be read, larger than ``storage.LARGE``, or of too many lines.
    """
    try:
        data = storage.read_bytes(path, storage.LARGE)
        storage.check_lines(data)
        return data
    except FileNotFoundError:
        raise LexiconError(f"there is no word list {name!r}; check the path") from None
    except OSError as error:
        why = error.strerror or error
        raise LexiconError(f"cannot read the word list {name!r}: {why}; give a text file that you may read") from error


def _read_text(path: Path) -> str:
    data = bytes_of(path, str(path)).removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        line = data.split(b"\n")[number - 1].removesuffix(b"\r")
        utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise LexiconError(
            f"{str(path)!r}, line {number}: {_shown(line)} is not UTF-8{' but looks like UTF-16' if utf16 else ''}; "
            "accepted: UTF-8 text; save the file again with the encoding UTF-8"
        ) from error


def _is_stored(source: str, target: str, pos: str) -> bool:
    """Whether a row is as it is stored already: exact where it says yes, and quick, for lists of millions."""
    return pos in POS and _is_plain(source) and _is_plain(target)


def _is_plain(cell: str) -> bool:
    inked = cell.isalnum() or (cell.isprintable() and cell[:1].strip() != "" and cell[-1] != " ")
    return inked and (cell.isascii() or unicodedata.is_normalized("NFC", cell))


def _checked(row: Row, number: int, path: Path) -> Row:
    cells = [row.source, row.target, row.pos]
    return _row(cells, "\t".join(cells), f"row {number} for {str(path)!r}")


def _row(cells: list[str], line: str, where: str) -> Row:
    """The row of one line's cells; `line` and `where` are for the error."""
    bad = next((c for cell in cells for c in cell if is_control(c)), None)
    if bad is not None:
        raise LexiconError(
            f"{where}: {_shown(line)} holds the control character U+{ord(bad):04X}; "
            "accepted: words without control characters; remove it"
        )
    if len(cells) != 3:
        found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
        raise LexiconError(f"{where}: {_shown(line)} has {found}; {_FORMAT}; correct this line")
    english, target, pos = (unicodedata.normalize("NFC", cell).strip() for cell in cells)
    empty = [name for name, cell in (("English", english), ("translation", target), ("POS", pos)) if not cell]
    if empty:
        raise LexiconError(f"{where}: {_shown(line)} has an empty cell ({', '.join(empty)}); {_FORMAT}; fill it in")
    known = POS_ALIASES.get(pos.upper())
    if known is None:
        raise LexiconError(
            f"{where}: {_shown(line)} has the unknown part of speech {_shown(pos, 20)}; {_ACCEPTED_POS}; "
            "correct it, or delete the line if it is a header"
        )
    return Row(english, target, known)
