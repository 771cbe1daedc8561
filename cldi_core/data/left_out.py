"""What of a data set is left out of everything, without being deleted: pictures, words, pictures of one word alone.

``left_out.tsv`` has its columns in the first line and an item in each of the others, in the order in which they were
left out.  Each change reads and writes the whole file under the data set's lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.data.judgements import MAX_WORD, noted, now
from cldi_core.data.wordlists import Row, is_control, pair_languages
from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset

FILE = "left_out.tsv"
COLUMNS = ("kind", "language", "word", "picture", "reason", "time")
KINDS = PICTURE, MEMBERSHIP, WORD = "picture", "membership", "word"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Item:
    """What can be left out: a picture everywhere, a word, or a picture under one word alone.

    Attributes:
        picture: its id, or nothing.
        language, word: whose; both or none of them.
    """

    picture: str = ""
    language: str = ""
    word: str = ""

    @property
    def kind(self) -> str:
        """``"picture"``, ``"membership"`` or ``"word"``."""
        return (MEMBERSHIP if self.word else PICTURE) if self.picture else WORD


@dataclass(frozen=True)
class LeftOut:
    """An item that is left out: why, in one line, and since when (UTC, ``"2026-11-25T18:51:13Z"``)."""

    item: Item
    reason: str = ""
    time: str = ""


def left_out(dataset: Dataset) -> tuple[LeftOut, ...]:
    """What is left out, in the order of leaving out, as it stands in the file now.

    Raises:
        DatasetError: the file is broken.
    """
    return tuple(_read(dataset).values())


def leave_out(dataset: Dataset, items: Iterable[Item], reason: str = "") -> int:
    """Leave items out, all of them or none; how many were not before.  Those that were keep their reason.

    A ``Dataset`` that has looked at its words already stays as it was: open it anew.

    Raises:
        DatasetError: an item that cannot be, a reason that is too long; the file is broken or cannot be written.
    """
    wanted, why = [checked(item) for item in items], noted(reason)

    def change(kept: dict[Item, LeftOut]) -> None:
        for item in wanted:
            kept.setdefault(item, LeftOut(item, why, now()))

    return _change(dataset, change)


def take_back(dataset: Dataset, items: Iterable[Item]) -> int:
    """Leave items out no longer: how many were; DatasetError as ``leave_out``."""
    wanted = list(items)

    def change(kept: dict[Item, LeftOut]) -> None:
        for item in wanted:
            kept.pop(item, None)

    return _change(dataset, change)


def checked(item: Item) -> Item:
    """The item, if there can be one like it.

    Raises:
        DatasetError: it is neither a picture nor a word, no id of a picture, or a word that no word list can hold.
    """
    named = [text for text in (item.language, item.word) if text]
    if not (item.picture or named) or len(named) == 1:
        raise DatasetError(f"{item} cannot be left out; give a picture, or a language and a word, or all three")
    if item.picture and not _ID.fullmatch(item.picture):
        raise DatasetError(f"{item.picture[:40]!r} is not the id of a picture: 32 hexadecimal digits")
    for text in named:
        if len(text) > MAX_WORD or text != text.strip() or any(map(is_control, text)):
            raise DatasetError(f"{text[:40]!r} cannot be left out: it is no word of a word list, and no language")
    return item


@dataclass(frozen=True)
class Sieve:
    """What is left out, ready to be asked.

    Attributes:
        pictures: ids of those that are left out everywhere.
        memberships: (language, word) → ids of the pictures that this word lacks.
        words: (language, word).
    """

    pictures: frozenset[str] = frozenset()
    memberships: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)
    words: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.pictures or self.memberships or self.words)

    def names(self, language: str, names: Collection[str]) -> bool:
        """Whether a word is left out, or one of its pictures under it alone; ``names`` as ``kept`` takes them."""
        own = [(language, name) for name in names]
        return not self.words.isdisjoint(own) or any(key in self.memberships for key in own)

    def kept(self, language: str, names: Collection[str], ids: list[str]) -> list[str]:
        """The pictures that a word keeps, in their order; ``names``: how it is spelled, in a list and in the data."""
        own = [(language, name) for name in names]
        if not self.words.isdisjoint(own):
            return []
        gone = self.pictures.union(*(self.memberships.get(key, ()) for key in own))
        return [one for one in ids if one not in gone]

    def rows(self, pair: str, rows: list[Row]) -> list[Row]:
        """The rows of a word list that have no word that is left out, on either side."""
        source, target = pair_languages(pair)
        gone = self.words
        return [row for row in rows if (source, row.source) not in gone and (target, row.target) not in gone]


def sieve(dataset: Dataset) -> Sieve:
    """What is left out, ready to be asked; DatasetError as ``left_out``."""
    pictures, words, memberships = set[str](), set[tuple[str, str]](), dict[tuple[str, str], set[str]]()
    for item in _read(dataset):
        owner = (item.language, item.word)
        if item.kind == PICTURE:
            pictures.add(item.picture)
        elif item.kind == WORD:
            words.add(owner)
        else:
            memberships.setdefault(owner, set()).add(item.picture)
    return Sieve(frozenset(pictures), memberships, frozenset(words))


def _change(dataset: Dataset, change: Callable[[dict[Item, LeftOut]], None]) -> int:
    """Read, change and write the list while nobody else does; by how many items it changed."""
    try:
        with storage.lock(dataset.path, "the list of what is left out"):
            kept = _read(dataset)
            before = len(kept)
            change(kept)
            if len(kept) != before:
                storage.write_text(dataset.path / FILE, "".join(f"{line}\n" for line in _lines(kept.values())))
            return abs(len(kept) - before)
    except OSError as error:
        raise storage.cannot_write(dataset.path, error) from error


def _lines(kept: Iterable[LeftOut]) -> Iterable[str]:
    yield "\t".join(COLUMNS)
    for one in kept:
        item = one.item
        yield "\t".join((item.kind, item.language, item.word, item.picture, one.reason, one.time))


def _read(dataset: Dataset) -> dict[Item, LeftOut]:
    try:
        text = storage.read_text(dataset.path / FILE, storage.LARGE)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(dataset, error) from error
    head, *lines = text.removesuffix("\n").split("\n")
    if head != "\t".join(COLUMNS):
        raise _broken(dataset, "its first line does not name its columns")
    kept: dict[Item, LeftOut] = {}
    for number, line in enumerate(lines, start=2):
        try:
            one = _parsed(line)
        except ValueError as error:  # a DatasetError is one
            raise _broken(dataset, f"line {number}: {error}") from error
        kept[one.item] = one
    return kept


def _parsed(line: str) -> LeftOut:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} columns in place of {len(COLUMNS)}")
    kind, language, word, picture, reason, time = cells
    item = checked(Item(picture, language, word))
    if kind != item.kind:
        raise ValueError(f"{kind[:40]!r} does not fit it: it is a {item.kind}")
    return LeftOut(item, noted(reason), noted(time))


def _broken(dataset: Dataset, why: object) -> DatasetError:
    return DatasetError(f"{FILE} of {dataset.name!r} cannot be read ({why}); repair or delete it")
