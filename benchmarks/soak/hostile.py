"""Hostile files, thousands of them: each is read as a person or a page would have it read, and works or ends in a line.

Whole files of every format are changed at random, and others are made to do harm from the start.  A reader runs in a
process beside, which notes what it writes where.  A file is lost where its reader raises what people are not told in a
line, takes longer than ``SECONDS`` or more memory than ``MEMORY``, ends its process, or writes outside its data sets.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.soak import hostile_mutants as mutants
from benchmarks.soak.hostile_mutants import Change
from benchmarks.soak.trial import Effort, Trial
from cldi_core.data.workers import MEMORY, Ended, Workers

KIND = "hostile"
SECONDS = 20.0  # of a processor for one file
PATIENCE = 3 * SECONDS  # after which it counts as one that hangs, on a machine that does other things beside
MAKING = 600.0  # for one that is made
ROOM = 4_000_000_000  # bytes that a reader may ask for before it is refused: more than it may take
TOGETHER = 20  # files that a process gets at a time
DECODED = ("picture.", "decoded.")
MOST = 6000  # files of a long run


@dataclass(frozen=True)
class Case:
    """One hostile file.

    Attributes:
        kind: a name of ``hostile_readers.READERS``; of a changed file also of the whole one that it was.
        changes: what was done to it; none of one that was crafted.
        crafted: a name of ``hostile_crafted.CRAFTED``, or empty.
    """

    kind: str
    changes: tuple[Change, ...] = ()
    crafted: str = ""
    file: Path | None = None  # where that was made

    def __str__(self) -> str:
        return self.crafted or f"{self.kind} {[(one.kind, one.place, one.number) for one in self.changes]}"

    def made(self) -> bytes:
        """The file."""
        from benchmarks.soak import hostile_crafted, hostile_readers, hostile_seeds

        if self.file:
            return self.file.read_bytes()
        if self.crafted:
            return hostile_crafted.CRAFTED[self.crafted].make()
        whole = hostile_readers.kept(self.kind, hostile_seeds.SEEDS[self.kind])
        return mutants.changed(whole, self.changes)


@dataclass(frozen=True)
class Outcome:
    """What became of one.

    Attributes:
        told: the line that people get; empty where it could be read.
        lost: what went wrong; empty where nothing did.
        seconds, peak: what it took: of a processor, and at most of memory, in bytes.
    """

    told: str = ""
    lost: str = ""
    seconds: float = 0.0
    peak: int = 0


_writes: list[str] = []
_allowed: list[str] = []
_hooked: list[bool] = []


def _watch(event: str, given: tuple[Any, ...]) -> None:
    """An audit hook: notes what is written elsewhere than in the data sets of the case."""
    if not _allowed or event not in WRITES:
        return
    if event == "open" and not (isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
        return
    for path, descriptor in WRITES[event](given):
        if isinstance(path, str | bytes | os.PathLike):
            above = os.readlink(f"/proc/self/fd/{descriptor}") if descriptor >= 0 else os.getcwd()  # noqa: PTH109, PTH115
            text = os.path.normpath(os.path.join(above, os.fsdecode(path)))  # noqa: PTH118
            if not f"{text}{os.sep}".startswith((_allowed[0], "/dev/")):
                _writes.append(f"{event} {text[:200]}")


# Event → the paths that it is about, and the folders that they count from; -1 is the one that all do.
WRITES: dict[str, Callable[[tuple[Any, ...]], list[tuple[Any, int]]]] = {
    "open": lambda given: [(given[0], -1)],
    "os.mkdir": lambda given: [(given[0], given[2])],
    "os.remove": lambda given: [(given[0], given[1])],
    "os.rmdir": lambda given: [(given[0], given[1])],
    "os.truncate": lambda given: [(given[0], -1)],
    "os.chmod": lambda given: [(given[0], given[2])],
    "os.rename": lambda given: [(given[0], given[2]), (given[1], given[3])],
    "os.link": lambda given: [(given[1], given[3])],
    "os.symlink": lambda given: [(given[1], given[2])],
}


def tried(cases: Sequence[Case], folder: Path) -> Iterator[Outcome]:
    """What became of each, in a folder of this process."""
    from benchmarks.soak import hostile_readers as readers

    own = folder / str(os.getpid())
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    if not _hooked:  # once in a process, for as long as it lives
        readers.get_ready()
        sys.addaudithook(_watch)
        _hooked.append(True)
    for case in cases:
        shutil.rmtree(own, ignore_errors=True)
        (own / "sets").mkdir(parents=True)
        (own / "given").mkdir()
        yield _one(case, own)


def _one(case: Case, own: Path) -> Outcome:
    from benchmarks.soak import hostile_readers as readers

    name = case.kind.rpartition(".")[0].replace(".", "-") + "." + case.kind.rpartition(".")[2]
    file = own / "given" / name
    data = case.made()
    file.write_bytes(data)
    _allowed[:], _writes[:] = [], []
    readers_own = case.kind in ("metadata.csv", "metadata.jsonl", "index.tsv", "index.json")  # put something beside it
    _reset_peak()
    _allowed[:] = [f"{own / 'sets'}{os.sep}"]
    start, told, lost = time.process_time(), "", ""
    try:
        readers.READERS[case.kind](own / "sets", file)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:2000]
        lost = _wrong(error)
    seconds, peak = time.process_time() - start, _peak()
    _allowed.clear()
    outside = [one for one in _writes if not (readers_own and str(own / "given") in one)]
    if outside:
        lost = f"wrote outside: {outside[0]}"
    elif {path.name for path in own.iterdir()} != {"given", "sets"} or file.read_bytes() != data:
        lost = "wrote beside its data sets"
    elif seconds > SECONDS:
        lost = f"took {seconds:.0f} s"
    elif peak > MEMORY:
        lost = f"took {peak / 1e9:.1f} GB"
    return Outcome(told, lost, seconds, peak)


def _wrong(error: BaseException) -> str:
    """What is wrong with how a reader ended; empty where people are told in a line."""
    from benchmarks.soak import hostile_readers as readers

    line = str(error)
    if not readers.is_told(error):
        return f"{type(error).__name__}: {' '.join(line.split())[:200]}"
    if "\n" in line or "\r" in line or len(line) > 1500 or not line:
        return f"not one line: {line[:200]!r}"
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, MemoryError):
            return f"asked for more than {ROOM / 1e9:.0f} GB: {line[:200]}"
        chain = chain.__cause__ or chain.__context__
    return ""


def _reset_peak() -> None:
    """Begin to measure the memory anew, where the system knows how (Linux)."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", "ascii")


