"""The look for known holes: what it makes of an answer, of none, and of a program that fails."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import audit

GOOD = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


def hole(name: str, **more: Any) -> dict[str, Any]:
    return {"name": "pillow", "version": "1.0", "vulns": [{"id": name, "fix_versions": ["1.1"], "aliases": [], **more}]}


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pip-audit is made to print."""
    said = [""]

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        assert command[1:4] == ["-m", "pip_audit", "-r"] and Path(command[4]).is_file()
        return subprocess.CompletedProcess(command, 1, said[0], "")

    monkeypatch.setattr(audit.subprocess, "run", run)
    return said


def test_no_hole_is_said_with_how_many_were_looked_up(answer: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answer[0] = json.dumps({"dependencies": [GOOD, SKIPPED]})
    with pytest.raises(SystemExit) as ended:
        audit.main()
    assert (
        ended.value.code == 0 and capsys.readouterr().out == "1 of 2 pinned packages were looked up: no known holes\n"
    )


def test_a_hole_fails_with_a_line_unless_it_is_passed(
    answer: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer[0] = json.dumps({"dependencies": [GOOD, hole("PYSEC-1", aliases=["CVE-1"])]})
    with pytest.raises(SystemExit) as ended:
        audit.main()
    out, err = capsys.readouterr()
    assert (
        ended.value.code == 1
        and err == "hole: pillow 1.0: PYSEC-1, mended in 1.1\n"
        and out.endswith(": 1 known holes\n")
    )
    for name in ("PYSEC-1", "CVE-1"):
        monkeypatch.setattr(audit, "PASSED", {name: "only where it writes"})
        with pytest.raises(SystemExit) as ended:
            audit.main()
        assert ended.value.code == 0
    assert audit.judged([hole("X", fix_versions=[])])[0] == ["pillow 1.0: X, mended in no version yet"]


@pytest.mark.parametrize("said", ["", "{}", json.dumps({"dependencies": [SKIPPED]})])
def test_where_nothing_answers_that_is_said_and_nothing_fails(
    answer: list[str], capsys: pytest.CaptureFixture[str], said: str
) -> None:
    answer[0] = said
    audit.main()
    out, err = capsys.readouterr()
    assert out.startswith("not audited: no database of known holes could be") and not err


def test_one_that_does_not_end_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*command: object, **how: object) -> None:
        raise subprocess.TimeoutExpired("pip_audit", 1)

    monkeypatch.setattr(audit.subprocess, "run", run)
    audit.main()
    assert "TimeoutExpired" in capsys.readouterr().out
