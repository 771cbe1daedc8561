"""Ids of pictures, many of them: 16 bytes each in place of the 81 that Python takes for their 32 hex digits.

``PictureIds`` finds them, in 4 bytes more; ``GrowingIds`` takes further ones.  An id that is no id is found nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

BYTES = 16
WIDTH = 2 * BYTES  # hex digits
_HEX = re.compile("[0-9a-f]*")
_NO_DIGIT = 255
_VALUE = np.full(256, _NO_DIGIT, np.uint8)  # of a byte as a hex digit
_VALUE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_FEW = 65_536  # ids that are added one by one before they are sorted into the others

Raw = NDArray[np.uint8]  # (n, 16)


def is_id(key: str) -> bool:
    """Whether a text is what ids of pictures are: 32 hex digits, in small letters."""
    return len(key) == WIDTH and _HEX.fullmatch(key) is not None


def raw(keys: Iterable[str]) -> Raw:
    """Ids as bytes: uint8 (n, 16).

    Raises:
        ValueError: one is not 32 hex digits.
    """
    listed = keys if isinstance(keys, Sequence) else list(keys)
    text = "".join(listed)
    if not _HEX.fullmatch(text) or any(len(key) != WIDTH for key in listed):
        raise ValueError("ids that are not 32 hex digits")
    return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(-1, BYTES)


def raw_of_column(column: Any) -> Raw:
    """An Arrow column of texts that are ids, as bytes: uint8 (n, 16).

    Raises:
        ValueError: one is missing, or not 32 hex digits.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.min_max(pc.binary_length(column))
    if column.null_count or (len(column) and {lengths["min"].as_py(), lengths["max"].as_py()} != {WIDTH}):
        raise ValueError("ids that are not 32 hex digits")
    parts = [np.zeros((0, BYTES), np.uint8)]
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        if len(chunk):  # all texts are of one length, so they stand one behind the other
            offsets = np.frombuffer(chunk.buffers()[1], np.int32 if chunk.type == pa.string() else np.int64)
            start = int(offsets[chunk.offset])
            letters = np.frombuffer(chunk.buffers()[2], np.uint8)[start : start + WIDTH * len(chunk)]
            digits = _VALUE[letters].reshape(-1, BYTES, 2)
            if digits.max() == _NO_DIGIT:
                raise ValueError("ids that are not 32 hex digits")
            parts.append((digits[..., 0] << 4 | digits[..., 1]).astype(np.uint8))
    return np.concatenate(parts)


def texts(rows: Raw) -> list[str]:
    """Ids as people read them, of uint8 (n, 16)."""
    text = rows.tobytes().hex()
    return [text[start : start + WIDTH] for start in range(0, len(text), WIDTH)]


def as_json(rows: Raw) -> bytes:
    """Ids as JSON has a list of texts, of uint8 (n, 16): what ``storage.digest`` makes of that list."""
    found = np.empty((len(rows), WIDTH + 4), np.uint8)
    found[:] = np.frombuffer(b'"' + b" " * WIDTH + b'", ', np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    found[:, 1 : WIDTH + 1 : 2], found[:, 2 : WIDTH + 2 : 2] = digits[rows >> 4], digits[rows & 15]
    return b"[" + found.tobytes()[:-2] + b"]"


def as_strings(rows: Raw) -> NDArray[np.bytes_]:
    """uint8 (n, 16) → (n,), which can be sorted: numpy fills up with zeros what it cuts off."""
    return np.ascontiguousarray(rows).view(f"S{BYTES}").reshape(-1)


class PictureIds(Sequence[str]):
    """Ids in a fixed order, 16 bytes each, and 4 more once any is looked for, by binary search.

    Attributes:
        rows: uint8 (n, 16).
    """

    def __init__(self, rows: Raw) -> None:
        self.rows = rows
        self._strings = as_strings(rows)

    @cached_property
    def _order(self) -> NDArray[np.int32]:
        return np.argsort(self._strings, kind="stable").astype(np.int32)

    @classmethod
    def of(cls, keys: Iterable[str]) -> PictureIds:
        """Of texts; ValueError as ``raw``."""
        return cls(raw(keys))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return texts(self.rows[place]) if isinstance(place, slice) else self.rows[place].tobytes().hex()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), 1024):
            yield from self[start : start + 1024]

    def at(self, places: NDArray[np.integer]) -> list[str]:
        """The ids at some places, many at once: int (n,), in whatever order."""
        return texts(self.rows[places])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self.find([key])[0] >= 0)

    def find(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Where ids are: int64 (len(keys),); -1 for one that is not there."""
        try:
            return self.find_rows(raw(keys))
        except ValueError:
            found = np.full(len(keys), -1, np.int64)
            good = [place for place, key in enumerate(keys) if is_id(key)]
            found[good] = self.find_rows(raw([keys[place] for place in good]))
            return found

    def find_rows(self, rows: Raw) -> NDArray[np.int64]:
        """As ``find``, of uint8 (n, 16); of an id that is there several times the last."""
        if not len(self):
            return np.full(len(rows), -1, np.int64)
        wanted = as_strings(rows)
        places = np.searchsorted(self._strings, wanted, side="right", sorter=self._order) - 1
        found = self._order[np.maximum(places, 0)].astype(np.int64)
        found[self._strings[found] != wanted] = -1
        return found

    def has_rows(self, rows: Raw) -> NDArray[np.bool_]:
        """Which ids are there: uint8 (n, 16) → bool (n,)."""
        return self.find_rows(rows) >= 0


def unique(rows: Raw) -> Raw:
    """Different ids, sorted: uint8 (n, 16) → (m, 16)."""
    return np.unique(as_strings(rows)).view(np.uint8).reshape(-1, BYTES)


def first_rows(rows: Raw) -> NDArray[np.bool_]:
    """Which ids are there for the first time: uint8 (n, 16) → bool (n,)."""
    strings = as_strings(rows)
    order = np.argsort(strings, kind="stable")
    is_first = np.ones(len(rows), np.bool_)
    is_first[order[1:]] = strings[order[1:]] != strings[order[:-1]]
    return is_first


class GrowingIds:
    """A set of ids as bytes, to which further ones are added: 16 bytes each, and 110 of the last eighth."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, f"S{BYTES}")
        self._fresh: set[bytes] = set()

    def add(self, key: bytes) -> None:
        """One more, of 16 bytes."""
        self._fresh.add(key)
        if len(self._fresh) > max(_FEW, len(self._sorted) // 8):
            rows = np.frombuffer(b"".join(self._fresh), np.uint8).reshape(-1, BYTES)
            self._fresh.clear()
            self.add_rows(rows)

    def add_rows(self, rows: Raw) -> None:
        """Many more: uint8 (n, 16)."""
        self._sorted = np.union1d(self._sorted, as_strings(rows))

    def __contains__(self, key: bytes) -> bool:
        if key in self._fresh:
            return True
        place = int(np.searchsorted(self._sorted, key))
        # Bytes of zero at the end are not kept, of what is stored and of what is asked for alike.
        return place < len(self._sorted) and bool(self._sorted[place] == key.rstrip(b"\0"))
