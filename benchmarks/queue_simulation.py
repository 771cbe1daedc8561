"""``python -m benchmarks.queue_simulation``: a queue of work and many workers, simulated.

What a cluster would take that is not at hand.  One driver hands out tasks one after the other; a worker reads what its
task needs from a store, computes, and writes what it made.  All transfers share the store's bandwidth equally, and each
has at most what a worker's line takes.  Workers fail now and then: a task that was under way is done again, and its
worker is back after a while.  Discrete events, seeded.
"""

from __future__ import annotations

import heapq
import sys
from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import report
from cldi_core.commands import program
from cldi_core.commands.options import JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.errors import CldiError

NAME = "python -m benchmarks.queue_simulation"
WORKERS = (1, 16, 64, 256, 1024)
FULL = 0.8  # share of the time from which something counts as what all wait for
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


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
        shares = self.computed / everywhere, self.driven / self.now, moved
        return Outcome(float(self.now), *map(float, shares), self.lost)

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


def plans() -> dict[str, Work]:
    """What is asked of a cluster, with seconds that were measured: name → work.

    Raises:
        CldiError: they were not measured.
    """
    rate = {name: _rate(name) for name in FEATURES}
    scored, given = _records("cluster", "cluster")[-1], _records("cluster", "dispatch")[-1]
    shard = {"tasks": 35_000, "spread": 0.1, "dispatch": given["seconds"], "start": 15.0}
    lite, vgg = ({"seconds": 1000 / rate[name], "writes": bytes_} for name, bytes_ in FEATURES.items())
    block = _large_block(scored)
    return {
        "lite0-large": Work("MMID, Lite0, pictures of 200 kB", reads=2e8, **lite, **shard),
        "lite0-small": Work("MMID, Lite0, pictures of 20 kB", reads=2e7, **lite, **shard),
        "vgg19-large": Work("MMID, VGG19, pictures of 200 kB", reads=2e8, **vgg, **shard),
        "million-kept": Work(
            "1 M × 1 M words, features kept by each worker", reads=0.0, preload=LARGE_BYTES, start=15.0,
            dispatch=given["seconds"], **block,
        ),
        "million-read": Work(
            "1 M × 1 M words, features read for each block", reads=LARGE_BYTES, start=15.0,
            dispatch=given["seconds"], **block,
        ),
    }  # fmt: skip


FEATURES = {"efficientnet-lite0": 2.6e6, "vgg19": 8.2e6}  # bytes of a shard's features
# A million words a side with 20 pictures each, as half-precision rows of 1280 numbers.
LARGE_WORDS, LARGE_SIZE, LARGE_DIM = 1_000_000, 20, 1280
LARGE_BYTES = 2.0 * LARGE_WORDS * LARGE_SIZE * LARGE_DIM
BEST = 100  # candidates of each word that are kept: a rank and a score each
BLOCK = 2048  # source pictures of a block


def _large_block(scored: dict[str, Any]) -> dict[str, Any]:
    """A block of a million words: its seconds are those of a measured one, by the number of products."""
    (one,) = _records("cluster", "block")
    products = one["pictures"][0] * one["pictures"][1] * one["dim"]
    seconds = one["processor"] * BLOCK * LARGE_WORDS * LARGE_SIZE * LARGE_DIM / products
    tasks = -(-LARGE_WORDS * LARGE_SIZE // BLOCK)
    written = 8.0 * BEST * BLOCK / LARGE_SIZE
    return {
        "tasks": tasks,
        "seconds": seconds,
        "spread": scored["spread"],
        "writes": written,
        "collect": scored["driver"],
    }


def _records(name: str, kind: str) -> list[dict[str, Any]]:
    found = [record for record in report.kept(name)["records"] if record["kind"] == kind]
    if not found:
        raise CldiError(f"the measurements {name!r} hold nothing of {kind!r}")
    return found


def _rate(network: str) -> float:
    """Pictures a second on one core, decoding included."""
    (where,) = _records("extraction", "machine")
    (row,) = (record for record in _records("extraction", "extract") if record["row"] == f"{network}-ours")
    return float(1 / row["seconds"] / where["cores"])


def bound(one: Outcome) -> str:
    """What keeps a cluster from being done sooner: what was at work for four fifths of the time, if anything was."""
    full = {"compute": one.computing, "the store": one.store, "the driver": one.driver}
    name = max(full, key=lambda each: full[each])
    return name if full[name] >= FULL else "start and end"


@app.command()
def main(
    workers: Annotated[list[int] | None, typer.Option(min=1, help="Of a cluster; may be repeated.")] = None,
    store: Annotated[float, typer.Option(min=0.001, help="GB a second of the store, for all workers.")] = 1.25,
    line: Annotated[float, typer.Option(min=0.001, help="GB a second between the store and one worker.")] = 1.25,
    failures: Annotated[float, typer.Option(min=0, help="Of a worker in an hour.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Of seconds and failures.")] = 0,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate extraction of 35 million pictures, and scoring a million words, on clusters that are not at hand."""
    found = []
    for name, work in plans().items():
        cluster = Cluster(1, 1e9 * store, 1e9 * line, failures)
        found.append({"kind": "plan", "plan": name, **asdict(work)} | {"limits": _finite(limits(work, cluster))})
        for size in workers or WORKERS:
            one = simulate(work, replace(cluster, workers=size), seed)
            about = {"kind": "queue", "plan": name, **asdict(replace(cluster, workers=size)), **asdict(one)}
            found.append(about | {"bound": bound(one)})
            if not as_json:
                print(
                    f"{work.name}, {size} workers: {one.seconds / 3600:.1f} h, computing {one.computing:.0%}, store "
                    f"{one.store:.0%}, driver {one.driver:.0%}, done again {one.lost}; bound by {found[-1]['bound']}"
                )
    if keep is not None:
        print(f"kept in {report.keep(keep, found)}", file=sys.stderr)
    if as_json:
        print_json({"records": found})


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


if __name__ == "__main__":
    program.run(app, NAME)
