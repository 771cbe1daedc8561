"""A language pair with everything that its results are made of, and its stored scores and rankings.

``open_pair`` joins word list, pictures and features; ``scores`` and ``rankings`` compute what is not stored yet and
store it under a digest of all that it depends on, so that nothing stale is ever read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core import controls, features, lists, ranking, store
from cldi_core.dataset import Dataset, Query
from cldi_core.errors import unknown
from cldi_core.imagesets import ImageSets
from cldi_core.scores import METHODS, Matrix, score_all

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
VERSION = 1  # raise it when a method's numbers change: stored results are then computed again


@dataclass(frozen=True)
class Pair:
    """One language pair of a data set with the features of one backbone.

    Attributes:
        source, target: the image sets of the English words and of all candidates (distinct translations).
        queries: what is asked; ``rows[i]`` is the row of query ``i`` in a score matrix, ``gold[i]`` the columns of its
            right answers.
        target_pos: the parts of speech under which each candidate stands in the word list, such as ``"N"`` or ``"NV"``.
    """

    dataset: Dataset
    backbone: str
    name: str
    source: ImageSets
    target: ImageSets
    queries: tuple[Query, ...]
    rows: NDArray[np.int64]
    gold: tuple[tuple[int, ...], ...]
    target_pos: dict[str, str]
    digest: str

    @cached_property
    def languages(self) -> tuple[str, str]:
        """Source and target language."""
        return lists.pair_languages(self.name)

    @cached_property
    def index(self) -> dict[str, int]:
        """Query id → its number."""
        return {query.id: number for number, query in enumerate(self.queries)}

    def find(self, word: str, pos: str = "") -> int:
        """The number of the query ``"shake.V"``, or of the first one for ``"shake"`` (of a part of speech)."""
        if word in self.index:
            return self.index[word]
        for letter in pos or "NVA":
            if f"{word}.{letter}" in self.index:
                return self.index[f"{word}.{letter}"]
        raise unknown("word", word, [query.word for query in self.queries])


def open_pair(dataset: Dataset, backbone: str, name: str, loaded: features.Features | None = None) -> Pair:
    """Join the word list of a pair with its pictures' features.

    Raises:
        UnknownNameError: the pair or the backbone is not there; and what reading them raises.
    """
    rows = dataset.lexicon(name)
    source_language, target_language = lists.pair_languages(name)
    loaded = loaded or features.load(dataset, backbone)
    asked = dataset.queries(name)
    source = features.image_sets(dataset, loaded, source_language, list(dict.fromkeys(query.word for query in asked)))
    target_pos: dict[str, str] = {}
    for row in rows:
        known = target_pos.setdefault(row.target, "")
        if row.pos not in known:
            target_pos[row.target] = known + row.pos
    target = features.image_sets(dataset, loaded, target_language, list(target_pos))
    return Pair(
        dataset,
        backbone,
        name,
        source,
        target,
        tuple(asked),
        np.array([source.row(query.word) for query in asked], np.int64),
        tuple(tuple(target.row(word) for word in query.right) for query in asked),
        target_pos,
        store.digest(VERSION, loaded.digest, *(_members(sets) for sets in (source, target))),
    )


def _members(sets: ImageSets) -> list[object]:
    return [sets.words, sets.ids, sets.members.tolist(), sets.offsets.tolist()]


def score_path(pair: Pair, method: str) -> Path:
    """Where a score matrix is kept."""
    return pair.dataset.path / "scores" / pair.backbone / pair.name / f"{method}-{pair.digest}.npy"


def scores(pair: Pair, methods: Iterable[str]) -> dict[str, Matrix]:
    """Score matrices float32 (source words, target words) of some methods; computed where they are not stored."""
    methods = list(methods)
    for name in methods:
        if name not in METHODS:
            raise unknown("method", name, METHODS)
    shape = (len(pair.source), len(pair.target))
    found: dict[str, Matrix] = {}
    for name in methods:
        stored = store.load_matrix(score_path(pair, name))
        if stored is not None and stored.shape == shape and stored.dtype == np.float32:
            found[name] = stored
    computed = score_all(pair.source, pair.target, [name for name in methods if name not in found])
    for name, matrix in computed.items():
        path = score_path(pair, name)
        try:
            store.save_matrix(path, matrix)
            for old in path.parent.glob(f"{name}-{'[0-9a-f]' * 32}.npy"):
                if old != path:
                    old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("scores of %s are not kept: %s", pair.name, error)
    return {name: (found | computed)[name] for name in methods}


def rankings(pair: Pair, methods: Iterable[str]) -> dict[str, pd.DataFrame]:
    """What became of every query: one frame per method (or control), a row per query.

    Columns: query (id), word, pos, same_spelled, rank (of the best right answer, nan where not covered), right (that
    answer), right_score, winner, winner_score.  Kept in ``rankings/<backbone>/<pair>/<method>.parquet``.
    """
    methods = list(methods)
    found = stored_rankings(pair, methods)
    missing = [name for name in methods if name not in found]
    matrices = scores(pair, [name for name in missing if name not in controls.CONTROLS])
    for name in missing:
        control = controls.CONTROLS.get(name)
        matrix = control.compute(pair.dataset, pair.name, pair.source.words, pair.target.words) if control else None
        frame = _ranked(pair, matrices[name] if matrix is None else matrix)
        frame.attrs["key"] = _ranking_key(pair)
        try:
            store.write(_ranking_path(pair, name), lambda file, frame=frame: frame.to_parquet(file, index=False))  # type: ignore[misc]
        except OSError as error:
            log.warning("rankings of %s are not kept: %s", pair.name, error)
        found[name] = frame
    return {name: found[name] for name in methods}


def stored_rankings(pair: Pair, methods: Iterable[str]) -> dict[str, pd.DataFrame]:
    """As ``rankings``, but only those that are there already; nothing is computed."""
    key = _ranking_key(pair)
    frames = {name: _stored(_ranking_path(pair, name), key) for name in methods}
    return {name: frame for name, frame in frames.items() if frame is not None}


def _ranking_key(pair: Pair) -> str:
    return store.digest(pair.digest, [[query.id, query.right] for query in pair.queries])


def _ranking_path(pair: Pair, method: str) -> Path:
    return pair.dataset.path / "rankings" / pair.backbone / pair.name / f"{method}.parquet"


def _stored(path: Path, key: str) -> pd.DataFrame | None:
    try:
        frame = store.read_frame(path)
    except Exception:  # missing or broken: computed again
        return None
    return frame if frame.attrs.get("key") == key else None


def _ranked(pair: Pair, matrix: NDArray[np.floating]) -> pd.DataFrame:
    import pandas as pd

    asked = matrix[pair.rows]
    filled = np.where(np.isnan(asked), -np.inf, asked)
    winner = filled.argmax(axis=1)
    right = [max(gold, key=lambda column, row=row: filled[row, column]) for row, gold in enumerate(pair.gold)]  # type: ignore[misc]
    numbers = np.arange(len(asked))
    covered = ~np.isnan(asked).all(axis=1)
    words = np.array(pair.target.words, object)
    return pd.DataFrame(
        {
            "query": [query.id for query in pair.queries],
            "word": [query.word for query in pair.queries],
            "pos": [query.pos for query in pair.queries],
            "same_spelled": [query.same_spelled for query in pair.queries],
            "rank": ranking.gold_ranks(asked, pair.gold),
            "right": words[right],
            "right_score": asked[numbers, right],
            "winner": np.where(covered, words[winner], None),
            "winner_score": asked[numbers, winner],
        }
    )
