"""Hubs: in how many source words' first ten each candidate stands, and how uneven that is (N₁₀ and its skewness).

A candidate that is near to many words takes the first place of those whose right answer is near as well.  Radovanović,
Nanopoulos & Ivanović (2010, section 3) measure that by the skewness of N_k, the number of words among whose k nearest a
candidate is: 0 where the numbers lie evenly around their mean, the larger the fewer candidates have most of the places.

``hubs/<backbone>/<pair>/<method>.parquet`` has a row for each candidate that has a score: word, pos (as
``Pair.target_pos``), n10 and wins (both int32: how many queries it wins wrongly), and in ``attrs`` what can be told
from the scores of all words alone: ``words``, how many source words have scores, and the interval of the skewness.  It
is kept with the key of everything it depends on and a checksum; what does not fit them is as if it were not there.

The interval is over source words, as that of everything else: by how much would the skewness differ had other words
been asked?  Each word is left out once (the jackknife; Efron & Stein 1981), as bootstrap draws ask some words twice,
which makes uneven numbers more uneven.  Candidates are no sample: all there are stand in the frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.evaluation import metrics, rankings
from cldi_core.evaluation.kept_frames import Kind
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker, Scored
from cldi_core.insight.evidence import CSLS, TOP
from cldi_core.scoring import Scores
from cldi_core.scoring.ties import ranks

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1  # raise it when what a column means or how it is computed changes: stored frames are then made again
FOLDER = "hubs"
COLUMNS = ("word", "pos", "n10", "wins")
GREATEST = 12
ABSENT = -1  # n10, in a file, of a candidate that has no score


@dataclass(frozen=True)
class Hubness:
    """How uneven the places in the words' first ten are spread over the candidates.

    Attributes:
        skewness: of N₁₀, with its 95 % interval over source words; nan where all candidates have the same N₁₀.
        never: the share of candidates that stand in nobody's first ten (anti-hubs), and ``never_n``, how many.
        greatest: the largest N₁₀.
        tenth: the share of all places that the tenth of the candidates with the largest N₁₀ has.
        candidates, words: how many there are.
        even: what N₁₀ would be if all candidates had as many places.
    """

    skewness: Interval
    never: float
    never_n: int
    greatest: int
    tenth: float
    candidates: int
    words: int
    even: float


def hubs(pair: Pair, matrix: Scores, frame: pd.DataFrame) -> pd.DataFrame:
    """N₁₀ and wrong wins of every candidate that has a score, in the order of the candidates: the columns above.

    A candidate stands in a word's first ten if its rank there, by the rule of ties, is at most ten.

    Args:
        matrix: the method's scores, float32 (n_source, n_target), nan for words without pictures.
        frame: its rankings (``rankings.ranked``).
    """
    import pandas as pd

    near = ranks(matrix) <= TOP  # nan, of what has no score, is not
    known = ~np.isnan(matrix)
    wrong = frame[(frame["rank"] > 1) & (frame["winner"] != frame["right"])]
    won = wrong["winner"].value_counts()
    every = pd.DataFrame(
        {
            "word": list(pair.target.words),
            "pos": [pair.target_pos[word] for word in pair.target.words],
            "n10": near.sum(axis=0).astype(np.int32),
            "wins": won.reindex(pair.target.words, fill_value=0).to_numpy(np.int32),
        }
    )
    asked, ranked = known.any(axis=1), known.any(axis=0)
    found: pd.DataFrame = every[pd.Series(ranked)].reset_index(drop=True)
    interval = skewness_over_words(near[np.ix_(asked, ranked)])
    found.attrs = {
        "pair": pair.name,
        "words": int(asked.sum()),
        "skewness": [None if interval.why else interval.low, None if interval.why else interval.high, interval.n],
    }
    return found


def skewness(counts: NDArray[np.number]) -> float:
    """``mean((N - μ)³) / σ³`` (Radovanović et al. 2010, section 3); nan where all are the same or there are none."""
    from scipy.stats import skew

    values = np.asarray(counts, np.float64)
    return float(skew(values)) if len(values) and np.ptp(values) > 0 else math.nan


def skewness_over_words(near: NDArray[np.bool_]) -> Interval:
    """The skewness of N_k with an interval over source words, each left out once.

    Args:
        near: bool (n_source, n_target), whether a candidate is among the first k of a word.
    """
    from scipy.special import stdtrit

    counts = near.sum(axis=0).astype(np.float64)
    value, n = skewness(counts), len(near)
    nothing = Interval(value, math.nan, math.nan, n)
    if n < metrics.ENOUGH or math.isnan(value):
        return nothing
    # Without a word, the counts of its own neighbours are one less, and the sums of powers are so much smaller.
    powers = np.stack([counts**power for power in (1, 2, 3)])  # (3, n_target)
    less = powers - np.stack([(counts - 1) ** power for power in (1, 2, 3)])
    moments = (powers.sum(axis=1)[:, None] - less @ near.T.astype(np.float64)) / len(counts)  # (3, n_source)
    mean, second, third = moments
    variance = second - mean**2
    if variance.min() <= metrics.TINY:
        return nothing
    without = (third - 3 * mean * second + 2 * mean**3) / variance**1.5
    reach = float(stdtrit(n - 1, (1 + metrics.LEVEL) / 2)) * math.sqrt(
        (n - 1) / n * float(((without - without.mean()) ** 2).sum())
    )
    return Interval.between(value, value - reach, value + reach, n)


def hubness(frame: pd.DataFrame) -> Hubness:
    """What a frame of ``hubs`` says of its method."""
    counts = np.sort(frame["n10"].to_numpy(np.float64))[::-1]
    low, high, n = (math.nan if bound is None else bound for bound in frame.attrs.get("skewness", (None, None, 0)))
    places, never = float(counts.sum()), int((counts == 0).sum())
    return Hubness(
        Interval(skewness(counts), low, high, int(n)),
        never / len(counts) if len(counts) else math.nan,
        never,
        int(counts.max(initial=0)),
        float(counts[: math.ceil(len(counts) / 10)].sum() / places) if places else math.nan,
        len(counts),
        int(frame.attrs.get("words", 0)),
        places / len(counts) if len(counts) else math.nan,
    )


def greatest(frame: pd.DataFrame, after: pd.DataFrame | None = None, k: int = GREATEST) -> pd.DataFrame:
    """The k candidates of the largest N₁₀, those with more wrong wins first among equal ones.

    Args:
        after: the frame of another method: its figures are in the columns n10_after and wins_after (float, nan where
            the candidate has no score there, and without it).
    """
    ordered = frame.sort_values(["n10", "wins"], ascending=False, kind="stable").head(k)
    return _beside(ordered, after)


def compared(frame: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Every candidate under two methods: the columns of ``hubs``, n10_after and wins_after, as ``greatest``."""
    return _beside(frame, after)


