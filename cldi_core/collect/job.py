"""Collections as jobs: how far one is, who runs it and how it ended; started, watched and ended from other processes.

As with extractions (``features.background``), all of that is in one file, ``collect/<provider>/status.json``, which is
replaced as a whole, and the lock beside it tells whether somebody is at it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cldi_core.collect.command import PREFIX
from cldi_core.collect.journal import folder_of
from cldi_core.collect.providers import PROVIDERS, find_provider
from cldi_core.data import children, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.errors import CollectError
from cldi_core.features.background import EVERY, now_iso

if TYPE_CHECKING:
    from cldi_core.collect.planning import Plan
    from cldi_core.collect.run import Progress

STATUS, LOG = "status.json", ".collect.log"
State = Literal["starting", "running", "interrupted", "failed", "stopped", "done"]


@dataclass(frozen=True)
class Wanted:
    """What a collection is asked for, all that it takes to go on with it but the keys.

    Attributes:
        languages: of the pair; empty for both.
        max_requests, max_bytes: of one run; 0 where there is no limit.
    """

    pair: str
    provider: str
    per_word: int = 50
    contact: str = ""
    languages: tuple[str, ...] = ()
    replace: bool = False
    max_requests: int = 0
    max_bytes: int = 0

    def arguments(self) -> list[str]:
        """The options of ``collect``."""
        given = ["--pair", self.pair, "--provider", self.provider, "--per-word", str(self.per_word)]
        given += ["--contact", self.contact]
        for language in self.languages:
            given += ["--lang", language]
        given += ["--replace"] * self.replace
        given += ["--max-requests", str(self.max_requests)] if self.max_requests else []
        return given + (["--max-bytes", str(self.max_bytes)] if self.max_bytes else [])


@dataclass(frozen=True)
class CollectionJob:
    """The newest collection from a provider in a data set.

    Attributes:
        state: ``"starting"`` before its first word, ``"running"``, ``"interrupted"`` if it ended before it was done and
            said nothing, ``"failed"``, ``"stopped"`` where a budget or the provider ended it, or ``"done"``.
        runner: the process that is or was at it, and since when; ``None`` where nobody knows.
        ended: when it was done, stopped or failed, as ISO 8601; empty until then.
        total, done, empty: words; ``done`` counts those that got nothing (``empty``) and those of earlier runs.
        kept: how many were done before its first word.
        pictures, lost: of this run: fetched, and not to be had; requests, bytes: of this run too.
        seconds: since its start, when this was written.
        error: why it failed or stopped, in one line.
        said: the last line that it printed, if it was started in this process.
    """

    wanted: Wanted
    state: State
    runner: Holder | None = None
    ended: str = ""
    total: int = 0
    done: int = 0
    empty: int = 0
    kept: int = 0
    pictures: int = 0
    lost: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    error: str = ""
    said: str = field(default="", compare=False)

    @property
    def provider(self) -> str:
        """Its name."""
        return self.wanted.provider

    @property
    def is_active(self) -> bool:
        """Whether somebody is at it."""
        return self.state in ("starting", "running")

    @property
    def rate(self) -> float:
        """Pictures per second; 0 before there is a rate."""
        return self.pictures / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at the pace so far; ``None`` before there is one."""
        through = self.done - self.kept
        return (self.total - self.done) * self.seconds / through if through > 0 else None

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


NUMBERS = ("total", "done", "empty", "kept", "pictures", "lost", "requests", "bytes")


def jobs(dataset: Dataset) -> dict[str, CollectionJob]:
    """The newest collection from each provider of ``PROVIDERS`` that was ever asked: its name → job."""
    found = {name: _read(folder_of(dataset.path, name)) for name in PROVIDERS}
    return {name: job for name, job in found.items() if job is not None}


def start(dataset: Dataset, wanted: Wanted, keys: Mapping[str, str] | None = None) -> None:
    """Begin or go on with a collection in a process of its own, which outlives this one; nothing happens if one runs.

    Args:
        keys: variable → key, given to the process in its environment and kept nowhere.

    Raises:
        UnknownNameError: unknown provider; CollectError: it is a ``command:``, which only its owner may run;
        DatasetError: the data set cannot be written to, or no process can be started.
    """
    if wanted.provider.startswith(PREFIX):
        raise CollectError("a program of one's own is run from the command line only: collect --provider command:…")
    provider = find_provider(wanted.provider)
    folder = folder_of(dataset.path, provider.name)
    before = _read(folder)
    if before is not None and before.is_active:
        return
    arguments = ["collect", "--dataset", str(dataset.path.resolve()), *wanted.arguments()]
    known = {key.variable for key in provider.keys}
    environment = {name: value for name, value in (keys or {}).items() if name in known and value}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, CollectionJob(wanted, "starting"))
        children.start(folder / LOG, arguments, f"the collection from {provider.label}", environment)
    except OSError as error:
        raise storage.cannot_write(folder, error) from error


