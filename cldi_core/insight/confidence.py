"""Confidence: do a method's own numbers tell which of its answers are right, without the right answers?

A user who has no dictionary would keep the words of which a system is most sure and leave the others.  Four numbers
can say how sure: low dispersion of the word's pictures (the filter of Kiela, Hill, Korhonen & Clark 2014), the margin
of the winner, the votes for KNN's winner, and the ceiling of the word's own pictures.  None looks at a right answer.

*Risk* is the share of the kept words whose best right answer is not first, 1 - P@1; *coverage* the share that is kept.
The area under the risk–coverage curve (AURC; Geifman & El-Yaniv 2017; Geifman, Uziel & El-Yaniv 2019) is the mean risk
over all coverages, ``1/n Σ_k risk of the k surest``: lower is better, a random order has the overall risk.  Words of
the same confidence are in no order: theirs is the mean over all orders.  A word without a number (one picture has no
dispersion) is the least sure.

Intervals are percentiles of a seeded bootstrap over source words, each with all its queries; a draw's area is that of
the words as often as they were drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import CLASSES, SETTINGS
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import Interval
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    import pandas as pd

DRAWS, SEED = 1000, 0


@dataclass(frozen=True)
class Confidence:
    """One number that may tell how sure an answer is.

    Attributes:
        label: for people; column: where it stands in ``answers``; sign: -1 where low numbers are sure.
    """

    label: str
    column: str
    sign: int = 1


CONFIDENCES = {
    "dispersion": Confidence("low dispersion", "dispersion", -1),
    "margin": Confidence("margin", "margin"),
    "votes": Confidence("KNN's votes", "votes"),
    "ceiling": Confidence("ceiling", "ceiling"),
}


@dataclass(frozen=True)
class Area:
    """The area under a risk–coverage curve.

    Attributes:
        area: with its interval; random: the overall risk, which is the area of a random order; perfect: that of an
            order in which all right answers come first.
        difference: ``area - random`` with its interval, below 0 where the order is better than a random one.
        n: queries; unknown: how many of them have no confidence.
    """

    confidence: str
    setting: str
    area: Interval
    random: float
    perfect: float
    difference: Interval
    n: int
    unknown: int

    @property
    def gained(self) -> float:
        """The share of what a perfect order has over a random one; nan where these are alike."""
        possible = self.random - self.perfect
        return (self.random - self.area.value) / possible if possible > metrics.TINY else math.nan


def answers(
    evidence: pd.DataFrame, ceilings: pd.DataFrame | None = None, knn: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The covered queries under one method: query, word, pos, right (1 where P@1 counts it), and the confidences.

    Args:
        evidence: of the method (``evidence.evidence``), with dispersion and margin; ceilings: of the words
            (``ceiling.ceilings``); knn: the rankings under KNN, whose winner's score is its share of the votes.
            Without one of these nothing is known of that confidence.
    """
    import pandas as pd

    covered = evidence[evidence["rank"].notna()].reset_index(drop=True)
    shares = {} if knn is None else dict(zip(knn["query"], knn["winner_score"], strict=True))
    own = {} if ceilings is None else dict(zip(ceilings["word"], ceilings["mrr"], strict=True))
    return pd.DataFrame(
        {
            **{name: covered[name] for name in ("query", "word", "pos")},
            "right": (covered["rank"] <= 1).to_numpy(np.float64),
            "dispersion": covered["dispersion"].to_numpy(np.float64),
            # What is no difference between scores is none between margins.
            "margin": np.round(covered["margin"].to_numpy(np.float64) / TIE) * TIE,
            "votes": _votes(covered["query"].map(shares).to_numpy(np.float64), covered["pictures"].to_numpy()),
            "ceiling": covered["word"].map(own).to_numpy(np.float64),
        }
    )


