"""Processes: a number together with a start is one process, and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.data import processes
from cldi_core.data.processes import Holder, started


def test_this_process_is_alive_and_knows_itself() -> None:
    own = Holder.this_process("extract")
    assert own.is_alive and own.is_here and own.started == started(os.getpid())
    assert Holder.from_json(json.loads(json.dumps(vars(own)))) == own


def test_one_that_has_ended_is_not_alive_nor_is_another_of_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = replace(Holder.this_process("extract"), pid=process.pid, started=started(process.pid))
        assert holder.started and holder.is_alive
        assert not replace(holder, started=started(os.getpid())).is_alive, "that number started at another time"
        process.kill()
        process.wait()
    assert not holder.is_alive and started(process.pid) == ""


def test_one_that_has_ended_and_was_not_asked_for_yet_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "print()"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert started(process.pid) == ""
    process.wait()


@pytest.mark.parametrize("pid", [0, -1, True, 1.5, "7", None])
def test_what_is_no_process_is_no_holder(pid: object) -> None:
    """A signal to 0 or -1 goes to many processes."""
    assert Holder.from_json({"pid": pid, "host": "x", "what": "y", "since": "z"}) is None


def test_an_older_record_has_no_start_and_is_never_taken_for_alive() -> None:
    old = Holder.from_json({"pid": os.getpid(), "host": "x", "what": "y", "since": "z"})
    assert old is not None and old.started == "" and old.is_alive is False


def test_where_there_is_no_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", processes.PROC / "none")
    asked = []

    def run(command: list[str], **how: object) -> object:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "Wed Nov 25  21:43:18 2026 \n", "")

    monkeypatch.setattr(processes.subprocess, "run", run)
    assert started(42) == "Wed Nov 25 21:43:18 2026" and asked == [["ps", "-o", "lstart=", "-p", "42"]]
    monkeypatch.setattr(processes.subprocess, "run", lambda *given, **how: (_ for _ in ()).throw(FileNotFoundError()))
    assert started(42) == ""


def test_what_ps_prints_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ps").write_text('#!/bin/sh\necho "$2  $4 "\necho trouble >&2\nexit 1\n')
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    assert started(42) == "lstart= 42"


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("7 (python) S {} 815 {}", "boot 815"),
        ("7 (a) b) (c d) R {} 816 {}", "boot 816"),  # a name with spaces and brackets
        ("7 (python) Z {} 815 {}", ""),
        ("7 (python) X {} 815 {}", ""),
        ("7 (python) S 1 2 3", ""),
        ("", ""),
    ],
)
def test_the_start_is_read_from_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stat: str, expected: str) -> None:
    numbers = " ".join(map(str, range(4, 22)))  # the 4th field to the 21st
    for name, text in {"self": "", "7": stat.format(numbers, "23 24 25"), "sys/kernel/random": "boot\n"}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / ("boot_id" if "random" in name else "stat")).write_text(text)
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert started(7) == expected and started(8) == ""
