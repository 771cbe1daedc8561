"""How alike two image sets are: every method of ``METHODS``, for all pairs of words at once.

The definitions are those of Hartmann & Søgaard (2018), section 3, and of the sources that each method names.
Throughout, ``cos`` is the cosine of two feature vectors, 0 when one of them is the zero vector; a word without pictures
scores nan.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring import Progress, Scores, best_match_few, knn
from cldi_core.scoring.best_match_few import MEASURES
from cldi_core.scoring.hardware import check_device
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Method, Options, Settled, find_method, with_bases
from cldi_core.scoring.typicality import typicality


def score(
    source: ImageSets,
    target: ImageSets,
    method: str = "avgmax",
    device: str = "cpu",
    *,
    k: int = 3,
    seed: int = 0,
    reading: str = "votes",
    precision: object = None,
) -> Scores:
    """Compare every source word with every target word.

    Args:
        source, target: image sets with features of the same backbone.
        method: a name in ``METHODS``, or a composed one (see ``methods``).
        device: ``"cpu"`` or ``"cuda"``.
        k, seed: the number of clusters of ``"knn-c"`` and the seed of its k-means.
        reading: how ``"knn-c"`` uses its clusters, see ``knn.READINGS``.
        precision: does nothing, and will be removed after this release: all scores are float32 ones.

    Returns:
        float32 (len(source), len(target)), within 1e-6 of float64 for cosines, higher is more alike; nan for a word
        without pictures.  Scores within 1e-6 of each other are equal (see ``ties``).  For most methods in [-1, 1], see
        ``Method.bounds``; for ``"knn"`` and ``"knn-c"`` vote shares in [0, 1] plus a step of 2e-6 for each place in the
        mean cosine of all cross pairs among words with the same share, so that the largest score is the method's answer
        (see ``knn.break_ties``).

    Raises:
        FeatureError: the two sides have features of different dimensions; the device's memory is too small for even
            the smallest blocks.
        UnknownNameError: an unknown method, device or reading.

    >>> source = ImageSets.from_arrays(["cow"], [[[1.0, 0.0], [0.0, 1.0]]])
    >>> target = ImageSets.from_arrays(["Kuh", "Hund"], [[[3.0, 0.0], [0.0, 2.0]], [[1.0, 0.0]]])
    >>> score(source, target, "avgmax").tolist()
    [[1.0, 0.5]]
    """
    if precision is not None:
        told = "precision does nothing since there is only one, and will be removed: leave it out"
        warnings.warn(told, DeprecationWarning, stacklevel=2)
    return score_all(source, target, [method], device, options=Options(k, seed, reading))[method]


def score_all(
    source: ImageSets,
    target: ImageSets,
    methods: Iterable[str],
    device: str = "cpu",
    *,
    options: Options | None = None,
    progress: Progress | None = None,
    errors: dict[str, float] | None = None,
) -> dict[str, Scores]:
    """As ``score``, for several methods; those that need best matches share one pass over the pictures.

    Args:
        progress: called with the source pictures done and their number while it runs.
        errors: filled with the error that a method which iterates has left, by its name; also of those that others are
            made from.
    """
    wanted = list(methods)
    check_choices(wanted, device)
    _check_dimensions(source, target)
    options = options or Options()
    missing = (source.sizes == 0)[:, None] | (target.sizes == 0)[None, :]
    if missing.all():
        return {name: np.full(missing.shape, np.nan, np.float32) for name in wanted}
    everything = with_bases(wanted)
    found: dict[str, Scores] = {}
    for name, values in _from_pass(source, target, everything, device, options, progress):
        found[name] = _finished(find_method(name), values, missing)
    for method in everything:
        if method.compute is not None:
            made = method.compute(source, target, options, device, *(found[name] for name in method.after))
            if isinstance(made, Settled):
                if errors is not None:
                    errors[method.name] = made.error
                made = made.scores
            found[method.name] = _finished(method, made, missing)
        elif method.combine is not None:
            found[method.name] = combined(method, found, missing)
    return {name: found[name] for name in wanted}


def combined(method: Method, found: Mapping[str, NDArray[np.floating]], missing: NDArray[np.bool_]) -> Scores:
    """The scores of a method that is made from those of others, float32 (n_source, n_target).

    Args:
        found: the others' scores by name; missing: bool, where a word has no pictures.
    """
    if method.combine is None:
        raise ValueError(f"{method.name} is not made from other methods")
    return _finished(method, method.combine([found[base] for base in method.bases]), missing)


def _finished(method: Method, scores: NDArray[np.floating], missing: NDArray[np.bool_]) -> Scores:
    # Rounding can carry the cosine of equal pictures past 1.
    bounded = np.clip(scores.astype(np.float32), *method.bounds)
    return np.where(missing, np.float32(np.nan), bounded)


def _from_pass(
    source: ImageSets,
    target: ImageSets,
    methods: Sequence[Method],
    device: str,
    options: Options,
    progress: Progress | None,
) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """The scores of the methods of measures and votes, one at a time."""
    scored = {method.name: method.measures for method in methods if method.measures}
    measures = [name for name in MEASURES if any(name in own for own in scored.values())]
    voting = [method.name for method in methods if method.votes]
    if options.reading != "votes" and "knn-c" in voting:
        voting.remove("knn-c")
        yield "knn-c", score(*knn.replaced(source, target, options), "knn", device)
    if not measures and not voting:
        return
    ballots = {name: knn.ballot(source, name, options) for name in voting}
    weights = typicality(source) if "weighted" in measures else None
    voters = {name: (ballot.voter, len(ballot.sets)) for name, ballot in ballots.items()}
    if device == "cpu" and best_match_few.is_few(source):
        values, votes = best_match_few.match(source, target, measures, weights=weights, voters=voters)
        if progress is not None:
            progress(len(source.members), len(source.members))
    else:
        from cldi_core.scoring import best_match  # imports torch, which takes a second

        values, votes = best_match.match(
            source, target, measures, device=device, weights=weights, voters=voters, progress=progress
        )
    for name, own in scored.items():
        yield name, reduce(np.add, (values[measure] for measure in own)) / len(own)
    values.clear()
    for name, ballot in ballots.items():
        yield name, knn.elect(ballot, votes.pop(name), target)


def check_choices(methods: Iterable[str], device: str) -> None:
    """Refuse names that are unknown, and a device that is not there."""
    for name in methods:
        find_method(name)
    check_device(device)


def _check_dimensions(source: ImageSets, target: ImageSets) -> None:
    if source.dim and target.dim and source.dim != target.dim:
        raise FeatureError(
            f"the source features have {source.dim} dimensions and the target features {target.dim}; "
            "extract both languages with the same backbone"
        )
