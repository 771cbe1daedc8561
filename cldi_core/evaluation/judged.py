"""Rankings with what somebody judged: acceptable candidates are further right answers, wrong ones are none.

Only the judged queries are ranked again, and that needs the scores of their words.  Candidates stay what they are, so
with acceptable candidates alone the figures are those of a word list that has them as right answers too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.judgements import ACCEPTABLE, Judgement
from cldi_core.data.queries import Query
from cldi_core.errors import CldiError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.evaluation.rankings import ranked
from cldi_core.scoring import Scores

if TYPE_CHECKING:
    import pandas as pd

Rows = Callable[
    [str], NDArray[np.float32] | None
]  # source word → float32 (n_target,), None: only all scores would tell


class NotJudgedError(CldiError):
    """A method whose figures with judgements are not known: it needs the scores of all words, and has none stored."""


class WordScores:
    """The scores of single words under one ranker: stored ones, or computed and remembered.  It is a ``Rows``."""

    def __init__(self, pair: Pair, ranker: Ranker) -> None:
        self._pair, self._ranker = pair, ranker
        self._whole: Scores | None = stored_scores.whole_of(pair, ranker)
        self._known: dict[str, NDArray[np.float32]] = {}

    @property
    def stored(self) -> bool:
        """Whether those of all words are stored, so that none is computed."""
        return self._whole is not None

    def __call__(self, word: str) -> NDArray[np.float32] | None:
        """float32 (n_candidates,): a word's scores; ``None`` where none are stored and none can be computed alone."""
        if self._whole is not None:
            row: NDArray[np.float32] = self._whole[self._pair.source.row(word)]
            return row
        if self._ranker.row is None:
            return None
        if word not in self._known:
            self._known[word] = self._ranker.row(self._pair, word)
        return self._known[word]


def right_answers(pair: Pair, judgements: Iterable[Judgement]) -> dict[str, tuple[str, ...]]:
    """The right answers of those queries whose right answers judgements change: query id → words, none or more.

    Those of the word list first, in its order, without those that were judged wrong; then the acceptable ones in the
    order of judging.  Judgements of other pairs, and of words that the pair does not have, change nothing.
    """
    given: dict[str, dict[str, str]] = {}
    for one in judgements:
        if one.pair == pair.name and one.query in pair.index and one.candidate in pair.target:
            given.setdefault(one.query, {})[one.candidate] = one.verdict
    changed = {}
    for query, verdicts in given.items():
        listed = pair.queries[pair.index[query]].right
        further = [word for word, verdict in verdicts.items() if verdict == ACCEPTABLE]
        right = tuple(dict.fromkeys([*(w for w in listed if verdicts.get(w, ACCEPTABLE) == ACCEPTABLE), *further]))
        if right != listed:
            changed[query] = right
    return changed


def with_judgements(
    pair: Pair, ranker: Ranker, frame: pd.DataFrame, judgements: Iterable[Judgement], rows: Rows | None = None
) -> pd.DataFrame:
    """The rankings of a pair with judgements: the judged queries are ranked anew, the others stay as they are.

    A query whose right answers are all judged wrong is no query any more: its row goes.

    Args:
        frame: of ``rankings.rankings`` under ``ranker``; not changed.
        rows: gives the scores of words; those of ``WordScores`` without it.

    Returns:
        A frame with the same columns, without the key of the stored one: it is never to be stored.  ``frame`` itself
        where the judgements change no right answer of the pair.

    Raises:
        NotJudgedError: scores are needed that are not stored and cannot be computed for a word alone.
    """
    import pandas as pd

    changed = right_answers(pair, judgements)
    if not changed:
        return frame
    ids = frame["query"].tolist()
    parts = [frame[~frame["query"].isin(list(changed))]]
    asked = [query for query in ids if changed.get(query)]
    if asked:
        parts.append(_ranked_anew(pair, ranker, {query: changed[query] for query in asked}, rows))
    place = {query: number for number, query in enumerate(ids)}
    made = pd.concat(parts).sort_values("query", key=lambda column: column.map(place), kind="stable")
    made = made.astype(frame.dtypes.to_dict()).reset_index(drop=True)
    made.attrs = {name: value for name, value in frame.attrs.items() if name not in ("key", "checksum")}
    return made


def _ranked_anew(pair: Pair, ranker: Ranker, right: Mapping[str, tuple[str, ...]], rows: Rows | None) -> pd.DataFrame:
    """The rankings of some queries with other right answers: query id → at least one."""
    rows = rows or WordScores(pair, ranker)
    queries, scores = [], []
    for query, answers in right.items():
        asked = pair.queries[pair.index[query]]
        row = rows(asked.word)
        if row is None:
            raise NotJudgedError(f"{ranker.label} with judgements needs the scores of all words, and none are stored")
        queries.append(Query(asked.word, asked.pos, answers))
        scores.append(row)
    gold = tuple(tuple(pair.target.row(word) for word in query.right) for query in queries)
    some = replace(pair, queries=tuple(queries), rows=np.arange(len(queries)), gold=gold)
    return ranked(some, np.array(scores, np.float32))
