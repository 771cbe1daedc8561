"""Two-dimensional maps of words and pictures: where each lies, and what the map of one language pair shows of them.

UMAP is computed ahead, PCA of a sample where there is none yet.  ``projections/<backbone>/words.parquet`` (language,
word, x, y) and ``pictures.parquet`` (id, x, y) carry their method, parameters, how many the method has seen, and the
features' digest; coordinates of other features are never shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import POS, Dataset
from cldi_core.data.ids import as_json, raw, texts, unique
from cldi_core.data.members import Members
from cldi_core.errors import unknown_name
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import shards
from cldi_core.insight import map_layout
from cldi_core.insight.explanation import OUTCOMES, outcome
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.pooling import aggregate

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("words", "pictures")
SHOWN = 2000  # rows of which PCA is made for showing, at most
READ = 6000  # pictures that are read for it, or one for each word
WORDS_AT_ONCE = 100  # whose pictures are read between two reports
LIMIT = 6000  # points drawn at most; more are sampled, and said so
PERCENTILES = (1, 99)  # the axes reach from one to the other, and by MARGIN of that beyond
MARGIN = 0.1


@dataclass(frozen=True)
class Map:
    """The points of one language pair on one map.

    Attributes:
        table: a row per point: x, y, language, word, pos, outcome, label, and id for pictures.
        xy: float32 (n, 2), where each is drawn: its place, or the rim nearest to it.
        outside: bool (n,), those at the rim.
        limits: float64 (2, 2), where x and y begin and end; those of all the data set's places, whatever is shown.
        method: "umap" or "pca"; stamp: changes whenever the places do.
    """

    table: pd.DataFrame
    xy: NDArray[np.float32]
    outside: NDArray[np.bool_]
    limits: NDArray[np.float64]
    method: str
    stamp: str


def _names(dataset: Dataset, loaded: shards.Features, kind: str) -> tuple[pd.DataFrame, str]:
    """What has a place on the map, and the key of the places: nothing of the features is read but their ids."""
    import pandas as pd

    if kind not in KINDS:
        raise unknown_name("kind of map", kind, KINDS)
    members = {language: dataset.members(language) for language in dataset.languages}
    if kind == "pictures":
        used = unique(np.concatenate([raw([]), *(own.rows for own in members.values())]))
        used = used[loaded.ids.has_rows(used)]
        return pd.DataFrame({"id": texts(used)}), storage.digest(loaded.digest, as_json(used))
    words = [(language, word) for language, own in members.items() for word in shards.seen(loaded, own, [*own])]
    listed = (
        f"[{json.dumps(language)}, {json.dumps(word)}, ".encode() + as_json(members[language].rows_of(word)) + b"]"
        for language, word in words
    )
    key = storage.digest(loaded.digest, b"[" + b", ".join(listed) + b"]")
    return pd.DataFrame(words, columns=["language", "word"]), key


def _rows(
    dataset: Dataset,
    loaded: shards.Features,
    names: pd.DataFrame,
    report: map_layout.Report = lambda done, total: None,
    most: int | None = None,
) -> map_layout.Rows:
    """The rows of what ``_names`` found: those of pictures as they are stored, not read yet, and a unit row per word.

    A word's is the mean of its pictures' unit rows, normalised; of its first ``most`` ones, where that is given.
    """
    if "id" in names:
        return loaded.matrix.take(loaded.ids.find(names["id"].tolist()))
    parts, done = [np.zeros((0, loaded.matrix.shape[1]))], 0
    for language, own in names.groupby("language", sort=False):
        words = own["word"].tolist()
        sets = (
            shards.image_sets(dataset, loaded, str(language), words)
            if most is None
            else _first(loaded, dataset.members(str(language)), words, most)
        )
        for start in range(0, len(sets), WORDS_AT_ONCE):
            some = np.arange(start, min(start + WORDS_AT_ONCE, len(sets)))
            parts.append(aggregate(sets, "mean", some, unit=True))
            done += len(some)
            report(done, len(names))
    return unit_rows(np.concatenate(parts))


def _first(loaded: shards.Features, owned: Members, words: Sequence[str], most: int) -> ImageSets:
    """Some words with their first so many pictures; nothing is read, not even to see whether it is finite."""
    rows, sizes = shards.rows_of(loaded, owned, words)
    kept = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes) < most
    offsets = np.concatenate([[0], np.cumsum(np.minimum(sizes, most))])
    return ImageSets(words, loaded.matrix, rows[kept], offsets, finite=True)


def project(
    dataset: Dataset,
    backbone: str,
    kinds: Sequence[str] = KINDS,
    *,
    loaded: shards.Features | None = None,
    force: bool = False,
    stages: map_layout.Stages = map_layout.untold,
) -> dict[str, str]:
    """Compute and store the maps, each as soon as it is there; what is there for the same features is kept.

    Args:
        loaded: the features, where they are open: opened twice, what is read of them would be in memory twice.
        stages: told of each step and how far it is.

    Returns:
        kind → ``"umap"``, ``"umap of n of N"`` (the rest is placed among those), ``"pca"`` (too few rows for UMAP) or
        ``"kept"``.
    """
    loaded = loaded or shards.open_features(dataset, backbone)
    done = {}
    for kind in kinds:
        names, key = _names(dataset, loaded, kind)
        if not force and storage.frame_of(_path(dataset, backbone, kind), key) is not None:
            done[kind] = "kept"
            continue
        with stages(f"{kind}: reading", "words") if kind == "words" else map_layout.untold("", "") as report:
            rows = _rows(dataset, loaded, names, report)
        made = map_layout.lay_out(rows, _of(stages, kind), kind)
        names["x"], names["y"] = made.xy.T
        names.attrs = {"method": made.method, "parameters": json.dumps(map_layout.parameters(len(rows))), "key": key}
        if made.fitted < len(rows):
            names.attrs["fitted"] = made.fitted
        storage.write_frame(_path(dataset, backbone, kind), names)
        done[kind] = made.method if made.fitted == len(rows) else f"{made.method} of {made.fitted} of {len(rows)}"
    return done


def _of(stages: map_layout.Stages, kind: str) -> map_layout.Stages:
    """Stages that say which map they are of."""
    return lambda what, unit: stages(f"{kind}: {what}", unit)


def stored(dataset: Dataset, loaded: shards.Features, backbone: str, kind: str) -> pd.DataFrame | None:
    """A stored map; ``None`` where there is none of these words and features.  Else as ``coordinates``."""
    _, key = _names(dataset, loaded, kind)
    return storage.frame_of(_path(dataset, backbone, kind), key)


def coordinates(dataset: Dataset, backbone: str, kind: str) -> pd.DataFrame:
    """A map for showing: the stored one, else PCA of a few at once.  ``attrs["method"]`` says which.

    PCA is of at most ``SHOWN`` rows by a fixed seed, and then of no more than ``READ`` pictures; ``attrs["of"]`` says
    how many rows there are, ``attrs["pictures"]`` by how many pictures at most each word is placed.

    Columns: language and word, or id; x, y float32.
    """
    loaded = shards.open_features(dataset, backbone)
    names, key = _names(dataset, loaded, kind)
    stored = storage.frame_of(_path(dataset, backbone, kind), key)
    if stored is not None:
        return stored
    count = len(names)
    if count > SHOWN:
        names = names.iloc[map_layout.sample(count, SHOWN)].reset_index(drop=True)
    most = READ // SHOWN if count > SHOWN else None
    found = map_layout.pca(unit_rows(_rows(dataset, loaded, names, most=most)[:]))
    names["x"], names["y"] = found.T
    names.attrs = {"method": "pca", "key": key, "of": count}
    if most and kind == "words":
        names.attrs["pictures"] = most
    return names


def _path(dataset: Dataset, backbone: str, kind: str) -> Path:
    return dataset.path / "projections" / backbone / f"{kind}.parquet"


def asks_for_umap(places: pd.DataFrame) -> bool:
    """Whether ``project`` would make a map by UMAP of places that are PCA's: not of a few."""
    return bool(places.attrs["method"] == "pca" and len(places) >= map_layout.FEWEST)


