"""A language pair with everything that its results are made of, and its stored scores and rankings.

``open_pair`` joins word list, pictures and features; ``scores`` and ``rankings`` compute what is not stored yet and
store it under a digest of all that it depends on, so that nothing stale is ever read.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset, Query
from cldi_core.errors import CldiError, unknown
from cldi_core.evaluation import controls, ranking, stored_scores
from cldi_core.features import shards
from cldi_core.pivot import translation
from cldi_core.scoring import Scores
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import LEARNED, with_bases

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


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

    @cached_property
    def keys(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The keys of the source words and of the candidates, uint8 (n, 16): they change with a word's pictures."""
        return stored_scores.word_keys(self.source), stored_scores.word_keys(self.target)

    @cached_property
    def digest(self) -> str:
        """Stands for the words and the features of their pictures."""
        words = [self.source.words, self.target.words]
        return storage.digest(stored_scores.VERSION, words, *(keys.tobytes() for keys in self.keys))

    @cached_property
    def languages(self) -> tuple[str, str]:
        """Source and target language."""
        return wordlists.pair_languages(self.name)

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


def open_pair(dataset: Dataset, backbone: str, name: str, loaded: shards.Features | None = None) -> Pair:
    """Join the word list of a pair with its pictures' features.

    Raises:
        UnknownNameError: the pair or the backbone is not there; and what reading them raises.
    """
    rows = dataset.lexicon(name)
    source_language, target_language = wordlists.pair_languages(name)
    loaded = loaded or shards.load(dataset, backbone)
    asked = dataset.queries(name)
    source = shards.image_sets(dataset, loaded, source_language, list(dict.fromkeys(query.word for query in asked)))
    target_pos: dict[str, str] = {}
    for row in rows:
        known = target_pos.setdefault(row.target, "")
        if row.pos not in known:
            target_pos[row.target] = known + row.pos
    target = shards.image_sets(dataset, loaded, target_language, list(target_pos))
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
    )


def key(pair: Pair) -> str:
    """Stands for everything that the pair's scores and ranks depend on, the right answers included."""
    return storage.digest(pair.digest, [[query.id, query.right] for query in pair.queries])


def _expected(pair: Pair, name: str, own: str) -> str:
    """Stands for everything that the scores of a method (or control) depend on, a trained model included.

    Args:
        own: ``key(pair)``, which takes a millisecond and is asked for all methods.

    Raises:
        UnknownNameError: the model has not been trained; DatasetError: it is broken.
    """
    if name in LEARNED:
        return storage.digest(own, translation.digest(pair, name))
    return own


def score_path(pair: Pair, method: str) -> Path:
    """Where a method's scores are kept."""
    return pair.dataset.path / "scores" / pair.backbone / pair.name / f"{method}.safetensors"


def scored(
    pair: Pair,
    methods: Iterable[str],
    precision: str = "auto",
    device: str = "cpu",
    progress: stored_scores.Progress | None = None,
) -> dict[str, stored_scores.Scored]:
    """Scores of some methods, with how they came about; what is stored and still true is not computed again.

    Kept in ``scores/<backbone>/<pair>/<method>.safetensors``.  Where the pictures of some words have changed, only the
    scores that depend on them are computed.

    Args:
        precision, device: as in ``scores.score``; exact scores are found again whatever precision is asked for.
        progress: told the pictures done and their number, while a pass runs.
    """
    methods = list(methods)
    expected = key(pair)
    learned = {name: _learned(pair, name, expected) for name in methods if name in LEARNED}
    wanted = {method.name: method for method in with_bases(name for name in methods if name not in LEARNED)}
    # What is made from other scores needs all of them, not only the settled ones.
    bases = {base for method in wanted.values() for base in method.bases}
    old = {name: stored_scores.load(score_path(pair, name)) for name in wanted}
    found = {
        name: one
        for name, one in old.items()
        if one is not None
        and one.key == expected
        and (one.precision == "exact" or (precision != "exact" and name not in bases))
    }
    missing = [name for name in wanted if name not in found]
    precision = "exact" if bases.intersection(missing) else precision
    job = stored_scores.Job(pair.source, pair.target, pair.keys, _right(pair), precision, device, progress)
    for name, one in stored_scores.compute(
        job, [name for name in missing if not wanted[name].bases], old, expected
    ).items():
        stored_scores.save(score_path(pair, name), one)
        found[name] = one
    for name in missing:
        if wanted[name].bases:
            found[name] = stored_scores.derive(job, wanted[name], found, expected)
            stored_scores.save(score_path(pair, name), found[name])
    found |= learned
    return {name: found[name] for name in methods}


