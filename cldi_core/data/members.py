"""Words and their pictures, for many of them: 16 bytes a picture of a word, and 4 more where owners are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import ids
from cldi_core.data.ids import PictureIds, Raw


class Members(Mapping[str, list[str]]):
    """Word → ids of its pictures, in the order of the search result.  The lists are made anew each time.

    Args:
        words: different ones, in the order that they are to have.
        offsets: int64 (n_words + 1,); the pictures of a word are the rows between its offset and the next.
        rows: uint8 (n, 16), the ids.
    """

    def __init__(self, words: Iterable[str], offsets: NDArray[np.int64], rows: Raw) -> None:
        self._numbers = {word: number for number, word in enumerate(words)}
        self.offsets, self.rows = offsets, rows

    @classmethod
    def packed(cls, members: Iterable[tuple[str, Raw]]) -> Members:
        """Of words and the ids of each as bytes; a word that has none is not there."""
        words, sizes, parts = [], [0], [np.zeros((0, ids.BYTES), np.uint8)]
        for word, rows in members:
            if len(rows):
                words.append(word)
                sizes.append(len(rows))
                parts.append(rows)
        return cls(words, np.cumsum(sizes, dtype=np.int64), np.concatenate(parts))

    def __getitem__(self, word: str) -> list[str]:
        return ids.texts(self.rows_of(word))

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, word: object) -> bool:
        return word in self._numbers

    def rows_of(self, word: str) -> Raw:
        """The ids of a word's pictures as bytes: uint8 (n, 16).  KeyError: it has none."""
        number = self._numbers[word]
        return self.rows[self.offsets[number] : self.offsets[number + 1]]

    def owner_numbers(self) -> NDArray[np.int32]:
        """Which word each of ``rows`` is of: int32 (n,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def owners(self) -> Owners:
        """Picture → the words that have it."""
        return Owners(self)


class Owners(Mapping[str, dict[str, None]]):
    """Picture → the words that have it, both in the order of the words and their pictures."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._words = list(members)
        self._strings = ids.as_strings(members.rows)
        self._order = np.argsort(self._strings, kind="stable").astype(np.int32)

    def __getitem__(self, key: str) -> dict[str, None]:
        return dict.fromkeys(self.of([key])[key])

    def of(self, keys: Collection[str]) -> dict[str, list[str]]:
        """As the mapping has them, of many pictures at once; of those that words have."""
        known = [key for key in dict.fromkeys(keys) if ids.is_id(key)]
        wanted = ids.as_strings(ids.raw(known))
        first, last = (np.searchsorted(self._strings, wanted, side, self._order) for side in ("left", "right"))
        found = {}
        for key, start, end in zip(known, first.tolist(), last.tolist(), strict=True):
            if start < end:
                numbers = np.searchsorted(self._members.offsets, self._order[start:end], side="right") - 1
                found[key] = list(dict.fromkeys(self._words[number] for number in numbers.tolist()))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(PictureIds(self._different(1)))

    def __len__(self) -> int:
        return len(self._different(1))

    def _different(self, most: int) -> Raw:
        """The pictures that so many places in words have, each once, in the order in which they are met."""
        if not len(self._order):
            return self._members.rows
        ordered = self._strings[self._order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        counts = np.diff(np.append(starts, len(ordered)))
        return self._members.rows[np.sort(self._order[starts[counts >= most]])]

    def often(self, least: int) -> list[str]:
        """The pictures that stand so often in words, in their order."""
        return ids.texts(self._different(least))

    def ordered(self, keys: Collection[str]) -> list[str]:
        """Those of some pictures that words have, each once, in their order."""
        if not len(self._order):
            return []
        wanted = ids.as_strings(ids.raw([key for key in dict.fromkeys(keys) if ids.is_id(key)]))
        places = np.searchsorted(self._strings, wanted, sorter=self._order)
        rows = self._order[np.minimum(places, len(self._order) - 1)]
        return ids.texts(self._members.rows[np.sort(rows[self._strings[rows] == wanted])])

    def common(self, other: Owners) -> list[str]:
        """The pictures that words of both have, in the order of this one."""
        rows = self._different(1)
        return ids.texts(rows[other.has_rows(rows)])

    def has_rows(self, rows: Raw) -> NDArray[np.bool_]:
        """Which pictures words have: uint8 (n, 16) → bool (n,)."""
        if not len(self._order):
            return np.zeros(len(rows), np.bool_)
        wanted = ids.as_strings(rows)
        places = np.searchsorted(self._strings, wanted, sorter=self._order)
        found: NDArray[np.bool_] = self._strings[self._order[np.minimum(places, len(self._order) - 1)]] == wanted
        return found


def shared(languages: Iterable[Members]) -> list[str]:
    """The pictures that words of several spellings have, in any language; sorted."""
    numbers: dict[str, int] = {}
    rows, words = [np.zeros((0, ids.BYTES), np.uint8)], [np.zeros(0, np.int64)]
    for members in languages:
        own = np.array([numbers.setdefault(word, len(numbers)) for word in members], np.int64)
        rows.append(members.rows)
        words.append(own[members.owner_numbers()])
    strings = ids.as_strings(np.concatenate(rows))
    order = np.lexsort((np.concatenate(words), strings))
    strings, word = strings[order], np.concatenate(words)[order]
    again = (strings[1:] == strings[:-1]) & (word[1:] != word[:-1])
    return ids.texts(np.unique(strings[1:][again]).view(np.uint8).reshape(-1, ids.BYTES))