def cancel(dataset: Dataset, provider: str) -> None:
    """End a collection; what it has is kept, and the next one goes on with it.

    Raises:
        UnknownNameError: unknown provider; DatasetError: it runs on another machine, nobody knows which process it is,
        it is another user's, or it does not end.
    """
    folder = folder_of(dataset.path, find_provider(provider).name)
    what = f"the collection from {provider}"
    if children.end_own(folder, what):
        return
    found = _read(folder)
    if found is not None and found.is_active:
        children.end_other(found.runner, what)


class Recorder:
    """Keeps the status file of the collection that this process runs."""

    def __init__(self, folder: Path, begun: CollectionJob) -> None:
        self.job = begun
        self._folder, self._first, self._written = folder, time.monotonic(), 0.0
        self.write()

    def tell(self, now: Progress) -> None:
        """How far it is; the first time, with what was done before."""
        kept = self.job.kept if self.job.total else now.done
        seconds = time.monotonic() - self._first
        self.job = replace(self.job, **asdict(now), kept=kept, seconds=seconds)
        if not self._written or seconds - self._written >= EVERY:
            self._written = seconds
            self.write()

    def finish(self, stopped: str) -> None:
        """It is done, or was stopped: why."""
        self.job = replace(self.job, state="stopped" if stopped else "done", ended=now_iso(), error=stopped)

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        line = " ".join(str(error).split()) or type(error).__name__
        self.job = replace(self.job, state="failed", ended=now_iso(), error=line)

    def write(self) -> None:
        """Replace the file."""
        with contextlib.suppress(OSError):  # a full disk is told of by what is written in earnest
            _write(self._folder, self.job)


@contextlib.contextmanager
def recorded(planned: Plan, contact: str, max_requests: int | None, max_bytes: int | None) -> Iterator[Recorder]:
    """Hold the lock of a provider's folder in a data set, and keep the status file in which others see how far it is.

    Raises:
        DatasetError: another process collects the same, or the data set cannot be written to.
    """
    provider = planned.provider
    folder = folder_of(planned.dataset.path, provider.name, provider.program)
    with storage.lock_named_elsewhere(folder, lambda: _runner_of(folder)):
        runner = Holder.this_process(f"collect --provider {provider.name}")
        wanted = Wanted(
            planned.pair, provider.name, planned.per_word, contact, planned.languages, planned.replace,
            max_requests or 0, max_bytes or 0,
        )  # fmt: skip
        recorder = Recorder(folder, CollectionJob(wanted, "running", runner))
        try:
            yield recorder
        except Exception as error:
            recorder.fail(error)
            raise
        finally:
            recorder.write()


def _write(folder: Path, job: CollectionJob) -> None:
    about = {name: value for name, value in asdict(job).items() if name != "said"}
    storage.write_text(folder / STATUS, json.dumps(about))


def _job_of(found: Any) -> CollectionJob | None:
    """What a status file says, if nobody is at it; ``None`` where it says nothing."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        numbers: dict[str, Any] = {name: int(found[name]) for name in NUMBERS}
        texts: dict[str, Any] = {name: str(found[name]) for name in ("ended", "error")}
        runner, seconds = Holder.from_json(found["runner"]), float(found["seconds"])
        ends: tuple[State, ...] = ("failed", "stopped", "done")
        state: State = next((each for each in ends if each == found["state"]), "interrupted")
        return CollectionJob(_wanted_of(found["wanted"]), state, runner, seconds=seconds, **numbers, **texts)
    return None


def _wanted_of(found: Mapping[str, Any]) -> Wanted:
    per_word, requests, size = (int(found[name]) for name in ("per_word", "max_requests", "max_bytes"))
    pair, provider, contact = (str(found[name]) for name in ("pair", "provider", "contact"))
    languages = tuple(map(str, found["languages"]))
    return Wanted(pair, provider, per_word, contact, languages, bool(found["replace"]), requests, size)


def _read(folder: Path) -> CollectionJob | None:
    # The lock first: one that ends writes its last words before it lets go of it.
    locked = storage.is_locked(folder)
    try:
        found = _job_of(json.loads(storage.read_text(folder / STATUS)))
    except (OSError, ValueError, RecursionError):
        found = None
    if found is None:
        return None
    own = children.own(folder)
    # One that was started here names itself as soon as it has the lock; until then it waits for it.
    waiting = own is not None and (found.runner is None or found.runner.pid != own)
    if locked or waiting:
        said = "" if own is None else children.said(folder / LOG)
        if found.ended:  # it has not written a word yet: these are the last one's
            return CollectionJob(found.wanted, "starting", said=said)
        return replace(found, state="running" if found.total else "starting", said=said)
    if found.state == "interrupted" and found.runner is None and (printed := children.said(folder / LOG)):
        # It ended before it could take the lock: what it printed is all that is known.
        return replace(found, state="failed", error=printed.removeprefix("error: "))
    return found


def _runner_of(folder: Path) -> Holder | None:
    found = _read(folder)
    return found.runner if found else None
