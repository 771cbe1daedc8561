"""Rankings: what became of every query under each ranker, kept on disk.

``rankings/<backbone>/<pair>/<ranker>.parquet`` holds a row for each query, the key of everything it depends on, and a
checksum; what does not fit them is as if it were not there.
Most pages need no more than this, so it is kept beside the much larger scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.evaluation import ranking, stored_scores
from cldi_core.evaluation.kept_frames import Kind
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker, Scored
from cldi_core.scoring import Progress

if TYPE_CHECKING:
    import pandas as pd


RANKINGS = Kind("rankings", "rankings", lambda pair, ranker: ranker.full_key(pair))


def rankings(
    pair: Pair,
    rankers: Iterable[Ranker],
    ready: Mapping[str, Scored] | None = None,
    *,
    must_keep: bool = False,
    progress: Progress | None = None,
) -> dict[str, pd.DataFrame]:
    """What became of every query: one frame per ranker, a row per query; computed where it is not stored.

    Columns: query (id), word, pos, same_spelled, rank (of the best right answer, nan where not covered), right (that
    answer), right_score, winner, winner_score.  ``attrs["device"]`` says on what the scores were computed,
    ``attrs["error"]`` how far they had settled (``Scored.error``).

    Args:
        ready: scores that are at hand already.
        must_keep, progress: as ``stored_scores.scored``.
    """
    rankers = list(rankers)
    found = stored_rankings(pair, rankers)
    missing = [ranker for ranker in rankers if ranker.name not in found]
    ready = ready or {}
    unscored = [ranker for ranker in missing if ranker.name not in ready]
    scored = {**ready, **stored_scores.scored(pair, unscored, progress=progress, must_keep=must_keep)}
    keeping: dict[str, Callable[[], object]] = {}
    for ranker in missing:
        one = scored[ranker.name]
        frame = found[ranker.name] = ranked(pair, one.matrix)
        frame.attrs = {"key": one.key, "device": one.device, "error": one.error}
        keeping[ranker.name] = partial(storage.write_frame, path_of(pair, ranker.name), frame)
    stored_scores.keep_each(pair, "rankings", keeping, must_keep)
    return {ranker.name: found[ranker.name] for ranker in rankers}


def stored_rankings(pair: Pair, rankers: Iterable[Ranker]) -> dict[str, pd.DataFrame]:
    """As ``rankings``, but only those that are there already; nothing is computed."""
    return RANKINGS.stored(pair, rankers)


def path_of(pair: Pair, name: str) -> Path:
    """Where the rankings under a ranker are kept."""
    return RANKINGS.path_of(pair, name)


def ranked(pair: Pair, matrix: NDArray[np.floating]) -> pd.DataFrame:
    """The frame of ``rankings`` for scores that are at hand: float (source words, target words)."""
    import pandas as pd

    asked = matrix[pair.rows]
    winner, right = ranking.winners(asked, pair.gold)
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
            "winner": [word if known else None for word, known in zip(words[winner], covered, strict=True)],
            "winner_score": asked[numbers, winner],
        }
    )
