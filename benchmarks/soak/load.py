"""Load: as many people at once as a class or a group has, each with a window of the Word page.

Each visitor looks at a word for some seconds (drawn with the seed, between 1 and 3) and goes on to the next, from a
word of its own; after some dozen words, and at the end of the list, with a window of its own elsewhere in it.  Visitors
and servers share the machine; what the visitors themselves take of the processors is told beside what the
servers take.  ``CLDI_SOAK_WORKERS`` says how many servers work behind one address (``cldi app --workers``).
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak.trial import Effort, Trial
from benchmarks.soak.visitor import Drawn, visit
from cldi_core.data.dataset import Dataset
from cldi_core.data.queries import queries
from tools.browser import ROOT, Server, serve

WORKERS = "CLDI_SOAK_WORKERS"
THINKING = (1.0, 3.0)  # seconds that a visitor looks at a word
WINDOW = (20, 100)  # words that a visitor looks at in one window before opening another
ARRIVING = 0.4  # seconds between two visitors who open the page
SETTLED = 120.0  # seconds after which memory is to grow no more
GROWTH = 0.05  # that is forgiven
EVERY, LATELY = 2.0, 60.0  # seconds between two looks at the servers' memory, and that the figures are of
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Crowd:
    """How many come, for how long, and whether they look at a word before they go on."""

    what: str
    visitors: int
    seconds: float
    thinking: tuple[float, float] = THINKING


@dataclass
class Seen:
    """What a crowd has met.

    Attributes:
        switches: words that were drawn; opened: pages that were opened before.
        lost: a line for each that was not.
        memory: seconds since the beginning → megabytes of each server.
        began, ended: of the time in which all were there, seconds since the beginning; busy: seconds of the servers'
            processors in it, by process; own: those of the visitors.
    """

    switches: list[Drawn] = field(default_factory=list)
    opened: list[Drawn] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    memory: list[tuple[float, dict[int, float]]] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    busy: dict[int, float] = field(default_factory=dict)
    own: float = 0.0


def crowds(effort: Effort) -> list[Crowd]:
    """Alone, some, a class, a group for 20 minutes, and as fast as it goes; with a share of the time of each."""
    every = [
        Crowd("1 visitor", 1, 60 * effort.share),
        Crowd("10 visitors", effort.of(10, 2), 120 * effort.share),
        Crowd("30 visitors, a class", effort.of(30, 3), 180 * effort.share),
        Crowd("50 visitors", effort.of(50, 3), 1200 * effort.share),
        Crowd("8 visitors who never rest", effort.of(8, 2), 60 * effort.share, (0.0, 0.0)),
    ]
    return [crowd for crowd in every if effort.wants(crowd.what)]


def try_load(folder: Path, effort: Effort) -> Iterator[Trial]:
    """Crowds of growing size at a server each; lost is each word that was not drawn, and memory that grows on."""
    workers = os.environ.get(WORKERS, "")
    options, many = (("--workers", workers), f", {workers} servers") if workers else ((), "")
    for number, crowd in enumerate(crowds(effort)):
        with serve(folder / f"server-{number}.log", *options) as server:
            start = time.perf_counter()
            seen = asyncio.run(come(server, crowd, effort.seed))
            seconds = time.perf_counter() - start
        words = len(seen.switches)
        yield Trial("load", crowd.what + many, words + len(seen.lost), words, tuple(lost(seen)), seconds, note(seen))


async def come(server: Server, crowd: Crowd, seed: int) -> Seen:
    """Let a crowd come, stay and go: one after the other, then so many seconds all of them."""
    seen, start = Seen(), time.perf_counter()
    chances = random.Random(seed)  # noqa: S311 (nothing depends on its being guessed)
    known = words()
    async with _watched(server.process.pid, seen, start), asyncio.TaskGroup() as group:
        over = asyncio.Event()
        for _ in range(crowd.visitors):
            group.create_task(_stay(server.url, crowd, known, chances.random(), over, seen))
            await asyncio.sleep(min(ARRIVING, crowd.seconds / crowd.visitors))
        while len(seen.opened) + len(seen.lost) < crowd.visitors:
            await asyncio.sleep(0.05)
        seen.began, own, busy = time.perf_counter() - start, time.process_time(), processors(server.process.pid)
        seen.switches.clear()  # those of visitors who had come before the others
        await asyncio.sleep(crowd.seconds)
        seen.ended, seen.own = time.perf_counter() - start, time.process_time() - own
        after = processors(server.process.pid)
        seen.busy = {process: used - busy.get(process, 0.0) for process, used in after.items()}
        over.set()
    if server.process.poll() is not None:
        seen.lost.append(f"the server ended with {server.process.returncode}")
    seen.lost += [f"the server's log: {line}" for line in server.log().splitlines() if "Traceback" in line]
    return seen


def words() -> list[str]:
    """Where a visitor may begin: the queries of the demo's pair from English to German."""
    return [query.id for query in queries(Dataset(ROOT / "data" / "demo").lexicon("en-de"))]


