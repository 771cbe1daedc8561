"""Runs each command in a fork of a process that has imported everything, and kills it where it is asked to.

``python -m benchmarks.soak.kill_server`` reads a ``Run`` a line and answers with a ``Done`` a line, both JSON.  A run
is killed at a *point*: an audit hook counts what Python is about to do to files below the run's folder (open for
writing, rename, remove, make or remove a folder, change a mode or a length, take a lock), and calls of ``os.fsync`` and
``os.write`` on such files.  What libraries write in C++ is not seen byte by byte; for that, it is also killed after
some time.  Only the command's own process is killed: those that it started (decoders) see that it is gone, and end.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from benchmarks.soak.forks import forked

BEFORE, MADE = "before", "made"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of the audit hook → which of their arguments are paths, and which is the folder that a path is relative to.
PATHS: dict[str, tuple[tuple[int, ...], int | None]] = {
    "os.rename": ((0, 1), 2), "os.remove": ((0,), 1), "os.mkdir": ((0,), 2), "os.rmdir": ((0,), 1),
    "os.link": ((0, 1), 2), "os.symlink": ((1,), 2), "os.chmod": ((0,), 2), "os.truncate": ((0,), None),
    "os.utime": ((0,), 3), "sqlite3.connect": ((0,), None), "fcntl.flock": ((0,), None),
}  # fmt: skip
MOST = 1 << 16  # points of a run
PATIENCE = 20.0  # seconds that processes of a killed one may take to end
STOPPED = 10.0  # seconds between two looks, which are a hundredth apart, from which on nothing was running
SLOW = 300.0  # seconds after which a run is taken for one that hangs


@dataclass(frozen=True)
class Run:
    """What is run.

    Attributes:
        case: a name of ``kill_cases.CASES``; folder: in which it is run.
        point: at which it is killed, from 1; 0: at none.
        how: ``"before"`` what it is about to do, or once the file that it opens to write has been ``"made"``, empty.
        after: seconds after which it is killed; 0: it is not.
    """

    case: str
    folder: str
    point: int = 0
    how: Literal["before", "made"] = BEFORE
    after: float = 0.0


@dataclass(frozen=True)
class Done:
    """What came of it.

    Attributes:
        code: that it ended with, -9 where it was killed.
        points: that it came to, a letter each: ``o`` where a file is made, ``x`` for all else.
        seconds: that it took.
        left: processes that it had started and that were still there ``PATIENCE`` seconds later.
        said: the end of what it printed.
    """

    code: int
    points: str
    seconds: float
    left: int = 0
    said: str = ""


class Points:
    """Counts the points of a forked process, for its parent too."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, MOST + 8)
        self.lock = threading.Lock()
        self.run, self.root, self.busy = Run("", ""), "", threading.local()

    @property
    def seen(self) -> str:
        """A letter for each."""
        count = min(int.from_bytes(self.memory[:8], "little"), MOST)
        return self.memory[8 : 8 + count].decode()

    def begin(self, run: Run) -> None:
        """Count from now on, in this process, and kill it at its point."""
        self.run, self.root = run, os.path.realpath(run.folder) + os.sep
        for name in ("fsync", "write"):
            setattr(os, name, self._told(getattr(os, name)))
        sys.addaudithook(self._hook)

    def _told(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(handle: int, *given: Any) -> Any:
            self._point([handle], None)
            return real(handle, *given)

        return called

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(given[2], int) and given[2] & WRITING and not isinstance(given[0], int):
                self._point([given[0]], None, given[2])
        elif event in PATHS:
            places, base = PATHS[event]
            self._point([given[place] for place in places], given[base] if base is not None else None)

    def _point(self, paths: list[Any], base: int | None, flags: int = 0) -> None:
        if getattr(self.busy, "now", False):
            return
        self.busy.now = True
        try:
            if any(self._place(path, base).startswith(self.root) for path in paths):
                self._count(paths[0], flags)
        finally:
            self.busy.now = False

    def _place(self, path: Any, base: int | None) -> str:
        with contextlib.suppress(OSError, TypeError, ValueError):
            if hasattr(path, "fileno"):
                path = path.fileno()
            if isinstance(path, int):
                return str(Path(f"/proc/self/fd/{path}").readlink())
            is_open = isinstance(base, int) and base >= 0
            above = Path(f"/proc/self/fd/{base}").readlink() if is_open else Path.cwd()
            return str(above / os.fsdecode(path))
        return ""

    def _count(self, path: Any, flags: int) -> None:
        makes = bool(flags & (os.O_CREAT | os.O_TRUNC))
        with self.lock:
            number = int.from_bytes(self.memory[:8], "little") + 1
            self.memory[:8] = number.to_bytes(8, "little")
            if number <= MOST:
                self.memory[7 + number : 8 + number] = b"o" if makes else b"x"
            if number == self.run.point:
                if makes and self.run.how == MADE:
                    with contextlib.suppress(OSError):  # one that must be new, and is there
                        os.open(path, flags, 0o600 if os.fsdecode(path).endswith(".tmp") else 0o666)
                os.kill(os.getpid(), signal.SIGKILL)


def perform(run: Run) -> Done:
    """Run one in a fork of this process, and wait for it and for all that it started."""
    points, log, modules = Points(), Path(f"{run.folder}.log"), Path(f"{run.folder}.modules")
    points.memory[:8] = bytes(8)
    start = time.monotonic()
    child = forked(partial(_counted, points, run), Path(run.folder), log, partial(_note, modules))
    status = _ended(child, start + (run.after or SLOW))
    if status is None:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    seconds = time.monotonic() - start
    _import(modules)
    said = log.read_text("utf-8", "replace")[-2000:]
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL and not run.point and not run.after:
        said += f"\nit took longer than {SLOW:.0f} s"
    return Done(code, points.seen, seconds, _left(), said)


def _counted(points: Points, run: Run, folder: Path) -> None:
    from benchmarks.soak.kill_cases import CASES

    points.begin(run)
    CASES[run.case].run(folder)


def _note(modules: Path) -> None:
    modules.write_text("\n".join(sys.modules), "utf-8")


def _import(modules: Path) -> None:
    """Import what the last one has imported, so that the next one need not."""
    with contextlib.suppress(FileNotFoundError):
        for name in modules.read_text("utf-8").split("\n"):
            if name not in sys.modules:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        modules.unlink()


def _ended(child: int, until: float) -> int | None:
    """How a process ended; ``None``: it had not by then.

    Time in which all of this was stopped, or the machine slept, is nobody's, and counts for nothing.
    """
    pause, before = 0.0005, time.monotonic()
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        now = time.monotonic()
        until += now - before if now - before > STOPPED else 0.0
        before, left = now, until - now
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(2 * pause, 0.01)


def _left() -> int:
    """How many processes of one that has ended are there after a while; they are this one's children now."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if not pid:
            if time.monotonic() > until:
                return _end_all()
            time.sleep(0.002)


def _end_all() -> int:
    """End the children of this process; how many there were."""
    own = [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    for pid in own:
        os.kill(pid, signal.SIGKILL)
    for pid in own:
        os.waitpid(pid, 0)
    return len(own)


def main() -> None:
    """Answer until nobody asks any more."""
    from benchmarks.soak import kill_cases

    # Processes whose parent was killed become children of this one, which sees when they end.
    adopted = ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    if adopted:
        raise SystemExit("this system does not say when processes end whose parent was killed")
    with kill_cases.loaded():
        print("ready", flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            if "before" in asked:
                kill_cases.CASES[asked["before"]].before(Path(asked["folder"]))
                print("{}", flush=True)
            else:
                print(json.dumps(asdict(perform(Run(**asked)))), flush=True)


if __name__ == "__main__":
    main()
