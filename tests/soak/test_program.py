"""``python -m benchmarks.soak``: every kind has a function, a loss is told and ends with 1, measurements are kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.soak import __main__ as program
from benchmarks.soak.trial import Effort, Trial
from cldi_core.commands.program import run

seen: list[tuple[bool, Effort]] = []


def try_well(folder: Path, effort: Effort) -> Iterator[Trial]:
    seen.append((folder.is_dir() and not [*folder.iterdir()], effort))
    (folder / "left").touch()
    yield Trial("well", "what goes well", effort.of(100), 9, note="in no time")


def try_badly(folder: Path, effort: Effort) -> Iterator[Trial]:
    yield Trial("badly", "what does not", 3, 2, ("the first", "the second"), 1.5)


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen.clear()
    monkeypatch.setattr(program, "KINDS", {"well": f"{__name__}.try_well", "badly": f"{__name__}.try_badly"})
    monkeypatch.setattr(report, "KEPT", tmp_path)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["soak", *arguments])
    with pytest.raises(SystemExit) as ended:
        run(program.app, program.NAME)
    return int(ended.value.code or 0)


def test_every_kind_has_a_function() -> None:
    for kind in program.KINDS:
        assert callable(program.find(kind))


@pytest.mark.usefixtures("kinds")
def test_each_has_an_empty_folder_and_losses_end_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "--share", "0.1", "--seed", "7", "--keep", "mine") == 1
    out, err = capsys.readouterr()
    assert seen == [(True, Effort(0.1, 7))] and err.splitlines()[:4] == [
        "trying well", "  what goes well: 10 tried, 0 lost, 0 s", "trying badly",
        "  what does not: 3 tried, 2 lost, 2 s",
    ]  # fmt: skip
    assert out.splitlines()[1:] == [
        "well            10       9     0     0.0  what goes well (in no time)",
        "badly            3       2     2     1.5  what does not",
        "  lost: the first",
        "  lost: the second",
    ]
    machine, well, badly = json.loads((tmp_path / "mine.json").read_text())["records"]
    assert machine["kind"] == "machine" and well["tried"] == 10 and badly["losses"] == 2


@pytest.mark.usefixtures("kinds")
def test_a_kind_tried_alone_takes_the_place_of_its_own_trials_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    call(monkeypatch, "--share", "0.1", "--keep", "mine")
    call(monkeypatch, "well", "--share", "0.5", "--keep", "mine")
    records = json.loads((tmp_path / "mine.json").read_text())["records"]
    told = [(one["kind"], one.get("tried")) for one in records]
    assert told == [("machine", None), ("badly", 3), ("well", 50)]
    records[0]["cores"] += 1
    report.keep("mine", records)
    call(monkeypatch, "well", "--keep", "mine")
    records = json.loads((tmp_path / "mine.json").read_text())["records"]
    assert [one["kind"] for one in records] == ["machine", "well"], "what was tried on another machine is not kept"


@pytest.mark.usefixtures("kinds")
def test_where_nothing_is_lost_it_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "well") == 0


@pytest.mark.usefixtures("kinds")
def test_a_kind_that_is_none_is_told_before_anything_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "well", "storms") == 2
    assert "unknown kind of trial 'storms'; choose from: well, badly" in capsys.readouterr().err and not seen


@pytest.mark.parametrize(("share", "most", "least", "tries"), [(1, 50, 1, 50), (0.1, 50, 1, 5), (0.001, 50, 3, 3)])
def test_a_share_of_the_tries_is_at_least_one_of_each(share: float, most: int, least: int, tries: int) -> None:
    assert Effort(share).of(most, least) == tries