def _peak() -> int:
    """The most memory since then, in bytes; 0 where nobody knows."""
    path = Path("/proc/self/status")
    lines = path.read_text("ascii", "replace").splitlines() if path.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def outcomes(cases: Sequence[Case], folder: Path, count: int = 2) -> Iterator[tuple[Case, Outcome | Ended]]:
    """What became of each, in processes beside; those that decode have the limits of those that decode."""
    decoded = [case for case in cases if case.kind.startswith(DECODED)]
    others = [case for case in cases if not case.kind.startswith(DECODED)]
    for some, memory in ((decoded, MEMORY), (others, ROOM)):
        parts = [some[start : start + TOGETHER] for start in range(0, len(some), TOGETHER)]
        with Workers(partial(tried, folder=folder), min(count, len(parts)) or 1, PATIENCE, memory) as workers:
            for part, found in zip(parts, workers.map(parts), strict=True):
                yield from zip(part, found, strict=True)


def harmful(folder: Path, names: Sequence[str]) -> Iterator[tuple[Case, Outcome | Ended]]:
    """What became of crafted files, which are made one after the other, as to make one takes long and much memory."""
    from benchmarks.soak import hostile_crafted

    for name in names:
        with Workers(partial(crafted_all, folder=folder), 1, MAKING, 8 * MEMORY) as makers:
            ((file,),) = makers.map([[name]])
        if isinstance(file, Ended):
            raise RuntimeError(f"{name} was not made: {file.reason}")
        yield from outcomes([Case(hostile_crafted.CRAFTED[name].kind, crafted=name, file=file)], folder)
        file.unlink()


def crafted_all(names: Sequence[str], folder: Path) -> Iterator[Path]:
    """Make crafted files."""
    from benchmarks.soak import hostile_crafted

    for name in names:
        path = folder / "crafted"
        path.write_bytes(hostile_crafted.CRAFTED[name].make())
        yield path


def cases(effort: Effort, most: int) -> list[Case]:
    """So many changed files, of each kind as many."""
    from benchmarks.soak import hostile_seeds

    draw = random.Random(effort.seed)  # noqa: S311
    sizes = {kind: len(make()) for kind, make in hostile_seeds.SEEDS.items()}
    kinds = [*sizes]
    return [
        Case(kinds[number % len(kinds)], tuple(mutants.drawn(draw, sizes[kinds[number % len(kinds)]])))
        for number in range(most)
    ]


def try_hostile(folder: Path, effort: Effort) -> Iterator[Trial]:
    """Crafted files, then changed ones."""
    from benchmarks.soak import hostile_crafted

    yield judged("files made to do harm", harmful(folder, [*hostile_crafted.CRAFTED]))
    yield judged(
        "whole files of every format, changed at random", outcomes(cases(effort, effort.of(MOST, 200)), folder)
    )


def judged(what: str, found: Iterable[tuple[Case, Outcome | Ended]]) -> Trial:
    """What was tried as one trial."""
    begun = time.perf_counter()
    lost: list[str] = []
    ways: Counter[str] = Counter()
    slowest = largest = 0.0
    tried_ = 0
    for case, one in found:
        tried_ += 1
        if isinstance(one, Ended):
            ways["ended by a limit"] += 1
            lost.append(f"{case}: {one.reason}")
            continue
        slowest, largest = max(slowest, one.seconds), max(largest, one.peak / 1e6)
        ways["refused in a line" if one.told else "read"] += 1
        if one.lost:
            lost.append(f"{case}: {one.lost}")
    said = ", ".join(f"{count:,} {way}" for way, count in sorted(ways.items()))
    note = f"{said}; the slowest {slowest:.1f} s, the largest {largest:,.0f} MB"
    return Trial(KIND, what, tried_, tried_, tuple(lost), time.perf_counter() - begun, note)
