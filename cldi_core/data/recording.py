"""Work that others watch: how far it is, who runs it and how it ended; started, watched and ended from other processes.

All of that is in one file of a folder, which is replaced as a whole.  Whether somebody is still at it is not in the
file: the lock beside it tells, which is free as soon as its process ends in any way.  So work that was killed is known
to be interrupted, however far its last words are from the truth.
"""

from __future__ import annotations

import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from cldi_core.data import checksums, children, job_queue, storage
from cldi_core.data.job_queue import Ticket
from cldi_core.data.processes import Holder

EVERY = 1.0  # seconds between two writes of the status
State = Literal["waiting", "starting", "running", "interrupted", "failed", "stopped", "done"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """The newest work of one kind in a folder.

    Attributes:
        state: ``"waiting"`` for its turn in the queue, ``"starting"`` before it can tell how far it is, ``"running"``,
            ``"interrupted"`` if it ended before it was done and said nothing, ``"failed"``, ``"stopped"`` where a limit
            ended it, or ``"done"``.
        runner: the process that is or was at it, and since when; ``None`` where nobody knows.
        ended: when it was done, stopped or failed, as ISO 8601; empty until then.
        total, done: of what it counts in; ``done`` has what was kept from before.
        kept: how many were done before it began.
        seconds: since it could first tell how far it is, when this was written.
        error: why it failed or stopped, in one line.
        said: the last line that it printed, such as how far a download is, if it was started in this process.
        ticket: its place in the queue, if a page started it and it is not done.
    """

    state: State
    runner: Holder | None = None
    ended: str = ""
    total: int = 0
    done: int = 0
    kept: int = 0
    seconds: float = 0.0
    error: str = ""
    said: str = field(default="", compare=False)
    ticket: Ticket | None = field(default=None, compare=False)

    @property
    def is_active(self) -> bool:
        """Whether somebody is at it, or will be."""
        return self.state in ("waiting", "starting", "running")

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at the pace so far; ``None`` before there is one."""
        through = self.done - self.kept
        return (self.total - self.done) * self.seconds / through if through > 0 and self.seconds > 0 else None

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


J = TypeVar("J", bound=Job)


class Record(ABC, Generic[J]):
    """Where work of one kind is written down: a folder with a status file, a lock, and what a process printed.

    The folder lies in one of its data set, as in ``features/vgg19``.

    Attributes:
        status_file, log_file: their names; the log is that of a process which was started here.
    """

    status_file: str
    log_file: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def as_json(self, job: J) -> dict[str, Any]:
        """What the status file is to say: all that is known of it but what its process said, and its place."""
        return {name: value for name, value in asdict(job).items() if name not in ("said", "ticket")}

    @abstractmethod
    def from_json(self, found: Any) -> J | None:
        """What a status file says of work that nobody is at; ``None`` where it says nothing.

        Raises:
            KeyError, TypeError, ValueError or AttributeError: it is something else, and says nothing either.
        """

    @abstractmethod
    def fresh(self, before: J | None, said: str) -> J | None:
        """Work that has not written a word yet, after the one ``before``; ``None`` where that tells nothing."""

    def status(self) -> Any:
        """What the status file holds; an empty dict where there is none, or it is broken."""
        try:
            return json.loads(storage.read_text(self.folder / self.status_file))
        except (OSError, ValueError, RecursionError):
            return {}

    def write(self, job: J) -> None:
        """Replace the status file; OSError where it cannot be written."""
        storage.write_text(self.folder / self.status_file, checksums.with_checksum(self.as_json(job)))

    def read(self) -> J | None:
        """The newest work; ``None`` if there is no trace of any."""
        ticket = job_queue.ticket_of(self.folder)
        found = self._read()
        if ticket is None:
            return found
        if ticket.before:
            fresh = self.fresh(found, "")
            return replace(fresh, state="waiting", runner=ticket.runner, ticket=ticket) if fresh else None
        if found is not None and not found.is_active:  # its turn has just come, and it has no lock yet
            found = self.fresh(found, "")
        return replace(found, ticket=ticket, runner=found.runner or ticket.runner) if found else None

    def _read(self) -> J | None:
        """As ``read``, of who has the lock or was started here, wherever in the queue that is."""
        # The lock first: one that ends writes its last words before it lets go of it.
        locked = storage.is_locked(self.folder)
        found: J | None = None
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            found = self.from_json(self.status())
        own = children.own(self.folder)
        # One that was started here names itself as soon as it has the lock; until then it waits for it.
        waiting = own is not None and (found is None or found.runner is None or found.runner.pid != own)
        if locked or waiting:
            said = "" if own is None else children.said(self.folder / self.log_file)
            if found is None or found.ended:  # it has not written a word yet: these are the last one's
                return self.fresh(found, said)
            return replace(found, state="running" if found.total else "starting", said=said)
        unnamed = found is not None and found.state == "interrupted" and found.runner is None
        printed = children.said(self.folder / self.log_file) if unnamed else ""
        if found is not None and printed and children.AT_WORK not in printed:
            # It ended before it could take the lock: what it printed is all that is known.
            return replace(found, state="failed", error=printed.removeprefix("error: "))
        return found

    def start(
        self, begun: J, arguments: Sequence[str], what: str, environment: Mapping[str, str] | None = None, by: str = ""
    ) -> None:
        """Begin or go on in a process of its own, which outlives this one, when its turn comes; nothing if one runs.

        Args:
            begun: what is said of it until it names itself.
            arguments, what, environment: as those of ``children.start``.
            by: who starts it, for those who wait.

        Raises:
            DatasetError: the folder cannot be written to, no process can be started, or ``job_queue.variables``.
        """
        before = self.read()
        if before is not None and before.is_active:
            return
        queued = {
            **(environment or {}),
            **job_queue.variables(f"{what} in {self.folder.parents[1].name}", self.folder, by),
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.write(begun)
            children.start(self.folder / self.log_file, arguments, what, queued)
        except OSError as error:
            raise storage.cannot_write(self.folder, error) from error

    def cancel(self, what: str) -> None:
        """End it; what it finished is kept.

        Raises:
            DatasetError: it runs on another machine, nobody knows which process it is, it is another user's, or it
            does not end.
        """
        if children.end_own(self.folder, what):
            return
        found = self.read()
        if found is not None and found.is_active:
            children.end_other(found.runner, what)

    def locked(self, wait: float | None = None) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of the folder; as ``storage.lock``, with its errors, after so many seconds of waiting."""
        return storage.lock_named_elsewhere(self.folder, self._runner, wait)

    def _runner(self) -> Holder | None:
        found = self.read()
        return found.runner if found else None

    @contextlib.contextmanager
    def kept(self, begun: J) -> Iterator[Recorder[J]]:
        """Keep the status file in which others see how far the work of this process is; to be entered with the lock."""
        recorder = Recorder(self, begun)
        try:
            yield recorder
        except Exception as error:
            recorder.fail(error)
            raise
        finally:
            recorder.write()


class Recorder(Generic[J]):
    """Keeps the status file of the work that this process does."""

    def __init__(self, record: Record[J], begun: J) -> None:
        self.job = begun
        self._record = record
        self._first: float | None = None
        self._written = 0.0
        self.write()

    def tell(self, total: int, done: int, **more: Any) -> None:
        """How far it is; the first time, with what was done before.

        Args:
            more: further fields of the job.
        """
        now = time.monotonic()
        if self._first is None:
            self._first, self._written = now, now - EVERY
            self.job = replace(self.job, kept=done)
        self.job = replace(self.job, state="running", total=total, done=done, seconds=now - self._first, **more)
        if now - self._written >= EVERY:
            self._written = now
            self.write()
            if job_queue.is_queued():  # who started it in a terminal fills the disk knowingly
                job_queue.check_room(self._record.folder)

    def finish(self, stopped: str = "", **more: Any) -> None:
        """It is done, or was stopped: why.  More: further fields of the job."""
        self.job = replace(self.job, state="stopped" if stopped else "done", ended=now_iso(), error=stopped, **more)

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        line = " ".join(str(error).split()) or type(error).__name__
        self.job = replace(self.job, state="failed", ended=now_iso(), error=line)

    def write(self) -> None:
        """Replace the file."""
        with contextlib.suppress(OSError):  # a full disk is told of by what is written in earnest
            self._record.write(self.job)


def now_iso() -> str:
    """The time now in this zone, as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
