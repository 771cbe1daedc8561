"""Pictures that show the same and are not the same file, such as a JPEG that was saved again.

Two ways find them: what they look like (``data.fingerprints``), and features whose cosine is above .98 under any
backbone, which is asked of the two languages of each pair alone.  ``check`` keeps what it finds in
``alike.parquet``, with the key of all it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import fingerprints, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.fingerprints import NEIGHBOURS, Fingerprints
from cldi_core.data.ids import Raw, texts, unique
from cldi_core.errors import CldiError
from cldi_core.features import shards
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import unit_rows

if TYPE_CHECKING:
    import pandas as pd

FILE = "alike.parquet"  # in the folder itself: pages look there to see whether anything has changed
VERSION = 2  # of what is computed
COSINE = 0.98
LOOK = "look"  # how pictures are alike: by their looks, else by the name of a backbone
_DIRECTIONS = 64  # numbers of a row that are compared first
_SAMPLE = 128  # rows of either side that tell in which directions rows differ most
_BLOCK = 2048


@dataclass(frozen=True)
class Alike:
    """Which pictures of a data set show the same.

    Attributes:
        looks: what was kept of each picture.
        frame: ``first`` and ``second``, ids, the first smaller; ``how`` they are alike (``"look"`` or a backbone).
        complete: whether all pictures and features were compared; if not, ``check`` has to do so.
    """

    looks: Fingerprints
    frame: pd.DataFrame
    complete: bool

    @cached_property
    def pairs(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The two ids, the smaller first → how they are alike."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for first, second, how in self.frame.itertuples(index=False, name=None):
            found[first, second] = (*found.get((first, second), ()), how)
        return found

    @cached_property
    def near(self) -> dict[str, frozenset[str]]:
        """Of every picture that looks like others: those."""
        found: dict[str, set[str]] = {}
        for (first, second), how in self.pairs.items():
            if LOOK in how:
                found.setdefault(first, set()).add(second)
                found.setdefault(second, set()).add(first)
        return {key: frozenset(others) for key, others in found.items()}


def read(dataset: Dataset) -> Alike:
    """What is kept, if it still stands; nothing is computed."""
    looks = fingerprints.read(dataset.pictures)
    frame = storage.frame_of(dataset.path / FILE, _key(dataset, looks))
    return Alike(looks, _empty() if frame is None else frame, not looks.missing and frame is not None)


def make(
    dataset: Dataset, *, progress: Callable[[int, int], object] | None = None, workers: int | None = None
) -> Alike:
    """What is kept, and what is missing computed, and kept where that can be written.

    It takes as long as decoding the pictures that nobody has looked at, and then, at 75,000 pictures in each of two
    languages, about 100 s for each pair and backbone on one core (7 s were measured at 20,000).  Rows are compared in
    blocks, so that the memory stays small.

    Args:
        progress, workers: as ``fingerprints.make``.
    """
    looks = fingerprints.make(dataset.pictures, progress=progress, workers=workers)
    key = _key(dataset, looks)
    frame = storage.frame_of(dataset.path / FILE, key)
    if frame is None:
        frame = _compared(dataset, looks)
        frame.attrs = {"key": key}
        with suppress(OSError):
            storage.write_frame(dataset.path / FILE, frame, compression="zstd")
    return Alike(looks, frame, complete=True)


def _empty() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=["first", "second", "how"], dtype="str")


def _key(dataset: Dataset, looks: Fingerprints) -> str:
    """Of the looks, the features, and which pictures each language has."""
    owned = {language: unique(dataset.stored_members(language).rows).tobytes() for language in dataset.pictured}
    features = {}
    for backbone in dataset.backbones:
        with suppress(CldiError):  # reported by ``check``
            features[backbone] = shards.open_features(dataset, backbone).digest
    parts = (list(owned), *owned.values(), list(dataset.pairs), features)
    return storage.digest(VERSION, COSINE, fingerprints.BITS, fingerprints.COLOURS, looks.key, *parts)


def _compared(dataset: Dataset, looks: Fingerprints) -> pd.DataFrame:
    found = {(*pair, LOOK) for pair in looks.alike()}
    for backbone in dataset.backbones:
        try:
            features = shards.open_features(dataset, backbone)
        except CldiError:
            continue  # reported by ``check``
        for pair in dataset.pairs:
            with suppress(CldiError):  # the name of a list is no pair: reported by ``check``
                sides = (unique(dataset.stored_members(language).rows) for language in wordlists.pair_languages(pair))
                source, target = (side[features.ids.has_rows(side)] for side in sides)
                found |= {
                    (min(one, other), max(one, other), backbone) for one, other in _close(features, source, target)
                }
    import pandas as pd

    return pd.DataFrame(sorted(found), columns=["first", "second", "how"], dtype="str")


def _close(features: shards.Features, source: Raw, target: Raw) -> Iterator[tuple[str, str]]:
    """The pairs of different pictures, uint8 (n, 16) and (m, 16), whose features' cosine is above .98."""
    rows = [features.ids.find_rows(side) for side in (source, target)]
    for ones, others in close_rows(features.matrix.take(rows[0]), features.matrix.take(rows[1])):
        differ = (source[ones] != target[others]).any(axis=1)
        yield from zip(texts(source[ones[differ]]), texts(target[others[differ]]), strict=True)


