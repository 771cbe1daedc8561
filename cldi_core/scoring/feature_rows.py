"""Feature rows that need not be in memory: stacks of mapped arrays, passes over them block by block, row digests."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cldi_core.errors import FeatureError

BLOCK_BYTES = 1 << 20  # what a pass looks at stays in the processor's cache
DIGEST_BYTES = 16


class FeatureRows:
    """A read-only stack of arrays of the same dimension, seen through an index; only the rows asked for are read.

    Attributes:
        index: int64 (n,), the place of each row in the stack of all parts.
        shape: (n, dim); dtype: the parts' own, float16 in a data set.
    """

    ndim = 2

    def __init__(
        self, parts: Sequence[NDArray[np.floating]], fetch: Callable[[int, NDArray[np.integer]], None] | None = None
    ) -> None:
        """Stack arrays (n_i, dim), n_i >= 0; nothing is copied.

        Args:
            fetch: to be told which rows of which part are to be read, before they are.

        Raises:
            FeatureError: a part that is not (n, dim) of floats, or parts of different dimensions or types.
        """
        # Plain views: indexing a np.memmap costs more, and gives np.memmap objects that map nothing.
        self._fetch = fetch
        self._parts = [np.asarray(part) for part in parts]
        first = self._parts[0] if parts else np.zeros((0, 0), np.float16)
        for number, part in enumerate(self._parts):
            if part.ndim != 2 or part.dtype.kind != "f":
                raise FeatureError(f"part {number} is {part.dtype} {part.shape}; expected floats (n_pictures, dim)")
            if (part.shape[1], part.dtype) != (first.shape[1], first.dtype):
                raise FeatureError(
                    f"part {number} has {part.shape[1]} dimensions of {part.dtype}, the parts before it "
                    f"{first.shape[1]} of {first.dtype}; all need features of the same backbone"
                )
        self.dtype: np.dtype[Any] = first.dtype
        self._dim = int(first.shape[1])
        self._starts = np.concatenate([[0], np.cumsum([len(part) for part in self._parts], dtype=np.int64)])
        self.index: NDArray[np.int64] = np.arange(self._starts[-1], dtype=np.int64)
        self.index.setflags(write=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, dim)."""
        return len(self.index), self._dim

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: int | slice | Sequence[int] | NDArray[np.integer]) -> NDArray[np.floating]:
        """A copy of some rows: (dim,) for a number, else (n, dim).  IndexError for a row that does not exist."""
        places = np.asarray(self.index[key])
        flat = places.reshape(-1)
        found = np.empty((len(flat), self._dim), self.dtype)
        # In the order of the files, so that a disk is read forwards.
        ascending = bool((flat[1:] > flat[:-1]).all())
        order = np.arange(len(flat)) if ascending else np.argsort(flat, kind="stable")
        ordered = flat if ascending else flat[order]
        ends = np.searchsorted(ordered, self._starts)
        for number in np.flatnonzero(ends[1:] > ends[:-1]).tolist():
            span = slice(int(ends[number]), int(ends[number + 1]))
            rows = ordered[span] - self._starts[number]
            if self._fetch:
                self._fetch(number, rows)
            if ascending and rows[-1] - rows[0] == len(rows) - 1:  # one behind the other
                found[span] = self._parts[number][rows[0] : rows[-1] + 1]
                continue
            for begin in range(0, len(rows), _step(self)):  # few at a time, as numpy gathers them twice
                some = slice(begin, begin + _step(self))
                found[order[span][some]] = self._parts[number][rows[some]]
        return found.reshape(*places.shape, self._dim)

    def take(self, index: slice | Sequence[int] | NDArray[np.integer]) -> FeatureRows:
        """The stack seen through another index into this one; no features are read."""
        view = FeatureRows.__new__(FeatureRows)
        view.__dict__.update(self.__dict__)
        view.index = self.index[index]
        view.index.setflags(write=False)
        return view

    def release(self) -> None:
        """Let the system take back the memory in which mapped files were read: a server counts it as its own.

        What is read again comes out of the system's cache.
        """
        for part in self._parts:
            owner: object = part
            while isinstance(owner, np.ndarray | memoryview):
                owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
            if isinstance(owner, mmap.mmap) and hasattr(owner, "madvise"):
                owner.madvise(mmap.MADV_DONTNEED)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """A copy of all rows."""
        if copy is False:
            raise ValueError("rows of several files cannot become one array without a copy")
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)


def _step(features: NDArray[np.floating] | FeatureRows) -> int:
    width: int = features.shape[1] * features.dtype.itemsize
    return max(1, BLOCK_BYTES // max(1, width))


def blocks(features: NDArray[np.floating] | FeatureRows) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """One pass over rows (n, dim): the number of the first row and a C-contiguous array of a few rows, again and again.

    A block has at most ``BLOCK_BYTES``, or one row.
    """
    step = _step(features)
    for start in range(0, len(features), step):
        yield start, np.ascontiguousarray(features[start : start + step])


def row_digests(features: NDArray[np.floating] | FeatureRows) -> NDArray[np.uint8]:
    """One BLAKE2b digest per row, of its bytes: float (n, dim) → uint8 (n, 16); read block by block."""
    found = b"".join(
        hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest() for _, block in blocks(features) for row in block
    )
    return np.frombuffer(found, np.uint8).reshape(len(features), DIGEST_BYTES)


def joined(arrays: Sequence[NDArray[np.floating]]) -> NDArray[np.floating] | None:
    """Arrays (n_i, dim) that follow each other in memory as one, read-only and without a copy: (sum of n_i, dim).

    ``None`` where they are not slices of one array in its order, and where that array may still be written to; a
    mapped file counts as one that is not.
    """
    if not arrays:
        return None
    first, (owner, fixed) = arrays[0], _owner(arrays[0])
    place = first.ctypes.data
    for array in arrays:
        alike = array.dtype == first.dtype and array.shape[1] == first.shape[1] and array.flags.c_contiguous
        if not (fixed and alike and array.ctypes.data == place and _owner(array)[0] is owner):
            return None
        place += array.nbytes
    shape = (sum(len(array) for array in arrays), first.shape[1])
    strides = (first.shape[1] * first.itemsize, first.itemsize)
    return np.lib.stride_tricks.as_strided(first, shape, strides, writeable=False)


def _owner(array: NDArray[np.floating]) -> tuple[object, bool]:
    """What holds the memory of an array, and whether it stays as it is."""
    holder: object = array
    fixed = True
    while isinstance(holder, np.ndarray):
        fixed = fixed and not holder.flags.writeable
        if holder.base is None:
            break
        holder = holder.base
    return holder, fixed or isinstance(holder, mmap.mmap)
