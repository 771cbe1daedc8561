"""How far an extraction is, kept in a file that another process may look at."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cldi_core.data import storage

FILE = ".progress.json"  # hidden files are no part of the data
EVERY = 1.0  # seconds between two writes


@dataclass(frozen=True)
class Progress:
    """How far an extraction is.

    Attributes:
        done, total, failed: pictures; kept ones from before count as done.
        begun: how many were done when it began.
        seconds: since it began.
        running: whether somebody is still at it.
    """

    done: int
    total: int
    failed: int
    begun: int
    seconds: float
    running: bool = False

    @property
    def rate(self) -> float:
        """Pictures per second since it began; 0 before there is one."""
        return (self.done - self.begun) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at this rate; ``None`` before there is a rate."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return min(self.done / self.total, 1.0) if self.total else 1.0

    @property
    def sentence(self) -> str:
        """How far it is, in words."""
        parts = [f"{self.done:,} of {self.total:,} pictures"]
        if self.running and self.left is not None:
            parts += [f"{self.rate:.1f} a second", f"{duration(self.left)} left"]
        parts += [f"{self.failed} failed"] if self.failed else []
        return ", ".join(parts) + ("" if self.running else "; it was interrupted")


def duration(seconds: float) -> str:
    """A time as people say it: ``"40 s"``, ``"12 min"``, ``"3.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def kept(folder: Path, total: int) -> Iterator[Callable[[int, int], None]]:
    """A function that is told pictures done and failed, and keeps them in ``folder``, at most once a second."""
    started, begun, last = time.monotonic(), -1, -EVERY
    newest = Progress(0, total, 0, 0, 0.0)

    def write() -> None:
        temporary = folder / f"{FILE}.{os.getpid()}"
        with suppress(OSError):  # a full disk is told of by what is written in earnest
            temporary.write_text(json.dumps(asdict(newest)), "utf-8")
            temporary.replace(folder / FILE)

    def keep(done: int, failed: int) -> None:
        nonlocal begun, last, newest
        begun = done if begun < 0 else begun
        now = time.monotonic() - started
        newest = Progress(done, total, failed, begun, now)
        if now - last >= EVERY:
            last = now
            write()

    try:
        yield keep
    finally:
        write()


def read(folder: Path) -> Progress | None:
    """How far the newest extraction into ``folder`` is or came; ``None`` if there is no trace of one."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
        known = Progress(**{name: found[name] for name in ("done", "total", "failed", "begun", "seconds")})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Progress(**{**asdict(known), "running": storage.held(folder) is not None})
