"""The methods: how two image sets can be compared, one record each.

``S`` and ``T`` are the pictures of a source word and of a candidate, ``cos`` the cosine of two feature vectors, 0 when
one of them is the zero vector.  A method takes its scores from the pass over all pictures (``measures``, ``votes``),
computes them directly (``compute``), or from the score matrices of other methods (``bases``).

Besides the names in ``METHODS`` there are composed ones: ``BASE+csls`` and ``BASE+isf`` correct any method for hubness,
and ``rrf=ONE,OTHER,…`` fuses methods by their ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import unknown_name
from cldi_core.scoring.imagesets import ImageSets

Computed = NDArray[np.floating]  # scores before they are bounded and made float32


@dataclass(frozen=True)
class Settled:
    """Scores of a method that iterates, and the largest error that it left (``transport.settle``)."""

    scores: Computed
    error: float


@dataclass(frozen=True)
class Options:
    """What a method may be told: ``k`` clusters and the ``seed`` of k-means, and how KNN-C reads its clusters."""

    k: int = 3
    seed: int = 0
    reading: str = "votes"


@dataclass(frozen=True)
class Method:
    """One way to compare two image sets.

    Attributes:
        measures: its score is the mean of these measures of the pass (``best_match.MEASURES``).
        votes: its scores come from the votes of the pass.
        compute: gives float (n_source, n_target) from the image sets, on the named device.
        after: the names of methods of the pass whose scores ``compute`` is given beside: it needs them, and they come
            from the same pass as all others.
        bases, combine: gives the scores from those of other methods.
        parameters: the numbers that its function is given.
        bounds: what a score can be.
        dear: it takes longer than the pass, so it is scored where it is asked for by name.
        stands_for: the dear method whose place it takes until that one is asked for.
        local: a score depends on the two words' pictures only, not on those of other words.
        by_row: a score does not depend on other source words.
        ranks_all: False: the method names one answer, its ranking below that is a by-product.
        source: where the method comes from.
    """

    name: str
    label: str
    formula: str
    about: str
    source: str = "Hartmann & Søgaard 2018, section 3"
    measures: tuple[str, ...] = ()
    votes: bool = False
    compute: Callable[..., Computed | Settled] | None = None  # source, target, options, device, scores of ``after``
    after: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    combine: Callable[[Sequence[Computed]], Computed] | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    bounds: tuple[float, float] = (-1.0, 1.0)
    local: bool = True
    by_row: bool = True
    ranks_all: bool = True
    dear: bool = False
    stands_for: str = ""


SINKHORN = {"epsilon": 0.05, "iterations": 2000}
SHORT_BASE = "avgmax-sym"
SHORT = {"k": 50}
CSLS, ISF, RRF = {"k": 10}, {"beta": 30.0}, {"k": 60.0}


def _pooled(how: str) -> Callable[[ImageSets, ImageSets, Options, str], Computed]:
    def compute(source: ImageSets, target: ImageSets, options: Options, device: str) -> Computed:
        from cldi_core.scoring.pooling import pooled_cosines

        return pooled_cosines(source, target, how)

    return compute


def _sinkhorn(source: ImageSets, target: ImageSets, options: Options, device: str) -> Settled:
    from cldi_core.scoring.transport import settle

    return settle(source, target, **SINKHORN, device=device)  # type: ignore[arg-type]


def _sinkhorn_short(source: ImageSets, target: ImageSets, options: Options, device: str, base: Computed) -> Settled:
    from cldi_core.scoring.transport_short import settle_short

    return settle_short(source, target, base, **SHORT, **SINKHORN, device=device)  # type: ignore[arg-type]


def _csls(scores: Sequence[Computed]) -> Computed:
    from cldi_core.scoring.hubness import csls

    return csls(scores[0], **CSLS)


def _isf(scores: Sequence[Computed]) -> Computed:
    from cldi_core.scoring.hubness import inverted_softmax

    return inverted_softmax(scores[0], **ISF)


def _fuse(scores: Sequence[Computed]) -> Computed:
    from cldi_core.scoring.hubness import fuse

    return fuse(scores, **RRF)


UNBOUNDED = (-np.inf, np.inf)
PLAIN = (
    Method(
        "avgmax",
        "AVGMAX",
        "mean over i ∈ S of max over j ∈ T of cos(i, j)",
        "Each source picture looks for its best match in the candidate's set; the mean of these best cosines.",
        measures=("forward",),
    ),
    Method(
        "maxmax",
        "MAXMAX",
        "max over i ∈ S, j ∈ T of cos(i, j)",
        "The single most similar pair of pictures.",
        measures=("best",),
    ),
    Method(
        "cnn-mean",
        "CNN-MEAN",
        "cos(mean of S's features, mean of T's features)",
        "Each set becomes one average picture; the cosine of the two averages.",
        compute=_pooled("mean"),
    ),
    Method(
        "cnn-max",
        "CNN-MAX",
        "cos(component-wise max of S's features, component-wise max of T's features)",
        "Each set becomes one vector of its strongest activations; the cosine of the two.",
        compute=_pooled("max"),
    ),
    Method(
        "knn",
        "KNN",
        "share of i ∈ S whose nearest picture over all target words belongs to T",
        "Each source picture votes for the word that owns its nearest picture; ties go to the higher mean cosine.",
        votes=True,
        local=False,
        ranks_all=False,
    ),
    Method(
        "knn-c",
        "KNN-C",
        "KNN of each of k = 3 clusters of S; the cluster with the largest vote share decides",
        "The source pictures are split into k groups by k-means, and the most united group names the translation.",
        votes=True,
        parameters=asdict(Options()),
        local=False,
        ranks_all=False,
    ),
    Method(
        "avgmax-sym",
        "AVGMAX, both ways",
        "½ (AVGMAX of S in T + AVGMAX of T in S)",
        "Pictures of both words look for their best match in the other's set, so a candidate with many odd pictures "
        "does not profit from a few good ones.",
        source="Chamfer similarity; AVGMAX of Hartmann & Søgaard 2018 in both directions",
        measures=("forward", "backward"),
    ),
    Method(
        "avgmax-typical",
        "AVGMAX, weighted",
        "Σ over i ∈ S of w(i) · max over j ∈ T of cos(i, j);  w(i) ∝ mean over k ∈ S, k ≠ i of cos(i, k), at least 0",
        "AVGMAX in which a picture weighs the more the less it is dispersed from the other pictures of its word: odd "
        "ones out hardly count.",
        source="AVGMAX with the dispersion of Kiela et al. 2014, taken for each picture, as its weight",
        measures=("weighted",),
    ),
    Method(
        "sinkhorn",
        "Optimal transport",
        "Σ P(i, j) cos(i, j), P the entropic transport plan between S and T for the cost 1 − cos, ε = 0.05",
        "Every picture of both words must be matched, each with its fair share: one good picture cannot serve for all.",
        source="Cuturi 2013, Sinkhorn distances",
        compute=_sinkhorn,
        parameters=SINKHORN,
        dear=True,
    ),
    Method(
        "sinkhorn-short",
        "Optimal transport, short list",
        "optimal transport for the k = 50 best under AVGMAX, both ways; the others below them, in its order",
        "Optimal transport for the 50 candidates that AVGMAX, both ways, places first; it has no say about the others.",
        source="Cuturi 2013, Sinkhorn distances, on a short list",
        compute=_sinkhorn_short,
        after=(SHORT_BASE,),
        parameters={**SINKHORN, **SHORT, "after": SHORT_BASE},
        bounds=(-3.0, 1.0),
        local=False,
        stands_for="sinkhorn",
    ),
)
Combine = Callable[[Sequence[Computed]], Computed]
CORRECTIONS: dict[str, tuple[str, str, str, str, Combine, Mapping[str, object]]] = {
    "csls": (
        "CSLS",
        "2·s(S, T) − mean of the k = 10 best s(S, ·) − mean of the k = 10 best s(·, T)",
        "corrected for hubs: a candidate that is near to many source words is worth less.",
        "Conneau et al. 2018, section 2.3",
        _csls,
        CSLS,
    ),
    "isf": (
        "inverted softmax",
        "log(exp(β·s(S, T)) / Σ over source words S' of exp(β·s(S', T))),  β = 30",
        "corrected for hubs: how probable it is that the candidate, asked for its source word, would name this one.",
        "Smith et al. 2017, section 2.3",
        _isf,
        ISF,
    ),
}


def _corrected(base: Method, correction: str) -> Method:
    label, formula, about, source, combine, parameters = CORRECTIONS[correction]
    return Method(
        f"{base.name}+{correction}",
        f"{base.label} + {label}",
        f"{formula};  s = {base.label}",
        f"{base.label}, {about}",
        source,
        bases=(base.name,),
        combine=combine,
        parameters=parameters,
        bounds=UNBOUNDED,
        local=False,
        by_row=False,
        ranks_all=base.ranks_all,
    )


def _fused(name: str, bases: Sequence[Method]) -> Method:
    labels = [base.label for base in bases]
    return Method(
        name,
        f"fusion of {', '.join(labels)}" if "=" in name else "Rank fusion",
        f"Σ over m ∈ {{{', '.join(labels)}}} of 1 / (60 + rank of T under m)",
        "The ranks under several methods are fused: a candidate wins that most of them place high.",
        "Cormack, Clarke & Büttcher 2009, reciprocal rank fusion",
        bases=tuple(base.name for base in bases),
        combine=_fuse,
        parameters=RRF,
        bounds=(0.0, len(bases) / 61),
        local=False,
    )


_BY_NAME = {method.name: method for method in PLAIN}
METHODS: dict[str, Method] = _BY_NAME | {
    method.name: method
    for method in (
        *(_corrected(_BY_NAME[name], correction) for name in ("avgmax", "cnn-mean") for correction in CORRECTIONS),
        _fused("rrf", [_BY_NAME[name] for name in ("avgmax", "maxmax", "cnn-mean", "cnn-max")]),
    )
}


COMPOSING = f"Or correct one for hubness (avgmax+{', avgmax+'.join(CORRECTIONS)}) or fuse some (rrf=avgmax,cnn-mean)."


def find_method(name: str) -> Method:
    """The method of this name, also a composed one such as ``maxmax+csls`` or ``rrf=avgmax,cnn-mean``.

    Raises:
        UnknownNameError: there is none.
    """
    if name in METHODS:
        return METHODS[name]
    base, _, correction = name.rpartition("+")
    if base in METHODS and "+" not in base and correction in CORRECTIONS:
        return _corrected(METHODS[base], correction)
    fused = name.removeprefix("rrf=").split(",")
    if name.startswith("rrf=") and len(fused) > 1 and len(set(fused)) == len(fused) and set(fused) <= {*METHODS}:
        return _fused(name, [METHODS[one] for one in fused])
    raise unknown_name("method", name, METHODS, COMPOSING)


def offered() -> list[str]:
    """The names that a list shows: every method, followed by itself corrected for hubness."""
    plain = [name for name in METHODS if "+" not in name]
    return [way for name in plain for way in (name, *(f"{name}+{correction}" for correction in CORRECTIONS))]


def with_bases(names: Iterable[str]) -> list[Method]:
    """The methods of these names and those that they are made from, bases first."""
    ordered: dict[str, Method] = {}
    for name in names:
        method = find_method(name)
        for one in (*with_bases((*method.after, *method.bases)), method):
            ordered.setdefault(one.name, one)
    return list(ordered.values())
