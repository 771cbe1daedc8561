"""Whether files have changed: sizes and times of all that patterns name, as one digest.

Pages ask for it in every run, so folders are read as the system lists them, without a path object for each file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from cldi_core.data import storage


def stamp(folders: Iterable[Path], patterns: Sequence[str]) -> str:
    """A digest that changes whenever a file does that one of the patterns names below one of the folders.

    Args:
        patterns: parts that ``fnmatch`` knows, with "/" between them; no part is ``**``.  Files whose names begin with
            a dot are none, and one that is taken away meanwhile, or that nobody may look at, is as good as none.
    """
    parts = [
        [f"{folder.name}/{name}", size, changed]
        for folder in dict.fromkeys(folders)
        for pattern in patterns
        for name, size, changed in sorted(_files(str(folder), "", pattern.split("/")))
    ]
    return storage.digest(parts)


def _files(folder: str, name: str, parts: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Name below the first folder, size in bytes and time of change in nanoseconds of each file."""
    first, *rest = parts
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if not fnmatchcase(entry.name, first):
            continue
        if rest:
            yield from _files(entry.path, f"{name}{entry.name}/", rest)
        elif not entry.name.startswith("."):
            try:
                status = entry.stat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield name + entry.name, status.st_size, status.st_mtime_ns
