"""What the Map page reads, kept under its keys."""

from __future__ import annotations

from cldi_core.insight import map_labels, map_terms, maps

from . import load


@load.cached(resource=True, max_entries=12, also=load.RANKINGS)
def placed(name: str, backbone: str, pair: str, kind: str, method: str, letters: str) -> maps.Map:
    """The map of a pair, without outcomes where the method has no ranks; not to be changed."""
    here = (name, backbone, pair)
    rankings = load.rankings(*here, method)
    rankings = load.unranked(*here) if rankings is None else rankings
    return maps.placed(load.coordinates(name, backbone, kind), load.pair_of(*here), rankings, letters)


@load.cached(max_entries=24)
def labels(name: str, backbone: str, pair: str, kind: str, letters: str) -> list[map_labels.Label]:
    """The labels of a map's places, which have nothing to do with ranks."""
    here = (name, backbone, pair)
    places = map_terms.with_terms(load.opened(name), backbone, kind, load.coordinates(name, backbone, kind))
    opened = load.pair_of(*here)
    return map_labels.labels(maps.placed(places, opened, load.unranked(*here), letters), opened)