def _learned(pair: Pair, name: str, own: str) -> stored_scores.Scored:
    """The scores of a trained model, as they are stored or computed now; ``own`` is as in ``_expected``."""
    expected, path = _expected(pair, name, own), score_path(pair, name)
    old = stored_scores.load(path)
    if old is not None and old.key == expected:
        return old
    start = time.perf_counter()
    matrix = translation.scores(pair, name)
    new = stored_scores.Scored(matrix, expected, "exact", "cpu", time.perf_counter() - start, matrix.size, *pair.keys)
    stored_scores.save(path, new)
    return new


def _right(pair: Pair) -> list[set[int]]:
    """The columns of the right answers of each source word, under all its parts of speech."""
    found: list[set[int]] = [set() for _ in pair.source.words]
    for row, right in zip(pair.rows.tolist(), pair.gold, strict=True):
        found[row].update(right)
    return found


def scores(pair: Pair, methods: Iterable[str]) -> dict[str, Scores]:
    """As ``scored``, the matrices alone: float32 (source words, target words)."""
    return {name: one.matrix for name, one in scored(pair, methods).items()}


def rankings(
    pair: Pair, methods: Iterable[str], ready: Mapping[str, stored_scores.Scored] | None = None
) -> dict[str, pd.DataFrame]:
    """What became of every query: one frame per method (or control), a row per query.

    Columns: query (id), word, pos, same_spelled, rank (of the best right answer, nan where not covered), right (that
    answer), right_score, winner, winner_score.  Kept in ``rankings/<backbone>/<pair>/<method>.parquet``; ``attrs`` say
    in which ``precision`` and on what ``device`` the scores were computed.

    Args:
        ready: scores that are at hand already.
    """
    methods = list(methods)
    found = stored_rankings(pair, methods)
    missing = [name for name in methods if name not in found]
    ready = ready or {}
    wanting = [name for name in missing if name not in controls.CONTROLS and name not in ready]
    matrices = {**ready, **scored(pair, wanting)}
    own = key(pair)
    for name in missing:
        expected = _expected(pair, name, own)
        control = controls.CONTROLS.get(name)
        if control:
            frame = ranked(pair, control.compute(pair.dataset, pair.name, pair.source.words, pair.target.words))
            frame.attrs = {"key": expected, "precision": "exact", "device": "cpu"}
        else:
            frame = ranked(pair, matrices[name].matrix)
            frame.attrs = {"key": expected, "precision": matrices[name].precision, "device": matrices[name].device}
        try:
            storage.write(_ranking_path(pair, name), lambda file, frame=frame: frame.to_parquet(file, index=False))  # type: ignore[misc]
        except OSError as error:
            log.warning("rankings of %s are not kept: %s", pair.name, error)
        found[name] = frame
    return {name: found[name] for name in methods}


def stored_rankings(pair: Pair, methods: Iterable[str]) -> dict[str, pd.DataFrame]:
    """As ``rankings``, but only those that are there already; nothing is computed."""
    own, frames = key(pair), {}
    for name in methods:
        with contextlib.suppress(CldiError):  # a model that is not trained, or broken
            frames[name] = _stored(_ranking_path(pair, name), _expected(pair, name, own))
    return {name: frame for name, frame in frames.items() if frame is not None}


def _ranking_path(pair: Pair, method: str) -> Path:
    return pair.dataset.path / "rankings" / pair.backbone / pair.name / f"{method}.parquet"


def _stored(path: Path, expected: str) -> pd.DataFrame | None:
    try:
        frame = storage.read_frame(path)
    except Exception:  # missing or broken: computed again
        return None
    return frame if frame.attrs.get("key") == expected else None


def ranked(pair: Pair, matrix: NDArray[np.floating]) -> pd.DataFrame:
    """The frame of ``rankings`` for scores that are at hand: float (source words, target words)."""
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