async def _stay(url: str, crowd: Crowd, words: Sequence[str], seed: float, over: asyncio.Event, seen: Seen) -> None:
    """One visitor: opens the page at a word, looks at it, goes on, until it is over."""
    chances, word = random.Random(seed), ""  # noqa: S311 (nothing depends on its being guessed)
    try:
        while not over.is_set():
            word = chances.choice(words)
            async with visit(url) as visitor:
                seen.opened.append(await visitor.open(word))
                for _ in range(chances.randint(*WINDOW)):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(over.wait(), chances.uniform(*crowd.thinking) or 1e-3)
                    if over.is_set() or not visitor.button:
                        break
                    seen.switches.append(await visitor.next())
    except Exception as error:  # whatever a visitor meets is counted, and the others stay
        seen.lost.append(f"{type(error).__name__}: {error} (in a window that was opened at {word})")


@asynccontextmanager
async def _watched(root: int, seen: Seen, start: float) -> AsyncIterator[None]:
    """Look at the servers' memory every few seconds meanwhile."""

    async def watch() -> None:
        while True:
            seen.memory.append((time.perf_counter() - start, resident(root)))
            await asyncio.sleep(EVERY)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        seen.memory.append((time.perf_counter() - start, resident(root)))


def processes(root: int) -> list[int]:
    """A process and all that it has started; itself alone where the system has no ``/proc``."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(_fields(path)[1]), []).append(int(path.parent.name))
    found = [root]
    for process in found:
        found += parents.get(process, [])
    return found


def _fields(path: Path) -> list[str]:
    """Of a ``/proc/PID/stat``, what follows the program's name, which may hold anything."""
    return path.read_text("utf-8", errors="replace").rpartition(")")[2].split()


def resident(root: int) -> dict[int, float]:
    """Megabytes of each process that ``processes`` finds."""
    found = {}
    for process in processes(root):
        with suppress(OSError):
            found[process] = int(Path(f"/proc/{process}/statm").read_text("utf-8").split()[1]) * PAGE / 1e6
    return found


def processors(root: int) -> dict[int, float]:
    """Seconds that each of them has kept processors busy."""
    found = {}
    for process in processes(root):
        with suppress(OSError):
            fields = _fields(Path(f"/proc/{process}/stat"))
            found[process] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def lost(seen: Seen) -> list[str]:
    """What went wrong, a line each: pages that were not drawn, and memory that grew after the first two minutes."""
    found = list(seen.lost)
    grown = growth(seen.memory)
    if grown > GROWTH:
        found.append(f"memory has grown by {grown:.1%} after the first {SETTLED:.0f} s")
    return found


def growth(memory: Sequence[tuple[float, dict[int, float]]]) -> float:
    """By which part memory has grown from two minutes on: medians of the first and the last minute of it.

    nan where it was not looked at for as long as that.
    """
    later = [(at, sum(own.values())) for at, own in memory if at >= SETTLED]
    if not later or later[-1][0] < SETTLED + 120:
        return math.nan
    first = statistics.median(total for at, total in later if at <= SETTLED + 60)
    last = statistics.median(total for at, total in later if at >= later[-1][0] - 60)
    return last / first - 1


def figures(seen: Seen) -> dict[str, float]:
    """Seconds of a switch (``p50``, ``p95``), ``rate`` a second, kilobytes (``size``) and ``messages`` of each,
    milliseconds of the servers' processors for each (``busy``) and of the visitors' (``own``), seconds to open the page
    (``opening``, p95); in MB ``memory`` of the largest process and of all of them (``whole``), medians of the last
    minute in which all were there, and the most that one process ever had (``peak``).

    nan where nothing was measured.
    """
    waited = sorted(one.seconds for one in seen.switches)
    opened = sorted(one.seconds for one in seen.opened)
    count = len(waited)
    lately = [own for at, own in seen.memory if seen.ended - LATELY <= at <= seen.ended] or [
        own for _, own in seen.memory
    ]
    return {
        "p50": _quantile(waited, 0.5),
        "p95": _quantile(waited, 0.95),
        "opening": _quantile(opened, 0.95),
        "rate": count / (seen.ended - seen.began) if seen.ended > seen.began else math.nan,
        "size": statistics.fmean(one.size for one in seen.switches) / 1e3 if count else math.nan,
        "messages": statistics.fmean(one.messages for one in seen.switches) if count else math.nan,
        "busy": 1e3 * sum(seen.busy.values()) / count if count else math.nan,
        "own": 1e3 * seen.own / count if count else math.nan,
        "memory": statistics.median(max(own.values(), default=0.0) for own in lately) if lately else math.nan,
        "whole": statistics.median(sum(own.values()) for own in lately) if lately else math.nan,
        "peak": max((max(own.values(), default=0.0) for _, own in seen.memory), default=math.nan),
    }


def _quantile(known: Sequence[float], part: float) -> float:
    """The smallest that so many are not above; nan of none."""
    return known[max(math.ceil(part * len(known)) - 1, 0)] if known else math.nan


def note(seen: Seen) -> str:
    """The figures in a line."""
    one, grown = figures(seen), growth(seen.memory)
    more = "" if math.isnan(grown) else f", grown by {grown:+.1%} after two minutes"
    return (
        f"p50 {one['p50']:.2f} s, p95 {one['p95']:.2f} s, {one['rate']:.1f} switches/s, {one['size']:.0f} kB and "
        f"{one['messages']:.0f} messages each, server {one['busy']:.0f} ms and visitors {one['own']:.0f} ms of a core "
        f"each, opened in {one['opening']:.1f} s (p95), largest process {one['memory']:.0f} MB (at most "
        f"{one['peak']:.0f}), all {one['whole']:.0f} MB{more}"
    )
