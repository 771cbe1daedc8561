"""Score matrices on disk, and what of them still holds when some words' pictures have changed.

Beside a matrix are kept the keys of its words (``ImageSets.keys``).  The score of two words whose keys have not changed
has not changed either, under a method whose scores depend on these two words only; under a method of votes, as long as
no target word has changed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import DatasetError
from cldi_core.scoring import Scores
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Method, find
from cldi_core.scoring.scores import combined, score_all

log = logging.getLogger(__name__)
VERSION = 2  # raise it when a method's numbers change: stored results are then computed again
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scored:
    """The scores of one method and how they came about.

    Attributes:
        matrix: float32 (n_source, n_target).
        key: stands for everything they depend on.
        precision, device: what they were computed with, see ``scores.score``.
        seconds: how long the computation took that they were part of.
        computed: how many of the scores it computed; the others were found.
        source_keys, target_keys: uint8 (n, 16), the keys of the words.
        found: they were stored already.
    """

    matrix: Scores
    key: str
    precision: str
    device: str
    seconds: float
    computed: int
    source_keys: NDArray[np.uint8]
    target_keys: NDArray[np.uint8]
    found: bool = False


def load(path: Path) -> Scored | None:
    """What is stored; ``None`` where there is nothing, or nothing of use."""
    try:
        tensors, meta = storage.map_tensors(path)
        matrix, source, target = (tensors[name] for name in ("scores", "source_keys", "target_keys"))
        fits = matrix.dtype == np.float32 and matrix.shape == (len(source), len(target))
        keyed = all(keys.dtype == np.uint8 and keys.shape[1:] == (16,) for keys in (source, target))
        if meta.get("version") != str(VERSION) or not fits or not keyed:
            return None
        seconds, computed = float(meta["seconds"]), int(meta["computed"])
        return Scored(matrix, meta["key"], meta["precision"], meta["device"], seconds, computed, source, target, True)
    except (DatasetError, KeyError, ValueError):
        return None


def save(path: Path, scored: Scored) -> None:
    """Store scores; a folder that cannot be written to is only warned of, because they can be computed again."""
    fields = ("key", "precision", "device", "seconds", "computed")
    meta = {"version": str(VERSION)} | {name: str(getattr(scored, name)) for name in fields}
    tensors: dict[str, NDArray[Any]] = {
        "scores": scored.matrix,
        "source_keys": scored.source_keys,
        "target_keys": scored.target_keys,
    }
    try:
        storage.save_tensors(path, tensors, meta)
    except OSError as error:
        log.warning("scores of %s are not kept: %s", path.parent.name, error)


def word_keys(sets: ImageSets) -> NDArray[np.uint8]:
    """uint8 (n_words, 16)."""
    return np.frombuffer(b"".join(sets.keys()), np.uint8).reshape(len(sets), 16)


@dataclass(frozen=True)
class Job:
    """What is to be scored, and how.  ``keys``: the words' keys of both sides; the rest is as in ``scores.score``."""

    source: ImageSets
    target: ImageSets
    keys: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    gold: Sequence[Collection[int]]
    precision: str
    device: str
    progress: Progress | None


def compute(job: Job, names: Sequence[str], old: Mapping[str, Scored | None], key: str) -> dict[str, Scored]:
    """Compute the scores of some methods, together where they can be, keeping what still holds of ``old``."""
    groups: dict[bytes, list[str]] = {}
    kept: dict[bytes, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    for name in names:
        rows, columns = _kept(job, name, old.get(name))
        group = rows.tobytes() + columns.tobytes()
        groups.setdefault(group, []).append(name)
        kept[group] = rows, columns
    made: dict[str, Scored] = {}
    for group, members in groups.items():
        start = time.perf_counter()
        rows, columns = kept[group]
        partly = bool((rows >= 0).any() and (columns >= 0).any())
        if partly:
            matrices = _patched(job, members, {name: old[name] for name in members}, rows, columns)  # type: ignore[misc]
        else:
            matrices = score_all(job.source, job.target, members, job.device, progress=job.progress)
        seconds = time.perf_counter() - start
        fresh = len(rows) * len(columns) - (int((rows >= 0).sum() * (columns >= 0).sum()) if partly else 0)
        for name in members:
            made[name] = Scored(matrices[name], key, "exact", job.device, seconds, fresh, *job.keys)
    return made


def _kept(job: Job, name: str, old: Scored | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each word's scores stand in the stored matrix, -1 where they do not: for source and target words."""
    nothing = np.full(len(job.source), -1), np.full(len(job.target), -1)
    if old is None or old.precision != "exact":
        return nothing
    rows, columns = (_places(now, then) for now, then in zip(job.keys, (old.source_keys, old.target_keys), strict=True))
    if not find(name).local and not np.array_equal(job.keys[1], old.target_keys):
        return nothing
    return rows, columns


def _places(now: NDArray[np.uint8], then: NDArray[np.uint8]) -> NDArray[np.int64]:
    place = {key.tobytes(): number for number, key in enumerate(then)}
    return np.array([place.get(key.tobytes(), -1) for key in now], np.int64)


def _patched(
    job: Job, names: Sequence[str], old: Mapping[str, Scored], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> dict[str, Scores]:
    """Stored matrices with the rows and columns of changed words computed anew."""
    matrices = {name: old[name].matrix[np.ix_(np.maximum(rows, 0), np.maximum(columns, 0))] for name in names}
    new_rows, new_columns = np.flatnonzero(rows < 0), np.flatnonzero(columns < 0)
    same_rows, every = np.flatnonzero(rows >= 0), np.arange(len(columns))
    for chosen, against in ((new_rows, every), (same_rows, new_columns)):
        if len(chosen) and len(against):
            source, target = _some(job.source, chosen), _some(job.target, against)
            part = score_all(source, target, names, job.device, progress=job.progress)
            for name in names:
                matrices[name][np.ix_(chosen, against)] = part[name]
    return matrices


def _some(sets: ImageSets, chosen: NDArray[np.int64]) -> ImageSets:
    return sets if len(chosen) == len(sets) else sets.select([sets.words[number] for number in chosen])


def derive(job: Job, method: Method, found: Mapping[str, Scored], key: str) -> Scored:
    """The scores of a method that is made from those of others, which are in ``found``."""
    start = time.perf_counter()
    missing = (job.source.sizes == 0)[:, None] | (job.target.sizes == 0)[None, :]
    matrix = combined(method, {name: found[name].matrix for name in method.bases}, missing)
    return Scored(matrix, key, "exact", job.device, time.perf_counter() - start, matrix.size, *job.keys)