def distribution(frame: pd.DataFrame) -> pd.DataFrame:
    """How many candidates have an N₁₀ of so much or more: n10 (0, and every number that occurs), candidates, share."""
    import pandas as pd

    counts = frame["n10"].to_numpy(np.int64)
    values = np.unique(np.append(counts, 0))
    beyond = len(counts) - np.searchsorted(np.sort(counts), values)
    return pd.DataFrame({"n10": values, "candidates": beyond, "share": beyond / max(len(counts), 1)})


def won_wrongly(frame: pd.DataFrame, candidate: str) -> pd.DataFrame:
    """The queries that a candidate wins wrongly, best rank of the right answer first; of a frame of rankings."""
    wrong = frame[(frame["rank"] > 1) & (frame["winner"] == candidate) & (frame["winner"] != frame["right"])]
    return wrong.sort_values("rank", kind="stable")


def less_skewed(before: Hubness, after: Hubness) -> Interval:
    """By how much the skewness is lower after than before, with an interval as if the two had different words.

    From both intervals by the method of variance estimates recovery (as ``metrics.gap``).  Where the same words make
    both go up and down together it is wider than need be.
    """
    one, other = before.skewness, after.skewness
    value, n = one.value - other.value, min(one.n, other.n)
    if math.isnan(one.low) or math.isnan(other.low):
        return Interval(value, math.nan, math.nan, n)
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    return Interval.between(value, low, value + math.hypot(one.high - one.value, other.value - other.low), n)