def close_rows(
    source: FeatureRows, target: FeatureRows, cosine: float = COSINE
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The places of rows whose cosine is above ``cosine``: float (n, dim), (m, dim) → places in either, piece by piece.

    Rows of length one are ``2 - 2 cos`` apart, squared, and no projection onto directions at right angles takes them
    further apart.  So all are first compared in the 64 directions in which a sample of them differs most, a twentieth
    of the work, and only those that stay close are compared whole: none is missed.
    """
    if not len(source) or not len(target):
        return
    directions = _directions(source, target)
    there = _projected(target, directions)
    most = float(2 - 2 * cosine) + 1e-4  # what rounding takes away
    for start in range(0, len(source), _BLOCK):
        here = _projected(source.take(slice(start, start + _BLOCK)), directions)
        ones, others = _candidates(here, there, most)
        for part in range(0, len(ones), _BLOCK):
            one, other = ones[part : part + _BLOCK] + start, others[part : part + _BLOCK]
            cosines = np.einsum("ij,ij->i", unit_rows(source[one]), unit_rows(target[other]))
            yield one[cosines > cosine], other[cosines > cosine]


def _candidates(
    here: NDArray[np.float32], there: NDArray[np.float32], most: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of rows at most so far apart, squared; one that has 200 already is compared with few more."""
    found: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    lengths = np.einsum("ij,ij->i", here, here)
    named = np.zeros(len(here), np.int64)
    for start in range(0, len(there), _BLOCK):
        block = there[start : start + _BLOCK]
        apart = lengths[:, None] + np.einsum("ij,ij->i", block, block) - 2 * (here @ block.T)
        ones, others = np.nonzero((apart <= most) & (named < NEIGHBOURS)[:, None])
        named += np.bincount(ones, minlength=len(here))
        found.append((ones, others + start))
    return np.concatenate([ones for ones, _ in found]), np.concatenate([others for _, others in found])


def _directions(source: FeatureRows, target: FeatureRows) -> NDArray[np.float32]:
    """Directions at right angles in which rows differ most: float32 (dim, at most 64)."""
    sample = [
        unit_rows(rows[np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int)]) for rows in (source, target)
    ]
    rows = np.concatenate(sample)
    _, _, found = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    directions: NDArray[np.float32] = np.ascontiguousarray(found[:_DIRECTIONS].T, np.float32)
    return directions


def _projected(rows: FeatureRows, directions: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = [unit_rows(rows[start : start + _BLOCK]) @ directions for start in range(0, len(rows), _BLOCK)]
    return np.concatenate(parts)
