"""The queue of long work: one at a time, in order, whoever is killed; who would fill the disk is not begun."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cldi_core.data import job_queue, storage
from cldi_core.data.job_queue import Request
from cldi_core.errors import DatasetError

Usage = namedtuple("Usage", "total used free")
# Says when its turn has come, and works until it is told to end.
JOB = """
import os, sys
from pathlib import Path
from cldi_core.data import job_queue
with job_queue.turn_of_process():
    assert job_queue.is_queued() and job_queue.TURN not in os.environ
    print("begun", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "EVERY", 0.01)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def started(stack: ExitStack, folder: Path, what: str = "the extraction of x", by: str = "") -> subprocess.Popen[str]:
    """A job in a process of its own, in the queue."""
    environment = {**os.environ, **job_queue.variables(what, folder, by)}
    own = subprocess.Popen(
        [sys.executable, "-c", JOB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    stack.callback(own.wait)
    stack.callback(own.kill)
    until(lambda: any(one.runner.pid == own.pid for one in job_queue.tickets()))
    return own


def until(is_so: object) -> None:
    assert callable(is_so)
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it did not come about in a minute"
        time.sleep(0.01)


def begun(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None and process.stdout.readline() == "begun\n"


def told_to_end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.close()
    assert process.wait(60) == 0


def before() -> list[tuple[str, int]]:
    return [(Path(one.request.folder).name, one.before) for one in job_queue.tickets()]


def test_jobs_work_one_after_the_other_in_their_order(tmp_path: Path, stack: ExitStack) -> None:
    first, second, third = (started(stack, tmp_path / name, by=f"{name}@x") for name in "abc")
    begun(first)
    assert before() == [("a", 0), ("b", 1), ("c", 2)]
    (a, b, _) = job_queue.tickets()
    assert (a.request.what, a.request.by, a.runner.pid) == ("the extraction of x", "a@x", first.pid)
    assert a.runner.is_alive and b.runner.pid == second.pid
    told_to_end(first)
    begun(second)
    assert before() == [("b", 0), ("c", 1)]
    told_to_end(second)
    begun(third)
    told_to_end(third)
    assert job_queue.tickets() == [] and sorted(path.name for path in job_queue.place().iterdir()) == [storage.LOCK]


def test_one_that_is_killed_at_work_or_waiting_makes_room(tmp_path: Path, stack: ExitStack) -> None:
    first, second, third = (started(stack, tmp_path / name) for name in "abc")
    begun(first)
    second.kill()
    second.wait()
    assert before() == [("a", 0), ("c", 1)]
    first.kill()
    first.wait()
    begun(third)
    assert before() == [("c", 0)]
    fourth = started(stack, tmp_path / "d")
    assert len([*job_queue.place().glob("*/ticket.json")]) == 2, "what the killed ones left is swept"
    assert before() == [("c", 0), ("d", 1)]
    fourth.kill()


def test_several_work_at_once_where_that_is_said(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(job_queue.JOBS, "2")
    first, second, _ = (started(stack, tmp_path / name) for name in "abc")
    begun(first)
    begun(second)
    assert before() == [("a", 0), ("b", 0), ("c", 1)]


def test_of_many_that_come_together_never_two_work(tmp_path: Path) -> None:
    """Threads take their tickets while others end; each turn is somebody's alone."""
    at_work: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with job_queue.turn(Request("x", str(tmp_path / str(number)))):
            at_work.append(number)
            most.append(len(at_work))
            time.sleep(0.005)
            at_work.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 12


def test_the_same_work_has_one_ticket(tmp_path: Path) -> None:
    request = Request("the import of x", str(tmp_path))
    with job_queue.turn(request) as ticket:
        assert ticket.before == 0 and job_queue.ticket_of(tmp_path) == ticket
        with pytest.raises(DatasetError, match="the import of x is under way already"), job_queue.turn(request):
            pytest.fail("two store the same")
    assert job_queue.ticket_of(tmp_path) is None


def test_who_waits_is_told_how_many_are_before(tmp_path: Path) -> None:
    told: list[int] = []
    leave = threading.Event()
    waiter = threading.Thread(
        target=lambda: job_queue.turn(
            Request("y", str(tmp_path / "y")), waits=lambda ticket: (told.append(ticket.before), leave.set())
        ).__enter__()
    )
    with job_queue.turn(Request("x", str(tmp_path / "x"))):
        waiter.start()
        assert leave.wait(60)
    waiter.join(60)
    assert set(told) == {1}


def test_a_process_that_no_page_started_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(job_queue.TURN, raising=False)
    with job_queue.turn(Request("x", str(tmp_path))), job_queue.turn_of_process():
        assert not job_queue.is_queued() and len(job_queue.tickets()) == 1


def test_a_queue_that_is_full_takes_no_more(tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "LONGEST", 1)
    started(stack, tmp_path / "a")
    started(stack, tmp_path / "b")
    with pytest.raises(DatasetError, match="1 jobs wait already; the scoring was not started"):
        job_queue.variables("the scoring", tmp_path / "c")


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 900_000_000))
    folder = tmp_path / "not" / "there"
    for refused in (
        lambda: job_queue.check_room(folder),
        lambda: job_queue.variables("x", folder),
        lambda: job_queue.turn(Request("x", str(folder))).__enter__(),
    ):
        with pytest.raises(DatasetError, match=r"0.9 GB are free where .* leaves 1 GB free; .*CLDI_FREE_GB"):
            refused()
    assert job_queue.tickets() == []
    monkeypatch.setenv(job_queue.FREE, "0.5")
    job_queue.check_room(folder)
    monkeypatch.setenv(job_queue.FREE, "0")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 0))
    job_queue.check_room(folder)


@pytest.mark.parametrize("given", ["x", "0", "-1", "1.5", "²", "9" * 40])
def test_a_number_of_jobs_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(job_queue.JOBS, given)
    with pytest.raises(DatasetError, match=r"CLDI_JOBS is .*such as 1$"):
        job_queue.at_once()


@pytest.mark.parametrize("given", ["x", "-1", "nan", "inf"])
def test_a_floor_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(job_queue.FREE, given)
    with pytest.raises(DatasetError, match=r"CLDI_FREE_GB is .*such as 1, or 0$"):
        job_queue.floor()


@pytest.mark.parametrize("junk", ["", "[]", "{}", '{"request": 1}', '{"request": {"what": "x"}, "runner": {}}'])
def test_a_ticket_that_says_nothing_still_has_its_turn(tmp_path: Path, junk: str) -> None:
    """Somebody else's file in its place is passed over; the lock is what counts."""
    with job_queue.turn(Request("x", str(tmp_path))) as ticket:
        (job_queue.place() / f"{ticket.number:06}" / job_queue.PLATE).write_text(junk)
        assert job_queue.tickets() == []
        assert job_queue._before(job_queue.place(), ticket.number + 1) == 1


def test_what_a_process_is_told_of_its_turn_is_whole(tmp_path: Path) -> None:
    told = json.loads(job_queue.variables("the extraction of x", tmp_path, "ann@x.org")[job_queue.TURN])
    assert told["queue"] == str(job_queue.place()) and Request(**told["request"]).by == "ann@x.org"
