"""How alike two image sets are: every method of ``METHODS``, for all pairs of words at once.

The definitions are those of Hartmann & Søgaard (2018), section 3, and of the sources that each method names.
Throughout, ``cos`` is the cosine of two feature vectors, 0 when one of them is the zero vector; a word without pictures
scores nan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown
from cldi_core.scoring.hardware import check_device, has_bfloat16, has_matrix_units
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Method, Options, find, with_bases

if TYPE_CHECKING:
    from cldi_core.scoring.best_match import Matches
    from cldi_core.scoring.best_match_rows import RowSource
    from cldi_core.scoring.settling import Voters

Matrix = NDArray[np.float32]
Gold = Sequence[Collection[int]]
Progress = Callable[[int, int], None]
PRECISIONS = ("exact", "fast", "auto")
TOP = 10  # candidates of each word whose order is settled
SHARES = (1.0, 0.5, 0.25, 0.125)  # of the usual blocks, one after the other, when a device runs out of memory
# Multiplications and additions from which on rounding pays for its own preparation and for what it leaves to settle.
WORTHWHILE = 2e12  # where the device has units for matrices in bfloat16
BARELY = 3e13  # where it has bfloat16 and no such units: measured 1.1 times as fast at the paper's size, slower below


def score(
    source: ImageSets,
    target: ImageSets,
    method: str = "avgmax",
    precision: str = "exact",
    device: str = "cpu",
    *,
    gold: Gold | None = None,
    top: int = TOP,
    k: int = 3,
    seed: int = 0,
    reading: str = "votes",
) -> Matrix:
    """Compare every source word with every target word.

    Args:
        source, target: image sets with features of the same backbone.
        method: a name in ``METHODS``, or a composed one (see ``methods``).
        precision: ``"exact"``: float32 products, within 1e-6 of float64.  ``"fast"``: bfloat16 products within the
            bound derived in ``rounding`` (in practice 1e-4), and computed again wherever the order of the best ``top``
            candidates or the rank of a right answer in ``gold`` depends on it (see ``settling``): these are those of
            ``"exact"``.  Votes (KNN) are always settled; methods that need every score (CSLS, inverted softmax, fusion)
            are computed from exact ones.  ``"auto"``: fast where the hardware and the size make it faster.
        device: ``"cpu"`` or ``"cuda"``.
        gold: for each source word the columns of its right answers.
        top: how many of a word's best candidates are in exact order.
        k, seed: the number of clusters of ``"knn-c"`` and the seed of its k-means.
        reading: how ``"knn-c"`` uses its clusters, see ``clusters.READINGS``.

    Returns:
        float32 (len(source), len(target)), higher is more alike; nan for a word without pictures.
        For most methods in [-1, 1], see ``Method.bounds``; for ``"knn"`` and ``"knn-c"`` vote shares in [0, 1] plus the
        infinitesimal step of ``break_ties``, so that the largest score is the method's answer.  Scores equal in float32
        are ties.

    Raises:
        FeatureError: the two sides have features of different dimensions; right answers that are no candidates; the
            device's memory is too small for even the smallest blocks.
        UnknownNameError: an unknown method, precision, device or reading.
    """
    options = Options(k, seed, reading)
    return score_all(source, target, [method], precision, device, gold=gold, top=top, options=options)[method]


def score_all(
    source: ImageSets,
    target: ImageSets,
    methods: Iterable[str],
    precision: str = "exact",
    device: str = "cpu",
    *,
    gold: Gold | None = None,
    top: int = TOP,
    options: Options | None = None,
    progress: Progress | None = None,
) -> dict[str, Matrix]:
    """As ``score``, for several methods; those that need best matches share one pass over the pictures.

    ``progress`` is called with the source pictures done and their number while it runs.
    """
    wanted = list(methods)
    check_choices(wanted, precision, device)
    _check(source, target, gold)
    gold = None if gold is None else list(gold)
    options = options or Options()
    missing = (source.sizes == 0)[:, None] | (target.sizes == 0)[None, :]
    if missing.all():
        return {name: np.full(missing.shape, np.nan, np.float32) for name in wanted}
    everything = with_bases(wanted)
    fast = precision_used(source, target, wanted, precision, device) == "fast"
    job = Job(source, target, options, device, fast, gold, top, missing, progress)
    found: dict[str, Matrix] = {}
    for name, values in _from_pass(job, everything).items():
        found[name] = _finished(find(name), values, missing)
    for method in everything:
        if method.compute is not None:
            found[method.name] = _finished(method, method.compute(source, target, options, device), missing)
        elif method.combine is not None:
            found[method.name] = combined(method, found, missing)
    return {name: found[name] for name in wanted}


def precision_used(
    source: ImageSets, target: ImageSets, methods: Iterable[str], precision: str, device: str = "cpu"
) -> str:
    """``"exact"`` or ``"fast"``: what ``score_all`` does with these arguments."""
    wanted = [find(name) for name in methods]
    able = [method for method in wanted if method.rounds]
    if precision == "exact" or not able or any(method.bases for method in wanted):
        return "exact"
    work = 2.0 * len(source.members) * len(target.members) * source.dim
    if precision == "fast":
        return "fast"
    enough = work >= (WORTHWHILE if has_matrix_units(device) else BARELY)
    return "fast" if enough and has_bfloat16(device) else "exact"


def combined(method: Method, found: Mapping[str, NDArray[np.floating]], missing: NDArray[np.bool_]) -> Matrix:
    """The scores of a method that is made from those of others, which are in ``found``."""
    if method.combine is None:
        raise ValueError(f"{method.name} is not made from other methods")
    return _finished(method, method.combine([found[base] for base in method.bases]), missing)


def _finished(method: Method, scores: NDArray[np.floating], missing: NDArray[np.bool_]) -> Matrix:
    # Rounding can carry the cosine of equal pictures past 1.
    bounded = np.clip(scores.astype(np.float32), *method.bounds)
    return np.where(missing, np.float32(np.nan), bounded)


def settled(
    source: ImageSets,
    target: ImageSets,
    matrices: Mapping[str, Matrix],
    device: str = "cpu",
    *,
    gold: Gold | None = None,
    top: int = TOP,
) -> dict[str, Matrix]:
    """Settle exact scores that were put together from parts, as ``score_all`` does at its end."""
    from cldi_core.scoring.best_match_rows import RowSource
    from cldi_core.scoring.rounding import float32_error
    from cldi_core.scoring.settling import Rescorer, settle
    from cldi_core.scoring.typicality import typicality

    scored = {name: find(name).measures for name in matrices if find(name).measures}
    missing = (source.sizes == 0)[:, None] | (target.sizes == 0)[None, :]
    if not scored or missing.all():
        return dict(matrices)
    measures = sorted({measure for own in scored.values() for measure in own})
    weights = typicality(source) if "weighted" in measures else None
    rescore = Rescorer((RowSource(source, device), RowSource(target, device)), measures, weights)

    def again(cells: NDArray[np.bool_], double: bool) -> dict[str, NDArray[np.float64]]:
        found = rescore(cells, double)
        return {name: np.mean([found[measure] for measure in own], axis=0) for name, own in scored.items()}

    values = {name: matrices[name].astype(np.float64) for name in scored}
    errors: dict[str, NDArray[np.float32] | float] = dict.fromkeys(scored, float32_error(source.dim) + 2.0**-24)
    whole = {name: (name,) for name in scored}
    done = settle(values, errors, whole, again, missing, gold=gold, top=top, fast=False, dim=source.dim)
    return {name: _finished(find(name), done[name], missing) if name in done else matrices[name] for name in matrices}


@dataclass(frozen=True)
class Job:
    """What is to be scored and how, as ``score`` is told; ``missing``: pairs of words of which one has no pictures."""

    source: ImageSets
    target: ImageSets
    options: Options
    device: str
    fast: bool
    gold: Gold | None
    top: int
    missing: NDArray[np.bool_]
    progress: Progress | None


def _from_pass(job: Job, methods: Sequence[Method]) -> dict[str, NDArray[np.floating]]:
    """The scores of the methods of measures and votes."""
    from cldi_core.scoring import best_match, knn, knn_clusters
    from cldi_core.scoring.best_match_rows import RowSource
    from cldi_core.scoring.settling import Rescorer, settle

    source, target, options = job.source, job.target, job.options
    scored = {method.name: method.measures for method in methods if method.measures}
    measures = tuple(name for name in best_match.MEASURES if any(name in own for own in scored.values()))
    voters = [method.name for method in methods if method.votes]
    found: dict[str, NDArray[np.floating]] = {}
    if options.reading != "votes" and "knn-c" in voters:
        voters.remove("knn-c")
        found["knn-c"] = score(*knn_clusters.replaced(source, target, options), "knn", device=job.device)
    ballots = {name: knn.ballot(source, name, options) for name in voters}
    if not measures and not ballots:
        return found
    weights = None
    if "weighted" in measures:
        from cldi_core.scoring.typicality import typicality

        weights = typicality(source)
    casts = {name: (ballot.voter, len(ballot.sets)) for name, ballot in ballots.items()}
    rows, matches = _run(job, measures, weights, casts)
    if scored:
        found |= settle(
            matches.values,
            matches.error,
            scored,
            Rescorer(rows, measures, weights),
            job.missing,
            gold=job.gold,
            top=job.top,
            fast=job.fast,
            dim=source.dim,
        )
    for name, ballot in ballots.items():
        own = rows[0] if ballot.sets is source else RowSource(ballot.sets, job.device)
        alike = best_match.mean_cosines(own, rows[1])  # before the votes are counted: both together take more memory
        found[name] = knn.elect(ballot, matches.votes.result(name, len(target)), alike)
    return found


def _run(
    job: Job, measures: tuple[str, ...], weights: NDArray[np.float64] | None, voters: Mapping[str, Voters]
) -> tuple[tuple[RowSource, RowSource], Matches]:
    """One pass, with smaller blocks where the device's memory is too small."""
    import torch

    from cldi_core.scoring.best_match import Pass

    for share in SHARES:
        try:
            one = Pass(
                job.source,
                job.target,
                measures,
                fast=job.fast,
                device=job.device,
                weights=weights,
                voters=voters,
                share=share,
            )
            return one.rows, one.run(job.progress)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    raise FeatureError(
        f"the memory of {job.device!r} is too small for {len(job.source)} × {len(job.target)} words with "
        f"{job.source.dim} features a picture, even in the smallest blocks; use device 'cpu'"
    )


def check_choices(methods: Iterable[str], precision: str, device: str) -> None:
    """Refuse names that are unknown, and a device that is not there."""
    for name in methods:
        find(name)
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    check_device(device)


def _check(source: ImageSets, target: ImageSets, gold: Gold | None) -> None:
    if source.dim and target.dim and source.dim != target.dim:
        raise FeatureError(
            f"the source features have {source.dim} dimensions and the target features {target.dim}; "
            "extract both languages with the same backbone"
        )
    if gold is None:
        return
    if len(gold) != len(source):
        raise FeatureError(f"right answers for {len(gold)} words were given, but there are {len(source)} source words")
    outside = [(row, column) for row, own in enumerate(gold) for column in own if not 0 <= column < len(target)]
    if outside:
        row, column = outside[0]
        raise FeatureError(
            f"right answer {column} of {source.words[row]!r} is not a candidate; expected 0 … {len(target) - 1}"
        )
