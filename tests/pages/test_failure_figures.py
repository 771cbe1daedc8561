"""Figures of the page on failure: what is drawn is what the core found, and every dot and bar can be chosen."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.evaluation.metrics import Interval
from cldi_core.insight import failure, failure_sentences, winners
from cldi_core.insight.failure import Failure
from pages._ui import failure_figures
from tests.insight.failure_data import simulated
from tests.insight.test_winners import rows_of

LINES = [(f"v{number}", "V", "N" if number < 24 else "V", 0.5) for number in range(30)]


@pytest.fixture(scope="module")
def found() -> Failure:
    frame = simulated("both", 3, nouns=160, verbs=60)
    frame.loc[frame["word"].isin([f"w{number}" for number in range(40, 80)]), "pos"] = "A"
    return failure.explain_failure(frame, draws=60)


def drawn(interval: Interval, outcome: str) -> tuple[float, float, float]:
    value, low, high = (failure_sentences.amount(one, outcome) for one in (interval.value, interval.low, interval.high))
    return value, value - low, high - value


@pytest.mark.parametrize("outcome", ["found", "log_rank"])
def test_the_gap_is_drawn_with_its_intervals(found: Failure, outcome: str) -> None:
    figure = failure_figures.gap(found, outcome, ["V", "A"])
    dots = {trace.y[0]: trace for trace in figure.data}
    gap, matched = found.gaps["V", outcome], found.matched["V"]
    expected = {
        "Verbs: before": gap.before,
        "Verbs: all else held": gap.after,
        "Verbs: matched nouns": matched.found if outcome == "found" else matched.log_rank,
    }
    if outcome == "found":
        expected["Verbs: the same, logistic"] = found.found.effects["V"]
    assert len(dots) == 2 * len(expected) and set(expected) <= set(dots)
    for name, interval in expected.items():
        trace, numbers = dots[name], drawn(interval, outcome)
        assert (trace.x[0], trace.error_x.arrayminus[0], trace.error_x.array[0]) == pytest.approx(numbers)
        assert trace.text[0] == failure_sentences.written(interval, outcome)
    (line,) = figure.layout.shapes
    assert line.x0 == (1 if outcome == "log_rank" else 0)


def test_parts_and_coefficients(found: Failure) -> None:
    figure = failure_figures.parts(found, "found", ["V", "A"])
    labels = list(figure.layout.yaxis.ticktext)
    assert labels == [part.label for part in found.gaps["V", "found"].parts]
    for pos, traces in (("V", figure.data[: len(labels)]), ("A", figure.data[len(labels) :])):
        shown = {labels[round(trace.y[0])]: trace.x[0] for trace in traces}
        assert shown == {
            part.label: pytest.approx(100 * part.interval.value) for part in found.gaps[pos, "found"].parts
        }
    both = failure_figures.coefficients([found.found, found.rank])
    assert len(both.data) == len(found.found.coefficients) + len(found.rank.coefficients)
    assert {trace.xaxis for trace in both.data} == {"x", "x2"}


def test_bands_are_shares_and_every_one_has_a_dot() -> None:
    flows = winners.flows(rows_of(*LINES, ("n", "N", "N", 0.9)))
    figure = failure_figures.flow(flows)
    *bands, dots = figure.data
    widths = [max(band.y) - min(band.y) if np.ptp(band.y[:31]) == 0 else band.y[-1] - band.y[0] for band in bands]
    assert sorted(widths) == pytest.approx([0.2, 0.8, 1.0])
    assert sorted(one[0] for one in dots.customdata) == ["N-N", "V-N", "V-V"]
    assert "24 of 30 missed verbs lose to a noun (80%; 50% of their wrong candidates)" in dots.hovertext
    for x, y in zip(dots.x, dots.y, strict=True):  # each within its band
        inside = [
            np.interp(x, band.x[:31], band.y[:31]) <= y <= np.interp(x, band.x[:31], band.y[31:][::-1])
            for band in bands
        ]
        assert any(inside)
    assert {note.text for note in figure.layout.annotations} == {
        "missed nouns, n = 1", "missed verbs, n = 30", "lose to a noun", "lose to a verb",
    }  # fmt: skip


def test_relations_stand_beside_chance() -> None:
    kinds = winners.kinds(rows_of(*LINES))
    bars, ticks = failure_figures.relations(kinds).data
    assert [one[0] for one in bars.customdata] == ["V:things", "V:none"]
    assert list(bars.x) == [0.0, 1.0] and list(ticks.x) == [1.0, 0.0]
    assert failure_figures.flow(()).data[0].x == () and len(failure_figures.relations(()).data) == 0
