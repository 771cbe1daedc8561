"""What became of a word under other methods, other backbones and in other languages: what is stored, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.ranker import IMAGES, TRAINED
from cldi_core.features import backbones
from cldi_core.insight.changes import Change

if TYPE_CHECKING:
    import pandas as pd

Frames = Callable[[str, str, str], "pd.DataFrame | None"]  # of a backbone, a pair and a method: stored rankings


def elsewhere(dataset: Dataset, backbone: str, pair: str, method: str, query: str, frames: Frames) -> list[Change]:
    """What became of a query if one thing was another: the method, the backbone or the language pair.

    Args:
        frames: gives the rankings of a backbone, a pair and a method (``rankings.rankings``) where they are stored.

    Returns:
        A change for each ranking that is stored and covers the query.
    """
    found = []
    for kind, name, frame in _others(dataset, backbone, pair, method, frames):
        rows = frame[(frame["query"] == query) & frame["rank"].notna()]
        for rank, winner, right in rows[["rank", "winner", "right"]].itertuples(index=False, name=None):
            found.append(Change(_label(kind, name), kind, "", (name,), rank, winner, winner == right))
    return found


def _others(
    dataset: Dataset, backbone: str, pair: str, method: str, frames: Frames
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Kind, name and rankings of everything that differs in one thing alone."""
    ways = [one.name for one in rankers.available(dataset, backbone, pair, IMAGES, TRAINED) if one.name != method]
    asked = [("method", way, (backbone, pair, way)) for way in ways]
    places = [("backbone", one, (one, pair)) for one in dataset.backbones if one != backbone]
    places += [("pair", one, (backbone, one)) for one in dataset.pairs if one != pair]
    own = rankers.ranker(method)
    asked += [(kind, one, (*place, method)) for kind, one, place in places if own.available(dataset, *place)]
    for kind, name, place in asked:
        frame = frames(*place)
        if frame is not None:
            yield kind, name, frame


def _label(kind: str, name: str) -> str:
    return {"method": rankers.label, "backbone": backbones.label}.get(kind, str)(name)
