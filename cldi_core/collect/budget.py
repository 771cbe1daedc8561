"""What one run may spend."""

from __future__ import annotations

import threading

from cldi_core.errors import CollectError


class SpentError(CollectError):
    """The budget is used up; its text is a sentence."""


class Budget:
    """Counts requests and bytes of all threads, and ends the run where one of them is too many.

    Args:
        requests, bytes: that may be spent; ``None`` where there is no limit.
    """

    def __init__(self, requests: int | None = None, bytes: int | None = None) -> None:
        self._most_requests, self._most_bytes = requests, bytes
        self._lock, self._ended = threading.Lock(), ""
        self.requests = 0
        self.bytes = 0

    def end(self, why: str) -> None:
        """Whoever asks for more from now on gets a ``SpentError`` with this text."""
        with self._lock:
            self._ended = self._ended or why

    def ask(self) -> None:
        """One more request is made; ``SpentError`` where it would be one too many."""
        with self._lock:
            if self._ended:
                raise SpentError(self._ended)
            if self._most_requests is not None and self.requests >= self._most_requests:
                raise SpentError(f"the {self._most_requests:,} requests of --max-requests are used up")
            if self._most_bytes is not None and self.bytes >= self._most_bytes:
                raise SpentError(f"the {self._most_bytes:,} bytes of --max-bytes are used up")
            self.requests += 1

    def read(self, size: int) -> None:
        """So many bytes more were read; ``SpentError`` where that is too many."""
        with self._lock:
            self.bytes += size
            if self._most_bytes is not None and self.bytes > self._most_bytes:
                raise SpentError(f"the {self._most_bytes:,} bytes of --max-bytes are used up")
