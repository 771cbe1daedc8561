"""How alike two image sets are: one registry of methods, one pass over the pictures.

``score`` compares every word of one language with every word of another.  The definitions are those of Hartmann &
Søgaard (2018), section 3; each method's record in ``METHODS`` says its formula.  Throughout, ``cos`` is the cosine of
two feature vectors, 0 when one of them is the zero vector; a word without pictures scores nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown
from cldi_core.imagesets import ImageSets, unit_rows

Matrix = NDArray[np.float32]
PRECISIONS = ("exact",)
DEVICES = ("cpu",)
BLOCK = 1024  # pictures; two blocks and their cosines stay near the processor's cache
TIE = 1e-6  # cosines closer than this are equal: float32 rounds products of equal pictures differently


@dataclass(frozen=True)
class Options:
    """What a method may be told: ``k`` clusters and the ``seed`` of k-means, and how KNN-C reads its clusters."""

    k: int = 3
    seed: int = 0
    reading: str = "votes"


class Collector(Protocol):
    """Gathers a method's scores from blocks of best matches."""

    def __init__(self, source: ImageSets, target: ImageSets) -> None: ...

    def add(self, best: Matrix, owners: Owners) -> None:
        """Take ``best``: float32 (n_target_words, n_block), the best cosine of each source picture in each set."""

    def result(self) -> NDArray[np.floating]:
        """The scores, (n_source_words, n_target_words)."""


@dataclass(frozen=True)
class Method:
    """One way to compare two image sets: from best matches (``collect``) or directly (``compute``)."""

    name: str
    label: str
    formula: str
    about: str
    collect: type[Collector] | None = None
    compute: Callable[[ImageSets, ImageSets, Options], NDArray[np.floating]] | None = None
    ranks_all: bool = True  # False: the method names one answer, its ranking below that is a by-product


