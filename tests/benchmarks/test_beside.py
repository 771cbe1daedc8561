"""Scoring beside others: what each step takes, and the records of it as text and as a table of the documents."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import beside, report
from cldi_core.commands import scoring
from cldi_core.errors import CldiError
from tools.documents import speed


def took(seconds: float, busy: float) -> beside.Took:
    return dict.fromkeys((beside.ALL, *beside.STEPS), (seconds, busy))


def test_every_step_is_a_function_and_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(*given: object) -> None:
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass

    for place in beside.STEPS.values():
        name, _, function = place.rpartition(".")
        assert callable(getattr(import_module(name), function))
        monkeypatch.setattr(f"{name}.{function}", step)

    def score(dataset: str) -> None:
        for place in beside.STEPS.values():
            name, _, function = place.rpartition(".")
            getattr(import_module(name), function)(dataset)

    monkeypatch.setattr(scoring, "score", score)
    found = beside.steps(Path("x"))
    assert list(found) == [beside.ALL, *beside.STEPS]
    parts = [found[name] for name in beside.STEPS]
    assert all(wall >= 0.02 and busy >= 0.02 for wall, busy in parts)
    assert found[beside.ALL][0] >= sum(wall for wall, _ in parts)


def test_each_round_is_alone_and_beside_and_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, seen = [0], []

    def scored(folder: Path) -> beside.Took:
        assert sorted(path.name for path in folder.iterdir()) == ["words"]
        (folder / "scores").mkdir()
        seen.append(running[0])
        return took(3.0 * len(seen) if running[0] else 1.0, 1.0)

    @contextmanager
    def others(count: int) -> Iterator[None]:
        running[0] = count
        yield

    monkeypatch.setattr(beside.paper_size, "build", lambda folder, scale: (folder / "words").write_text(""))
    monkeypatch.setattr(beside, "scored", scored)
    monkeypatch.setattr(beside, "restless", others)
    first, *steps = beside.measure(3)
    assert seen == [0, 5] * 3 and len(steps) == len(beside.STEPS)
    assert (first["step"], first["alone"], first["beside"], first["ratio"], first["repeats"]) == (
        beside.ALL, 1.0, 12.0, 12.0, 3,
    )  # fmt: skip


def test_others_rest_when_it_is_over() -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def kept(*given: object, **how: object) -> subprocess.Popen[bytes]:
        started.append(real(*given, **how))  # type: ignore[call-overload]
        return started[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(subprocess, "Popen", kept)
        with beside.restless(2):
            assert [one.poll() for one in started] == [None, None]
    assert all(one.poll() is not None for one in started)


def test_scoring_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(CldiError, match=r"failed: .*unknown data set"):
        beside.scored(tmp_path / "nowhere")


def test_records_are_text_and_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path)
    assert len(list(speed.beside())) == 2
    record = {"kind": "beside", "step": "hubs", "others": 5, "repeats": 3, "alone": 0.5, "beside": 1.75, "ratio": 3.5,
              "alone_busy": 0.25, "beside_busy": 0.26}  # fmt: skip
    report.keep("beside", [record], tmp_path)
    assert list(speed.beside())[2:] == ["| hubs | 0.50 s | 1.8 s | 3.5 | 0.25 s and 0.26 s |"]
    assert beside.table([record]).splitlines()[1].split() == (
        ["hubs", "0.50s", "1.75s", "3.5", "0.25", "s", "and", "0.26", "s"]
    )
