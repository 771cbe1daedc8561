"""What is printed of an experiment."""

from __future__ import annotations

from typing import Any

import pytest

from cldi_core.pivot import report


def compared(low: float, high: float, n: int = 40) -> dict[str, Any]:
    """A comparison of two models, as in ``report.comparisons``."""
    verdict = "better" if low > 0 else "worse" if high < 0 else "not told apart"
    figures = {"r@10": (low + high) / 2, "r@10_low": low, "r@10_high": high}
    about = {"model": "pivot-sym", "against": "vse", "task": "text→text", "language": "en→de", "n": n}
    return {**about, **figures, "verdict": verdict}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.05, "pivot-sym beats every rival at R@10"),
        (-0.01, 0.05, "pivot-sym does not beat: vse text→text en→de +2.0 [-1.0, +5.0]"),
        (-0.05, -0.01, "pivot-sym does not beat: vse text→text en→de -3.0 [-5.0, -1.0]"),
    ],
)
def test_what_a_model_does_not_beat_is_named(low: float, high: float, said: str) -> None:
    assert report._unbeaten([compared(low, high)]) == [said]


def test_a_comparison_on_few_items_has_no_interval() -> None:
    few = {**compared(0, 0, n=19), "r@10": 0.3, "r@10_low": float("nan"), "r@10_high": float("nan")}
    assert report._unbeaten([few]) == ["pivot-sym does not beat: vse text→text en→de +30.0 (n too small)"]


def test_what_is_left_out_is_what_was_not_measured_anew() -> None:
    import pandas as pd

    new = pd.DataFrame({"model": ["vse", "ridge"], "seed": [0, 1]})
    found = report.left_out(({"vse": (0, 2), "ridge": (1,)}, new), ({"vse": (3,), "avgmax": (0,)}, None))
    assert found == {"vse": [2, 3], "avgmax": [0]}
