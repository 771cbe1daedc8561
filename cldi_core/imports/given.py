"""What somebody gave to be imported, in a temporary folder of its own that is gone when whose it is has ended.

It is this process's at first, and that of the process which stores it once it was handed over.  Which one that is
stands beside the folder, from before it is there until it is gone, so that what a killed process left is known for what
it is, and swept away by others.  All are in the folder of the queue: a system's own for temporary files may be gone
with the server, which the process outlives.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cldi_core.data import job_queue, parsing, storage
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError

FOLDER, PLATE, PLAN = "given", ".json", "plan.json"


@dataclass(frozen=True)
class Source:
    """A file or folder to be imported.

    Attributes:
        path: from the root of this machine's disk, or the name of an upload in its temporary folder.
        name: what reports call it.
    """

    path: str
    name: str


class Given:
    """A temporary folder for what was uploaded; it goes with this object, unless it was handed over.

    Attributes:
        folder: nobody but this user may look into it, and the files in it have names of our own.

    Raises:
        DatasetError: it cannot be made, or too little of the disk is free.
    """

    def __init__(self) -> None:
        sweep()
        job_queue.check_room(place())
        try:
            place().mkdir(parents=True, exist_ok=True)
            self.folder = place() / secrets.token_hex(8)
            self._end = weakref.finalize(self, remove, self.folder)
            _belongs_to(self.folder, os.getpid())
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise storage.cannot_write(place(), error) from error
        self._count = 0

    def take(self, name: str, data: bytes | memoryview, called: str = "") -> Source:
        """Keep a file that was uploaded.

        Args:
            name: what reports are to call it; no path is made of it.
            called: a name of our own for the file, for those that errors name.

        Raises:
            DatasetError: it cannot be written.
        """
        self._count += 1
        source = Source(called or f"upload-{self._count}", name)
        try:
            (self.folder / source.path).write_bytes(data)
        except OSError as error:
            raise storage.cannot_write(self.folder, error) from error
        return source

    def plan(self, plan: dict[str, Any]) -> None:
        """Write down what is to become of it; DatasetError where that cannot be done."""
        try:
            (self.folder / PLAN).write_text(json.dumps(plan), "utf-8")
        except OSError as error:
            raise storage.cannot_write(self.folder, error) from error

    def hand_over(self, pid: int) -> None:
        """From now on it is another process's of this machine, which takes it away."""
        with contextlib.suppress(OSError):  # that process may have taken it away already
            _belongs_to(self.folder, pid)
        self._end.detach()


def place() -> Path:
    """Where such folders are."""
    return job_queue.place() / FOLDER


def planned(folder: Path) -> Any:
    """What is to become of what was given.

    Raises:
        DatasetError: nothing was given in that folder, or it is gone.
    """
    try:
        if not plate_of(folder).is_file():
            raise OSError("nobody is named there")
        return parsing.parsed_json(storage.read_text(folder / PLAN))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"what was to be imported is not in {str(folder)!r} any more; give it again") from error


def remove(folder: Path) -> None:
    """Take away what was given; what is half gone is none any more."""
    with contextlib.suppress(OSError):
        (folder / PLAN).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        plate_of(folder).unlink(missing_ok=True)


def plate_of(folder: Path) -> Path:
    """The file that says whose a folder is."""
    return folder.parent / f"{folder.name}{PLATE}"


def sweep() -> None:
    """Take away what belongs to processes of this user and machine that have ended."""
    for plate in sorted(place().glob(f"*{PLATE}")):
        with contextlib.suppress(OSError):
            holder = storage.holder(plate)
            is_ours = plate.lstat().st_uid == getattr(os, "getuid", int)()  # on Windows all are 0
            if holder and is_ours and holder.is_here and not holder.is_alive:
                remove(plate.with_suffix(""))


def _belongs_to(folder: Path, pid: int) -> None:
    storage.write_text(plate_of(folder), storage.named(Holder.process(pid, "import")))
