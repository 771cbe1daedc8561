"""The bound of the cache: what was read longest ago makes room, as holes in its file, until it is read again."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cldi_core.data import layout
from cldi_core.errors import DatasetError

LIMIT = 10.0  # GB, unless CLDI_CACHE_GB says otherwise
OFTEN = 16  # times that the files are looked at while the cache is filled once
LATELY = 5.0  # seconds for which a file that was read stays
# What is fetched where it is read, and makes room; all else is small, and stays.
LAZY = ("pictures", "features", "scores", "pivot", "fingerprints")


def limit() -> int:
    """Bytes that what was fetched may take.

    Raises:
        DatasetError: ``CLDI_CACHE_GB`` is no number, or not above 0.
    """
    given = os.environ.get("CLDI_CACHE_GB", "")
    try:
        gigabytes = float(given) if given else LIMIT
    except ValueError:
        gigabytes = math.nan
    if not 0 < gigabytes < math.inf:
        raise DatasetError(f"CLDI_CACHE_GB is {given[:20]!r}; give a number of gigabytes above 0, such as {LIMIT:g}")
    return int(gigabytes * 1e9)


class Room:
    """The room of one cache, to be asked for before something is put into it."""

    def __init__(self, cache: Path, make_holes: Callable[[Path], None]) -> None:
        self._cache, self._make_holes = cache, make_holes
        self._since = math.inf  # bytes that were asked for since the files were looked at
        self._lock = threading.Lock()

    def __call__(self, need: int) -> None:
        """Make room for so many bytes, if they would be too many."""
        most = limit()
        with self._lock:
            self._since += need
            if self._since < most / OFTEN:
                return
            self._since = 0.0
            files = sorted(self._files())
            left = sum(size for _, size, _ in files) + need - most
            for read, size, path in files:
                if left <= 0 or time.time_ns() - read < LATELY * 1e9:
                    return
                self._make_holes(path)
                left -= size

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When each was read last, the bytes that it takes, and where it is."""
        for folder in self._cache.glob("*/*/"):
            for part in LAZY:
                for path in layout.files(folder, part).values():
                    status = path.stat()
                    if status.st_blocks:
                        yield status.st_atime_ns, status.st_blocks * 512, path
