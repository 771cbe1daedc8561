"""Whether the files of a data set are what was written, by their checksums; and to take them for right as they are."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data import checksums, layout, storage

LINES = ("people/*.jsonl", "collect/*/*.jsonl")  # files whose lines have checksums of their own
STATUS = ("*/*/*.json", "*/*.json")  # files of one line that has one


@dataclass(frozen=True)
class Looked:
    """What was seen of the files of a data set; each by its path within it.

    Attributes:
        digests: file → SHA-256, of all that were read.
        changed: files that have none of the checksums that were written down of them.
        unknown: files of which none was written down.
        unread: file → why it cannot be read.
        lines: file → lines in it that are not what was written; of the lists of checksums too.
    """

    digests: Mapping[str, str]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]
    unread: Mapping[str, str]
    lines: Mapping[str, int]


def look(folder: Path) -> Looked:
    """Read all files of a data set, at the pace of its disk."""
    digests: dict[str, str] = {}
    unread: dict[str, str] = {}
    for name in _names(folder):
        try:
            with storage.open_regular(folder / name) as file:
                digests[name] = checksums.of_file(file)
        except FileNotFoundError:
            continue  # taken away meanwhile
        except OSError as error:
            unread[name] = error.strerror or str(error)
    # Read after the files: of one that is replaced meanwhile the new checksum stands there before it does.
    known: dict[str, set[str]] = {}
    lines = _damaged_lines(folder)
    for file_name in (checksums.LOG, checksums.SEALED):
        found, damaged = checksums.lines_of(_bytes(folder / file_name))
        lines |= {file_name: damaged} if damaged else {}
        for name, digest in found:
            known.setdefault(name, set()).add(digest)
    changed = tuple(name for name, digest in digests.items() if digest not in known.get(name, {digest}))
    return Looked(digests, changed, tuple(name for name in digests if name not in known), unread, lines)


def seal(folder: Path) -> int:
    """Take all files for right as they are, and write their checksums down: of how many.

    Raises:
        OSError: that cannot be written.
    """
    seen = look(folder)
    lines = b"".join(checksums.line_of(name, digest) for name, digest in seen.digests.items())
    storage.write(folder / checksums.SEALED, lambda file: file.write_bytes(lines))
    _shorten(folder, seen.digests)
    return len(seen.digests)


def _shorten(folder: Path, sealed: Mapping[str, str]) -> None:
    """Take lines away that say no more than the sealed list, and those before them; none that came after."""
    with checksums.held(folder) as log:
        found, _ = checksums.lines_of(_bytes(folder / checksums.LOG))
        last = {name: place for place, (name, digest) in enumerate(found) if sealed.get(name) == digest}
        kept = [one for place, one in enumerate(found) if place > last.get(one[0], -1)]
        lines = b"".join(checksums.line_of(*one) for one in kept)
        storage.write(folder / checksums.LOG, lambda file: file.write_bytes(lines))
        log.flush()


def _names(folder: Path) -> list[str]:
    """The paths of all files that have checksums, or should."""
    found = [name for part in layout.PARTS for name in layout.files(folder, part)]
    beside = [*folder.glob("imports/*.json"), *folder.glob("dispersions/*/.prepared")]
    found += [path.relative_to(folder).as_posix() for path in beside if path.is_file()]
    return sorted(filter(checksums.is_kept, found))


def _damaged_lines(folder: Path) -> dict[str, int]:
    """File → how many of its lines are damaged, of those whose lines have checksums."""
    found = {}
    for pattern in (*LINES, *STATUS):
        for path in sorted(folder.glob(pattern)):
            name = path.relative_to(folder).as_posix()
            if checksums.is_kept(name):
                continue
            with contextlib.suppress(OSError), storage.open_regular(path) as file:
                if count := checksums.damaged(line.rstrip(b"\n") for line in file):
                    found[name] = count
    return found


def _bytes(path: Path) -> bytes:
    try:
        return storage.read_bytes(path, storage.LARGE)
    except OSError:  # there is none
        return b""
