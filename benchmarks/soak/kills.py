"""Commands and acts that are killed, at every point where they write and at seeded moments, and then run again.

What is there after that must be what an undisturbed run leaves, bit for bit but for ``kill_stores.ALLOWED``: so nothing
is lost, nothing is left over, and no lock is held by the dead.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.soak.kill_cases import CASES
from benchmarks.soak.kill_server import BEFORE, MADE, Done, Run
from benchmarks.soak.kill_stores import Held, differences, held, unsealed
from benchmarks.soak.trial import Effort, Trial
from cldi_core.data import storage

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = 20  # of each case, in a long run
KILLED = -9


@dataclass(frozen=True)
class Kill:
    """Where one is killed: ``point`` and ``how``, or ``after`` how many seconds, as in ``Run``."""

    point: int = 0
    how: str = BEFORE
    after: float = 0.0

    def __str__(self) -> str:
        return f"{self.how} point {self.point}" if self.point else f"after {self.after:.3f} s"


class Server:
    """``kill_server`` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, asked: dict[str, Any]) -> Any:
        """An answer; RuntimeError: it has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that is forked ended at {asked}")
        return json.loads(line)

    def run(self, run: Run) -> Done:
        """Run one to its end."""
        return Done(**self.ask(asdict(run)))


@contextmanager
def serving() -> Iterator[Server]:
    """A server that is ready."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"  # a fork has no other threads
    )  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.soak.kill_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        server = Server(process)
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("the process that is forked did not start")
            yield server
        finally:
            if process.stdin is not None:
                process.stdin.close()  # it ends, and takes away what it made
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


class Tried:
    """One case: what was there before it, what an undisturbed run leaves, and what came of those that were killed."""

    def __init__(self, server: Server, folder: Path, name: str) -> None:
        self.server, self.name, self.case = server, name, CASES[name]
        self.before, self.place = folder / "before", folder / "try"
        for path in (self.before, self.place):
            shutil.rmtree(path, ignore_errors=True)
        self.before.mkdir(parents=True)
        server.ask({"before": name, "folder": str(self.before)})
        self.lost: list[str] = []
        self.landed = 0
        self.whole, self.expected = self._undisturbed()

    def _undisturbed(self) -> tuple[Done, Held]:
        self._fresh()
        done = self.server.run(Run(self.name, str(self.place)))
        if done.code:
            self.lost.append(f"undisturbed it ended with {done.code}: {done.said[-300:]}")
        return done, held(self.place)

    def _fresh(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.before, self.place, symlinks=True)

    def moments(self, count: int, drawn: random.Random) -> list[Kill]:
        """So many moments of the time that it takes where all is imported; two undisturbed runs must end alike, too."""
        if not count:
            return []
        again, found = self._undisturbed()
        if unlike := differences(self.expected, found):
            self.lost.append(f"two undisturbed runs of {self.name} differ: {'; '.join(unlike)}")
        return [Kill(after=drawn.uniform(0.001, again.seconds)) for _ in range(count)]

    def points(self) -> list[Kill]:
        """All places where one can be killed that are known ahead."""
        every = [Kill(number) for number in range(1, len(self.whole.points) + 1)]
        return every + [Kill(number, MADE) for number, kind in enumerate(self.whole.points, 1) if kind == "o"]

    def kill(self, kill: Kill) -> None:
        """Kill one, run it again, and compare."""
        self._fresh()
        killed = self.server.run(Run(self.name, str(self.place), kill.point, kill.how, kill.after))  # type: ignore[arg-type]
        if killed.code not in (0, KILLED):  # 0: it had ended by then, or did not come to that point in this run
            self._lose(kill, f"it ended with {killed.code}: {killed.said[-300:]}")
        self.landed += killed.code == KILLED
        if killed.left:
            self._lose(kill, f"{killed.left} of its processes lived on")
        if locked := [str(path) for path in self.place.rglob(storage.LOCK) if storage.is_locked(path.parent)]:
            self._lose(kill, f"{locked[0]} is held by nobody")
        again = self.server.run(Run(self.name, str(self.place)))
        if again.code not in self.case.again:
            self._lose(kill, f"run again it ended with {again.code}: {again.said[-300:]}")
        if not self.case.writes_again:
            self._hold_once()
        if unlike := differences(self.expected, held(self.place)):
            self._lose(kill, "; ".join(unlike))
        if changed := unsealed(self.place):
            self._lose(kill, f"{changed[0]} has none of its checksums")

    def _hold_once(self) -> None:
        """What the next writer does: a plate that names a dead one goes with who holds that lock next."""
        for plate in self.place.rglob(storage.HOLDER):
            with storage.lock(plate.parent):
                pass

    def _lose(self, kill: Kill, what: str) -> None:
        self.lost.append(f"{self.name}, killed {kill}: {' '.join(what.split())}")


def chosen(kills: Sequence[Kill], effort: Effort, drawn: random.Random) -> list[Kill]:
    """Some of all kills, in their order: as many as the effort asks for."""
    return [kills[place] for place in sorted(drawn.sample(range(len(kills)), effort.of(len(kills))))]


def try_kills(folder: Path, effort: Effort) -> Iterator[Trial]:
    """Kill every case at some or all points and at some moments."""
    with serving() as server:
        for name in filter(effort.wants, CASES):
            drawn, start = random.Random(f"{effort.seed} {name}"), time.monotonic()  # noqa: S311 (no secrets)
            tried = Tried(server, folder, name)
            points = chosen(tried.points(), effort, drawn)
            moments = tried.moments(effort.of(MOMENTS, 0), drawn)
            for kill in (*points, *moments):
                tried.kill(kill)
            every = len(tried.points())
            yield Trial(
                "kills", f"{name}, killed and run again", len(points) + len(moments), tried.landed,
                tuple(tried.lost), time.monotonic() - start, f"{len(points)} of {every} points, {len(moments)} moments",
            )  # fmt: skip
