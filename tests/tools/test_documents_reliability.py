"""RELIABILITY.md's table: every trial a row, with what the version before lost in the same trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.soak.trial import Trial
from tools.documents import reliability

WHERE = {"kind": "machine", "cpu": "A processor", "cores": 2}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path)
    now = [
        Trial("zzz", "of a kind that is gone", 1, 1),
        Trial("kills", "import, killed at every write", 1200, 1100, (), 300, "the longest took 2 s"),
        Trial("kills", "score, killed", 10, 9, ("a leftover",), 5),
        Trial("load", "30 visitors, 2 servers", 2500, 2499, ("a word",), 190, "p50 0.2 s"),
    ]
    old = [Trial("kills", "import, killed at every write", 191, 190, ("x",) * 48, 60)]
    report.keep("soak", [WHERE, *(one.as_record() for one in now)])
    report.keep("soak-before", [WHERE, *(one.as_record() for one in old)])


@pytest.mark.usefixtures("kept")
def test_each_trial_is_a_row_in_the_order_of_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliability, "KINDS", {"kills": "x"})
    head, _, *rows = reliability.reliability()
    assert head == "| tried | times | landed | lost | lost before | in | and |"
    assert rows == [
        "| import, killed at every write | 1,200 | 1,100 | 0 | 48 of 190 | 5 min | the longest took 2 s |",
        "| score, killed | 10 | 9 | 1 | – | 5 s | |",
        "| of a kind that is gone | 1 | 1 | 0 | – | 0 s | |",
    ]


@pytest.mark.usefixtures("kept")
def test_what_was_tried_and_lost_in_all_and_where() -> None:
    found = dict(reliability.figures())
    assert (found["soak-tried"], found["soak-lost"], found["soak-hours"]) == ("1,211", "1", "5 min")
    assert found["soak-machine"].endswith(", 2 cores of A processor")


@pytest.mark.usefixtures("kept")
def test_crowds_have_a_table_of_their_own() -> None:
    assert [*reliability.crowds()][2:] == ["| 30 visitors, 2 servers | 2,500 | 1 | 3 min | p50 0.2 s |"]


def test_of_many_losses_the_first_are_kept_and_all_are_counted() -> None:
    record = Trial("kills", "x", 100, 100, tuple(map(str, range(100)))).as_record()
    assert record["losses"] == 100 and record["lost"] == [str(number) for number in range(20)]
