"""``python -m benchmarks.queue_simulation``: a queue of work and many workers, simulated.

What a cluster would take that is not at hand.  One driver hands out tasks one after the other; a worker reads what its
task needs from a store, computes, and writes what it made.  All transfers share the store's bandwidth equally, and each
has at most what a worker's line takes.  Workers fail now and then: a task that was under way is done again, and its
worker is back after a while.  Discrete events, seeded.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """Equal tasks, and what they ask of a cluster.

    Attributes:
        tasks: their number.
        seconds: of computing one, on one worker: the median.
        spread: standard deviation of the logarithm of the seconds; log-normal.
        reads, writes: bytes of a task from and to the store.
        dispatch: seconds that the driver takes for each task, in which it does nothing else.
        collect: seconds that the driver takes for each result.
        start: seconds until a worker can take its first task, and each time that it comes back.
        preload: bytes that a worker reads from the store whenever it starts.
    """

    name: str
    tasks: int
    seconds: float
    spread: float
    reads: float
    writes: float
    dispatch: float
    collect: float = 0.0
    start: float = 10.0
    preload: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """What the tasks run on.

    Attributes:
        store: bytes a second of the store, for all workers together.
        line: bytes a second between the store and one worker.
        failures: of a worker in an hour.
        away: seconds until one that failed begins to start again.
    """

    workers: int
    store: float = 1.25e9
    line: float = 1.25e9
    failures: float = 0.01
    away: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        seconds: until the last result was there.
        computing: share of the workers' time in which they computed what was of use.
        driver, store: share of the time in which the driver, and of its bytes that the store, was at work.
        lost: tasks that were begun and had to be done again.
    """

    seconds: float
    computing: float
    driver: float
    store: float
    lost: int


