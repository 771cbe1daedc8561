"""Scores and rankings by name, for tests: what ``rankers`` lists, asked of ``evaluation``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cldi_core import rankers
from cldi_core.evaluation import rankings as ranking_files
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Scored


def scored(pair: Pair, names: Iterable[str]) -> dict[str, Scored]:
    return stored_scores.scored(pair, map(rankers.ranker, names))


def scores(pair: Pair, names: Iterable[str]) -> dict[str, np.ndarray]:
    return {name: one.matrix for name, one in scored(pair, names).items()}


def rankings(pair: Pair, names: Iterable[str], ready: dict[str, Scored] | None = None) -> dict[str, pd.DataFrame]:
    return ranking_files.rankings(pair, map(rankers.ranker, names), ready)


def stored_rankings(pair: Pair, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    return ranking_files.stored_rankings(pair, map(rankers.ranker, names))
