"""What was asked for, what was measured, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Records = Sequence[dict[str, Any]]
Figure = Callable[[Records, Records, str], float | None]  # speeds and errors of one dim, kind of time → the figure


@dataclass(frozen=True)
class Goal:
    """``asked`` as a bound: from below if ``least``, else from above; ``dim``: the only one it is asked at."""

    name: str
    asked: float
    figure: Figure
    least: bool = True
    dim: int | None = None


def _row(speeds: Records, name: str, key: str) -> float | None:
    return next((record.get(key) for record in speeds if record["row"] == name), None)


def _faster(ours: str, than: str) -> Figure:
    """How many times the time of ours another row takes; rows that are wrong or not measured do not count."""

    def figure(speeds: Records, errors: Records, time: str) -> float | None:
        own, other = _row(speeds, ours, time), _row(speeds, than, time)
        wrong = False in (_row(speeds, ours, "right"), _row(speeds, than, "right"))
        return None if own is None or other is None or wrong else other / own

    return figure


def _largest(key: str) -> Figure:
    def figure(speeds: Records, errors: Records, time: str) -> float | None:
        found = [float(record[key]) for record in errors if record[key] is not None]
        return max(found, default=None)

    return figure


def _changed(speeds: Records, errors: Records, time: str) -> float | None:
    found = [record["changed"] for record in errors if record["changed"] is not None]
    counts = [count for changed in found for kinds in changed.values() for count in kinds.values()]
    return float(sum(counts)) if counts else None


# "Exact" and "fast" stand for all methods of best matches in one pass, also beside a peer that computes one of them.
GOALS = (
    Goal("exact: share of the plain float32 product", 0.85, _faster("ours-exact", "plain-float32")),
    Goal("exact: times as fast as numpy, a product per word pair", 6, _faster("ours-exact", "numpy-pairs"), dim=1280),
    Goal("fast: times as fast as exact", 2.5, _faster("ours-fast", "ours-exact")),
    Goal("fast: times as fast as faiss, KNN alone", 2.5, _faster("ours-fast", "faiss")),
    Goal("exact: times as fast as fast-maxsim", 2, _faster("ours-exact", "fast-maxsim")),
    Goal("exact: largest error of AVGMAX", 1e-6, _largest("exact_error"), least=False),
    Goal("fast: largest error of AVGMAX before scoring again", 1e-4, _largest("fast_error"), least=False),
    Goal("fast: ranks and lists that are not those of exact", 0, _changed, least=False),
)


def check(records: Records) -> list[dict[str, Any]]:
    """One record per goal and dim.

    ``measured``: from the medians; ``met``: whether that is enough; ``at_best``: the same figure from the fastest
    rounds, which a machine with other work to do disturbs least.  All ``None`` where a row was not measured.
    """
    found: list[dict[str, Any]] = []
    for dim in dict.fromkeys(record["dim"] for record in records if record["kind"] == "speed"):
        speeds = [record for record in records if record["kind"] == "speed" and record["dim"] == dim]
        errors = [record for record in records if record["kind"] == "error" and record["dim"] == dim]
        for goal in GOALS:
            if goal.dim in (None, dim):
                value = goal.figure(speeds, errors, "seconds")
                enough = None if value is None else bool(value >= goal.asked if goal.least else value <= goal.asked)
                record = {"kind": "target", "dim": dim, "name": goal.name, "asked": goal.asked, "least": goal.least}
                best = goal.figure(speeds, errors, "fastest")
                found.append(record | {"measured": value, "at_best": best, "met": enough})
    return found