@dataclass(frozen=True)
class Owners:
    """Who owns the pictures of one block: ``words`` (distinct, ascending) own ``rows[starts[i]:starts[i+1]]``."""

    words: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many of the block's pictures each of ``words`` owns."""
        return np.diff(np.append(self.starts, len(self.rows)))

    def reduce(self, ufunc: np.ufunc, values: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
        """``ufunc`` over each word's pictures along ``axis``; no copy where each picture has its one owner in order."""
        size = values.shape[axis]
        plain = len(self.rows) == size and bool((self.rows == np.arange(size)).all())
        gathered = values if plain else np.take(values, self.rows, axis=axis)
        reduced: NDArray[np.floating] = ufunc.reduceat(gathered, self.starts, axis=axis)
        return reduced


def _blocks(sets: ImageSets) -> list[tuple[slice, Owners]]:
    word_of = np.repeat(np.arange(len(sets)), sets.sizes)
    blocks = []
    for start in range(0, len(sets.features), BLOCK):
        stop = min(start + BLOCK, len(sets.features))
        inside = (sets.members >= start) & (sets.members < stop)
        words, starts = np.unique(word_of[inside], return_index=True)
        if len(words):
            blocks.append((slice(start, stop), Owners(words, starts, sets.members[inside] - start)))
    return blocks


def best_matches(source: ImageSets, target: ImageSets) -> Iterator[tuple[Matrix, Owners]]:
    """The best cosine of each source picture in each target set, block by block over the source pictures.

    Yields:
        ``best``: float32 (n_target_words, n_block), -inf for a target word without pictures; and the block's owners.
        No more than two blocks of pictures and their cosines are in memory at a time.
    """
    target_blocks = _blocks(target)
    for span, owners in _blocks(source):
        pictures = unit_rows(source.features[span])
        best = np.full((len(target), len(pictures)), -np.inf, np.float32)
        for target_span, target_owners in target_blocks:
            cosines = unit_rows(target.features[target_span]) @ pictures.T
            found = target_owners.reduce(np.maximum, cosines, axis=0)
            best[target_owners.words] = np.maximum(best[target_owners.words], found)
        yield best, owners


class _AvgMax:
    def __init__(self, source: ImageSets, target: ImageSets) -> None:
        self.sizes = source.sizes
        self.sums = np.zeros((len(source), len(target)))

    def add(self, best: Matrix, owners: Owners) -> None:
        self.sums[owners.words] += owners.reduce(np.add, best.astype(np.float64), axis=1).T

    def result(self) -> NDArray[np.floating]:
        return self.sums / np.maximum(self.sizes, 1)[:, None]


class _MaxMax:
    def __init__(self, source: ImageSets, target: ImageSets) -> None:
        self.best = np.full((len(source), len(target)), -np.inf, np.float32)

    def add(self, best: Matrix, owners: Owners) -> None:
        found = owners.reduce(np.maximum, best, axis=1).T
        self.best[owners.words] = np.maximum(self.best[owners.words], found)

    def result(self) -> NDArray[np.floating]:
        return self.best


class _Knn:
    """Every source picture has one vote; sets that hold a nearest picture (within ``TIE``) share it equally."""

    def __init__(self, source: ImageSets, target: ImageSets) -> None:
        self.source, self.target = source, target
        self.votes = np.zeros((len(source), len(target)))

    def add(self, best: Matrix, owners: Owners) -> None:
        nearest = (best >= best.max(axis=0) - TIE).astype(np.float64)
        nearest /= nearest.sum(axis=0)
        self.votes[owners.words] += owners.reduce(np.add, nearest, axis=1).T

    def shares(self) -> NDArray[np.float64]:
        """Each target word's share of the votes, float64 (n_source_words, n_target_words), in [0, 1]."""
        return self.votes / np.maximum(self.source.sizes, 1)[:, None]

    def result(self) -> NDArray[np.floating]:
        return break_ties(self.shares(), mean_cosine(self.source, self.target))


def vote_shares(source: ImageSets, target: ImageSets) -> NDArray[np.float64]:
    """The votes of KNN without a tie-break: float64 (n_source_words, n_target_words), in [0, 1]."""
    votes = _Knn(source, target)
    for best, owners in best_matches(source, target):
        votes.add(best, owners)
    return votes.shares()


def break_ties(shares: NDArray[np.float64], tie_break: NDArray[np.float64]) -> Matrix:
    """Vote shares plus an infinitesimal step for each place in ``tie_break`` among equal shares, row by row.

    The steps are a few units in the last place of float32 (at least 2e-9), too small to lift a word over a larger
    share; words with equal shares and equal ``tie_break`` stay tied.
    """
    shares, tie_break = np.round(shares, 9), np.round(tie_break, 7)
    order = np.lexsort((tie_break, shares), axis=-1)
    share = np.take_along_axis(shares, order, -1)
    tie = np.take_along_axis(tie_break, order, -1)
    new_share = np.diff(share, axis=-1, prepend=-1) != 0
    steps = np.cumsum(new_share | (np.diff(tie, axis=-1, prepend=-2) != 0), axis=-1)
    first = np.maximum.accumulate(np.where(new_share, steps, 0), axis=-1)
    rounded = share.astype(np.float32)
    lifted = rounded + (steps - first) * np.maximum(2 * np.spacing(rounded), np.float32(2e-9))
    result = np.empty(shares.shape, np.float32)
    np.put_along_axis(result, order, lifted.astype(np.float32), -1)
    return result


def aggregate(sets: ImageSets, how: str, *, unit: bool = False) -> NDArray[np.float64]:
    """One vector per word: the component-wise ``"mean"`` or ``"max"`` of its pictures' features.

    Returns:
        float64 (n_words, dim); rows of words without pictures are 0.
    """
    start = 0.0 if how == "mean" else -np.inf
    result = np.full((len(sets), sets.dim), start)
    ufunc = np.add if how == "mean" else np.maximum
    for span, owners in _blocks(sets):
        rows = unit_rows(sets.features[span]) if unit else sets.features[span]
        result[owners.words] = ufunc(result[owners.words], owners.reduce(ufunc, rows.astype(np.float64), axis=0))
    if how == "mean":
        result /= np.maximum(sets.sizes, 1)[:, None]
    result[sets.sizes == 0] = 0
    return result


def mean_cosine(source: ImageSets, target: ImageSets) -> NDArray[np.float64]:
    """The mean cosine over all cross pairs of two sets: the dot product of the means of their unit rows."""
    return aggregate(source, "mean", unit=True) @ aggregate(target, "mean", unit=True).T


def _cnn(how: str) -> Callable[[ImageSets, ImageSets, Options], NDArray[np.floating]]:
    def compute(source: ImageSets, target: ImageSets, options: Options) -> NDArray[np.floating]:
        # Equal vectors are multiplied once: the product of one with itself varies in the last bit with its place.
        rows, place = np.unique(unit_rows(aggregate(target, how)), axis=0, return_inverse=True)
        cosines: NDArray[np.floating] = (unit_rows(aggregate(source, how)) @ rows.T)[:, place.reshape(-1)]
        return cosines

    return compute


def _knn_c(source: ImageSets, target: ImageSets, options: Options) -> NDArray[np.floating]:
    from cldi_core import clusters  # scikit-learn takes a second to import

    return clusters.knn_c(source, target, options)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "avgmax",
            "AVGMAX",
            "mean over i ∈ source of max over j ∈ target of cos(i, j)",
            "Each source picture looks for its best match in the candidate's set; the mean of these best cosines.",
            collect=_AvgMax,
        ),
        Method(
            "maxmax",
            "MAXMAX",
            "max over i ∈ source, j ∈ target of cos(i, j)",
            "The single most similar pair of pictures.",
            collect=_MaxMax,
        ),
        Method(
            "cnn-mean",
            "CNN-MEAN",
            "cos(mean of source features, mean of target features)",
            "Each set becomes one average picture; the cosine of the two averages.",
            compute=_cnn("mean"),
        ),
        Method(
            "cnn-max",
            "CNN-MAX",
            "cos(component-wise max of source features, component-wise max of target features)",
            "Each set becomes one vector of its strongest activations; the cosine of the two.",
            compute=_cnn("max"),
        ),
        Method(
            "knn",
            "KNN",
            "share of i ∈ source whose nearest picture over all target words belongs to the candidate",
            "Each source picture votes for the word that owns its nearest picture; ties go to the higher mean cosine.",
            collect=_Knn,
            ranks_all=False,
        ),
        Method(
            "knn-c",
            "KNN-C",
            "KNN of each of k clusters of the source set; the cluster with the largest vote share decides",
            "The source pictures are split into k groups by k-means, and the most united group names the translation.",
            compute=_knn_c,
            ranks_all=False,
        ),
    )
}


