"""How a word list is laid out: what separates its columns, which of them holds what, whether they have names.

Nothing is asked of the user: published lists, MUSE's dictionaries, tables with or without a header, and MMID's
dictionaries tell themselves apart.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cldi_core.data import wordlists
from cldi_core.errors import LexiconError
from cldi_core.imports import tags

LOOKED_AT = 1000  # lines by which a layout is found
LONGEST = 10_000  # characters of a line that can be one
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}
MOST = 0.6  # of the lines have as many columns, in a table
SOURCE_NAMES = frozenset({"word", "source", "src", "headword", "lemma", "term", "query"})
TARGET_NAMES = frozenset({"translation", "translations", "target", "tgt", "trg", "equivalent"})
TAG_NAMES = frozenset(
    {"pos", "upos", "xpos", "tag", "pos tag", "part of speech", "word class", "wortart", "category", "class", "cat"}
)
MMID = re.compile(r"dict\.([a-z]{2,3})(?:\.txt)?")
ACCEPTED = "accepted: lines of a word, its translation and, if known, the part of speech, in columns"


@dataclass(frozen=True)
class Layout:
    """Where a list's columns are.

    Attributes:
        name: what the list was taken for, in a few words.
        separator: one of ``SEPARATORS``.
        columns: how many cells a line has; 0 for a word and any number of translations.
        source, target, tag: the cells that hold the word, its translation and its part of speech; a tag of -1 is none.
        header: the number of the line that names the columns, from 1; 0 if none does.
    """

    name: str
    separator: str
    columns: int
    source: int = 0
    target: int = 1
    tag: int = -1
    header: int = 0

    def pairs(self, line: str) -> Iterator[tuple[str, str, str]]:
        """The words, translations and tags of a line, as they stand there; a tag may be empty.

        Raises:
            LexiconError: it has another number of cells than it must have, or quotes that do not close.
        """
        cells = cells_of(line, self.separator)
        if len(cells) == self.columns:
            yield cells[self.source], cells[self.target], cells[self.tag] if self.tag >= 0 else ""
        elif not self.columns and len(cells) > 1:
            word, *translations = cells
            for translation in translations:
                yield (translation, word, "") if self.source else (word, translation, "")
        elif max(self.source, self.target) < len(cells) < self.columns:  # only others are missing
            yield cells[self.source], cells[self.target], cells[self.tag] if 0 <= self.tag < len(cells) else ""
        else:
            expected = f"{self.columns} columns" if self.columns else "a word and its translations"
            found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            raise LexiconError(f"{found} where {expected} separated by {SEPARATORS[self.separator]} are expected")


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, without the empty ones at its end."""
    if len(line) > LONGEST:
        raise LexiconError(f"{len(line):,} characters are more than the {LONGEST:,} that a line may have")
    if separator == " ":
        return [cell for cell in line.replace("\t", " ").split(" ") if cell] or [""]
    if separator == "\t" or '"' not in line:
        cells = line.split(separator)
    else:
        try:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
        except (csv.Error, StopIteration):
            raise LexiconError("quotes that do not close, or with something after them") from None
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return cells


def mmid_language(name: str) -> str:
    """The language of a file that is named as MMID names its dictionaries, ``dict.de``; empty for others."""
    match = MMID.fullmatch(name)
    return match[1] if match else ""


def find(lines: Sequence[str], name: str, pair: str) -> Layout:
    """The layout of a list's lines.

    Raises:
        LexiconError: there is none: the lines have no two columns.
    """
    written = ((number, line) for number, line in enumerate(lines, 1) if 0 < len(line) <= LONGEST and line.strip())
    sample = list(islice(written, LOOKED_AT))
    if not sample:
        raise LexiconError(f"{name!r} holds no word pairs; {ACCEPTED}")
    separator = _separator([line for _, line in sample])
    rows = [_tolerant(line, separator) for _, line in sample]
    if mmid_language(name) and separator == "\t":
        places = (1, 0) if wordlists.pair_languages(pair)[0] in wordlists.ENGLISH else (0, 1)
        return Layout("MMID dictionary: a word, then its translations, separated by tabs", "\t", 0, *places)
    widths = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    if not widths:
        number, line = sample[0]
        raise LexiconError(f"{name!r}, line {number}: {line[:60]!r} has 1 column, and so have all lines; {ACCEPTED}")
    named = _named(rows[0], pair)
    columns = max(widths[0][0], len(rows[0]) if named else 0)
    tag = named["tag"] if "tag" in named else _tag_column(rows[bool(named) :], columns, named)
    header = sample[0][0] if named or _is_above_tags(rows, tag) else 0
    if not header and separator == "\t" and tag < 0 and _is_ragged(rows):
        return Layout("dictionary: a word, then its translations, separated by tabs", "\t", 0)
    if tag < 0 and columns == 3 and not header:
        tag = 2  # which holds no names of parts of speech: that will be said
    free = (place for place in range(columns) if place != tag and place not in named.values())
    source, target = (named[role] if role in named else next(free, -1) for role in ("source", "target"))
    name = _called(separator, columns, tag, rows[0] if header else ())
    return Layout(name, separator, columns, source, target, tag, header)


