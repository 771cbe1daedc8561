"""Image sets: the words of one language, each with the features of its pictures."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from cldi_core.errors import FeatureError, unknown_name
from cldi_core.scoring.feature_rows import DIGEST_BYTES, FeatureRows, blocks, joined, row_digests
from cldi_core.scoring.halves import widened

Features = NDArray[np.floating]
Digests = NDArray[np.uint8]
Numbers = NDArray[np.int64]  # of words, pictures or memberships


@runtime_checkable
class Ids(Protocol):
    """Ids of pictures, however they are held: how many, one of them, those of many rows."""

    def __len__(self) -> int:
        """How many."""

    def __getitem__(self, row: int, /) -> str:
        """That of one row."""

    def at(self, rows: Numbers, /) -> list[str]:
        """Those of rows, int64 (n,)."""


class _Texts(tuple[str, ...]):
    """Ids that are texts of any kind."""

    __slots__ = ()

    def at(self, rows: Numbers) -> list[str]:
        return [self[row] for row in rows]


class ImageSets:
    """The words of one language and their pictures; a picture is stored once and may belong to many words.

    Attributes:
        words: the words, distinct, in the order of the score matrix.
        features: float (n_images, dim), one row per picture, any scale; float16, float32 or float64.  An array or
            ``FeatureRows``, in memory or mapped; rows that no word owns may be among them.
        members: int64 (n_memberships,), rows of ``features``, word after word.
        offsets: int64 (n_words + 1,); word ``i`` owns ``members[offsets[i]:offsets[i + 1]]``.
        ids: one stable id per picture, or ``None`` where the pictures have none.
    """

    ids: Ids | None

    def __init__(
        self,
        words: Sequence[str],
        features: Features | FeatureRows,
        members: NDArray[np.int64],
        offsets: NDArray[np.int64],
        ids: Ids | Sequence[str] | None = None,
        *,
        digests: Digests | Callable[[], Digests] | None = None,
        finite: bool | None = False,
    ) -> None:
        """As the attributes say; besides, ``finite``: the features have been looked through and are finite; ``None``:
        whoever scores them looks through them (``check``), as many more words are opened than scored.

        Raises:
            FeatureError: no words, one of them twice, NaN or infinite values.
        """
        self.features, self.members, self.offsets = features, members, offsets
        self.ids = ids if ids is None or isinstance(ids, Ids) else _Texts(ids)
        self._digests: Digests | Callable[[], Digests] | None = digests
        # Of all rows, by who measures them: shared by selections of these words.
        self.measured: dict[str, Any] = {}
        self._is = {"finite": finite is True}
        self._name(words)
        if finite is False:
            self.check()

    def _name(self, words: Sequence[str]) -> None:
        self.words: tuple[str, ...] = tuple(words)
        self._row = {word: row for row, word in enumerate(self.words)}
        if not self.words:
            raise FeatureError("no words were given; an ImageSets needs at least one")
        if len(self._row) != len(self.words):
            doubled = next(word for row, word in enumerate(self.words) if self._row[word] != row)
            raise FeatureError(f"the word {doubled!r} was given twice; give each word once, with all its pictures")

    @classmethod
    def from_arrays(cls, words: Sequence[str], arrays: Sequence[ArrayLike]) -> ImageSets:
        """Build image sets from one array per word.

        Equal pictures become one.  Slices of one read-only array or of one memory-mapped file that follow each other
        are used where they are, so they may be larger than memory; everything else is copied, once.

        Args:
            words: distinct words.
            arrays: for each word a float array (n_i, dim), n_i >= 0; an empty list counts as (0, dim).

        Raises:
            FeatureError: no words, a doubled word, different numbers of words and arrays, dimensions that differ,
                an array that is not two-dimensional, NaN or infinite values.

        >>> sets = ImageSets.from_arrays(["Kuh", "Hund"], [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]])
        >>> len(sets), sets["Hund"].shape
        (2, (1, 2))
        """
        words = list(words)
        if len(words) != len(arrays):
            raise FeatureError(f"{len(words)} words but {len(arrays)} arrays were given; give one array per word")
        checked = [_as_floats(word, array) for word, array in zip(words, arrays, strict=True)]
        dims = {array.shape[1]: word for word, array in zip(words, checked, strict=True) if array.size}
        if len(dims) > 1:
            (first, one), (second, other) = list(dims.items())[:2]
            raise FeatureError(
                f"the features of {one!r} have {first} dimensions and those of {other!r} {second}; "
                "all words need features of the same backbone"
            )
        dim = next(iter(dims), 0)
        offsets = np.concatenate([[0], np.cumsum([len(array) for array in checked])]).astype(np.int64)
        filled = [array for array in checked if array.size]
        dtype = np.result_type(*filled) if filled else np.dtype(np.float32)
        digests = [np.zeros((0, DIGEST_BYTES), np.uint8)]
        for word, array, start in zip(words, checked, offsets[:-1].tolist(), strict=True):
            digests.append(_checked_digests(word, array, dtype, start))
        # A picture that comes twice is stored once: equal pictures then get exactly equal cosines, so that words with
        # the same pictures tie.
        known = np.concatenate(digests)
        kept, members = _distinct(known)
        features = joined(filled)
        if features is not None:
            return cls(words, features, kept[members], offsets, digests=known, finite=True)
        copied = _gathered(filled, kept, dim, dtype)
        return cls(words, copied, members, offsets, digests=known[kept], finite=True)

    @classmethod
    def from_members(
        cls,
        words: Sequence[str],
        members: Sequence[Sequence[int]],
        features: Features | FeatureRows,
        ids: Ids | Sequence[str] | None,
    ) -> ImageSets:
        """Build image sets over shared pictures: ``members[i]`` holds the rows of ``features`` that word ``i`` owns.

        Raises:
            FeatureError: not one list per word, features that are not (n, dim), a row that does not exist.
        """
        if len(words) != len(members):
            raise FeatureError(f"{len(words)} words but {len(members)} lists of rows were given; give one per word")
        if features.ndim != 2:
            raise FeatureError(f"the features have shape {features.shape}; expected (n_pictures, dim)")
        offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in members])]).astype(np.int64)
        flat = np.fromiter((row for rows in members for row in rows), np.int64, count=int(offsets[-1]))
        outside = flat[(flat < 0) | (flat >= len(features))]
        if len(outside):
            raise FeatureError(f"row {outside[0]} is not a picture; expected 0 … {len(features) - 1}")
        return cls(words, features, flat, offsets, ids)

    def select(self, words: Sequence[str]) -> ImageSets:
        """Some of the words, in the order given, over the same features; nothing is copied or checked again.

        Raises:
            UnknownNameError: a word that is not there; FeatureError: no words, or one of them twice.
        """
        rows = [self.rows(word) for word in words]
        chosen = copy.copy(self)
        chosen._name(words)
        chosen.members = np.concatenate(rows)
        chosen.offsets = np.concatenate([[0], np.cumsum([len(own) for own in rows])]).astype(np.int64)
        return chosen

    def with_rows(self, word: str, rows: NDArray[np.int64]) -> ImageSets:
        """The same words, one of them with other pictures: int64 (n,), rows of ``features``; nothing is copied.

        Raises:
            UnknownNameError: a word that is not there.
        """
        place = self.row(word)
        begin, end = int(self.offsets[place]), int(self.offsets[place + 1])
        changed = copy.copy(self)
        changed.members = np.concatenate([self.members[:begin], rows, self.members[end:]])
        changed.offsets = self.offsets.copy()
        changed.offsets[place + 1 :] += len(rows) - (end - begin)
        return changed

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._row

    def __getitem__(self, word: str) -> Features:
        """The features of one word's pictures, float (n, dim)."""
        return self.features[self.rows(word)]

    def row(self, word: str) -> int:
        """The word's row in the score matrix."""
        if word not in self._row:
            raise unknown_name("word", word, self.words)
        return self._row[word]

    def rows(self, word: str) -> NDArray[np.int64]:
        """The rows of ``features`` that belong to the word: int64 (n_pictures,)."""
        row = self.row(word)
        return self.members[self.offsets[row] : self.offsets[row + 1]]

    def word_ids(self, word: str) -> list[str]:
        """The ids of the word's pictures, in the order of the set."""
        if self.ids is None:
            raise FeatureError("these image sets were built without picture ids")
        return self.ids.at(self.rows(word))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (n_words,): how many pictures each word has."""
        return np.diff(self.offsets)

    @property
    def dim(self) -> int:
        """The length of a feature vector; 0 when no word has a picture."""
        return int(self.features.shape[1])

    @cached_property
    def nonzero(self) -> NDArray[np.bool_]:
        """bool (n_images,): which rows of ``features`` are not the zero vector.  One pass when first asked for."""
        half = self.features.dtype == np.float16  # numpy is slow with half floats: any bit but the sign
        found = [
            ((block.view(np.uint16) & 0x7FFF) if half else block).any(axis=1) for _, block in blocks(self.features)
        ]
        return np.concatenate(found) if found else np.zeros(0, bool)

    @property
    def digests(self) -> Digests:
        """uint8 (n_images, 16), one per row of ``features``; made when first asked for where none were given."""
        if self._digests is None:
            self._digests = row_digests(self.features)
        elif callable(self._digests):
            self._digests = self._digests()
        return self._digests

    def keys(self) -> list[bytes]:
        """One key per word, 16 bytes: it changes when the word's pictures, their order, ids or features do.

        A key depends on nothing else, so what was computed from words with the same keys need not be computed again.
        """
        digests, offsets = self.digests[self.members].tobytes(), self.offsets.tolist()
        return [
            self._key(digests[DIGEST_BYTES * begin : DIGEST_BYTES * end], self.members[begin:end])
            for begin, end in pairwise(offsets)
        ]

    def _key(self, digests: bytes, rows: NDArray[np.int64]) -> bytes:
        names = [] if self.ids is None else [name.encode() for name in self.ids.at(rows)]
        parts = [f"{self.features.dtype} {len(rows)} ".encode(), digests]
        parts += [len(name).to_bytes(8, "little") + name for name in names]
        return hashlib.blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()

    def check(self) -> None:
        """Look through all features, once; FeatureError where some are NaN or infinite."""
        if not self._is["finite"]:
            self._check_finite()
            self._is["finite"] = True

    def _check_finite(self) -> None:
        for start, block in blocks(self.features):
            bad = ~_finite(block).all(axis=1)
            if bad.any():
                row = start + int(np.argmax(bad))
                owners = np.searchsorted(self.offsets, np.flatnonzero(self.members == row), side="right") - 1
                word = self.words[int(owners[0])] if len(owners) else "no word"
                raise _not_finite(row, word)


def _not_finite(row: int, word: str) -> FeatureError:
    return FeatureError(f"picture {row} (of {word!r}) has NaN or infinite features; extract its features again")


def _finite(features: Features) -> NDArray[np.bool_]:
    if features.dtype != np.float16:
        return np.asarray(np.isfinite(features))
    # numpy is slow with half floats: all bits of the exponent set means infinite or NaN.
    return np.asarray(features.view(np.uint16) & 0x7C00 != 0x7C00)


def _checked_digests(word: str, array: Features, dtype: np.dtype[Any], before: int) -> Digests:
    """The digests of one word's rows as ``dtype``, and a look at whether they are finite, in one pass."""
    found = [np.zeros((0, DIGEST_BYTES), np.uint8)]
    for start, block in blocks(array):
        bad = ~_finite(block).all(axis=1)
        if bad.any():
            raise _not_finite(before + start + int(np.argmax(bad)), word)
        found.append(row_digests(block.astype(dtype, copy=False)))
    return np.concatenate(found)


