"""The parts of the report of what explains failure: numbers as texts, intervals as places on a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight.failure import Failure
from cldi_core.insight.failure_gap import Gap
from cldi_core.insight.failure_models import Model

WIDTH = 200  # of a picture, in its own units
MARGIN = 4
PARTS = 6  # predictors named of what makes up a gap
COEFFICIENTS = 16
OUTCOMES = {
    "found": ("P(found), in percentage points", "points"),
    "log_rank": ("how deep the right answer stands, as a factor of its rank", "times"),
}
MODELS = {
    "found": "Found or missed: logistic regression, in log odds",
    "log_rank": "How deep: linear regression, in log₁₀ rank",
}


def parts(failure: Failure) -> dict[str, Any]:
    """What the template draws."""
    return {
        "sentences": [(f"{POS[one.pos]}s", one.text) for one in failure.sentences],
        "counts": [(f"{POS[one.pos]}s", one.queries, one.words, one.found) for one in failure.counts],
        "lacking": failure.lacking,
        "words": failure.words,
        "gaps": [_gap(outcome, failure) for outcome in OUTCOMES],
        "models": [_model(MODELS[model.outcome], model) for model in (failure.found, failure.rank)],
        "aucs": _aucs(failure),
        "parts": [_parts(gap) for (_, outcome), gap in failure.gaps.items() if outcome == "found"],
        "balances": [
            (f"{POS[pos]}s", one.label, _number(one.before), _number(one.after))
            for pos, matched in failure.matched.items()
            for one in matched.balance
        ],
        "left_out": [(name, why) for name, why in failure.left_out.items()],
        "width": WIDTH,
    }


def seeds(failure: Failure) -> str:
    """What the numbers were drawn with."""
    return f"{failure.draws:,} draws of words and the folds of cross-validation {failure.seed}"


def _gap(outcome: str, failure: Failure) -> dict[str, Any]:
    """Every part of speech against nouns: alone, with all else held, and beside nouns like it."""
    title, unit = OUTCOMES[outcome]
    rows = []
    for (pos, of), gap in failure.gaps.items():
        if of != outcome:
            continue
        kind, matched = f"{POS[pos]}s", failure.matched[pos]
        rows += [(f"{kind}, before", gap.before), (f"{kind}, all else held", gap.after)]
        if not matched.why:
            like = getattr(matched, outcome)
            rows.append((f"{kind}, beside nouns of the same {', '.join(matched.on)}", like))
    write = _points if outcome == "found" else _factor
    return {"title": title, "unit": unit, "rows": whiskers(rows, write)}


def _model(title: str, model: Model) -> dict[str, Any]:
    rows = [(one.label, one.interval) for one in model.coefficients[:COEFFICIENTS]]
    more = len(model.coefficients) - len(rows)
    drawn = whiskers(rows, _text)
    for row, one in zip(drawn, model.coefficients, strict=False):
        row["text"] += f" {one.why}" if one.why and one.why not in row["text"] else ""
    return {"title": title, "rows": drawn, "n": model.rows, "words": model.words, "why": model.why, "more": more}


def _aucs(failure: Failure) -> dict[str, Any]:
    rows = [(one.label, one.interval) for one in failure.aucs]
    return {"rows": whiskers(rows, _text, zero=0.5), "adds": _text(failure.adds), "n": failure.adds.n}


def _parts(gap: Gap) -> dict[str, Any]:
    rows = [(one.label, one.interval) for one in gap.parts[:PARTS]]
    return {
        "kind": f"{POS[gap.pos]}s",
        "explained": _points(gap.explained),
        "before": _points(gap.before),
        "rows": whiskers(rows, _points),
        "more": max(len(gap.parts) - PARTS, 0),
    }


def whiskers(
    rows: Sequence[tuple[str, Interval]], write: Callable[[Interval], str], zero: float = 0.0
) -> list[dict[str, Any]]:
    """Dots and whiskers on one scale that holds ``zero``: a label, places from 0 to ``WIDTH``, and the numbers.

    ``dot``, ``low`` and ``high`` are ``None`` where nothing was measured or there is no interval; ``told`` says whether
    the interval, as it is computed, lies on one side of ``zero``.
    """
    values = [value for _, one in rows for value in (one.value, one.low, one.high) if not math.isnan(value)]
    place = _scale([*values, zero])
    return [
        {
            "label": label,
            "zero": place(zero),
            "dot": place(one.value),
            "low": place(one.low),
            "high": place(one.high),
            "told": one.low > zero or one.high < zero,
            "text": write(one),
            "n": one.n,
        }
        for label, one in rows
    ]


def _scale(values: Iterable[float]) -> Callable[[float], float | None]:
    low, high = min(values := list(values)), max(values)
    span = (high - low) or 1.0

    def place(value: float) -> float | None:
        return None if math.isnan(value) else round(MARGIN + (value - low) / span * (WIDTH - 2 * MARGIN), 1)

    return place


def _text(one: Interval) -> str:
    return one.text(_number)


def _points(one: Interval) -> str:
    return one.text(lambda value, _: _number(100 * value, 1))


def _factor(one: Interval) -> str:
    return one.text(lambda value, _: _number(10**value))


def _number(value: float, digits: int = 2) -> str:
    return "–" if math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
