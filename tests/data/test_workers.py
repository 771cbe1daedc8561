"""Processes that die, hang or raise while they work: what they were at is told, and nothing else is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from cldi_core.data import workers as workers_module
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import DatasetError


def doubled(items: Sequence[int], killed_once: str = "") -> Iterator[int]:
    """Twice each number; some are deadly."""
    for item in items:
        if item == 13:
            os.abort()
        if item == 17:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            while True:  # as a decoder does that never comes to an end
                pass
        if item == 19:
            raise DatasetError("nineteen")
        if item == 23 and not os.path.exists(killed_once):  # noqa: PTH110
            with open(killed_once, "w"):  # noqa: PTH123
                os.kill(os.getpid(), signal.SIGKILL)
        yield 2 * item


class WithoutAlarm:
    """``doubled`` in a process that knows no alarm, as on Windows: whoever unpickles this loses it."""

    def __reduce__(self) -> tuple[object, ...]:
        return without_alarm, ()

    def __call__(self, items: Sequence[int]) -> Iterator[int]:
        assert not hasattr(signal, "SIGALRM")
        return doubled(items)


def without_alarm() -> WithoutAlarm:
    del signal.SIGALRM
    return WithoutAlarm()


@pytest.mark.parametrize("count", [0, 2])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    batches = [list(range(start, start + size)) for start, size in ((100, 3), (200, 1), (300, 0), (400, 50))] * 3
    with Workers(doubled, count) as workers:
        assert list(workers.map(batches)) == [[2 * item for item in batch] for batch in batches]
        assert len(workers.pids) <= count
    assert workers.pids == set()


def test_items_that_end_or_hold_their_process_are_told_and_the_others_are_done(tmp_path: object) -> None:
    killed = f"{tmp_path}/killed"
    died, slow = Ended("it ended the process"), Ended("it took longer than the 1 s that are accepted")
    with Workers(partial(doubled, killed_once=killed), 2, seconds=1) as workers:
        found = list(workers.map([[1, 13, 2], [13, 13], [3, 17, 4], [23, 5], [6]]))
        assert found == [[2, died, 4], [died, died], [6, slow, 8], [46, 10], [12]]
        assert all(alive(pid) for pid in workers.pids)
        pids = set(workers.pids)
    assert not any(alive(pid) for pid in pids)


def test_what_holds_its_process_is_ended_also_where_there_is_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "TIME_UP", 1)
    with Workers(WithoutAlarm(), 1, seconds=1) as workers:
        assert list(workers.map([[1, 17, 2]])) == [[2, Ended("it took longer than the 1 s that are accepted"), 4]]


def test_an_error_of_the_work_is_raised_here_and_the_workers_go_on(tmp_path: object) -> None:
    with Workers(doubled, 1) as workers:
        with pytest.raises(DatasetError, match="nineteen"):
            list(workers.map([[1, 19, 2], [3]]))
        assert list(workers.map([[4]])) == [[8]]


def alive(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        if open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z":  # noqa: PTH123, SIM115
            return True
        time.sleep(0.02)
    return False


def greedy(items: Sequence[int]) -> Iterator[int]:
    """Takes so many megabytes."""
    for item in items:
        yield len(bytes(item * 1_000_000))


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="nothing tells what a process has")  # noqa: PTH110
def test_what_takes_too_much_memory_is_told_and_the_others_are_done() -> None:
    with Workers(greedy, 1, memory=300_000_000) as workers:
        too_much = Ended("it took more memory than is accepted")
        assert list(workers.map([[1, 2000, 2], [2000], [100]])) == [
            [1_000_000, too_much, 2_000_000],
            [too_much],
            [10**8],
        ]
        assert len(workers.pids) == 1, "and in the same process"


def test_what_is_not_done_in_time_is_not_waited_for() -> None:
    with Workers(doubled, 1, seconds=1) as workers:
        assert list(workers.map([[1]])) == [[2]]
        assert list(workers.map([[2], [17], [3]], patience=0.5)) == [[4]]
        assert list(workers.map([[4]])) == [[8]]


def test_another_process_is_started_only_where_all_others_work() -> None:
    with Workers(doubled, 3) as workers:
        for number in range(4):
            assert list(workers.map([[number]])) == [[2 * number]]
        assert len(workers.pids) == 1
