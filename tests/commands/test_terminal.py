"""What commands print of results."""

from __future__ import annotations

import math

from cldi_core.commands import terminal
from cldi_core.evaluation import metrics


def test_evaluate_prints_intervals_and_dashes() -> None:
    known = metrics.Interval(0.5, 0.4, 0.6, 30).record("mrr") | {"p@1": 0.25, "p@10": 1.0, "n": 40, "clusters": 30}
    nothing = metrics.NOTHING.record("mrr") | {"p@1": math.nan, "p@10": math.nan, "n": 0, "clusters": 0}
    alike = metrics.Interval(0.5, math.nan, math.nan, 30).record("mrr")
    rows = [
        {"pair": "en-de", "method": "avgmax", "setting": "NN", "coverage": 1.0, **known},
        {"pair": "en-de", "method": "avgmax-typical", "setting": "VB", "coverage": math.nan, **nothing},
        {"pair": "en-de", "method": "knn", "setting": "NN", "coverage": 1.0, **(known | alike)},
    ]
    _, first, second, third, _ = terminal.results(rows)
    assert first.split() == ["en-de", "avgmax", "NN", "0.50", "[0.40,", "0.60]", "0.25", "1.00", "40", "30", "1.00"]
    assert second.split() == ["en-de", "avgmax-typical", "VB", "–", "–", "–", "0", "0", "–"]
    assert "0.50 (no spread)" in third and len({len(line) for line in (first, second, third)}) == 1