def score(
    source: ImageSets,
    target: ImageSets,
    method: str = "avgmax",
    precision: str = "exact",
    device: str = "cpu",
    *,
    k: int = 3,
    seed: int = 0,
    reading: str = "votes",
) -> Matrix:
    """Compare every source word with every target word.

    Args:
        source, target: image sets with features of the same backbone.
        method: a name in ``METHODS``.
        precision: ``"exact"``: float32 products, within 1e-6 of float64.
        device: ``"cpu"``.
        k, seed: the number of clusters of ``"knn-c"`` and the seed of its k-means.
        reading: how ``"knn-c"`` uses its clusters, see ``clusters.READINGS``.

    Returns:
        float32 (len(source), len(target)), higher is more alike; nan for a word without pictures.
        Cosines in [-1, 1]; for ``"knn"`` and ``"knn-c"`` vote shares in [0, 1] plus the infinitesimal step of
        ``break_ties``, so that the largest score is the method's answer.

    Raises:
        FeatureError: the two sides have features of different dimensions.
        UnknownNameError: an unknown method, precision, device or reading.
    """
    return score_all(source, target, [method], precision, device, options=Options(k, seed, reading))[method]


def score_all(
    source: ImageSets,
    target: ImageSets,
    methods: Iterable[str],
    precision: str = "exact",
    device: str = "cpu",
    *,
    options: Options | None = None,
) -> dict[str, Matrix]:
    """As ``score``, for several methods; those that need best matches share one pass over the pictures."""
    methods = list(methods)
    _check(source, target, methods, precision, device)
    options = options or Options()
    missing = (source.sizes == 0)[:, None] | (target.sizes == 0)[None, :]
    results: dict[str, NDArray[np.floating]] = {}
    collectors: dict[str, Collector] = {}
    for name in methods:
        method = METHODS[name]
        if missing.all():
            results[name] = np.zeros((len(source), len(target)), np.float32)
        elif method.collect is not None:
            collectors[name] = method.collect(source, target)
        elif method.compute is not None:
            results[name] = method.compute(source, target, options)
    if collectors:
        for best, owners in best_matches(source, target):
            for collector in collectors.values():
                collector.add(best, owners)
    results |= {name: collector.result() for name, collector in collectors.items()}
    # Rounding can carry the cosine of equal pictures past 1.
    bounded = {name: np.clip(results[name].astype(np.float32), -1, 1) for name in methods}
    return {name: np.where(missing, np.float32(np.nan), bounded[name]) for name in methods}


def _check(source: ImageSets, target: ImageSets, methods: Sequence[str], precision: str, device: str) -> None:
    for name in methods:
        if name not in METHODS:
            raise unknown("method", name, METHODS)
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    if source.dim and target.dim and source.dim != target.dim:
        raise FeatureError(
            f"the source features have {source.dim} dimensions and the target features {target.dim}; "
            "extract both languages with the same backbone"
        )
