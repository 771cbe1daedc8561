"""Acts on a disk that is full, or not to be written to, under other umasks, and by a clock that goes back.

The disk is one in memory (tmpfs) that a process mounts which has its own view of all file systems: nothing of it is
seen elsewhere, and it is gone with that process.  Where a system lets nobody do that, nothing is tried, and the trial
says so.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.soak import writing
from benchmarks.soak.trial import Effort, Trial
from tests.collect.site import Site

ROOT = Path(__file__).resolve().parents[2]
SIZE, FILES = 32_000_000, 2_000  # bytes and files of the disk
ROOM = (0, 4_000, 40_000, 400_000)  # bytes that are left of it
UMASKS = (0o077, 0o027, 0o002)
DAY = 86_400.0
# What a line must say to somebody whose disk it is: what is wrong, and what to do.
FULL = re.compile(r"(No space left|and [0-9,]+ are free in).*(free some space|remove files).*again")
CLOSED = re.compile(r"Read-only file system.*(writable|be written to|choose)")


@dataclass(frozen=True)
class Fault:
    """A disk that something is wrong with.

    Attributes:
        what: in a few words.
        spoil, mend: given the folder of the disk, begin and end it.
        line: what an act that fails has to say.
    """

    what: str
    spoil: Callable[[Path], object]
    mend: Callable[[Path], object]
    line: re.Pattern[str]


def _fill(disk: Path, left: int) -> None:
    """Take all room of a disk but some."""
    there = os.statvfs(disk)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, there.f_bavail * there.f_frsize - left))


def _use_files(disk: Path) -> None:
    """Take all files that a disk can hold."""
    (disk / "ballast").mkdir()
    try:
        for number in range(FILES):
            (disk / "ballast" / str(number)).touch()
    except OSError:
        return
    raise RuntimeError("the disk holds more files than it was given")


def _empty(disk: Path) -> None:
    if (disk / "ballast").is_dir():
        shutil.rmtree(disk / "ballast")
    else:
        (disk / "ballast").unlink()


def _mounted(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True, capture_output=True)


FAULTS = (
    *(Fault(f"{room // 1000} kB free", lambda disk, room=room: _fill(disk, room), _empty, FULL) for room in ROOM),
    Fault("no files left", _use_files, _empty, FULL),
    Fault("read-only", lambda disk: _mounted(disk, "remount,ro"), lambda disk: _mounted(disk, "remount,rw"), CLOSED),
)


class Tries:
    """Acts on one disk, in worlds that are copies of one."""

    def __init__(self, disk: Path, site: Site) -> None:
        self.disk, self.site = disk, site
        self.base = disk.parent / "base"
        writing.build(self.base)
        self.before = writing.store(self.base)
        self.done: dict[str, tuple[writing.Ended, dict[str, str]]] = {}

    def fresh(self) -> Path:
        """A world on the disk as nobody has touched it."""
        shutil.rmtree(self.disk / "world", ignore_errors=True)
        (self.disk / "tmp").mkdir(exist_ok=True)
        return writing.copied(self.base, self.disk / "world")

    def do(self, name: str, world: Path, before: Callable[[], object] = lambda: None) -> writing.Ended:
        """An act, whose temporary files are on the disk too."""

        def prepare() -> None:
            os.environ["TMPDIR"], tempfile.tempdir = str(self.disk / "tmp"), None
            before()

        return writing.do(name, world, self.site, prepare)

    def undisturbed(self, name: str) -> tuple[writing.Ended, dict[str, str]]:
        """How an act ends, and what there is then, where nothing is wrong."""
        if name not in self.done:
            world = self.fresh()
            self.done[name] = self.do(name, world), writing.store(world)
        return self.done[name]

    def fault(self, name: str, fault: Fault) -> tuple[bool, str]:
        """Whether an act failed on a spoiled disk, and what was lost."""
        wanted, after = self.undisturbed(name)
        world = self.fresh()
        fault.spoil(self.disk)
        try:
            ended = self.do(name, world)
        finally:
            fault.mend(self.disk)
        lost = [writing.one_line(ended)]
        if ended.code and not lost[0] and not fault.line.search(ended.line):
            lost.append(f"says {ended.line!r}, and not what to do")
        found = writing.store(world)
        gone = [path for path, digest in self.before.items() if found.get(path) not in (digest, after.get(path))]
        lost += [f"{path} is lost" for path in gone]
        if ended.code != wanted.code or writing.ACTS[name].spare:
            again = self.do(name, world)
            lost += [f"then: {writing.one_line(again) or again.line}"] if again.code != wanted.code else []
        lost += _differences(after, writing.store(world))
        return ended.code != wanted.code, "; ".join(filter(None, lost))

    def umask(self, name: str, mask: int) -> tuple[bool, str]:
        """Whether an act has written under a umask, and what anybody may read or change who may not, or who may."""
        world = self.fresh()
        before = {path: path.stat().st_ino for path in world.rglob("*")}
        ended = self.do(name, world, lambda: os.umask(mask))
        made = [path for path in world.rglob("*") if before.get(path) != path.stat().st_ino]
        wrong = [
            f"{path.relative_to(world)} has mode {stat.S_IMODE(path.stat().st_mode):o}"
            for path in made
            if stat.S_IMODE(path.stat().st_mode) != (0o777 if path.is_dir() else 0o666) & ~mask
        ]
        return bool(made), "; ".join(filter(None, [writing.one_line(ended) or ended.line, *wrong]))

    def clock(self, name: str) -> tuple[bool, str]:
        """What an act does otherwise where all files are of tomorrow and the clock goes back an hour at each look."""
        wanted, after = self.undisturbed(name)
        world = self.fresh()
        for path in [world, *world.rglob("*")]:
            os.utime(path, (time.time() + DAY,) * 2)
        ended = self.do(name, world, go_back)
        lost = [writing.one_line(ended)]
        lost += [f"ended with {ended.code}: {ended.line}"] if ended.code != wanted.code else []
        return True, "; ".join(filter(None, [*lost, *_differences(after, writing.store(world))]))


def go_back() -> None:
    """Let the clock of this process go back an hour whenever somebody looks at it; a stopwatch goes on."""
    now, nanoseconds, looks = time.time(), time.time_ns(), iter(range(10**9))
    time.time = lambda: now - 3600.0 * next(looks)
    time.time_ns = lambda: nanoseconds - 3_600_000_000_000 * next(looks)


def _differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """How a store differs from what it should be, but for further reports of imports."""
    lost = [f"{path} is not there" for path in wanted if path not in found]
    lost += [f"{path} differs" for path in wanted if path in found and found[path] != wanted[path]]
    more = [path for path in found if path not in wanted and "/imports/" not in path]
    return lost + [f"{path} was left" for path in more]


def _trial(what: str, names: Sequence[str], attempt: Callable[[str], tuple[bool, str]]) -> Trial:
    begun, landed, lost = time.perf_counter(), 0, []
    for name in names:
        hit, text = attempt(name)
        landed += hit
        lost += [f"{name}: {text}"] if text else []
    return Trial("disk", what, len(names), landed, tuple(lost), time.perf_counter() - begun)


def _tried(folder: Path, effort: Effort, only: Sequence[str] = ()) -> Iterator[Trial]:
    """The trials, in a process that may mount."""
    disk = folder / "disk"
    disk.mkdir()
    _mounted(disk, f"size={SIZE},nr_inodes={FILES}")
    writing.warm()
    every = list(only or writing.ACTS)
    draw = random.Random(effort.seed)  # noqa: S311
    with writing.asked() as site:
        tries = Tries(disk, site)

        def some() -> list[str]:
            return sorted(draw.sample(every, effort.of(len(every), min(2, len(every)))), key=every.index)

        for fault in FAULTS:
            yield _trial(fault.what, some(), lambda name, fault=fault: tries.fault(name, fault))
        for mask in UMASKS:
            yield _trial(f"umask {mask:03o}", some(), lambda name, mask=mask: tries.umask(name, mask))
        yield _trial("clock that goes back", some(), tries.clock)


def try_disk(folder: Path, effort: Effort, only: Iterable[str] = ()) -> Iterator[Trial]:
    """Every act that writes, on every disk that something is wrong with; each is done again when that is mended.

    Args:
        only: acts, names of ``writing.ACTS``; all without it.
    """
    mounting = ["unshare", "--map-root-user", "--mount"]
    attempt = [*mounting, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    given = json.dumps({"folder": str(folder), "share": effort.share, "seed": effort.seed, "only": [*only]})
    try:
        can = subprocess.run(attempt, capture_output=True, check=False)
        why = "" if can.returncode == 0 else can.stderr.decode("utf-8", "replace").strip()
    except OSError as error:
        why = str(error)
    if why:
        yield Trial("disk", "nothing", 0, 0, note=f"nobody may mount a disk here: {why}")
        return
    command = [*mounting, sys.executable, "-m", "benchmarks.soak.disk", given]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            found: dict[str, Any] = json.loads(line)
            yield Trial(**{**found, "lost": tuple(found["lost"])})
    if running.returncode:
        raise RuntimeError(f"the trials ended with {running.returncode}")


def main() -> None:
    """Print each trial as a line of JSON."""
    given = json.loads(sys.argv[1])
    for one in _tried(Path(given["folder"]), Effort(given["share"], given["seed"]), given["only"]):
        print(json.dumps(vars(one)), flush=True)


if __name__ == "__main__":
    main()
