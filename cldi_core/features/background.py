"""Extraction jobs: how far one is, who runs it and how it ended; started, watched and ended from other processes.

All of that is in one file, ``features/<backbone>/extraction.json``, which is replaced as a whole.  Whether somebody is
still at it is not in the file: the lock beside it tells, which is free as soon as its process ends in any way.  So an
extraction that was killed is known to be interrupted, however far its last words are from the truth.

The file holds what the newest extraction that came to its end made (``Made``; all there was in version 0.1), and under
``"job"`` the newest extraction, whatever became of it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cldi_core.data import children, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.features import shards
from cldi_core.features.backbones import find_backbone
from cldi_core.scoring.hardware import check_device

STATUS = "extraction.json"
LOG = ".extract.log"  # what a process prints that was started here
EVERY = 1.0  # seconds between two writes of the status
COUNTS = ("total", "done", "kept", "failed")
State = Literal["starting", "running", "interrupted", "failed", "done"]


@dataclass(frozen=True)
class Made:
    """What the newest extraction made that came to its end and had something to do.

    Attributes:
        finished: when, as ISO 8601.
        seconds: how long it took.
        extracted: how many pictures got features.
        device, arithmetic: what computed them, and in which numbers.
        weights: the SHA-256 of the weights' file; empty where version 0.1 wrote this.
    """

    finished: str
    seconds: float
    extracted: int
    device: str = ""
    arithmetic: str = ""
    weights: str = ""


@dataclass(frozen=True)
class ExtractionJob:
    """The newest extraction of a backbone in a data set.

    Attributes:
        state: ``"starting"`` while the network is fetched and loaded, ``"running"``, ``"interrupted"`` if it ended
            before it was done and said nothing, ``"failed"``, or ``"done"``.
        runner: the process that is or was at it, and since when; ``None`` where nobody knows.
        ended: when it was done or failed, as ISO 8601; empty until then.
        total, done, failed: pictures; ``done`` counts failed ones and those that were kept from before.
        kept: how many were done before its first picture.
        seconds: since its first picture, when this was written.
        error: why it failed, in one line.
        said: the last line that it printed, such as how far a download is, if it was started in this process.
        made: by the newest one that came to its end; ``None`` before there is one.
    """

    backbone: str
    state: State
    device: str = ""
    runner: Holder | None = None
    ended: str = ""
    total: int = 0
    done: int = 0
    kept: int = 0
    failed: int = 0
    seconds: float = 0.0
    error: str = ""
    said: str = ""
    made: Made | None = None

    @property
    def is_active(self) -> bool:
        """Whether somebody is at it."""
        return self.state in ("starting", "running")

    @property
    def rate(self) -> float:
        """Pictures per second; 0 before there is a rate."""
        return (self.done - self.kept) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at this rate; ``None`` before there is a rate."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


def jobs(dataset: Dataset) -> dict[str, ExtractionJob]:
    """The newest extraction of each backbone that ever had one: backbone → job."""
    found = {folder.name: _read(folder) for folder in sorted((dataset.home / "features").glob("*/"))}
    return {name: job for name, job in found.items() if job is not None}


def job(dataset: Dataset, backbone: str) -> ExtractionJob | None:
    """The newest extraction of a backbone; ``None`` if there is no trace of one."""
    return _read(shards.folder_of(dataset, backbone))


def start(dataset: Dataset, backbone: str, device: str = "cpu") -> None:
    """Begin or go on with an extraction in a process of its own, which outlives this one; nothing happens if one runs.

    Raises:
        UnknownNameError: unknown backbone or device; DatasetError: the folder of features cannot be written to, or no
        process can be started.
    """
    check_device(device)
    folder = shards.folder_of(dataset, find_backbone(backbone).name)
    before = _read(folder)
    if before is not None and before.is_active:
        return
    command = ["extract", "--dataset", str(dataset.path.resolve()), "--backbone", backbone, "--device", device]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, ExtractionJob(backbone, "starting", device, made=_made_of(_status(folder))))
        children.start(folder / LOG, command, f"the extraction of {backbone}")
    except OSError as error:
        raise storage.cannot_write(folder, error) from error


def cancel(dataset: Dataset, backbone: str) -> None:
    """End an extraction; what it finished is kept.

    Raises:
        UnknownNameError: unknown backbone; DatasetError: it runs on another machine, nobody knows which process it is,
        it is another user's, or it does not end.
    """
    folder = shards.folder_of(dataset, find_backbone(backbone).name)
    what = f"the extraction of {backbone}"
    if children.end_own(folder, what):
        return
    found = _read(folder)
    if found is not None and found.is_active:
        children.end_other(found.runner, what)


class Recorder:
    """Keeps the status file of the extraction that this process runs."""

    def __init__(self, folder: Path, begun: ExtractionJob) -> None:
        self.job = begun
        self._folder, self._first, self._written = folder, 0.0, 0.0
        self.write()

    def tell(self, total: int, done: int, failed: int) -> None:
        """How far it is, in pictures; the first time, with what was kept from before."""
        now = time.monotonic()
        if not self.job.total:
            self._first, self._written = now, now - EVERY
            self.job = replace(self.job, kept=done)
        self.job = replace(self.job, total=total, done=done, failed=failed, seconds=now - self._first)
        if now - self._written >= EVERY:
            self._written = now
            self.write()

    def finish(self, made: Made | None) -> None:
        """It is done; ``None`` where nothing was left to do."""
        self.job = replace(self.job, ended=now_iso(), made=made or self.job.made)

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        self.job = replace(self.job, ended=now_iso(), error=" ".join(str(error).split()) or type(error).__name__)

    def write(self) -> None:
        """Replace the file."""
        with contextlib.suppress(OSError):  # a full disk is told of by what is written in earnest
            _write(self._folder, self.job)


@contextlib.contextmanager
def recorded(dataset: Dataset, backbone: str, device: str, what: str) -> Iterator[Recorder]:
    """Hold the lock of a backbone's features, and keep the status file in which others see how far it is.

    Where nothing can be written there is nothing to lock: there one may look whether anything is left to do.

    Args:
        what: is run, for those who wait, as in ``"extract --backbone vgg19"``.

    Raises:
        DatasetError: another process extracts the same.
    """
    folder = shards.folder_of(dataset, backbone)
    locked = storage.lock_named_elsewhere(folder, lambda: _runner_of(folder))
    with locked if storage.is_writable(folder) else contextlib.nullcontext():
        made = _made_of(_status(folder))
        recorder = Recorder(folder, ExtractionJob(backbone, "starting", device, Holder.this_process(what), made=made))
        try:
            yield recorder
        except Exception as error:
            recorder.fail(error)
            raise
        finally:
            recorder.write()


def now_iso() -> str:
    """The time now in this zone, as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _write(folder: Path, job: ExtractionJob) -> None:
    about = {name: getattr(job, name) for name in ("backbone", "device", "ended", *COUNTS, "seconds", "error")}
    about["runner"] = asdict(job.runner) if job.runner else None
    storage.write_text(folder / STATUS, json.dumps({**(asdict(job.made) if job.made else {}), "job": about}))


