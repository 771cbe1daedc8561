"""About how long scores will take: what takes long is tried with a few of the words, and multiplied."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from cldi_core.evaluation.image_methods import share_to_do
from cldi_core.evaluation.ranker import IMAGES, Ranker, Work
from cldi_core.scoring import knn
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Method, Options, find_method
from cldi_core.scoring.scores import score_all

SIDE = 1024  # pictures of either side that are tried
FEW = 6  # source words, where a method takes its time for each of them
SMALL = 1 << 26  # pairs of pictures: so few are compared in a second or two
PASS, CLUSTERS = "best matches of all pictures", "clusters of KNN-C"


def forecast(work: Work) -> dict[str, float]:
    """The parts that take long, and about how many seconds each will: tried now, with a few words of the pair.

    Meant for a whole pair: where a part of the scores still stands, the time is the share of it that does not.  It
    takes a fraction of a second for each part, and nothing is kept.

    Returns:
        What it is → seconds; methods by their labels.  Nothing of a pair that is small, nor of rankers that look at no
        picture.
    """
    pair = work.pair
    if pair.source.dim == 0 or len(pair.source.members) * len(pair.target.members) < SMALL:
        return {}
    shares = {ranker.name: share_to_do(work, ranker) for ranker in work.rankers if _looks(ranker)}
    methods = {name: find_method(name) for name in shares}
    source, target = _some(pair.source), _some(pair.target)
    larger = len(pair.source.members) * _distinct(pair.target) / (len(source.members) * _distinct(target))
    found: dict[str, float] = {}

    def add(label: str, names: list[str], attempt: Callable[[], object], times: float) -> None:
        if names:
            found[label] = _timed(attempt) * times * max(shares[name] for name in names)

    measures = [name for name, one in methods.items() if one.measures]
    passing = [name for name, one in methods.items() if one.measures or one.votes or one.after]
    add(PASS, passing, partial(score_all, source, target, measures or ["avgmax"], work.device), larger)
    few = source.select(source.words[:FEW])
    words = int((pair.source.sizes > 0).sum()) / len(few)
    options = Options()
    clustered = [name for name in methods if name == "knn-c"]
    add(CLUSTERS, clustered, partial(knn.split, few, options.k, options.seed), words)
    for name, one in methods.items():
        if one.after:
            add(one.label, [name], partial(_after, one, few, pair.target, work.device), words)
        elif one.dear:
            add(one.label, [name], partial(score_all, source, target, [name], work.device), larger)
    return found


def _looks(ranker: Ranker) -> bool:
    """Whether a ranker is an image method that looks at pictures itself."""
    return ranker.kind == IMAGES and not ranker.bases


def _after(method: Method, source: ImageSets, target: ImageSets, device: str) -> object:
    """What a method computes after the pass, with any scores in the place of the pass's."""
    any_scores = np.random.default_rng(0).random((len(source), len(target)), np.float32)
    any_scores[:, target.sizes == 0] = np.nan
    assert method.compute is not None
    return method.compute(source, target, Options(), device, *[any_scores] * len(method.after))


def _some(sets: ImageSets) -> ImageSets:
    """Words from everywhere in a language, which have about ``SIDE`` pictures."""
    known = np.flatnonzero(sets.sizes)
    count = min(len(known), max(1, math.ceil(SIDE / sets.sizes[known].mean())))
    places = np.unique(np.linspace(0, len(known) - 1, count).astype(int))
    return sets.select([sets.words[number] for number in known[places]])


def _distinct(sets: ImageSets) -> int:
    return len(np.unique(sets.members))


def _timed(attempt: Callable[[], object]) -> float:
    """Seconds of the second attempt: the first one loads what is needed."""
    attempt()
    start = time.perf_counter()
    attempt()
    return time.perf_counter() - start
