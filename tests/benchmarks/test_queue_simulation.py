"""The simulated queue: against what can be worked out by hand, and its laws where that is not possible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.queue_simulation import Cluster, Outcome, Work, bound, limits, simulate

PLAIN = Work("plain", tasks=12, seconds=10.0, spread=0.0, reads=0.0, writes=0.0, dispatch=0.0, start=5.0)
CLUSTER = Cluster(3, store=100.0, line=50.0, failures=0.0)


def test_equal_tasks_alone_are_done_in_rounds() -> None:
    found = simulate(PLAIN, CLUSTER)
    assert found.seconds == pytest.approx(5 + 4 * 10)
    assert found.computing == pytest.approx(40 / 45) and (found.driver, found.store, found.lost) == (0, 0, 0)


def test_transfers_share_the_store_and_are_no_faster_than_a_line() -> None:
    """Three workers read 300 bytes at a third of 100 bytes a second each; one alone at 50."""
    work = replace(PLAIN, tasks=3, reads=300.0, start=0.0)
    assert simulate(work, CLUSTER).seconds == pytest.approx(9 + 10)
    assert simulate(work, replace(CLUSTER, workers=1)).seconds == pytest.approx(3 * (6 + 10))
    written = replace(PLAIN, tasks=3, writes=300.0, start=0.0)
    assert simulate(written, CLUSTER).seconds == pytest.approx(10 + 9)
    ahead = replace(PLAIN, tasks=3, preload=300.0, start=0.0)
    assert simulate(ahead, CLUSTER).seconds == pytest.approx(9 + 10)
    assert simulate(work, CLUSTER).store == pytest.approx(900 / (19 * 100))


def test_the_driver_gives_out_one_task_after_the_other() -> None:
    slow = replace(PLAIN, tasks=90, dispatch=8.0, collect=2.0, start=0.0)
    found = simulate(slow, CLUSTER)
    assert found.driver > 0.95 and 90 * 10 <= found.seconds < 90 * 10 + 20
    assert bound(found) == "the driver" and limits(slow, CLUSTER)["driver"] == pytest.approx(1.0)
    assert limits(replace(PLAIN, reads=200.0), CLUSTER)["store"] == pytest.approx((10 + 200 / 50) / (200 / 100))
    assert limits(PLAIN, CLUSTER) == {"store": float("inf"), "driver": float("inf")}


def test_workers_that_fail_lose_what_they_were_at_and_nothing_else() -> None:
    work = replace(PLAIN, tasks=500, spread=0.5, reads=50.0, writes=50.0, dispatch=0.01, preload=10.0)
    frail = replace(CLUSTER, workers=8, failures=60.0, away=20.0)
    found, calm = simulate(work, frail, 3), simulate(work, replace(frail, failures=0.0), 3)
    assert found.lost > 20 and calm.lost == 0 and found.seconds > calm.seconds
    assert found.computing * found.seconds == pytest.approx(calm.computing * calm.seconds), "of use is the same"
    assert simulate(work, frail, 3) == found != simulate(work, frail, 4)


def test_more_workers_are_faster_until_the_store_is_full() -> None:
    work = replace(PLAIN, tasks=400, spread=0.2, reads=100.0)
    times = [simulate(work, replace(CLUSTER, workers=size)) for size in (1, 2, 4, 8, 32)]
    assert [one.seconds for one in times] == sorted((one.seconds for one in times), reverse=True)
    most = limits(work, CLUSTER)["store"]
    assert 10 < most < 15 and times[1].computing > 0.8 > times[-1].computing
    assert times[-1].seconds >= 400 * 100 / 100 and bound(times[-1]) == "the store"
    assert bound(times[1]) == "compute"
    assert bound(Outcome(1.0, 0.3, 0.1, 0.1, 0)) == "start and end"