def _status(folder: Path) -> dict[str, Any]:
    """What the status file says; nothing where there is none, or it is broken."""
    try:
        found = json.loads(storage.read_text(folder / STATUS))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _made_of(status: dict[str, Any]) -> Made | None:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        texts = (str(status.get(name, "")) for name in ("device", "arithmetic", "weights"))
        return Made(str(status["finished"]), float(status["seconds"]), int(status["extracted"]), *texts)
    return None


def _job_of(backbone: str, status: dict[str, Any]) -> ExtractionJob | None:
    """What a status file says, if nobody is at it; ``None`` where it says nothing."""
    made = _made_of(status)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        about: dict[str, Any] = status["job"]
        device, ended, error = (str(about[name]) for name in ("device", "ended", "error"))
        total, done, kept, failed = (int(about[name]) for name in COUNTS)
        runner, seconds = Holder.from_json(about["runner"]), float(about["seconds"])
        state: State = "failed" if error else "done" if ended else "interrupted"
        return ExtractionJob(
            backbone, state, device, runner, ended, total, done, kept, failed, seconds, error, made=made
        )
    if made is None:
        return None
    return ExtractionJob(backbone, "done", made.device, ended=made.finished, made=made)  # as version 0.1 wrote it


def _read(folder: Path) -> ExtractionJob | None:
    # The lock first: one that ends writes its last words before it lets go of it.
    locked = storage.is_locked(folder)
    found = _job_of(folder.name, _status(folder))
    own = children.own(folder)
    # One that was started here names itself as soon as it has the lock; until then it waits for it.
    waiting = own is not None and (found is None or found.runner is None or found.runner.pid != own)
    if locked or waiting:
        said = "" if own is None else children.said(folder / LOG)
        if found is None or found.ended:  # it has not written a word yet: these are the last one's
            return ExtractionJob(folder.name, "starting", said=said, made=found.made if found else None)
        return replace(found, state="running" if found.total else "starting", said=said)
    unnamed = found is not None and found.state == "interrupted" and found.runner is None
    if found is not None and unnamed and (printed := children.said(folder / LOG)):
        # It ended before it could take the lock: what it printed is all that is known.
        return replace(found, state="failed", error=printed.removeprefix("error: "))
    return found


def _runner_of(folder: Path) -> Holder | None:
    found = _read(folder)
    return found.runner if found else None
