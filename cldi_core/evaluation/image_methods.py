"""The image methods as rankers: computed together, and only for the words whose pictures have changed.

The score of two words whose keys have not changed has not changed either, under a method whose scores depend on these
two words only; under a method of votes, as long as no target word has changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import IMAGES, Ranker, Scored, Work
from cldi_core.scoring import Scores, methods
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS, Method
from cldi_core.scoring.scores import combined, score, score_all

Places = tuple[NDArray[np.int64], NDArray[np.int64]]  # of source and target words in a stored matrix, -1 for none


def ranker_of(method: Method) -> Ranker:
    """An image method as a ranker."""
    return Ranker(
        method.name,
        method.label,
        method.about,
        method.formula,
        method.source,
        IMAGES,
        key=_key,
        scores=partial(_scores, method=method.name),
        together=_derived if method.bases else _from_pictures,
        row=None if method.bases else partial(_row, method=method.name),
        bases=tuple(ranker_of(methods.find_method(name)) for name in method.bases),
        bounds=method.bounds,
        ranks_all=method.ranks_all,
    )


def _key(pair: Pair) -> str:
    return pair.key


def _scores(pair: Pair, *, method: str) -> Scores:
    return score(pair.source, pair.target, method)


def _row(pair: Pair, word: str, *, method: str) -> NDArray[np.float32]:
    row: NDArray[np.float32] = score(pair.source.select([word]), pair.target, method)[0]
    return row


def _derived(work: Work) -> dict[str, Scored]:
    """Scores that are made from those of other methods."""
    pair, found = work.pair, dict(work.bases)
    missing = (pair.source.sizes == 0)[:, None] | (pair.target.sizes == 0)[None, :]
    for ranker in work.rankers:
        start = time.perf_counter()
        bases = {base.name: found[base.name].matrix for base in ranker.bases}
        matrix = combined(methods.find_method(ranker.name), bases, missing)
        seconds = time.perf_counter() - start
        found[ranker.name] = Scored(matrix, pair.key, work.device, seconds, matrix.size, *pair.keys)
    return {ranker.name: found[ranker.name] for ranker in work.rankers}


def _from_pictures(work: Work) -> dict[str, Scored]:
    """Scores of image sets: methods of which the same rows and columns still hold share a pass."""
    pair, groups, places = work.pair, dict[bytes, list[str]](), dict[bytes, Places]()
    for ranker in work.rankers:
        rows, columns = _still_there(pair, ranker.name, work.stale.get(ranker.name))
        group = rows.tobytes() + columns.tobytes()
        groups.setdefault(group, []).append(ranker.name)
        places[group] = rows, columns
    made: dict[str, Scored] = {}
    for group, names in groups.items():
        start = time.perf_counter()
        rows, columns = places[group]
        kept = int((rows >= 0).sum() * (columns >= 0).sum())
        if kept:
            matrices = _patched(work, names, places[group])
        else:
            matrices = score_all(pair.source, pair.target, names, device=work.device, progress=work.progress)
        seconds, fresh = time.perf_counter() - start, len(rows) * len(columns) - kept
        made |= {name: Scored(matrices[name], pair.key, work.device, seconds, fresh, *pair.keys) for name in names}
    return made


def _still_there(pair: Pair, name: str, stale: Scored | None) -> Places:
    """Where each word's scores stand in the stored matrix."""
    nothing = np.full(len(pair.source), -1), np.full(len(pair.target), -1)
    if stale is None:
        return nothing
    source_keys, target_keys = pair.keys
    if not METHODS[name].local and not np.array_equal(target_keys, stale.target_keys):
        return nothing
    return _places(source_keys, stale.source_keys), _places(target_keys, stale.target_keys)


def _places(now: NDArray[np.uint8], then: NDArray[np.uint8]) -> NDArray[np.int64]:
    place = {key.tobytes(): number for number, key in enumerate(then)}
    return np.array([place.get(key.tobytes(), -1) for key in now], np.int64)


def _patched(work: Work, names: Sequence[str], places: Places) -> dict[str, Scores]:
    """Stored matrices with the rows and columns of changed words computed anew."""
    source, target = work.pair.source, work.pair.target
    rows, columns = places
    matrices = {name: work.stale[name].matrix[np.ix_(np.maximum(rows, 0), np.maximum(columns, 0))] for name in names}
    every = np.arange(len(columns))
    for chosen, against in (
        (np.flatnonzero(rows < 0), every),
        (np.flatnonzero(rows >= 0), np.flatnonzero(columns < 0)),
    ):
        if len(chosen) and len(against):
            part = score_all(
                _some(source, chosen), _some(target, against), names, device=work.device, progress=work.progress
            )
            for name in names:
                matrices[name][np.ix_(chosen, against)] = part[name]
    return matrices


def _some(sets: ImageSets, chosen: NDArray[np.int64]) -> ImageSets:
    return sets if len(chosen) == len(sets) else sets.select([sets.words[number] for number in chosen])


IMAGE_METHODS: dict[str, Ranker] = {name: ranker_of(method) for name, method in METHODS.items()}