class _Store:
    """Transfers that share a bandwidth equally, each with at most its line's."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.now, self.moved, self.bytes = cluster, 0.0, 0.0, 0.0
        self.ends: list[tuple[float, int]] = []  # when each will have moved as much as it needs, and whose it is
        self.active: set[int] = set()

    def _rate(self) -> float:
        return min(self.cluster.line, self.cluster.store / max(len(self.active), 1))

    def advance(self, now: float) -> None:
        """All active transfers have gone on until now."""
        step = (now - self.now) * self._rate()
        self.moved, self.now = self.moved + step, now
        self.bytes += step * len(self.active)

    def begin(self, number: int, size: float) -> None:
        heapq.heappush(self.ends, (self.moved + size, number))
        self.active.add(number)

    def next(self) -> float:
        """When the first of them will end; infinite without any."""
        while self.ends and self.ends[0][1] not in self.active:
            heapq.heappop(self.ends)  # its worker has failed
        return self.now + max(self.ends[0][0] - self.moved, 0.0) / self._rate() if self.ends else np.inf

    def end(self) -> int:
        """The first of them has ended: whose it was."""
        _, number = heapq.heappop(self.ends)
        self.active.discard(number)
        return number


@dataclass
class _Worker:
    """``turn`` changes with every step and failure, so that what was due of an earlier one is passed over."""

    step: str = "starting"  # reading ahead, idle, given, reading, computing, writing
    task: int = -1
    turn: int = 0
    transfer: int = -1


class _Simulation:
    def __init__(self, work: Work, cluster: Cluster, seed: int) -> None:
        self.work, self.cluster = work, cluster
        self.rng = np.random.default_rng(seed)
        self.seconds = work.seconds * np.exp(work.spread * self.rng.standard_normal(work.tasks))
        self.events: list[tuple[float, int, str, int, int]] = []
        self.store = _Store(cluster)
        self.transfers: dict[int, int] = {}
        self.workers = [_Worker() for _ in range(cluster.workers)]
        self.waiting, self.idle = deque(range(work.tasks)), deque[int]()
        self.driver: deque[tuple[str, int]] = deque()  # results to collect; tasks are handed out after them
        self.busy, self.driven, self.computed = False, 0.0, 0.0
        self.left, self.lost, self.count, self.now = work.tasks, 0, 0, 0.0
        for number in range(cluster.workers):
            self._at(work.start, "started", number)
            self._fail_later(number)

    def run(self) -> Outcome:
        while self.left:
            due, flowing = self.events[0][0] if self.events else np.inf, self.store.next()
            self.now = min(due, flowing)
            self.store.advance(self.now)
            if flowing <= due:
                self._transferred(self.transfers.pop(self.store.end()))
            else:
                _, _, what, number, turn = heapq.heappop(self.events)
                if what in ("failed", "driver") or turn == self.workers[number].turn:
                    getattr(self, f"_{what}")(number)
        everywhere = self.now * self.cluster.workers
        moved = self.store.bytes / (self.now * self.cluster.store)
        return Outcome(self.now, self.computed / everywhere, self.driven / self.now, moved, self.lost)

    def _at(self, seconds: float, what: str, number: int) -> None:
        self.count += 1
        turn = self.workers[number].turn
        heapq.heappush(self.events, (self.now + seconds, self.count, what, number, turn))

    def _fail_later(self, number: int) -> None:
        if self.cluster.failures:
            self._at(self.rng.exponential(3600 / self.cluster.failures), "failed", number)

    def _step(self, number: int, step: str) -> _Worker:
        worker = self.workers[number]
        worker.step, worker.turn = step, worker.turn + 1
        return worker

    def _transfer(self, number: int, size: float) -> None:
        self.count += 1
        self.workers[number].transfer = self.count
        self.transfers[self.count] = number
        self.store.begin(self.count, size)

    def _started(self, number: int) -> None:
        self._step(number, "reading ahead")
        self._transfer(number, self.work.preload)

    def _transferred(self, number: int) -> None:
        worker = self.workers[number]
        if worker.step == "reading ahead":
            self._step(number, "idle")
            self.idle.append(number)
        elif worker.step == "reading":
            self._step(number, "computing")
            self._at(self.seconds[worker.task], "computed", number)
            return
        else:  # writing: the driver hears of it
            self.driver.append(("result", worker.task))
            self.computed += self.seconds[worker.task]
            worker.task = -1
            self._step(number, "idle")
            self.idle.append(number)
        self._drive()

    def _computed(self, number: int) -> None:
        self._step(number, "writing")
        self._transfer(number, self.work.writes)

    def _drive(self) -> None:
        """The driver does the next thing: it takes in a result, or hands out a task."""
        if self.busy:
            return
        if self.driver:
            number, seconds = -1, self.work.collect
        elif self.waiting and self.idle:
            number, seconds = self.idle.popleft(), self.work.dispatch
            self._step(number, "given").task = self.waiting.popleft()
        else:
            return
        self.busy, self.driven = True, self.driven + seconds
        self.count += 1
        turn = self.workers[number].turn if number >= 0 else 0
        heapq.heappush(self.events, (self.now + seconds, self.count, "driver", number, turn))
        self.handed = number, turn

    def _driver(self, number: int) -> None:
        self.busy = False
        if number < 0:
            self.driver.popleft()
            self.left -= 1
        elif self.workers[number].turn == self.handed[1]:
            self._step(number, "reading")
            self._transfer(number, self.work.reads)
        self._drive()

    def _failed(self, number: int) -> None:
        worker = self.workers[number]
        if worker.step == "idle":
            self.idle.remove(number)
        if worker.transfer in self.store.active:
            self.store.active.discard(worker.transfer)
            self.transfers.pop(worker.transfer)
        if worker.task >= 0:
            self.waiting.appendleft(worker.task)
            self.lost += 1
            worker.task = -1
        self._step(number, "starting")
        self._at(self.cluster.away + self.work.start, "started", number)
        self._fail_later(number)
        self._drive()


def simulate(work: Work, cluster: Cluster, seed: int = 0) -> Outcome:
    """How long some work takes on a cluster, and what was busy meanwhile; the same for the same seed."""
    return _Simulation(work, cluster, seed).run()


def limits(work: Work, cluster: Cluster) -> dict[str, float]:
    """How many workers one thing alone can keep busy: ``store``, ``driver``; infinite where a task does not need it.

    A worker takes ``cycle = seconds + (reads + writes) / line`` for a task, the store moves ``store`` bytes a second,
    and the driver is at a task for ``dispatch + collect``.
    """
    moved = work.reads + work.writes
    cycle = work.seconds * np.exp(work.spread**2 / 2) + moved / cluster.line
    driven = work.dispatch + work.collect
    return {
        "store": float(cycle * cluster.store / moved) if moved else np.inf,
        "driver": float(cycle / driven) if driven else np.inf,
    }
