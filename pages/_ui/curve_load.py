"""Cached loading of hubs, learning curves and risk–coverage; only what is stored is read."""

from __future__ import annotations

import pandas as pd

from cldi_core import rankers
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.insight import confidence, learning
from cldi_core.insight import hubs as hub_files
from cldi_core.insight.hubs import Hubness

from . import load

HUBS = (*load.RANKINGS, "hubs/*/*/*")
CURVES = ("curves/*/*/*",)
KNN = "knn"


@load.cached(resource=True, max_entries=60, also=HUBS)
def hubs(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
    """The stored hubs under one method; not to be changed, and ``None`` where there are none."""
    return hub_files.stored_hubs(load.pair_of(name, backbone, pair), [rankers.ranker(method)]).get(method)


@load.cached(max_entries=20, also=HUBS)
def hubness(name: str, backbone: str, pair: str) -> dict[str, Hubness]:
    """How uneven N₁₀ is under each method of which hubs are stored."""
    ways = rankers.available(load.opened(name), backbone, pair, rankers.IMAGES, rankers.TRAINED)
    frames = hub_files.stored_hubs(load.pair_of(name, backbone, pair), ways)
    return {way: hub_files.hubness(frame) for way, frame in frames.items()}


@load.cached(max_entries=60, also=HUBS)
def of_pictures(name: str, backbone: str, pair: str, method: str) -> Interval | None:
    """How N₁₀ goes with the number of pictures (``hubs.of_pictures``); ``None`` where no hubs are stored."""
    found = hubs(name, backbone, pair, method)
    return None if found is None else hub_files.of_pictures(load.pair_of(name, backbone, pair), found)


@load.cached(max_entries=60, also=HUBS)
def gained(name: str, backbone: str, pair: str, methods: tuple[str, str]) -> Interval | None:
    """By how much the MRR of the second method is above that of the first; ``None`` where one is not scored."""
    frames = stored_rankings(load.pair_of(name, backbone, pair), map(rankers.ranker, methods))
    return hub_files.gained(*(frames[one] for one in methods)) if set(methods) <= set(frames) else None


@load.cached(resource=True, max_entries=12, also=CURVES)
def curve(name: str, backbone: str, pair: str) -> pd.DataFrame | None:
    """The stored learning curves of a pair; not to be changed, and ``None`` where there are none."""
    return learning.stored_curve(load.pair_of(name, backbone, pair))


@load.cached(max_entries=60, also=CURVES, spinner=load.SPINNER)
def points(name: str, backbone: str, pair: str, method: str) -> list[learning.Point]:
    """The figures of one method by size and part of speech; nothing where its curve is not stored."""
    found = curve(name, backbone, pair)
    return [] if found is None else learning.points(found, method)


@load.cached(max_entries=20)
def kept_whole(name: str, backbone: str, pair: str) -> dict[int, tuple[int, int]]:
    """Size → how many source words and candidates keep all of their pictures."""
    return learning.kept_whole(load.pair_of(name, backbone, pair))


@load.cached(resource=True, max_entries=60, also=load.EVIDENCE)
def answers(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
    """Every answer with its confidences under one method; not to be changed, ``None`` where there is no evidence."""
    found = load.evidence(name, backbone, pair, method)
    if found is None:
        return None
    knn = stored_rankings(load.pair_of(name, backbone, pair), [rankers.ranker(KNN)]).get(KNN)
    return confidence.answers(found, load.ceilings(name, backbone, pair), knn)


@load.cached(max_entries=60, also=load.EVIDENCE, spinner=load.SPINNER)
def areas(name: str, backbone: str, pair: str, method: str) -> list[confidence.Area]:
    """The areas under the curves of one method, over all words and within each part of speech."""
    found = answers(name, backbone, pair, method)
    return [] if found is None else confidence.areas(found)


@load.cached(max_entries=20, also=load.EVIDENCE, spinner=load.SPINNER)
def areas_of_methods(name: str, backbone: str, pair: str) -> dict[str, list[confidence.Area]]:
    """The areas over all words under each method of which evidence is stored."""
    ways = rankers.available(load.opened(name), backbone, pair, rankers.IMAGES, rankers.TRAINED)
    found = {way.name: answers(name, backbone, pair, way.name) for way in ways}
    return {way: confidence.areas(frame, ("ALL",)) for way, frame in found.items() if frame is not None and len(frame)}
