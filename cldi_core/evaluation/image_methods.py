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
        parameters={"measures": method.measures, "votes": method.votes, **method.parameters},
        bounds=method.bounds,
        by_row=method.by_row,
        ranks_all=method.ranks_all,
        dear=method.dear,
        stands_for=method.stands_for,
    )


def _key(pair: Pair) -> str:
    return pair.key


def _scores(pair: Pair, *, method: str) -> Scores:
    check(pair)
    return score(pair.source, pair.target, method)


def _row(pair: Pair, word: str, *, method: str) -> NDArray[np.float32]:
    check(pair)
    row: NDArray[np.float32] = score(pair.source.select([word]), pair.target, method)[0]
    return row


def check(pair: Pair) -> None:
    """Look through the features, which opening a pair does not read; FeatureError as ``ImageSets.check``."""
    pair.source.check()
    pair.target.check()


def _derived(work: Work) -> dict[str, Scored]:
    """Scores that are made from those of other methods."""
    pair, found = work.pair, dict(work.bases)
    missing = (pair.source.sizes == 0)[:, None] | (pair.target.sizes == 0)[None, :]
    for ranker in work.rankers:
        start = time.perf_counter()
        bases = {base.name: found[base.name].matrix for base in ranker.bases}
        matrix = combined(methods.find_method(ranker.name), bases, missing)
        seconds = time.perf_counter() - start
        error = max(found[base.name].error for base in ranker.bases)
        found[ranker.name] = Scored.of(ranker, pair, matrix, work.device, seconds, error=error)
    return {ranker.name: found[ranker.name] for ranker in work.rankers}


def _from_pictures(work: Work) -> dict[str, Scored]:
    """Scores of image sets: methods of which the same rows and columns still hold share a pass."""
    pair, groups, places = work.pair, dict[bytes, list[Ranker]](), dict[bytes, Places]()
    check(pair)
    for ranker in work.rankers:
        rows, columns = _still_there(work, ranker)
        group = rows.tobytes() + columns.tobytes()
        groups.setdefault(group, []).append(ranker)
        places[group] = rows, columns
    made: dict[str, Scored] = {}
    for group, rankers in groups.items():
        start = time.perf_counter()
        rows, columns = places[group]
        kept = int((rows >= 0).sum() * (columns >= 0).sum())
        errors = {ranker.name: work.stale[ranker.name].error for ranker in rankers if kept}
        names = [ranker.name for ranker in rankers]
        matrices = (_patched if kept else _whole)(work, names, places[group], errors)
        seconds, fresh = time.perf_counter() - start, len(rows) * len(columns) - kept
        for ranker in rankers:
            error, matrix = errors.get(ranker.name, 0.0), matrices[ranker.name]
            made[ranker.name] = Scored.of(ranker, pair, matrix, work.device, seconds, computed=fresh, error=error)
    return made


def share_to_do(work: Work, ranker: Ranker) -> float:
    """Which share of an image method's scores does not stand any more, 0 … 1."""
    rows, columns = _still_there(work, ranker)
    return 1 - float((rows >= 0).mean() * (columns >= 0).mean()) if rows.size and columns.size else 1.0


def _still_there(work: Work, ranker: Ranker) -> Places:
    """Where each word's scores stand in the stored matrix.

    Scores are the same to the last bit whatever they are computed beside on a processor, not on a graphics card.  There
    all are computed again, so that equal pictures have equal scores.
    """
    pair, stale = work.pair, work.stale.get(ranker.name)
    nothing = np.full(len(pair.source), -1), np.full(len(pair.target), -1)
    if stale is None or stale.recipe != ranker.recipe or (stale.device, work.device) != ("cpu", "cpu"):
        return nothing
    source_keys, target_keys = pair.keys
    if not METHODS[ranker.name].local and not np.array_equal(target_keys, stale.target_keys):
        return nothing
    return _places(source_keys, stale.source_keys), _places(target_keys, stale.target_keys)


def _places(now: NDArray[np.uint8], then: NDArray[np.uint8]) -> NDArray[np.int64]:
    place = {key.tobytes(): number for number, key in enumerate(then)}
    return np.array([place.get(key.tobytes(), -1) for key in now], np.int64)


def _whole(work: Work, names: Sequence[str], places: Places, errors: dict[str, float]) -> dict[str, Scores]:
    pair, scoring = work.pair, work.elsewhere or score_all
    return scoring(pair.source, pair.target, names, device=work.device, progress=work.progress, errors=errors)


def _patched(work: Work, names: Sequence[str], places: Places, errors: dict[str, float]) -> dict[str, Scores]:
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
            left: dict[str, float] = {}
            part = (work.elsewhere or score_all)(
                _some(source, chosen), _some(target, against), names,
                device=work.device, progress=work.progress, errors=left,
            )  # fmt: skip
            for name in names:
                matrices[name][np.ix_(chosen, against)] = part[name]
            errors |= {name: max(error, errors[name]) for name, error in left.items()}
    return matrices


def _some(sets: ImageSets, chosen: NDArray[np.int64]) -> ImageSets:
    return sets if len(chosen) == len(sets) else sets.select([sets.words[number] for number in chosen])


IMAGE_METHODS: dict[str, Ranker] = {name: ranker_of(method) for name, method in METHODS.items()}