def _distinct(digests: Digests) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that are the first of their kind, ascending; and for each row its place among those: int64 (n,)."""
    seen: dict[bytes, int] = {}
    places = np.fromiter((seen.setdefault(row.tobytes(), len(seen)) for row in digests), np.int64, count=len(digests))
    return np.unique(places, return_index=True)[1].astype(np.int64), places


def _gathered(arrays: Sequence[Features], kept: NDArray[np.int64], dim: int, dtype: np.dtype[Any]) -> Features:
    """The rows ``kept`` (ascending) of all arrays (n_i, dim) one after another, copied once: (len(kept), dim)."""
    found = np.empty((len(kept), dim), dtype)
    starts = np.concatenate([[0], np.cumsum([len(array) for array in arrays], dtype=np.int64)])
    for array, start, (begin, end) in zip(arrays, starts[:-1], pairwise(np.searchsorted(kept, starts)), strict=True):
        found[begin:end] = array if end - begin == len(array) else array[kept[begin:end] - start]
    return found


def _as_floats(word: str, array: ArrayLike) -> Features:
    try:
        values = np.asarray(array)
        if values.dtype not in (np.float16, np.float32, np.float64):
            values = values.astype(np.float32)
    except (ValueError, TypeError) as error:
        raise FeatureError(f"the features of {word!r} are not an array of numbers (n, dim): {error}") from error
    if values.size == 0:
        return np.zeros((0, values.shape[1] if values.ndim == 2 else 0), np.float32)
    if values.ndim != 2:
        raise FeatureError(f"the features of {word!r} have shape {values.shape}; expected (n_pictures, dim)")
    return values


def unit_rows(features: Features, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Rows scaled to length one, so that their products are cosines.

    Args:
        features: float16, float32 or float64 (n, dim), any scale.
        dtype: of the result, float32 or float64; the scaling is done in the wider type of the two.

    Returns:
        dtype (n, dim); a zero row stays zero, so its cosine with anything is 0.
    """
    wide = np.result_type(features.dtype, dtype)
    rows = widened(features) if wide == np.float32 else features.astype(wide)  # a copy
    if features.dtype != np.float16:
        # Neither tiny nor huge rows are lost to float32's range when they are squared; halves cannot be.
        peak = np.abs(rows).max(axis=1, keepdims=True, initial=0)
        rows /= np.where(peak == 0, 1, peak)
        rows = rows.astype(dtype, copy=False)
    return scaled_to_one(rows)


def scaled_to_one(rows: NDArray[Any]) -> NDArray[Any]:
    """Float rows (n, dim) whose squares neither vanish nor overflow, divided in place by their lengths."""
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    rows /= np.where(norms == 0, 1, norms)
    return rows


def similarity(source: Features, target: Features) -> NDArray[np.float32]:
    """Cosines of every picture with every picture: float (n, dim), (m, dim) → float32 (n, m)."""
    # A product of few finite rows has raised the flag of an invalid number, once, with none in it.
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float32] = unit_rows(source) @ unit_rows(target).T
    return found
