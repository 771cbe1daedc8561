"""What is accepted of a folder's or an archive's files: names, paths, sizes, numbers; and what counts as junk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cldi_core.data.ids import BYTES, GrowingIds
from cldi_core.errors import DatasetError

MAX_FILE = 40_000_000  # bytes of one file that is read
MAX_ENTRIES = 2_000_000
MAX_DEPTH = 32  # folders within folders
MAX_PART, MAX_PATH = 255, 1000  # characters of a name, and of a path
MAX_RATIO, SMALL = 200, 100_000_000  # bytes read of an archive for each of its own; not asked of less than this
JUNK = (".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", "__MACOSX", "@eaDir", ".ipynb_checkpoints",
        "$RECYCLE.BIN", "System Volume Information", "lost+found", "Icon\r")  # fmt: skip
_JUNK = {name.lower(): name for name in JUNK}
HIDDEN = "hidden files"

Refuse = Callable[[str, str], object]  # the place and why


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree.

    Attributes:
        path: the names that lead to it; none is ``..``, or has a separator in it.
        read: its content, at most ``MAX_FILE`` bytes; OSError where that cannot be read.  Only until the next entry.
    """

    path: tuple[str, ...]
    read: Callable[[], bytes]


def junk_name(name: str) -> str:
    """What a file or folder of computers' own is counted as; empty for all others."""
    return _JUNK.get(name.lower(), HIDDEN if name.startswith(".") else "")


def shown(path: str) -> str:
    """A path as a report has it: text that any file can hold, and not endless."""
    text = path.encode("utf-8", "replace").decode()
    return text if len(text) <= 300 else f"{text[:200]}…{text[-60:]}"


def parts_of(name: str) -> tuple[str, ...]:
    """The path of an archive's entry.

    Raises:
        OSError: it could lead out of the archive, or no file could have it.
    """
    if "\0" in name:
        raise OSError("its name has a NUL")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise OSError("its path is absolute")
    if "\\" in name:
        raise OSError("its path has backslashes; pack it with '/' between folders")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise OSError("its path leads out of the archive")
    if len(name) > MAX_PATH or any(len(part) > MAX_PART for part in parts):
        raise OSError(
            f"its name has more than the {MAX_PART} characters that are accepted, or its path than {MAX_PATH}"
        )
    if len(parts) > MAX_DEPTH:
        raise OSError(f"it lies under more than the {MAX_DEPTH} folders that are accepted")
    return parts


@lru_cache(100_000)
def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts names as people do: 2 before 10."""
    pieces = re.split(r"([0-9]{1,18})", name)
    return tuple((0, int(piece), piece) if place % 2 else (1, 0, piece) for place, piece in enumerate(pieces) if piece)


class Meter:
    """Counts what is read of an archive, and what was met in it."""

    def __init__(self, source: Path, size: int | None = None) -> None:
        self.size = source.stat().st_size if size is None else size
        self.name = source.name
        self.total = self.entries = 0
        self._met = GrowingIds()

    def read(self, count: int) -> None:
        """So many more bytes; DatasetError: it cannot be what people packed."""
        self.total += count
        if self.total > max(SMALL, MAX_RATIO * self.size):
            raise DatasetError(
                f"{self.name!r} holds more than {MAX_RATIO} times its own {self.size:,} bytes, as no pictures do; "
                "unpack it yourself, and import the folder, if you trust it"
            )

    def entry(self) -> None:
        """One more, of whatever kind."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise DatasetError(f"{self.name!r} has more than the {MAX_ENTRIES:,} entries that are accepted; split it")

    def is_new(self, path: tuple[str, ...]) -> bool:
        """Whether it is asked for the first time."""
        key = blake2b("/".join(path).encode("utf-8", "surrogatepass"), digest_size=BYTES).digest()
        new = key not in self._met
        if new:
            self._met.add(key)
        return new

    def met(self, path: tuple[str, ...]) -> None:
        """OSError: there was one of that path."""
        if not self.is_new(path):
            raise OSError("there is another of that path before it, which is used")
