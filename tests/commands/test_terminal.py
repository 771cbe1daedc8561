"""What commands print of results."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from cldi_core.commands import terminal
from cldi_core.evaluation import metrics
from tests.commands.conftest import strict


def test_evaluate_prints_intervals_and_dashes() -> None:
    known = metrics.Interval(0.5, 0.4, 0.6, 30).record("mrr") | {"p@1": 0.25, "p@10": 1.0, "n": 40, "clusters": 30}
    nothing = metrics.NOTHING.record("mrr") | {"p@1": math.nan, "p@10": math.nan, "n": 0, "clusters": 0}
    known, nothing = known | {"mrr_all": 0.48}, nothing | {"mrr_all": math.nan}
    alike = metrics.Interval(0.5, math.nan, math.nan, 30).record("mrr")
    rows = [
        {"pair": "en-de", "method": "avgmax", "setting": "NN", "coverage": 1.0, **known},
        {"pair": "en-de", "method": "avgmax-typical", "setting": "VB", "coverage": math.nan, **nothing},
        {"pair": "en-de", "method": "knn", "setting": "NN", "coverage": 1.0, **(known | alike)},
    ]
    _, first, second, third, _ = terminal.results(rows)
    assert first.split() == [
        "en-de",
        "avgmax",
        "NN",
        "0.50",
        "[0.40,",
        "0.60]",
        "0.25",
        "1.00",
        "40",
        "30",
        "1.00",
        "0.48",
    ]
    assert second.split() == ["en-de", "avgmax-typical", "VB", "–", "–", "–", "0", "0", "–", "–"]
    assert "0.50 (no spread)" in third and len({len(line) for line in (first, second, third)}) == 1


def test_comparisons_are_marked_where_they_survive() -> None:
    one = {"pair": "average", "direction": "forward", "setting": "ALL", "one": "avgmax", "other": "knn", "clusters": 30,
           "won": 12, "lost": 8, "level": 10, "p": 0.0123, "p_holm": 0.0246,
           **metrics.Interval(0.1, 0.05, 0.15, 30).record("mrr")}  # fmt: skip
    rows = [one, one | {"p_holm": 0.06, "direction": "back"}, one | {"p": math.nan, "p_holm": math.nan}]
    _, first, second, third, _ = terminal.comparisons(rows)
    shown = ["average,", "forward", "ALL", "avgmax", "to", "knn", "0.10", "[0.05,", "0.15]", "*", "0.0123", "0.0246"]
    assert first.split() == [*shown, "12", "8", "10", "30"]
    assert second.startswith("average, back ") and "*" not in second and "*" not in third
    assert len({len(line) for line in (first, second, third)}) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_null_for_what_it_has_no_number_for(capsys: pytest.CaptureFixture[str], value: float) -> None:
    terminal.print_json({"a": [1, (value, 0.5)], "b": {"c": value}, "ü": "ß", "d": True, "e": None})
    out = capsys.readouterr().out
    assert strict(out) == {"a": [1, [None, 0.5]], "b": {"c": None}, "ü": "ß", "d": True, "e": None}
    assert "ß" in out and out.count("\n") == 1


@pytest.mark.parametrize(("value", "text"), [(0.125, "0.12"), (-0.004, "0.00"), (0.0, "0.00"), (math.nan, "–")])
def test_numbers_have_two_decimals_and_no_minus_before_nothing(value: float, text: str) -> None:
    assert terminal.number(value) == text


def test_a_table_without_rows_is_a_head_and_a_note() -> None:
    head, note = terminal.results([])
    assert head.split()[:3] == ["pair", "method", "POS"] and note.endswith("there is none below 20 words")


@pytest.mark.parametrize("count", [0, 1, 20, 21, 25])
def test_the_first_twenty_files_are_named_and_the_others_counted(
    capsys: pytest.CaptureFixture[str], count: int
) -> None:
    rows = [{"file": f"{number}.png", "reason": "broken"} for number in range(count)]
    terminal.listed(rows, "passed over")
    out, err = capsys.readouterr()
    named = [f"passed over: '{number}.png': broken" for number in range(min(count, 20))]
    assert (out, err.splitlines()) == ("", named + [f"… and {count - 20} more"] * (count > 20))
    if count:
        with pytest.raises(typer.Exit) as ended:
            terminal.failures(rows)
        assert ended.value.exit_code == 1
    else:
        terminal.failures(rows)
    assert capsys.readouterr().err.count("not used: ") == min(count, 20)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bars that are drawn, as on a terminal."""
    import tqdm

    made: list[Any] = []

    class Bar(tqdm.tqdm):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **{**options, "mininterval": 0, "miniters": 1})
            made.append(self)

    monkeypatch.setattr(terminal, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(tqdm, "tqdm", Bar)
    return made


def test_a_bar_counts_what_is_done_and_says_what_failed(bars: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("reading") as report:
        (bar,) = bars
        assert (bar.disable, bar.desc, bar.unit) == (False, "reading", " pictures")
        report(40, 100)
        assert (bar.n, bar.total, bar.initial, bar.postfix) == (40, 100, 40, None)
        report(60, 120, 3)
        assert (bar.n, bar.total, bar.initial, bar.postfix) == (60, 120, 40, "3 failed")
    out, err = capsys.readouterr()
    assert out == "" and "60/120" in err and "3 failed" in err


def test_each_training_has_a_bar_of_its_own(bars: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.epochs() as report:
        (bar,) = bars
        report("vse", 1, 9, "recall 0.1")
        report("vse", 3, 9, "recall 0.2")
        assert (bar.n, bar.total, bar.desc, bar.postfix) == (3, 9, "vse: ", "recall 0.2")
        report("oe", 2, 5, "recall 0.3")
        assert (bar.n, bar.total, bar.desc, bar.postfix) == (2, 5, "oe: ", "recall 0.3")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("of", [lambda: terminal.progress("reading"), terminal.epochs])
def test_a_bar_is_silent_where_there_is_no_terminal(
    bars: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], of: Callable[[], Any]
) -> None:
    monkeypatch.setattr(terminal, "sys", sys)
    with of() as report:
        report(*(("vse", 1, 9, "recall 0.1") if of is terminal.epochs else (1, 9, 1)))
        assert bars[0].disable
    assert capsys.readouterr() == ("", "")
