"""A file of a mirror, opened: its blocks are fetched as they are needed, into the file that was opened and no other."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cldi_core.data import layout
from cldi_core.data.remote_files import Entry
from cldi_core.errors import DatasetError

if TYPE_CHECKING:
    from cldi_core.data.remote_mirror import Mirror

BLOCK = 1 << 14  # bytes
GAP = 2  # blocks that are fetched along with those about them, in place of another request
LARGEST = 1 << 9  # blocks of a request
SIDE = 8  # requests at once


class Opened:
    """A file that may have holes.

    Attributes:
        handle: its descriptor, to be read; it is closed with this, unless it is taken (``detach``).
        size: bytes.
    """

    def __init__(self, mirror: Mirror, name: str, handle: int, entry: Entry, there: set[int]) -> None:
        self._mirror, self._name, self._entry, self._there = mirror, name, entry, there
        self.handle, self.size = handle, entry.size

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self.handle >= 0:
            os.close(self.detach())

    def detach(self) -> int:
        """The descriptor, which is the caller's from now on."""
        handle, self.handle = self.handle, -1
        return handle

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return len(self._there) == -(-self.size // BLOCK)

    def read(self, start: int, end: int) -> bytes:
        """So many bytes, fewer at the end."""
        self.fetch([(start, end)])
        return os.pread(self.handle, max(end - start, 0), start)

    def fetch_all(self) -> None:
        """Fetch what is missing; errors as ``fetch``."""
        if not self.is_whole:
            self.fetch([(0, self.size)])

    def fetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch what is missing of some ranges of bytes.

        Raises:
            DatasetError: the address cannot be reached, or has another version by now.
        """
        wanted = {
            block
            for start, end in ranges
            for block in range(max(start, 0) // BLOCK, -(-min(end, self.size) // BLOCK))
            if block not in self._there
        }
        if not wanted:
            return
        requests = runs(sorted(wanted))
        self._mirror.room(sum(end - start for start, end in requests) * BLOCK)
        before = os.fstat(self.handle).st_mtime_ns
        with ThreadPoolExecutor(min(SIDE, len(requests))) as threads:
            fetched = [*threads.map(self._fetch, requests)]
        # What is named by its content never changes; of the others, parts of two versions are none.
        if layout.part_of(self._name) != "pictures" and (len(requests) > 1 or self._there):
            self._check()
        os.fsync(self.handle)  # before it is said to be there
        os.utime(self.handle, ns=(time.time_ns(), before))
        new = {block for blocks in fetched for block in blocks}
        self._mirror.note_blocks(self._name, self.handle, new - self._there)
        self._there |= new

    def _fetch(self, run: tuple[int, int]) -> range:
        start, end = run[0] * BLOCK, min(run[1] * BLOCK, self.size)
        data = memoryview(self._mirror.files.read(self._name, start, end))
        while data:
            written = os.pwrite(self.handle, data, start)
            data, start = data[written:], start + written
        return range(*run)

    def _check(self) -> None:
        now = self._mirror.files.about(self._name)
        if now != self._entry:
            self._mirror.seen = 0.0
            raise DatasetError(f"{self._name!r} was changed at {self._mirror.url} while it was read; run this again")


def runs(blocks: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted blocks as (first, one after the last), with small gaps filled: what is asked for in one request.

    >>> runs([1, 2, 4, 90])
    [(1, 5), (90, 91)]
    """
    found: list[tuple[int, int]] = []
    for block in blocks:
        start, end = found[-1] if found else (block, -1)
        if found and block - end <= GAP and block - start < LARGEST:
            found[-1] = start, block + 1
        else:
            found.append((block, block + 1))
    return found
