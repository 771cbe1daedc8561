"""Work on several cores: the order of results, what is given out ahead, and threads that are given back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from cldi_core.scoring import parallel
from cldi_core.scoring.parallel import cores, in_order, numpy_side_by_side, side_by_side


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def blas_threads() -> set[int]:
    """Those of numpy's library; scipy may have brought another, of which nobody asks anything here."""
    found = [one for one in threadpool_info() if one["user_api"] == "blas"]
    own = [one for one in found if "numpy" in one["filepath"]]
    return {one["num_threads"] for one in own or found}


def test_results_come_in_order_from_several_threads() -> None:
    together = threading.Barrier(2, timeout=30)

    def slow_first(number: int) -> tuple[int, str, int, bool]:
        if number < 2:
            together.wait()  # passes only if both are at work at the same time
        time.sleep(0.05 if number == 0 else 0)
        return number, threading.current_thread().name, torch.get_num_threads(), torch.is_inference_mode_enabled()

    with side_by_side() as each:
        found = list(each(slow_first, range(20)))
    assert [number for number, *_ in found] == list(range(20))
    assert len({name for _, name, _, _ in found}) == 2
    assert {(threads, mode) for *_, threads, mode in found} == {(1, True)}


def test_numpy_works_on_several_threads_without_torch() -> None:
    with threadpool_limits(2, "blas"), numpy_side_by_side() as each:
        together = threading.Barrier(2, timeout=30)
        found = list(each(lambda number: (number, together.wait() >= 0, blas_threads()), range(8)))
    assert found == [(number, True, {1}) for number in range(8)]
    code = (
        "import sys, numpy; from cldi_core.insight.map_layout import nearest; rows = numpy.eye(9, dtype='f');"
        "assert nearest(rows, rows, 3)[0][4, 0] == 4; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("way", [side_by_side, numpy_side_by_side])
@pytest.mark.parametrize(("pieces", "threads"), [(0, set()), (1, {"here"}), (2, {"others"})])
def test_no_thread_is_started_for_a_single_piece(way: Callable[[], Any], pieces: int, threads: set[str]) -> None:
    here = threading.current_thread()

    def where(number: int) -> str:
        assert way is numpy_side_by_side or torch.is_inference_mode_enabled()
        return "here" if threading.current_thread() is here else "others"

    with way() as each:
        assert set(each(where, iter(range(pieces)))) == threads


def test_what_is_given_is_drawn_as_it_is_needed() -> None:
    drawn = []

    def given() -> Iterator[int]:
        for number in range(1000):
            drawn.append(number)
            yield number

    with side_by_side() as each:
        results = each(lambda number: number, given())
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        assert len(drawn) < 20


def test_threads_are_given_back_also_after_an_error() -> None:
    before = blas_threads()
    with side_by_side() as outer:
        assert torch.get_num_threads() == 1 and blas_threads() == {1} and cores() == 2
        with side_by_side():
            assert cores() == 2, "as many as the first one found"
        assert torch.get_num_threads() == 1 and list(outer(abs, [-1])) == [1]
    assert torch.get_num_threads() == 2 and blas_threads() == before and cores() == 2

    def fails(number: int) -> int:
        raise ValueError(f"number {number}")

    with pytest.raises(ValueError, match="number 0"), side_by_side() as each:
        list(each(fails, range(100)))
    assert torch.get_num_threads() == 2 and blas_threads() == before


def test_threads_are_taken_and_given_back_under_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages may begin and end at the same time."""
    held = []
    change = torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda n: (held.append(parallel._cores.lock.locked()), change(n)))
    with side_by_side(), side_by_side():
        assert held == [True] and not parallel._cores.lock.locked()
    assert held == [True, True] and not parallel._cores.lock.locked()


def test_a_graphics_card_does_one_piece_of_work_at_a_time() -> None:
    assert cores("cuda") == 1


def test_nothing_is_left_running_when_the_results_are_not_wanted() -> None:
    done = []
    with side_by_side() as each:
        results = each(lambda number: done.append(number) or time.sleep(0.01), range(1000))
        next(results)
    assert len(done) < 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cldi") and thread.is_alive()]


def test_what_has_not_begun_never_does_when_the_results_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces are at work, and two more are given out, when the first result is enough."""
    begun, both, go_on = [], threading.Barrier(3, timeout=30), threading.Event()
    end = ThreadPoolExecutor.shutdown

    def shutdown(pool: ThreadPoolExecutor, wait: bool = True, **how: bool) -> None:
        end(pool, wait=False, **how)
        go_on.set()
        end(pool, wait=wait)

    def work(number: int) -> int:
        begun.append(number)
        if number:
            both.wait()
            go_on.wait(30)
        return number

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)
    with side_by_side() as each:
        results = each(work, range(100))
        assert next(results) == 0
        both.wait()
    assert sorted(begun) == [0, 1, 2]


def test_results_that_are_let_go_are_cancelled() -> None:
    given: list[Future[int]] = []

    def submit(number: int) -> Future[int]:
        given.append(Future())
        if number == 0:
            given[0].set_result(0)
        return given[-1]

    results = in_order(submit, range(100), 3)
    assert next(results) == 0 and len(given) == 4, "at most three are given out before they are asked for"
    results.close()  # type: ignore[attr-defined]
    assert [future.cancelled() for future in given] == [False, True, True, True]


def test_a_graphics_card_can_have_several_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its streams themselves need one; that each thread gets its own does not."""
    made = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: (device, threading.current_thread().name))
    monkeypatch.setattr(torch.cuda, "set_stream", made.append)
    together = threading.Barrier(2, timeout=30)
    with side_by_side("cuda", streams=2) as each:
        assert torch.get_num_threads() == 2, "the processor's threads are left alone"
        assert list(each(lambda number: together.wait() >= 0 and number, range(4))) == [0, 1, 2, 3]
    assert len(made) == 2 and {device for device, _ in made} == {"cuda"}
    with side_by_side("cuda") as each:
        assert list(each(lambda number: threading.current_thread().name, range(2))) == ["MainThread"] * 2
    assert len(made) == 2
