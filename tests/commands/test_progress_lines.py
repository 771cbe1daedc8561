"""Progress without a terminal: what the lines say, when they come, and that none comes too late."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cldi_core.commands import progress_lines, terminal
from cldi_core.commands.progress_lines import EVERY, Lines, State
from cldi_core.data.children import AT_WORK
from cldi_core.data.dataset import Dataset
from tests.commands.conftest import Run


def state(told: Iterable[tuple[float, int, int, int]] = (), unit: str = "pictures") -> State:
    made = State("scoring en-de", unit, 0)
    for now, done, total, failed in told:
        made.tell(now, done, total, failed)
    return made


@pytest.mark.parametrize(
    "told, now, line",
    [
        ([], 30, "at work for 30 s"),
        ([(0, 0, 9, 0)], 120, "0 of 9 pictures, at work for 2 min"),
        ([(0, 0, 143_142, 0), (132, 41_000, 143_142, 0)], 132, "41,000 of 143,142 pictures, 311/s, about 5 min left"),
        ([(10, 500, 1000, 0), (30, 600, 1000, 2)], 60, "600 of 1,000 pictures, 2.0/s, about 3 min left, 2 failed"),
        ([(0, 0, 1, 0), (9, 1, 1, 0)], 100, "1 of 1 picture, finishing, at work for 2 min"),
        ([(0, 0, 0, 0), (1, 1, 0, 0)], 30, "1 picture, 2.0/min"),
    ],
)
def test_a_line_says_what_is_done_how_fast_and_what_is_left(
    told: list[tuple[float, int, int, int]], now: float, line: str
) -> None:
    assert state(told).line(now) == f"scoring en-de: {line}"


def test_what_has_no_number_yet_can_be_told_from_a_reason_why_it_ended() -> None:
    assert AT_WORK in state().line(30)


def test_a_line_comes_every_30_seconds_and_none_after_the_end() -> None:
    out, waits, said = io.StringIO(), iter([False, False, True]), iter(["one", "two", "never"])
    asked: list[float] = []

    def wait(seconds: float) -> bool:
        asked.append(seconds)
        return next(waits)

    with Lines(lambda: next(said), out, wait):
        pass  # the thread is joined
    assert out.getvalue() == "one\ntwo\n" and asked == [EVERY] * 3
    assert not any(thread.name == "progress" for thread in threading.enumerate())


def test_a_reader_that_is_gone_stops_the_lines_and_not_the_work() -> None:
    out = io.StringIO()
    out.close()
    with Lines(lambda: "a line", out, lambda _: False):
        pass


def test_stages_count_anew_and_training_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now: list[float] = [0.0]
    with terminal.progress("scoring en-de", clock=lambda: now[0]) as report:
        report(40, 90)
        now[0] = 60
        report.stage("evidence", unit="words")
        assert report.line() == f"scoring en-de, evidence: {AT_WORK} 0 s"
        report(0, 20)
        now[0] = 70
        report(10, 20)
        assert report.line() == "scoring en-de, evidence: 10 of 20 words, 1.0/s, about 10 s left"
    said: list[Callable[[], str]] = []
    monkeypatch.setattr(terminal, "Lines", lambda say, out: (said.append(say), Lines(say, out))[1])
    with terminal.epochs() as epochs:
        epochs("vse", 1, 9, "recall 0.1")
        assert said[0]() == f"vse: 1 of 9 epochs, {AT_WORK} 0 s, recall 0.1"
    assert capsys.readouterr() == ("", "")


def test_lines_look_like_what_they_say() -> None:
    assert progress_lines.per_time(12_345.6) == "12,346/s" and progress_lines.duration(91) == "2 min"


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("evaluate", ["scoring en-de: 12 of 12 pictures"]),
        ("explain --pair en-de --word dog", ["scoring en-de: 12 of 12 pictures", "evidence of en-de: at work"]),
        ("export-lexicon --pair en-de --output out.tsv", ["scoring words of no list: at work"]),
    ],
)
def test_commands_that_score_what_lacks_tell_how_far_they_are(
    command: str, lines: list[str], run: Run, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if command.startswith("export"):
        assert run("score", "--dataset", "small", "--method", "avgmax")[0] == 0
    said: list[Callable[[], str]] = []
    monkeypatch.setattr(terminal, "Lines", lambda say, out: (said.append(say), Lines(say, out))[1])
    assert run(*command.split(), "--dataset", "small")[::2] == (0, "")
    found = [say() for say in said]
    assert len(found) == len(lines) and all(map(str.startswith, found, lines)), found
