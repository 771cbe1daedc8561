"""How far long work is, for those who have no terminal: a line every 30 s in a log or a pipe.

The lines come from a thread of their own, so that they also come while nothing advances: what waits for a lock or
compares all pictures at the end of an import says that it is still at work.  None is printed by what ends before 30 s,
and none after its end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from cldi_core.data.children import AT_WORK

EVERY = 30.0  # seconds between two lines, and before the first


@dataclass
class State:
    """How far some work is.

    Attributes:
        what: is done, ``"scoring en-de"``; unit: what is counted, in the plural.
        begun: when it began, in seconds of a monotonic clock; first: when it first told a number.
        done, total, failed: of the unit; a total of 0 is not known.  kept: were done before it began.
        beside: what else there is to say, such as a loss.
    """

    what: str
    unit: str
    begun: float
    first: float | None = None
    done: int = 0
    total: int = 0
    failed: int = 0
    kept: int = 0
    beside: str = ""

    def tell(self, now: float, done: int, total: int, failed: int = 0) -> None:
        """New numbers; what the first ones say was done before does not count for the rate."""
        if self.first is None:
            self.first, self.kept = now, done
        self.done, self.total, self.failed = done, total or 0, failed

    def line(self, now: float) -> str:
        """One line: ``"scoring en-de: 41,000 of 143,142 pictures, 310/s, about 5 min left"``."""
        if self.first is None:
            return f"{self.what}: {AT_WORK} {duration(now - self.begun)}"
        one = self.unit.removesuffix("s")
        unit = one if (self.total or self.done) == 1 else self.unit
        parts = [f"{self.done:,} of {self.total:,} {unit}" if self.total else f"{self.done:,} {unit}"]
        rate = (self.done - self.kept) / max(now - self.first, 1e-9)
        if self.total and self.done >= self.total:
            parts.append(f"finishing, {AT_WORK} {duration(now - self.begun)}")
        elif rate > 0:
            parts.append(per_time(rate))
            if self.total:
                parts.append(f"about {duration(max((self.total - self.done) / rate, 1))} left")
        else:
            parts.append(f"{AT_WORK} {duration(now - self.begun)}")
        parts += [f"{self.failed:,} failed"] * bool(self.failed) + [self.beside] * bool(self.beside)
        return f"{self.what}: {', '.join(parts)}"


def per_time(rate: float) -> str:
    """So many a second, or of what is slow a minute or an hour.

    >>> per_time(310.4), per_time(2.26), per_time(0.2), per_time(0.001)
    ('310/s', '2.3/s', '12/min', '3.6/h')
    """
    for seconds, name in ((1, "s"), (60, "min"), (3600, "h")):
        if rate * seconds >= 1 or name == "h":
            break
    value = rate * seconds
    return f"{value:,.0f}/{name}" if value >= 10 else f"{value:.1f}/{name}"


def duration(seconds: float) -> str:
    """A time as people say it: two digits at most.

    >>> duration(30), duration(100), duration(312), duration(9000), duration(400_000)
    ('30 s', '2 min', '5 min', '2.5 h', '4.6 days')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    value, name = (seconds / 3600, "h") if seconds < 48 * 3600 else (seconds / 86400, "days")
    return f"{value:.1f} {name}" if value < 10 else f"{value:,.0f} {name}"


class Lines:
    """Prints a line every 30 s; to be used in a ``with``.

    Args:
        say: the line as it is now.
        out: where to.
        wait: waits so many seconds; true as soon as there is nothing more to say.
    """

    def __init__(self, say: Callable[[], str], out: TextIO, wait: Callable[[float], bool] | None = None) -> None:
        self._say, self._out = say, out
        self._ended = threading.Event()
        self._wait = wait or self._ended.wait
        # A daemon: a command that is ended by force does not wait for it.
        self._thread = threading.Thread(target=self._print, name="progress", daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _print(self) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more, or it was closed
            while not self._wait(EVERY):
                print(self._say(), file=self._out, flush=True)
