"""Collections as jobs: how far one is, who runs it and how it ended; started, watched and ended from other processes.

All of that is in the file ``collect/<provider>/status.json`` (see ``data.recording``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cldi_core.collect.command import PREFIX
from cldi_core.collect.journal import folder_of
from cldi_core.collect.providers import PROVIDERS, find_provider
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.data.recording import Job, Record, Recorder, State
from cldi_core.errors import CollectError

if TYPE_CHECKING:
    from cldi_core.collect.planning import Plan

STATUS, LOG = "status.json", ".collect.log"


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
class CollectionJob(Job):
    """The newest collection from a provider in a data set; it is ``"starting"`` before its first word.

    Attributes:
        total, done, empty: words; ``done`` counts those that got nothing (``empty``) and those of earlier runs.
        pictures, lost: of this run: fetched, and not to be had; requests, bytes: of this run too.
    """

    wanted: Wanted
    empty: int = 0
    pictures: int = 0
    lost: int = 0
    requests: int = 0
    bytes: int = 0

    @property
    def provider(self) -> str:
        """Its name."""
        return self.wanted.provider

    @property
    def rate(self) -> float:
        """Pictures per second; 0 before there is a rate."""
        return self.pictures / self.seconds if self.seconds > 0 else 0.0


NUMBERS = ("total", "done", "empty", "kept", "pictures", "lost", "requests", "bytes")


class CollectionRecord(Record[CollectionJob]):
    """The status file of a provider's folder in a data set."""

    status_file, log_file = STATUS, LOG

    def from_json(self, found: Any) -> CollectionJob:
        """What ``as_json`` wrote, of work that nobody is at."""
        numbers: dict[str, Any] = {name: int(found[name]) for name in NUMBERS}
        texts: dict[str, Any] = {name: str(found[name]) for name in ("ended", "error")}
        runner, seconds = Holder.from_json(found["runner"]), float(found["seconds"])
        ends: tuple[State, ...] = ("failed", "stopped", "done")
        state: State = next((each for each in ends if each == found["state"]), "interrupted")
        wanted = _wanted_of(found["wanted"])
        return CollectionJob(wanted, state=state, runner=runner, seconds=seconds, **numbers, **texts)

    def fresh(self, before: CollectionJob | None, said: str) -> CollectionJob | None:
        """Work that begins."""
        return CollectionJob(before.wanted, state="starting", said=said) if before else None


def _wanted_of(found: Mapping[str, Any]) -> Wanted:
    per_word, requests, size = (int(found[name]) for name in ("per_word", "max_requests", "max_bytes"))
    pair, provider, contact = (str(found[name]) for name in ("pair", "provider", "contact"))
    languages = tuple(map(str, found["languages"]))
    return Wanted(pair, provider, per_word, contact, languages, bool(found["replace"]), requests, size)


def jobs(dataset: Dataset) -> dict[str, CollectionJob]:
    """The newest collection from each provider of ``PROVIDERS`` that was ever asked: its name → job."""
    found = {name: CollectionRecord(folder_of(dataset.path, name)).read() for name in PROVIDERS}
    return {name: job for name, job in found.items() if job is not None}


def start(dataset: Dataset, wanted: Wanted, keys: Mapping[str, str] | None = None, by: str = "") -> None:
    """Begin or go on with a collection in a process of its own, which outlives this one; nothing happens if one runs.

    Args:
        keys: variable → key, given to the process in its environment and kept nowhere; by: who starts it.

    Raises:
        UnknownNameError: unknown provider; CollectError: it is a ``command:``, which only its owner may run;
        DatasetError: as ``Record.start``.
    """
    if wanted.provider.startswith(PREFIX):
        raise CollectError("a program of one's own is run from the command line only: collect --provider command:…")
    provider = find_provider(wanted.provider)
    known = {key.variable for key in provider.keys}
    environment = {name: value for name, value in (keys or {}).items() if name in known and value}
    CollectionRecord(folder_of(dataset.path, provider.name)).start(
        CollectionJob(wanted, state="starting"),
        ["collect", "--dataset", str(dataset.path.resolve()), *wanted.arguments()],
        f"the collection from {provider.label}",
        environment,
        by,
    )


def cancel(dataset: Dataset, provider: str) -> None:
    """End a collection; what it has is kept, and the next one goes on with it.

    Raises:
        UnknownNameError: unknown provider; DatasetError: as ``Record.cancel``.
    """
    folder = folder_of(dataset.path, find_provider(provider).name)
    CollectionRecord(folder).cancel(f"the collection from {provider}")


@contextlib.contextmanager
def recorded(
    planned: Plan, contact: str, max_requests: int | None, max_bytes: int | None
) -> Iterator[Recorder[CollectionJob]]:
    """Hold the lock of a provider's folder in a data set, and keep the status file in which others see how far it is.

    Raises:
        DatasetError: another process collects the same, or the data set cannot be written to.
    """
    provider = planned.provider
    record = CollectionRecord(folder_of(planned.dataset.path, provider.name, provider.program))
    with record.locked():
        runner = Holder.this_process(f"collect --provider {provider.name}")
        wanted = Wanted(
            planned.pair, provider.name, planned.per_word, contact, planned.languages, planned.replace,
            max_requests or 0, max_bytes or 0,
        )  # fmt: skip
        with record.kept(CollectionJob(wanted, state="running", runner=runner)) as recorder:
            yield recorder
