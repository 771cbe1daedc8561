"""Extractions as jobs: how far one is, who runs it and how it ended; started, watched and ended from other processes.

The file ``features/<backbone>/extraction.json`` holds what the newest extraction that came to its end made (``Made``;
all there was in version 0.1), and under ``"job"`` the newest extraction, whatever became of it (see
``data.recording``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.data.recording import Job, Record, Recorder, State
from cldi_core.features import shards
from cldi_core.features.backbones import find_backbone
from cldi_core.scoring.hardware import check_device

STATUS = "extraction.json"
LOG = ".extract.log"  # what a process prints that was started here
COUNTS = ("total", "done", "kept", "failed")


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
class ExtractionJob(Job):
    """The newest extraction of a backbone in a data set; it is ``"starting"`` while its network is fetched and loaded.

    Attributes:
        total, done, failed: pictures; ``done`` counts failed ones and those that were kept from before.
        made: by the newest one that came to its end; ``None`` before there is one.
    """

    backbone: str
    device: str = ""
    failed: int = 0
    made: Made | None = None

    @property
    def rate(self) -> float:
        """Pictures per second; 0 before there is a rate."""
        return (self.done - self.kept) / self.seconds if self.seconds > 0 else 0.0


class ExtractionRecord(Record[ExtractionJob]):
    """The status file of a backbone's features."""

    status_file, log_file = STATUS, LOG

    def as_json(self, job: ExtractionJob) -> dict[str, Any]:
        """What was made, as version 0.1 had it, and the job."""
        about = {name: getattr(job, name) for name in ("backbone", "device", "ended", *COUNTS, "seconds", "error")}
        about["runner"] = asdict(job.runner) if job.runner else None
        return {**(asdict(job.made) if job.made else {}), "job": about}

    def from_json(self, found: Any) -> ExtractionJob | None:
        """What ``as_json`` wrote, of work that nobody is at."""
        backbone, made = self.folder.name, made_of(found)
        with contextlib.suppress(KeyError, TypeError, ValueError):
            about: dict[str, Any] = found["job"]
            texts: dict[str, Any] = {name: str(about[name]) for name in ("device", "ended", "error")}
            numbers: dict[str, Any] = {name: int(about[name]) for name in COUNTS}
            runner, seconds = Holder.from_json(about["runner"]), float(about["seconds"])
            state: State = "failed" if texts["error"] else "done" if texts["ended"] else "interrupted"
            return ExtractionJob(backbone, state=state, runner=runner, seconds=seconds, made=made, **texts, **numbers)
        if made is None:
            return None
        return ExtractionJob(backbone, made.device, state="done", ended=made.finished, made=made)  # as version 0.1

    def fresh(self, before: ExtractionJob | None, said: str) -> ExtractionJob:
        """Work that begins."""
        return ExtractionJob(self.folder.name, state="starting", said=said, made=before.made if before else None)


def made_of(status: Any) -> Made | None:
    """What a status file says of the newest extraction that came to its end; ``None`` where it says nothing."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        texts = (str(status.get(name, "")) for name in ("device", "arithmetic", "weights"))
        return Made(str(status["finished"]), float(status["seconds"]), int(status["extracted"]), *texts)
    return None


def jobs(dataset: Dataset) -> dict[str, ExtractionJob]:
    """The newest extraction of each backbone that ever had one: backbone → job."""
    folders = sorted((dataset.home / "features").glob("*/"))
    found = {folder.name: ExtractionRecord(folder).read() for folder in folders}
    return {name: job for name, job in found.items() if job is not None}


def job(dataset: Dataset, backbone: str) -> ExtractionJob | None:
    """The newest extraction of a backbone; ``None`` if there is no trace of one."""
    return _record(dataset, backbone).read()


def start(dataset: Dataset, backbone: str, device: str = "cpu", by: str = "") -> None:
    """Begin or go on with an extraction in a process of its own, which outlives this one; nothing happens if one runs.

    Args:
        by: who starts it.

    Raises:
        UnknownNameError: unknown backbone or device; DatasetError: as ``Record.start``.
    """
    check_device(device)
    record = _record(dataset, find_backbone(backbone).name)
    begun = ExtractionJob(backbone, device, state="starting", made=made_of(record.status()))
    command = ["extract", "--dataset", str(dataset.path.resolve()), "--backbone", backbone, "--device", device]
    record.start(begun, command, f"the extraction of {backbone}", by=by)


def cancel(dataset: Dataset, backbone: str) -> None:
    """End an extraction; what it finished is kept.

    Raises:
        UnknownNameError: unknown backbone; DatasetError: as ``Record.cancel``.
    """
    _record(dataset, find_backbone(backbone).name).cancel(f"the extraction of {backbone}")


@contextlib.contextmanager
def recorded(dataset: Dataset, backbone: str, device: str, what: str) -> Iterator[Recorder[ExtractionJob]]:
    """Hold the lock of a backbone's features, and keep the status file in which others see how far it is.

    Where nothing can be written there is nothing to lock: there one may look whether anything is left to do.

    Args:
        what: is run, for those who wait, as in ``"extract --backbone vgg19"``.

    Raises:
        DatasetError: another process extracts the same.
    """
    record = _record(dataset, backbone)
    with record.locked() if storage.is_writable(record.folder) else contextlib.nullcontext():
        runner, made = Holder.this_process(what), made_of(record.status())
        with record.kept(ExtractionJob(backbone, device, state="starting", runner=runner, made=made)) as recorder:
            yield recorder


def _record(dataset: Dataset, backbone: str) -> ExtractionRecord:
    return ExtractionRecord(shards.folder_of(dataset, backbone))
