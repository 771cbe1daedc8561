"""Storing what was imported, beside the pages: a thread of the server for each data set, watched from any session.

It waits for its turn in the queue of all long work, as jobs do that are processes of their own.  It goes on when the
visitor turns to another page or closes the browser, and ends with the server; an import that was ended goes on when it
is started again, as every import does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cldi_core.data import job_queue
from cldi_core.data.job_queue import Request, Ticket
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports.report import Report

LOOK = 1.0  # seconds between two looks at the free disk
log = logging.getLogger("cldi")
Progress = Callable[[int, int], object]
Work = Callable[[Progress], Sequence[Report]]
_jobs: dict[Path, ImportJob] = {}
_starting = threading.Lock()


@dataclass
class ImportJob:
    """An import into one data set, and how far it is.

    Attributes:
        what: is stored, for people; folder: of the data set.
        done, total: of what its source counts in; ``total`` is 0 before that is known.
        reports: what came of it.
        error: why it failed, in one line.
        before: how many jobs it waits for; 0 when it stores.
        over: set when it has ended, in whatever way.
    """

    what: str
    folder: Path
    done: int = 0
    total: int = 0
    reports: Sequence[Report] = ()
    error: str = ""
    before: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _begun: float = field(default_factory=time.monotonic)
    _looked: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.over.is_set()

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def rate(self) -> float:
        """What it stores a second; 0 before there is a rate."""
        return self.done / max(time.monotonic() - self._begun, 1e-3)

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at this rate; ``None`` where that is not known."""
        return (self.total - self.done) / self.rate if self.total and self.done else None

    def tell(self, done: int, total: int) -> None:
        """How far it is; DatasetError where the disk is as full as jobs may make it."""
        self.done, self.total = done, total
        if (now := time.monotonic()) - self._looked > LOOK:
            self._looked = now
            job_queue.check_room(self.folder)

    def wait(self, ticket: Ticket) -> None:
        """Its turn has not come."""
        self.before = ticket.before

    def begin(self) -> None:
        """Its turn has come: from now on it has a rate."""
        self.before, self._begun = 0, time.monotonic()


def of(folder: Path) -> ImportJob | None:
    """The newest import into a data set since the server began; ``None`` where there was none."""
    return _jobs.get(folder.resolve())


def start(folder: Path, what: str, work: Work, by: str = "") -> ImportJob:
    """Begin to store something in a data set, when its turn comes.

    Args:
        work: stores it, and gives the reports; told how to tell how far it is.
        by: who starts it.

    Raises:
        DatasetError: another import into it is under way here, or too little of the disk is free.
    """
    job_queue.check_room(folder)
    with _starting:
        before = of(folder)
        if before is not None and not before.ended:
            raise DatasetError(f"{before.what!r} is being stored in this data set; wait for it, and store this then")
        job = _jobs[folder.resolve()] = ImportJob(what, folder)
    request = Request(f"the import of {what} into {folder.name}", str(folder.resolve()), by)
    threading.Thread(target=_run, args=(job, work, request), name=f"import into {folder.name}", daemon=True).start()
    return job


def _run(job: ImportJob, work: Work, request: Request) -> None:
    try:
        with job_queue.turn(request, waits=job.wait):
            job.begin()
            job.reports = work(job.tell)
    except CldiError as error:
        job.error = str(error)
    except Exception as error:
        log.exception("an import failed")
        job.error = f"the import failed ({type(error).__name__}); the server's log says more"
    finally:
        job.over.set()
