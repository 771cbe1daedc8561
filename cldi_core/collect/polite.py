"""How often and how long: one clock for all threads, a pace for each host, and what ``Retry-After`` says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

AT_ONCE = 2  # requests to one host
PACE = 5.0  # requests a second to a host that names no rate of its own


class Clock:
    """The time, and waiting; tests have one that doesn't wait."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def today(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; all who do are woken by ``wake``."""
        self._over.wait(seconds)

    def wake(self) -> None:
        """Nobody waits any more."""
        self._over.set()


class Hosts:
    """Lets so many requests at once go to a host, and no more in a second than it likes."""

    def __init__(self, clock: Clock, at_once: int = AT_ONCE, pace: float = PACE) -> None:
        self._clock, self._at_once, self._pace = clock, at_once, pace
        self._lock = threading.Lock()
        self._places: dict[str, threading.Semaphore] = {}
        self._next: dict[str, float] = {}

    @contextmanager
    def turn(self, host: str, rate: float | None = None) -> Iterator[None]:
        """Wait until a request may go to a host, and hold its place.

        Args:
            rate: requests a second; without it ``PACE``.
        """
        with self._lock:
            place = self._places.setdefault(host, threading.Semaphore(self._at_once))
        with place:
            while (wait := self._reserve(host, 1 / (rate or self._pace))) > 0:
                self._clock.sleep(wait)
            yield

    def _reserve(self, host: str, apart: float) -> float:
        """How long to wait before asking again; 0 where it is one's turn, and the next one's is set."""
        with self._lock:
            now = self._clock.now()
            wait = self._next.get(host, now) - now
            if wait <= 0:
                self._next[host] = now + apart
            return wait

    def rest(self, host: str, seconds: float) -> None:
        """Nobody asks a host for so long."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), self._clock.now() + seconds)


def retry_after(value: str, today: float) -> float | None:
    """The seconds that a ``Retry-After`` asks for: a number, or a date; ``None`` where it is neither.

    Args:
        today: seconds since 1970.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0.0), retry_after("soon", 0.0)
    (120.0, 60.0, None)
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        return max(parsedate_to_datetime(value).timestamp() - today, 0.0)
    except (TypeError, ValueError, OverflowError):
        return None
