"""Whether any file of a folder has changed: sizes and times of all of them, of 35,000 shards of pictures too.

A listing that tells the kind of each entry, and one look at each file, take a third of the time of ``Path.glob``.  The
time of a folder alone would not do: a file that is written in place leaves it as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

# Files whose change is a change of the data set.
STAMPED = (
    "*",
    "lexicon/*",
    "images/*",
    "features/*/*.safetensors",  # not how far an extraction is
    "projections/*/*",
    "dispersions/*/*",
    "pivot/*/*/*/*",
    "pivot/*/*/*/*/*/*",
)


def stamp(folders: Iterable[Path], patterns: Sequence[str]) -> str:
    """32 hex digits that change whenever a file does which one of the patterns names, such as ``"lexicon/*"``.

    Files whose names begin with a dot are not looked at.
    """
    sha = hashlib.sha256()
    for folder in folders:
        for line in _files(str(folder), f"{folder.name}/", [tuple(pattern.split("/")) for pattern in patterns]):
            sha.update(line)
    return sha.hexdigest()[:32]


def _files(folder: str, above: str, patterns: Sequence[tuple[str, ...]]) -> Iterator[bytes]:
    """A line for each file below a folder: where it is, its size and time; sorted."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:  # taken away meanwhile, or nobody may look at it: as good as none
        return
    for entry in entries:
        name = entry.name
        matching = [parts for parts in patterns if parts[0] == "*" or fnmatchcase(name, parts[0])]
        below = [parts[1:] for parts in matching if len(parts) > 1]
        with contextlib.suppress(OSError):
            if len(below) < len(matching) and not name.startswith(".") and entry.is_file():
                status = entry.stat()
                yield os.fsencode(f"{above}{name}\n{status.st_size} {status.st_mtime_ns}\n")
        if below and _is_folder(entry):
            yield from _files(entry.path, f"{above}{name}/", below)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
