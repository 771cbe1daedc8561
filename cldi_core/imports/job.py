"""Imports as jobs: how far one is, who runs it and how it ended; started, watched and ended from other processes.

All of that is in the file ``imports/newest/status.json`` (see ``data.recording``), which ``start`` makes: what somebody
imports in a terminal is told there and nowhere else.  So there is one at a time in a data set.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cldi_core.data import children
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.data.recording import Job, Record, State
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports import given as uploads
from cldi_core.imports import report as reports
from cldi_core.imports.given import Given

if TYPE_CHECKING:
    from cldi_core.imports.wanted import Wanted

FOLDER, STATUS, LOG = f"{reports.FOLDER}/newest", "status.json", ".import.log"
ENDING = 10.0  # seconds that a process which was told to end is waited for
_starting = threading.Lock()


@dataclass(frozen=True)
class ImportJob(Job):
    """The newest import into a data set that a page started; it is ``"starting"`` until it counts.

    Attributes:
        what: is stored, for people.
        total, done: of what its source counts in; a list does not.
    """

    what: str

    @property
    def rate(self) -> float:
        """What it stores a second; 0 before there is a rate."""
        return (self.done - self.kept) / self.seconds if self.seconds > 0 else 0.0


class ImportRecord(Record[ImportJob]):
    """The status file of a data set's imports."""

    status_file, log_file = STATUS, LOG

    def from_json(self, found: Any) -> ImportJob | None:
        """What ``as_json`` wrote, of work that nobody is at."""
        numbers: dict[str, Any] = {name: int(found[name]) for name in ("total", "done", "kept")}
        texts: dict[str, Any] = {name: str(found[name]) for name in ("ended", "error")}
        ends: tuple[State, ...] = ("failed", "done")
        state: State = next((each for each in ends if each == found["state"]), "interrupted")
        runner, seconds = Holder.from_json(found["runner"]), float(found["seconds"])
        return ImportJob(str(found["what"]), state=state, runner=runner, seconds=seconds, **numbers, **texts)

    def fresh(self, before: ImportJob | None, said: str) -> ImportJob | None:
        """Work that begins."""
        return ImportJob(before.what, state="starting", said=said) if before else None


def job(dataset: Dataset) -> ImportJob | None:
    """The newest import that a page started; ``None`` if there is no trace of one."""
    return _record(dataset.path).read()


def start(dataset: Dataset, wanted: Wanted[Any], given: Given, seen: str, by: str = "") -> None:
    """Store what somebody looked at, in a process that outlives this one, when its turn comes.

    Args:
        given: what was uploaded of it; it is that process's from now on.
        seen: the digest of what was seen; by: who starts it.

    Raises:
        DatasetError: another import into the data set is under way; or as ``Record.start``.
    """
    record = _record(dataset.path)
    with _starting:
        before = record.read()
        if before is not None and before.is_active:
            raise DatasetError(f"{before.what!r} is being stored in this data set; wait for it, and store this then")
        given.plan({"wanted": wanted.as_json(), "seen": seen})
        arguments = ["import-given", str(given.folder), "--dataset", str(dataset.path.resolve())]
        record.start(ImportJob(wanted.what, state="starting"), arguments, f"the import of {wanted.what}", by=by)
        if pid := children.own(record.folder):
            given.hand_over(pid)


def cancel(dataset: Dataset) -> None:
    """End an import, and take away what was uploaded; pictures that it has stored stay, and are not stored twice.

    Raises:
        DatasetError: as ``Record.cancel``.
    """
    record = _record(dataset.path)
    record.cancel("the import")
    until = time.monotonic() + ENDING
    while (found := record.read()) and found.is_active and time.monotonic() < until:
        time.sleep(0.1)  # one that another process started ends by itself
    uploads.sweep()


def run(dataset: Path, folder: Path) -> list[reports.Report]:
    """Store what was given in a folder, and tell others how far that is; the folder goes.

    Raises:
        DatasetError: there is no such thing, another process imports, or the data set cannot be written to; the errors
            of the import.
    """
    wanted, seen = _plan(folder)
    record = _record(dataset)
    try:
        with record.locked():
            begun = ImportJob(wanted.what, state="starting", runner=Holder.this_process("import"))
            with record.kept(begun) as recorder, _surprises(record):
                made = wanted.store_seen(Dataset(dataset), folder, seen, lambda done, total: recorder.tell(total, done))
                recorder.finish()
        return list(made)
    finally:
        uploads.remove(folder)


def _plan(folder: Path) -> tuple[Wanted[Any], str]:
    """What is to be stored, and the digest of what was seen of it."""
    from cldi_core.imports import wanted  # and with it all that imports, which who watches does not need

    found = uploads.planned(folder)
    try:
        return wanted.from_json(found["wanted"]), str(found["seen"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"what is to be imported is not said in {str(folder)!r}; give it again") from error


@contextlib.contextmanager
def _surprises(record: ImportRecord) -> Iterator[None]:
    """What nobody foresaw is told whole in the log, and by its kind elsewhere: who looks at a page may not see more."""
    try:
        yield
    except (CldiError, OSError):
        raise
    except Exception as error:
        traceback.print_exc()
        log = f"{record.folder.parents[1].name}/{FOLDER}/{LOG}"
        raise DatasetError(f"the import failed ({type(error).__name__}); {log} says more") from error


def _record(dataset: Path) -> ImportRecord:
    return ImportRecord(dataset / FOLDER)
