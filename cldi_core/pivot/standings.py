"""How well a trained model does beside baselines, controls and chance, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cldi_core.evaluation import metrics
from cldi_core.pivot import evaluation, report, resampling, scorers
from cldi_core.pivot.models import CONTROL, MODELS

if TYPE_CHECKING:
    import pandas as pd

BASELINES = ("vse", "ridge")  # that a model has to beat


def label(name: str) -> str:
    """What people see of a model, control or chance of a table of ranks."""
    if name in MODELS:
        return MODELS[name].label
    if name.removesuffix(CONTROL) in MODELS:
        return f"{label(name.removesuffix(CONTROL))}, pictures permuted"
    return scorers.CONTROLS.get(name, name.capitalize())


def standing(frame: pd.DataFrame, task: str, language: str, seed: int | None = None) -> list[dict[str, Any]]:
    """The records of ``evaluation.table`` for one task and language, and chance: models first, then controls.

    Args:
        seed: only of this one.

    Returns:
        With ``label``, and the 95 % interval of ``median_rank`` as ``median_rank_low`` and ``…_high`` (nan for chance).
    """
    rows = frame[(frame["task"] == task) & (frame["language"] == language)]
    rows = rows if seed is None else rows[rows["seed"] == seed]
    records = evaluation.table(rows)
    chances = report.chances(records)
    order = [*MODELS, "ridge", "spelling", "identity", *(f"{name}{CONTROL}" for name in MODELS)]
    records.sort(key=lambda one: order.index(one["model"]) if one["model"] in order else len(order))
    found = []
    for record in [*records, *chances]:
        own = median(rows[rows["model"] == record["model"]])
        bounds = {"median_rank_low": own.low, "median_rank_high": own.high}
        found.append({**record, **bounds, "label": label(record["model"])})
    return found


def median(rows: pd.DataFrame) -> metrics.Interval:
    """The median rank of one model's rows of a frame of ranks, with a 95 % bootstrap over items and seeds."""
    import pandas as pd

    if not len(rows):
        return metrics.NOTHING
    (items, _), (seeds, _) = (pd.factorize(rows[name]) for name in ("item", "seed"))
    queries = rows.groupby(["item", "seed"]).cumcount().to_numpy()
    ranks = np.full((items.max() + 1, seeds.max() + 1, queries.max() + 1), np.nan)
    ranks[items, seeds, queries] = rows["rank"]
    return resampling.median(ranks)


@dataclass(frozen=True)
class Margin:
    """How much more a model finds than one rival: its recall at ``k`` less the rival's on ``n`` same items."""

    rival: str
    label: str
    k: int
    recall: metrics.Interval
    n: int

    @property
    def side(self) -> str:
        """``"more"``, ``"less"``, or ``"alike"`` where the interval holds 0 or there is none."""
        return {1: "more", -1: "less", 0: "alike"}[self.recall.side(2)]  # as it is written


def margins(frame: pd.DataFrame, model: str, task: str, language: str, k: int = report.K) -> list[Margin] | None:
    """How a model does beside each baseline and control that was tested on the same task.

    Args:
        frame: ranks, as in ``evaluation.table``; k: of recall at k.

    Returns:
        ``None`` where the model itself has not been tested.
    """
    there = set(frame["model"][(frame["task"] == task) & (frame["language"] == language)])
    if model not in there:
        return None
    rivals = [name for name in (*BASELINES, "spelling", "identity", f"{model}{CONTROL}") if name in there - {model}]
    found = evaluation.hits(frame[(frame["task"] == task) & (frame["language"] == language)], k)
    mine = found[model, task, language]
    return [
        Margin(rival, label(rival), k, evaluation.less(mine, own), int(mine.index.isin(own.index).sum()))
        for rival in rivals
        for own in (found[rival, task, language],)
    ]