def points(places: pd.DataFrame, pair: Pair, rankings: pd.DataFrame, letters: str) -> pd.DataFrame:
    """The points of a pair: ``coordinates`` joined with language, part of speech and outcome.

    A word counts under its first part of speech among ``letters``; a picture takes those of the first word it belongs
    to.  Targets have the outcome of the first query whose answer they are.

    Returns:
        The columns x, y, language, word, pos, outcome, label, and id for pictures.
    """
    import pandas as pd

    words = _words(pair, rankings)
    words = words[words["pos"].isin(list(letters))].drop_duplicates(["language", "word"])
    if "id" in places:
        members = [
            (language, word, key)
            for language, sets in zip(pair.languages, (pair.source, pair.target), strict=True)
            for word in sets.words
            for key in sets.word_ids(word)
        ]
        owned = pd.DataFrame(members, columns=["language", "word", "id"]).merge(words, on=["language", "word"])
        table = places.merge(owned.drop_duplicates("id"), on="id")
    else:
        table = places.merge(words, on=["language", "word"])
    table = table.reset_index(drop=True)
    table["label"] = table["word"] + " (" + table["language"] + ")"
    return table


def limits(xy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Where the axes of some places begin and end, so that a few far ones do not squeeze the rest.

    The 1st to the 99th percentile and a tenth of that on either side, or where the places end if that is nearer.

    Args:
        xy: float (n, 2).

    Returns:
        float64 (2, 2): x and y, low and high.
    """
    if not len(xy):
        return np.array([[0.0, 1.0]] * 2)
    low, high = np.percentile(xy, PERCENTILES, axis=0)
    beyond = MARGIN * (high - low)
    return np.stack([np.maximum(low - beyond, xy.min(axis=0)), np.minimum(high + beyond, xy.max(axis=0))], axis=1)


def placed(places: pd.DataFrame, pair: Pair, rankings: pd.DataFrame, letters: str) -> Map:
    """The map of a pair, as it is drawn; arguments as those of ``points``."""
    table = points(places, pair, rankings, letters)
    own = limits(places[["x", "y"]].to_numpy())
    xy = table[["x", "y"]].to_numpy(np.float32)
    drawn = np.clip(xy, *own.T.astype(np.float32))
    stamp = storage.digest(places.attrs["key"], places.attrs["method"])[:6]
    return Map(table, drawn, (drawn != xy).any(axis=1), own, str(places.attrs["method"]), stamp)


def sample(count: int, always: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of many points are drawn: all up to ``LIMIT``, then as many by a fixed seed, and ``always`` in any case."""
    if count <= LIMIT:
        return np.ones(count, bool)
    mask = always.copy()
    mask[np.random.default_rng(0).choice(count, LIMIT, replace=False)] = True
    return mask


def _words(pair: Pair, rankings: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows: list[tuple[str, str, str, str]] = []
    outcomes = [outcome(rank) for rank in rankings["rank"]]
    for query, found in zip(pair.queries, outcomes, strict=True):
        rows.append((pair.languages[0], query.word, query.pos, found))
        rows += [(pair.languages[1], word, query.pos, found) for word in query.right]
    return pd.DataFrame(rows, columns=["language", "word", "pos", "outcome"])


def groups(table: pd.DataFrame, colouring: str, languages: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """One group per value of the column ``colouring`` that occurs: (value, bool mask)."""
    known = {"pos": tuple(POS), "language": tuple(languages), "outcome": OUTCOMES}
    masks = [(value, (table[colouring] == value).to_numpy()) for value in known[colouring]]
    return [(value, mask) for value, mask in masks if mask.any()]


def joins(table: pd.DataFrame, xy: NDArray[np.floating], pair: Pair, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Lines from each source word to its right answers: float64 (m, 2, 2), [[x, y] of one, [x, y] of the other].

    Args:
        xy: float (n, 2), where each word of the table is drawn; chosen: bool (n,), at least one end of a line is.
    """
    words = list(zip(table["language"], table["word"], strict=True))
    places = dict(zip(words, xy.tolist(), strict=True))
    ends = {word for word, own in zip(words, chosen, strict=True) if own}
    source, target = pair.languages
    both = [((source, query.word), (target, word)) for query in pair.queries for word in query.right]
    lines = [
        (places[one], places[other])
        for one, other in both
        if one in places and other in places and (one in ends or other in ends)
    ]
    return np.array(lines, np.float64).reshape(-1, 2, 2)


def inside(xy: NDArray[np.floating], polygon: Sequence[Sequence[float]]) -> NDArray[np.bool_]:
    """Which points lie in a polygon (even-odd rule): float (n, 2), m corners → bool (n,)."""
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    x, y = np.asarray(xy, np.float64).T if len(xy) else (np.zeros(0), np.zeros(0))
    result = np.zeros(len(xy), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y1 > y) != (y2 > y)
        edge: Any = (x2 - x1) * (y - y1) / np.where(y2 == y1, 1, y2 - y1) + x1
        result ^= crosses & (x < edge)
    return result
