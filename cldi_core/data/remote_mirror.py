"""The mirror of a data set that lies elsewhere: files of their right size, of which only what was read is there.

What is known of each file is in a database beside the folder: which version it is of, the inode it has here, and which
blocks of that are there.  A file that differs from what is written there was written here since, and goes to the
address.  A version that is replaced, or that makes room, gets a new inode: who has the old one open keeps it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cldi_core.data import layout, unfinished
from cldi_core.data.remote_blocks import BLOCK, SIDE, Opened
from cldi_core.data.remote_files import Entry, Files
from cldi_core.data.remote_room import LAZY
from cldi_core.errors import DatasetError

BY_FOLDER = ("rankings", "evidence", "hubs", "curves")  # many small files: who reads one gets all of its folder
# What anybody can compute again, and gets the same: of these the one that came last stands.
COMPUTED = (*layout.OF_PAIR, "features", "fingerprints", "projections", "pivot", "pictures")
# The mode of files that were made here to be filled: of no use to anybody without the database.  No umask gives it to a
# file that is written.
FETCHED = 0o740
TABLES = (
    "CREATE TABLE IF NOT EXISTS files"
    " (name TEXT PRIMARY KEY, version TEXT, size INTEGER, inode INTEGER, changed INTEGER)",
    "CREATE TABLE IF NOT EXISTS blocks (inode INTEGER, block INTEGER, PRIMARY KEY (inode, block)) WITHOUT ROWID",
)


class Mirror:
    """One data set's folder, whose files are those at an address.

    Attributes:
        room: to be asked for bytes before they are put into the folder.
        seen: when the address was last looked at (``time.monotonic``); 0 before.
    """

    def __init__(self, folder: Path, url: str, room: Callable[[int], None]) -> None:
        self.folder, self.url, self.room = folder, url, room
        self.seen = 0.0
        self._database = folder.parent / f".{folder.name}.sqlite"
        self._lock = threading.RLock()

    @cached_property
    def files(self) -> Files:
        """What lies at the address."""
        return Files(self.url)

    @contextlib.contextmanager
    def known(self) -> Iterator[sqlite3.Connection]:
        """The database, in a transaction of its own that no other process is in."""
        with self._lock, contextlib.closing(sqlite3.connect(self._database, timeout=60, isolation_level=None)) as base:
            # What the disk loses with the power is fetched again: nothing waits for it.
            for line in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", *TABLES):
                base.execute(line)
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    def sync(self) -> None:
        """Make the folder what is at the address, and put there what was written here and is not there yet.

        Raises:
            DatasetError: it cannot be reached, or a file that nobody can compute was changed on both sides.
        """
        there = {name: entry for name, entry in self.files.listing() if layout.part_of(name)}
        with self.known() as base:
            rows = {name: _Known(*about) for name, *about in base.execute("SELECT * FROM files")}
            own = {name: file.stat() for part in layout.PARTS for name, file in layout.files(self.folder, part).items()}
            written = {name for name, status in own.items() if _is_written(status, rows.get(name))}
            for name, entry in there.items():
                is_new = name not in rows or rows[name].entry != entry
                if name in written and is_new and not self._stands(name, entry):
                    written.discard(name)
                if name not in written and (is_new or name not in own or not rows[name].fits(own[name])):
                    self._place(base, name, entry)
            for name in (rows.keys() | own.keys()) - there.keys() - written:  # taken away there, or never filled
                (self.folder / name).unlink(missing_ok=True)
                base.execute("DELETE FROM files WHERE name = ?", (name,))
        self.seen = time.monotonic()
        self._together(self.upload, sorted(written))
        self._together(self.fetch, [name for name in there if layout.part_of(name) not in (*LAZY, *BY_FOLDER)])

    def _stands(self, name: str, entry: Entry) -> bool:
        """Whether what was written here stands against what was written there; of computed files it does not.

        Raises:
            DatasetError: that is for somebody to say.
        """
        if layout.part_of(name) in COMPUTED:
            return False
        path = self.folder / name
        if path.stat().st_size == entry.size and self.files.read(name, 0, entry.size) == path.read_bytes():
            return True
        raise DatasetError(
            f"{name!r} was changed at {self.url} and here; keep one: delete {str(path)!r} to take that of the address, "
            "or delete it there, and run this again"
        )

    def _place(self, base: sqlite3.Connection, name: str, entry: Entry, changed: int | None = None) -> None:
        """Put a file of holes in a file's place."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.sweep(path.parent)
        with unfinished.beside(path.parent) as temporary:
            os.truncate(temporary, entry.size)
            temporary.chmod(FETCHED)
            os.utime(temporary, ns=(time.time_ns(), changed or time.time_ns()))
            status = temporary.stat()
            temporary.replace(path)
        self._note(base, name, entry, status)

    def _note(self, base: sqlite3.Connection, name: str, entry: Entry, status: os.stat_result) -> None:
        base.execute(
            "DELETE FROM blocks WHERE inode IN (?, (SELECT inode FROM files WHERE name = ?))", (status.st_ino, name)
        )
        about = (name, entry.version, entry.size, status.st_ino, status.st_mtime_ns)
        base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", about)

    def note_blocks(self, name: str, handle: int, blocks: Iterable[int]) -> None:
        """Remember which blocks of an open file are there, if it is still the one in its place."""
        inode = os.fstat(handle).st_ino
        with self.known() as base:
            if base.execute("SELECT inode FROM files WHERE name = ?", (name,)).fetchone() == (inode,):
                base.executemany("INSERT OR IGNORE INTO blocks VALUES (?, ?)", ((inode, block) for block in blocks))

    def opened(self, name: str) -> Opened | None:
        """A file of which something may have to be fetched; ``None`` where all of it was written here.

        Raises:
            OSError: it cannot be opened.
        """
        found = self._opened(name)
        if found and not found.is_whole and layout.part_of(name) in BY_FOLDER:
            above = name.rpartition("/")[0]
            others = (f"{above}/{path.name}" for path in (self.folder / above).iterdir())
            self._together(self.fetch, [other for other in others if layout.part_of(other)])
            found.close()
            return self._opened(name)
        return found

    def _opened(self, name: str) -> Opened | None:
        path = self.folder / name
        with contextlib.ExitStack() as stack:
            if not stat.S_ISREG(path.lstat().st_mode):
                return None
            handle = os.open(path, os.O_RDWR)
            stack.callback(os.close, handle)
            with self.known() as base:
                row = self._row(base, name)
                status = os.fstat(handle)
                if row is None or not row.fits(status):
                    return None
                there = {block for (block,) in base.execute("SELECT block FROM blocks WHERE inode = ?", (row.inode,))}
            os.utime(handle, ns=(time.time_ns(), row.changed))
            stack.pop_all()
        return Opened(self, name, handle, row.entry, there)

    def _row(self, base: sqlite3.Connection, name: str) -> _Known | None:
        found = base.execute("SELECT version, size, inode, changed FROM files WHERE name = ?", (name,)).fetchone()
        return _Known(*found) if found else None

    def fetch(self, name: str) -> None:
        """Fetch all of a file that is not here."""
        with contextlib.suppress(FileNotFoundError):
            if whole := self._opened(name):
                with whole:
                    whole.fetch_all()

    def upload(self, name: str) -> None:
        """Put a file that was written here to the address.

        Raises:
            DatasetError: that cannot be done, or one that nobody can compute was changed there.
        """
        if not layout.part_of(name):
            return
        path = self.folder / name
        with self.known() as base:
            row = self._row(base, name)
            count = base.execute("SELECT count(*) FROM blocks WHERE inode = ?", (row.inode if row else -1,)).fetchone()
        if row and path.stat().st_ino == row.inode and count[0] < -(-row.entry.size // BLOCK):
            raise DatasetError(f"{name!r} was not fetched whole before it was written to; delete {str(path)!r}")
        there = None if layout.part_of(name) in COMPUTED else self.files.about(name)
        if there and (row is None or row.entry != there):
            self._stands(name, there)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                entry = self.files.put(path, name)
        except DatasetError as error:
            raise DatasetError(f"{error}; {name!r} is kept here, and is put there by the next run") from error
        with self.known() as base:
            self._note(base, name, entry, status)
            blocks = range(-(-entry.size // BLOCK))
            base.executemany("INSERT INTO blocks VALUES (?, ?)", ((status.st_ino, block) for block in blocks))

    def remove(self, name: str) -> None:
        """Take a file away at the address, and forget it."""
        self.files.remove(name)
        with self.known() as base:
            base.execute("DELETE FROM files WHERE name = ?", (name,))

    def make_holes(self, name: str) -> None:
        """Give the room of a file back, if it can be fetched again."""
        with self.known() as base, contextlib.suppress(FileNotFoundError):
            row = self._row(base, name)
            if row and row.fits((self.folder / name).stat()):
                self._place(base, name, row.entry, row.changed)

    def _together(self, do: Callable[[str], None], names: Iterable[str]) -> None:
        """Some at a time; the first error is raised when all are done."""
        if chosen := list(names):
            with ThreadPoolExecutor(min(SIDE, len(chosen))) as threads:
                for _ in threads.map(do, chosen):
                    pass


@dataclass(frozen=True)
class _Known:
    """What the database says of a file: its version and bytes at the address, and its inode and time here."""

    version: str
    size: int
    inode: int
    changed: int

    @property
    def entry(self) -> Entry:
        return Entry(self.size, self.version)

    def fits(self, status: os.stat_result) -> bool:
        """Whether a file here is as it was fetched or put."""
        return (self.size, self.inode, self.changed) == (status.st_size, status.st_ino, status.st_mtime_ns)


def _is_written(status: os.stat_result, known: _Known | None) -> bool:
    """Whether a file was written here, and is not at the address.

    Never one that was made to be filled and that the database does not know, as where a process was killed.
    """
    if known is not None and known.inode == status.st_ino:
        return not known.fits(status)
    return stat.S_IMODE(status.st_mode) != FETCHED
