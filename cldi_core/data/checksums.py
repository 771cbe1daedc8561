"""Checksums of all files of a data set, by which ``check --deep`` finds a file in which one bit has changed.

``.checksums`` in the data set's folder gets a line before a file is moved to its place: the SHA-256 of what it is about
to hold.  It is only appended to, so that a process that is killed in between harms nothing: a file is sound if it has
any of the checksums that stand there under its name.  ``.sealed`` has the same lines for all files at one moment.
Nobody reads them but who looks for damage (``sealing``).

What is appended to itself, or replaced every second, has a checksum in each of its lines instead (``with_checksum``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cldi_core.data import layout, remote

LOG, SEALED = ".checksums", ".sealed"
OWN = frozenset({"people/answers.jsonl"})  # of the files of a data set, those whose lines have checksums of their own
NOTES = re.compile(r"imports/[^/]+\.json|dispersions/[^/]+/\.prepared")  # beside those files
DEEP = 8  # folders between a data set's and a file of it, at most
CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{8}) (.+)")
_HEAD, _FOOT, _DIGITS = b', "sum": "', b'"}', 16
_ALIKE = 9  # characters of head and foot in their place, by which a line that was to have a checksum is known


def is_kept(name: str) -> bool:
    """Whether a file of a data set, by its path in it, has its checksum in the list."""
    return (bool(layout.part_of(name)) and name not in OWN) or NOTES.fullmatch(name) is not None


def of_file(file: IO[bytes]) -> str:
    """The SHA-256 of what an open file holds: 64 hex digits."""
    sha = hashlib.sha256()
    while chunk := file.read(CHUNK):
        sha.update(chunk)
    return sha.hexdigest()


def note(made: Path, path: Path) -> None:
    """Write down what a file of a data set is about to be; nothing of what is no file of one, or lies at an address.

    Args:
        made: what is about to be moved to ``path``.

    Raises:
        OSError: that cannot be written, and nothing was.
    """
    folder = _dataset_of(path)
    if folder is None or not is_kept(name := path.relative_to(folder).as_posix()) or remote.mirror(path):
        return
    with made.open("rb") as file:
        line = line_of(name, of_file(file))
    with held(folder) as log:
        size = log.seek(0, os.SEEK_END)
        try:
            log.write(line)
            os.fsync(log.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                log.truncate(size)
            raise


def _dataset_of(path: Path) -> Path | None:
    """The folder of the data set that a file is of, which may be the one that makes it one."""
    if path.name == "dataset.toml":
        return path.parent
    return next((one for one in list(path.parents)[:DEEP] if (one / "dataset.toml").is_file()), None)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[IO[bytes]]:
    """The list of a data set, held for writing; readers need not wait."""
    while True:
        with (folder / LOG).open("ab+", buffering=0) as file:
            with contextlib.suppress(ImportError, OSError):  # Windows; a file system without locks
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), (folder / LOG).stat()):
                    yield file
                    return
        # somebody has put another list in its place before this one was held


def line_of(name: str, digest: str) -> bytes:
    """A line of the list, with a checksum of its own."""
    return f"{digest} {_short(f'{digest} {name}')} {name}\n".encode()


def lines_of(data: bytes) -> tuple[list[tuple[str, str]], int]:
    """The lines of a list: name and SHA-256 of each, in their order, and how many are damaged."""
    found, damaged = [], 0
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(UnicodeDecodeError):
            parts = _LINE.fullmatch(line.decode())
            if parts and _short(f"{parts[1]} {parts[3]}") == parts[2]:
                found.append((parts[3], parts[1]))
                continue
        damaged += 1
    return found, damaged + (not data.endswith(b"\n") and bool(data))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def with_checksum(record: Mapping[str, Any]) -> str:
    """A JSON object in one line, with a checksum of all that stands before it; a reader may pass over ``sum``."""
    text = json.dumps(dict(record))
    if text == "{}":
        raise ValueError("an empty record has nothing to be summed up")
    before = text[:-1]
    return f'{before}, "sum": "{_sum(before.encode())}"}}'


def is_damaged(line: bytes) -> bool:
    """Whether a line that ``with_checksum`` made is not what it was; one that has none passes if it is JSON."""
    tail = line[-len(_HEAD) - _DIGITS - len(_FOOT) :]
    ends = tail[: len(_HEAD)] + tail[len(_HEAD) + _DIGITS :]
    if sum(map(int.__eq__, ends, _HEAD + _FOOT)) >= _ALIKE:
        before, digits = line[: -len(tail)], tail[len(_HEAD) : len(_HEAD) + _DIGITS]
        return ends != _HEAD + _FOOT or digits.decode("ascii", "replace") != _sum(before)
    try:
        return type(json.loads(line)) is not dict
    except (ValueError, RecursionError):
        return True


def damaged(lines: Iterable[bytes]) -> int:
    """How many of some lines are damaged."""
    return sum(is_damaged(line) for line in lines if line.strip())


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Place:
    """How far the list of a data set went: which file it was (0 for none), and its bytes."""

    inode: int = 0
    size: int = 0


def place(folder: Path) -> Place:
    """How far the list goes now; one look at one file, whatever the data set holds."""
    try:
        status = (folder / LOG).stat()
    except OSError:
        return Place()
    return Place(status.st_ino, status.st_size)


def written_since(folder: Path, before: Place) -> tuple[str, ...]:
    """The files that were written since the list went so far; none where another list has taken its place."""
    now = place(folder)
    if now == before or (before.inode and now.inode != before.inode):
        return ()
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(before.size)
            found, _ = lines_of(file.read(now.size - before.size))
    except (OSError, ValueError):
        return ()
    return tuple(dict.fromkeys(name for name, _ in found))