def _votes(score: NDArray[np.float64], pictures: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of a word's pictures that voted for the winner, without the steps among equal shares
    (``knn.break_ties``)."""
    share: NDArray[np.float64] = np.floor(score * pictures + 1e-3) / np.maximum(pictures, 1)
    return share


def known(frame: pd.DataFrame) -> list[str]:
    """The confidences of which anything is known in a frame of ``answers``."""
    return [name for name, one in CONFIDENCES.items() if frame[one.column].notna().any()]


def sure(frame: pd.DataFrame, confidence: str) -> NDArray[np.float64]:
    """How sure each answer is, float64 (n,): higher is surer, -inf where nothing is known."""
    one = CONFIDENCES[confidence]
    values = one.sign * frame[one.column].to_numpy(np.float64)
    return np.where(np.isnan(values), -np.inf, values)


def curve(confidence: NDArray[np.floating], right: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    """The risk–coverage curve of some answers: coverage and risk, float64 (n,) each, of the 1, 2, …, n surest.

    Args:
        confidence: float (n,), higher is surer, no nan; right: float (n,), 1 where an answer is right and 0 where not.

    ``risk[k - 1]`` is the mean over all orders of equal confidences: after m of g equal ones with e wrong, e·m/g.
    """
    n = len(right)
    _, group = np.unique(-np.asarray(confidence, np.float64), return_inverse=True)
    size = np.bincount(group)
    wrong = np.bincount(group, 1 - np.asarray(right, np.float64))
    expected = np.repeat(wrong / np.maximum(size, 1), size)
    kept = np.arange(1, n + 1)
    return kept / max(n, 1), np.cumsum(expected) / kept


def perfect_curve(right: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    """As ``curve``, of an order in which all right answers come before all wrong ones."""
    return curve(right, right)


def aurc(confidence: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """The area under the risk–coverage curve, the mean of its risks, in [0, 1]; nan without answers.

    Args:
        confidence, right: as those of ``curve``.

    >>> aurc(np.array([0.9, 0.5]), np.array([1.0, 0.0]))
    0.25
    """
    _, risk = curve(confidence, right)
    return float(risk.mean()) if len(risk) else math.nan


def areas_of_draws(
    confidence: NDArray[np.floating], right: NDArray[np.floating], weights: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The area of answers that are there so many times each: int (n_draws, n) → float64 (n_draws,).

    With N answers and E wrong ones before a group of equal confidence that has G with e wrong, the risks in it add up
    to ``Σ_m (E + e·m/G) / (N + m) = E·h + e/G·(G - N·h)``, ``h = H(N + G) - H(N)`` with harmonic numbers H.  That is
    the area of the answers repeated, as ``aurc`` has it, without a loop.
    """
    _, group = np.unique(-np.asarray(confidence, np.float64), return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    times = weights[:, order]
    errors = (1 - np.asarray(right, np.float64))[order]
    size, wrong = times, times * errors
    if len(starts) < len(order):  # else no two are equal
        size, wrong = (np.add.reduceat(values, starts, axis=1) for values in (size, wrong))
    after, wrong_after = size.cumsum(axis=1), wrong.cumsum(axis=1)
    before, wrong_before = after - size, wrong_after - wrong
    total = after[:, -1]
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, total.max(initial=1) + 1))])
    h = harmonic[after] - harmonic[before]
    inside = wrong / np.maximum(size, 1) * (size - before * h)
    area: NDArray[np.float64] = (wrong_before * h + inside).sum(axis=1) / np.maximum(total, 1)
    return area


@lru_cache(8)
def _draws(n: int, draws: int, seed: int) -> NDArray[np.int64]:
    """How often each of n words is drawn: int64 (draws, n), not to be changed."""
    times: NDArray[np.int64] = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    times.flags.writeable = False
    return times


def area(frame: pd.DataFrame, confidence: str, setting: str = "ALL", *, draws: int = DRAWS, seed: int = SEED) -> Area:
    """The area under the curve of one confidence, within the parts of speech of a setting.

    Args:
        frame: of ``answers``.
    """
    rows = frame[frame["pos"].isin(SETTINGS[setting])]
    right, words = rows["right"].to_numpy(np.float64), rows["word"].to_numpy()
    value = sure(rows, confidence)
    unknown = int(np.isneginf(value).sum())
    if not len(rows):
        return Area(confidence, setting, metrics.NOTHING, math.nan, math.nan, metrics.NOTHING, 0, 0)
    found, random = aurc(value, right), float(1 - right.mean())
    names, place = np.unique(words, return_inverse=True)
    n = len(names)
    if n < metrics.ENOUGH:
        bounds = [[math.nan, math.nan]] * 2
    else:
        times = _draws(n, draws, seed)[:, place]
        drawn = areas_of_draws(value, right, times)
        overall = times @ (1 - right) / times.sum(axis=1)
        tail = (1 - metrics.LEVEL) / 2
        bounds = np.quantile(np.stack([drawn, drawn - overall]), [tail, 1 - tail], axis=1).T.tolist()
    (low, high), (less, more) = bounds
    return Area(
        confidence,
        setting,
        Interval.between(found, low, high, n),
        random,
        aurc(right, right),
        Interval.between(found - random, less, more, n),
        len(rows),
        unknown,
    )


def areas(frame: pd.DataFrame, settings: Iterable[str] = tuple(SETTINGS), *, draws: int = DRAWS) -> list[Area]:
    """The areas of all known confidences, over all words and within each part of speech that has any."""
    there = [setting for setting in settings if frame["pos"].isin(SETTINGS[setting]).any()]
    return [area(frame, name, setting, draws=draws) for name in known(frame) for setting in there]


def kept_by_pos(frame: pd.DataFrame, confidence: str, coverage: float = 0.5) -> dict[str, tuple[float, int]]:
    """Part of speech → the share of its queries among the surest, and how many it has: ``{"N": (0.61, 412), …}``.

    Args:
        coverage: what share of all queries is kept; of equal confidences the expected share.
    """
    value = sure(frame, confidence)
    _, group = np.unique(-value, return_inverse=True)
    size = np.bincount(group)
    room = np.clip(coverage * len(value) - (size.cumsum() - size), 0, size)
    chance = (room / np.maximum(size, 1))[group]
    pos = frame["pos"].to_numpy()
    return {
        letter: (float(chance[pos == letter].mean()), int((pos == letter).sum())) for letter in CLASSES if letter in pos
    }