def of_pictures(pair: Pair, frame: pd.DataFrame) -> Interval:
    """Spearman's ρ of N₁₀ and the number of pictures, over candidates: do sets of many pictures make hubs?"""
    sizes = pair.target.sizes[[pair.target.row(word) for word in frame["word"]]]
    return metrics.correlation(frame["n10"].to_numpy(np.float64), sizes.astype(np.float64), ranks=True)


def gained(before: pd.DataFrame, after: pd.DataFrame) -> Interval:
    """By how much the MRR of the second frame of rankings is above that of the first, on the queries of both."""
    both = before[["query", "word", "rank"]].merge(after[["query", "rank"]], on="query", suffixes=("", "_after"))
    one, other = (1 / both[name].to_numpy(np.float64) for name in ("rank_after", "rank"))
    return metrics.paired(one, other, both["word"].to_numpy())


def uncorrected(method: str) -> str:
    """The name of a method without CSLS: ``"avgmax+csls"`` and ``"avgmax"`` → ``"avgmax"``."""
    return method.removesuffix(CSLS)


def keep_hubs(
    pair: Pair, rankers: Iterable[Ranker], scored: Mapping[str, Scored], *, must_keep: bool = False
) -> dict[str, pd.DataFrame]:
    """The hubs under some rankers, by name: computed and kept where what is stored does not stand any more.

    Args:
        scored: their scores; must_keep: as ``stored_scores.scored``.
    """
    rankers = list(rankers)
    there = stored_hubs(pair, rankers)
    missing = [ranker for ranker in rankers if ranker.name not in there]
    frames = rankings.rankings(pair, missing, scored)
    for ranker in missing:
        there[ranker.name] = hubs(pair, scored[ranker.name].matrix, frames[ranker.name])
    HUBS.keep(pair, [(ranker, there[ranker.name]) for ranker in missing], must_keep)
    return there


def stored_hubs(pair: Pair, rankers: Iterable[Ranker]) -> dict[str, pd.DataFrame]:
    """The hubs under some rankers, by name: only what is there and still stands; nothing is computed."""
    return HUBS.stored(pair, rankers)


def path_of(pair: Pair, name: str) -> Path:
    """Where the hubs under a ranker are kept."""
    return HUBS.path_of(pair, name)


def key_of(pair: Pair, ranker: Ranker) -> str:
    """A digest of all that hubs depend on: scores and ranks, candidates and their parts of speech.

    Raises:
        CldiError: the ranker cannot rank the pair.
    """
    candidates = [[word, pair.target_pos[word]] for word in pair.target.words]
    keys = [each.tobytes() for each in pair.keys]  # a trained model's own key need not know of the pictures
    asked = [[query.id, query.word, query.right] for query in pair.queries]
    return storage.digest(VERSION, TOP, ranker.full_key(pair), candidates, asked, *keys)


def _beside(frame: pd.DataFrame, after: pd.DataFrame | None) -> pd.DataFrame:
    columns = {"n10": "n10_after", "wins": "wins_after"}
    if after is None:
        found = frame.assign(**dict.fromkeys(columns.values(), math.nan))
    else:
        found = frame.merge(after[["word", *columns]].rename(columns=columns), on="word", how="left", sort=False)
        found = found.astype(dict.fromkeys(columns.values(), "float64"))
    return found.reset_index(drop=True)


def _packed(pair: Pair, frame: pd.DataFrame) -> pd.DataFrame:
    """The numbers of all candidates, without the words, which the pair tells."""
    numbers = frame.set_index("word")[["n10", "wins"]]
    return numbers.reindex(pair.target.words, fill_value=ABSENT).astype(np.int32).reset_index(drop=True)


def _unpacked(pair: Pair, packed: pd.DataFrame) -> pd.DataFrame:
    """The frame that was packed; its key says that the pair is the same."""
    words: dict[str, Any] = {
        "word": list(pair.target.words),
        "pos": [pair.target_pos[word] for word in pair.target.words],
    }
    frame = packed.assign(**words)[list(COLUMNS)]
    frame = frame[frame["n10"] != ABSENT].reset_index(drop=True)
    frame.attrs = {name: value for name, value in packed.attrs.items() if name != "checksum"}
    return frame


HUBS = Kind(FOLDER, "hubs", key_of, _packed, _unpacked)
