"""What became of a word under other methods, other backbones and in other languages: what is stored, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import pair_languages
from cldi_core.evaluation.ranker import IMAGES, TRAINED
from cldi_core.features import backbones
from cldi_core.insight.changes import Change

if TYPE_CHECKING:
    import pandas as pd

Frames = Callable[[str, str, str], "pd.DataFrame | None"]  # of a backbone, a pair and a method: stored rankings


def elsewhere(dataset: Dataset, backbone: str, pair: str, method: str, query: str, frames: Frames) -> list[Change]:
    """What became of a query if one thing was another: the method, the backbone or the language pair.

    Other pairs are those that ask the same word in the same direction, and the same pair asked back: there the first of
    the right answers that is covered is the word, and this one is among its right answers.

    Args:
        frames: gives the rankings of a backbone, a pair and a method (``rankings.rankings``) where they are stored.

    Returns:
        A change for each ranking that is stored and covers the query.
    """
    return Elsewhere(dataset, backbone, pair, method, frames).changes(query)


class Elsewhere:
    """What became of all queries of a pair if one thing was another: as ``elsewhere``, read once for all of them."""

    def __init__(self, dataset: Dataset, backbone: str, pair: str, method: str, frames: Frames) -> None:
        self._back = dataset.back(pair)
        self._right = {one.id: [f"{word}.{one.pos}" for word in one.right] for one in dataset.queries(pair)}
        same: dict[str, str] = {}
        self._others = [
            (kind, name, _covered(frame, same))
            for kind, name, frame in _others(dataset, backbone, pair, method, frames)
        ]

    def changes(self, query: str) -> list[Change]:
        """A change for each ranking that covers the query."""
        found = []
        for kind, name, covered in self._others:
            turned = kind == "pair" and name == self._back
            asked = self._right.get(query, []) if turned else [query]
            for place in [one for one in asked if one in covered][:1]:
                word, rank, right, winner = covered[place]
                label = f"asked back: {word}, {name}" if turned else _label(kind, name)
                found.append(
                    Change(label, kind, "", (name, place) if turned else (name,), rank, winner, winner == right)
                )
        return found


def _covered(frame: pd.DataFrame, same: dict[str, str]) -> dict[str, tuple[str, float, str, str]]:
    """Query → word, rank, right answer and winner, of those that have a rank.

    Args:
        same: texts → the same, of which one stands for all that are alike: each ranking has the words of all others.
    """
    kept = frame[frame["rank"].notna()]
    queries, own, right, winners = (
        [same.setdefault(text, text) for text in kept[name]] for name in ("query", "word", "right", "winner")
    )
    return dict(zip(queries, zip(own, kept["rank"], right, winners, strict=True), strict=True))


def _others(
    dataset: Dataset, backbone: str, pair: str, method: str, frames: Frames
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Kind, name and rankings of everything that differs in one thing alone."""
    ways = [one.name for one in rankers.available(dataset, backbone, pair, IMAGES, TRAINED) if one.name != method]
    asked = [("method", way, (backbone, pair, way)) for way in ways]
    places = [("backbone", one, (one, pair)) for one in dataset.backbones if one != backbone]
    language, back = pair_languages(pair)[0], dataset.back(pair)
    same = [one for one in dataset.alike(pair) if one != pair and one.startswith(f"{language}-")]
    places += [("pair", one, (backbone, one)) for one in (*same, back) if one]
    own = rankers.ranker(method)
    asked += [(kind, one, (*place, method)) for kind, one, place in places if own.available(dataset, *place)]
    for kind, name, place in asked:
        frame = frames(*place)
        if frame is not None:
            yield kind, name, frame


def _label(kind: str, name: str) -> str:
    return {"method": rankers.label, "backbone": backbones.label}.get(kind, str)(name)