def _separator(sample: Sequence[str]) -> str:
    if sum("\t" in line for line in sample) >= len(sample) / 2:
        return "\t"
    found = []
    for separator in ";,":
        columns, count = Counter(len(_tolerant(line, separator)) for line in sample).most_common(1)[0]
        if columns > 1 and count >= MOST * len(sample):
            found.append((count, columns, separator))
    return max(found)[-1] if found else " "


def _tolerant(line: str, separator: str) -> list[str]:
    """The cells of a line by which a layout is found, without quotes; none where it cannot be read."""
    try:
        return [cell.strip().strip('"') for cell in cells_of(line, separator)]
    except LexiconError:
        return []


def _named(cells: Sequence[str], pair: str) -> dict[str, int]:
    """What the cells of a first line name: ``source``, ``target``, ``tag`` → where; empty where it is no header."""
    languages = [names_of(language) for language in pair.split("-")]
    roles: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = " ".join(re.split(r"[\W_]+", cell.casefold())).strip()
        parts = {name, *name.split()}
        if name in TAG_NAMES:
            roles.setdefault("tag", place)
        elif parts & languages[0] or (parts & SOURCE_NAMES and not parts & languages[1]):
            roles.setdefault("source", place)
        elif parts & languages[1] or parts & TARGET_NAMES:
            roles.setdefault("target", place)
    has_both = {"source", "target"} <= roles.keys()
    if has_both and ("tag" in roles or len(cells) < 3 or not any(map(tags.is_tag, cells[2:]))):
        return roles
    return roles if roles.get("tag", 0) > 1 else {}  # "tag" and "class" may be words of the list itself


def names_of(language: str) -> frozenset[str]:
    """What a header may call a language, casefolded: its code, its English name and its own."""
    import langcodes  # a quarter of a second, for lists only

    found = langcodes.Language.get(language)
    return frozenset(name.casefold() for name in (language, found.to_tag(), found.display_name(), found.autonym()))


def _tag_column(rows: Sequence[Sequence[str]], columns: int, named: dict[str, int]) -> int:
    """The last column of three or more whose cells are mostly names of parts of speech; -1 if there is none."""
    for place in range(columns - 1, -1, -1) if columns > 2 else ():
        cells = [row[place] for row in rows if place < len(row) and row[place]]
        if place not in named.values() and cells and 2 * sum(map(tags.is_tag, cells)) >= len(cells):
            return place
    return -1


def _is_above_tags(rows: Sequence[Sequence[str]], tag: int) -> bool:
    """Whether the first line is the only one of several whose tag is none: a header in a language we do not know."""
    first, *others = [row[tag] if tag < len(row) else "" for row in rows] if tag >= 0 else [""]
    return len(others) > 2 and bool(first) and not tags.is_tag(first) and all(map(tags.is_tag, others))


def _is_ragged(rows: Sequence[Sequence[str]]) -> bool:
    """Whether lines have all kinds of numbers of cells, from two on."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return len(widths) > 1 and widths.most_common(1)[0][1] <= 0.8 * widths.total()


def _called(separator: str, columns: int, tag: int, header: Sequence[str]) -> str:
    what = f"columns separated by {SEPARATORS[separator]}"
    if header:
        return f"table: {columns} {what}, named {', '.join(header)[:100]}"
    if columns == 2 and separator in "\t ":
        return f"MUSE dictionary: two {what}"
    if columns == 3 and separator == "\t" and tag == 2:
        return f"published list: three {what}"
    return f"table: {columns} {what}"
