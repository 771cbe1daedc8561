"""Scoring as a job: how far ``score`` is with a backbone and how it ended; started, watched and ended from elsewhere.

All of that is in the file ``scores/<backbone>/scoring.json`` (see ``data.recording``), which ``start`` makes: where
nobody has started one here, ``score`` writes scores and nothing else.  Scores need no lock: two that score the same do
it twice and keep the same.  So a second one is not kept from its work, and is not told of here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.data.recording import Job, Record, Recorder, State
from cldi_core.errors import DatasetError, unknown_name
from cldi_core.features import background
from cldi_core.scoring.hardware import check_device

STATUS, LOG = "scoring.json", ".score.log"
PATIENCE = 2.0  # seconds that a lock is waited for: who looks whether it is held holds it for a moment
NUMBERS, TEXTS = ("total", "done", "pictures", "of"), ("device", "pair", "ended", "error")


@dataclass(frozen=True)
class ScoringJob(Job):
    """The newest scoring with a backbone in a data set; it is ``"starting"`` until features and lists are read.

    Attributes:
        total, done: language pairs.
        pair: that it is at.
        pictures, of: how far it is with that pair: source pictures that are through, and all of them.
    """

    backbone: str
    device: str = ""
    pair: str = ""
    pictures: int = 0
    of: int = 0

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        within = self.pictures / self.of if self.of and self.done < self.total else 0.0
        return min((self.done + within) / self.total, 1.0) if self.total else 0.0


class ScoringRecord(Record[ScoringJob]):
    """The status file of a backbone's scores."""

    status_file, log_file = STATUS, LOG

    def from_json(self, found: Any) -> ScoringJob | None:
        """What ``as_json`` wrote, of work that nobody is at."""
        if not found:
            return None
        numbers: dict[str, Any] = {name: int(found[name]) for name in NUMBERS}
        texts: dict[str, Any] = {name: str(found[name]) for name in TEXTS}
        ends: tuple[State, ...] = ("failed", "done")
        state: State = next((each for each in ends if each == found["state"]), "interrupted")
        runner, seconds = Holder.from_json(found["runner"]), float(found["seconds"])
        return ScoringJob(self.folder.name, state=state, runner=runner, seconds=seconds, **numbers, **texts)

    def fresh(self, before: ScoringJob | None, said: str) -> ScoringJob:
        """Work that begins."""
        return ScoringJob(self.folder.name, state="starting", said=said)


class _Unwritten(ScoringRecord):
    def write(self, job: ScoringJob) -> None:
        """There is none, or that of somebody else, which stays as it is."""


def jobs(dataset: Dataset) -> dict[str, ScoringJob]:
    """The newest scoring with each backbone that has features and was ever scored with: backbone → job."""
    found = {backbone: _record(dataset, backbone).read() for backbone in dataset.backbones}
    return {name: job for name, job in found.items() if job is not None}


def is_due(dataset: Dataset, backbone: str) -> bool:
    """Whether a backbone was never scored with, the newest scoring did not end, or features were extracted since."""
    if not any((dataset.path / "rankings" / backbone).glob("*/*.parquet")):
        return True
    made, scored = background.job(dataset, backbone), _record(dataset, backbone).read()
    if scored is not None and scored.state != "done":
        return not scored.is_active
    if made is None or made.made is None or scored is None:
        return False
    with contextlib.suppress(ValueError):  # a file that somebody wrote by hand
        return datetime.fromisoformat(made.made.finished) > datetime.fromisoformat(scored.ended)
    return False


def start(dataset: Dataset, backbone: str, device: str = "cpu", by: str = "") -> None:
    """Score all word lists with a backbone, in a process that outlives this one; nothing happens if one runs.

    Args:
        by: who starts it.

    Raises:
        UnknownNameError: no features of that backbone, no word list, or unknown device; DatasetError: as
        ``Record.start``.
    """
    check_device(device)
    if backbone not in dataset.backbones:
        raise unknown_name("backbone", backbone, dataset.backbones)
    _record(dataset, backbone).start(
        ScoringJob(backbone, device, state="starting"),
        ["score", "--dataset", str(dataset.path.resolve()), "--backbone", backbone, "--device", device],
        f"the scoring with {backbone}",
        by=by,
    )


def cancel(dataset: Dataset, backbone: str) -> None:
    """End a scoring; the scores that it has kept stay, and the next one goes on with them.

    Raises:
        DatasetError: as ``Record.cancel``.
    """
    if backbone in dataset.backbones:  # a name is no path before it is one of them
        _record(dataset, backbone).cancel(f"the scoring with {backbone}")


@contextlib.contextmanager
def recorded(dataset: Dataset, backbone: str, device: str) -> Iterator[Recorder[ScoringJob]]:
    """Keep the status file in which others see how far it is, where there is one and no other process keeps it."""
    record = _record(dataset, backbone)
    with contextlib.ExitStack() as stack:
        if not ((record.folder / STATUS).is_file() and _taken(stack, record)):
            record = _Unwritten(record.folder)
        runner = Holder.this_process(f"score --backbone {backbone}")
        begun = ScoringJob(backbone, device, state="starting", runner=runner)
        yield stack.enter_context(record.kept(begun))


def _taken(stack: contextlib.ExitStack, record: ScoringRecord) -> bool:
    """Whether the lock could be had, which is held as long as the stack."""
    with contextlib.suppress(DatasetError):
        stack.enter_context(record.locked(PATIENCE))
        return True
    return False


def _record(dataset: Dataset, backbone: str) -> ScoringRecord:
    return ScoringRecord(dataset.path / "scores" / backbone)
