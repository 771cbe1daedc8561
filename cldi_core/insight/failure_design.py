"""What the models of failure are made of: columns of numbers, words as clusters, and intervals from draws of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import ENOUGH, LEVEL, NOTHING, Interval
from cldi_core.insight import predictors
from cldi_core.insight.predictors import PREDICTORS, REFERENCE, Column

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("found", "log_rank")
DRAWS = 2000
LOST = 0.05  # the share of draws that may fail (a group that was not drawn at all); with more there is no interval


@dataclass(frozen=True)
class Design:
    """The rows of a frame as numbers.

    Attributes:
        names: of the columns: those of ``predictors.groups`` first, then the predictors.
        x: float64 (n, k): groups and predictors that are yes or no as 0 and 1, all others less their mean and by their
            standard deviation over the rows.
        y: float64 (n, 2): the ``OUTCOMES``.
        groups: how many of the columns say of which group a row is.
        words: int64 (n,), which word each row is of, as numbers from 0; n_words: how many there are.
    """

    names: tuple[str, ...]
    x: Column
    y: Column
    groups: int
    words: NDArray[np.int64]
    n_words: int

    @property
    def kinds(self) -> dict[str, int]:
        """Part of speech → its column, of those that are set against nouns."""
        return {name[4:]: place for place, name in enumerate(self.names) if name.startswith("pos:")}


def design(rows: pd.DataFrame, names: Sequence[str]) -> Design:
    """The design of some rows of which all predictors ``names`` are known (``predictors.used``)."""
    own, x = predictors.groups(rows)
    columns = [x, *(scaled(rows[name].to_numpy(np.float64), yes_no=PREDICTORS[name].yes_no)[:, None] for name in names)]
    words, n_words = predictors.clusters(rows)
    y = rows[list(OUTCOMES)].to_numpy(np.float64)
    return Design((*own, *names), np.column_stack(columns), y, len(own), words, n_words)


def scaled(values: Column, *, yes_no: bool) -> Column:
    """Less their mean and by their standard deviation; 0 and 1 as they are."""
    return values if yes_no else (values - values.mean()) / values.std()


def words_of(rows: pd.DataFrame, pos: str) -> int:
    """How many words of a part of speech there are; *plant* in three language pairs is one."""
    own = rows[rows["pos"] == pos]
    return predictors.clusters(own)[1] if len(own) else 0


def compared(rows: pd.DataFrame) -> list[str]:
    """The parts of speech that can be set against nouns: none where there are no nouns."""
    there = set(rows["pos"])
    return [pos for pos in POS if pos in there and pos != REFERENCE] if REFERENCE in there else []


def drawn(n_words: int, draws: int, seed: int) -> Column:
    """How often each word is in each draw of as many words with replacement: float64 (draws, n_words)."""
    chosen = np.random.default_rng(seed).integers(n_words, size=(draws, n_words))
    chosen += n_words * np.arange(draws)[:, None]
    return np.bincount(chosen.ravel(), minlength=draws * n_words).reshape(draws, n_words).astype(np.float64)


def summed(values: Column, words: NDArray[np.int64], n_words: int) -> Column:
    """The sums of rows over each word: float64 (n, …) → (n_words, …)."""
    order = np.argsort(words, kind="stable")
    starts = np.searchsorted(words[order], np.arange(n_words))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), np.float64)


def resampled(value: float, draws: Column, n: int) -> Interval:
    """A figure with the interval of its draws: percentiles, further out than 2.5 and 97.5 by what few words need.

    The expanded percentile interval (Hesterberg 2015, section 4.4): a level of ``Φ(−√(n / (n − 1)) · t)`` on each side,
    with Student's t of n − 1 degrees of freedom, as percentiles of n things alone are too narrow by that much.

    Args:
        draws: float64 (draws,), nan where a draw has no such figure.
        n: the words of the smaller of the groups that are compared; of fewer than ``ENOUGH`` there is no interval.
    """
    from scipy.special import ndtr, stdtrit

    known = draws[~np.isnan(draws)]
    if math.isnan(value):
        return NOTHING
    if n < ENOUGH or len(known) < (1 - LOST) * len(draws):
        return Interval(value, math.nan, math.nan, n)
    tail = float(ndtr(math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 - LEVEL) / 2)))
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval.between(value, float(low), float(high), n)
