"""An import that was looked at and is to be stored: all that a process of its own has to be told, as JSON.

That process looks again and compares: what it stores is what somebody saw, or nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.imports import folder, lists
from cldi_core.imports.folder import Plan
from cldi_core.imports.given import Source
from cldi_core.imports.lists import Looked
from cldi_core.imports.report import Report

Found = TypeVar("Found")
Tell = Callable[[int, int], object]  # told what is done, and all there is


@dataclass(frozen=True)
class Wanted(ABC, Generic[Found]):
    """What is to be imported.

    Attributes:
        sources: files and folders.
    """

    kind: ClassVar[str]
    sources: tuple[Source, ...]

    @property
    def what(self) -> str:
        """What it is called, for people."""
        return ", ".join(Path(one.name).name or one.name for one in self.sources)

    @abstractmethod
    def look(self, given: Path, dataset: Dataset) -> Found:
        """What is in it; nothing is written.

        Args:
            given: the folder of what was uploaded.
        """

    @abstractmethod
    def digest(self, found: Found) -> str:
        """What stands for what was found: another where something else would be stored."""

    @abstractmethod
    def store(self, dataset: Path, found: Found, tell: Tell) -> Sequence[Report]:
        """Store what was found; ``tell`` is told how far that is."""

    def store_seen(self, dataset: Dataset, given: Path, seen: str, tell: Tell) -> Sequence[Report]:
        """Look again, and store that.

        Args:
            seen: the digest of what somebody saw.

        Raises:
            DatasetError: it has changed since.
        """
        found = self.look(given, dataset)
        if self.digest(found) != seen:
            raise DatasetError(f"{self.what!r} has changed since it was looked at; look at it again")
        return self.store(dataset.path, found, tell)

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` understands."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class WantedLists(Wanted[Sequence[Looked]]):
    """Word lists; ``pair`` and ``pos`` as ``import_lists`` has them, empty for none."""

    kind = "lists"
    pair: str = ""
    pos: str = ""

    def look(self, given: Path, dataset: Dataset) -> Sequence[Looked]:
        """As ``lists.look``, with its errors."""
        about = self.pair or None, self.pos or None
        return [lists.look(given / one.path, one.name, *about, dataset=dataset) for one in self.sources]

    def digest(self, found: Sequence[Looked]) -> str:
        """Of all rows."""
        return storage.digest(*([one.pair, one.rows] for one in found))

    def store(self, dataset: Path, found: Sequence[Looked], tell: Tell) -> Sequence[Report]:
        """As ``lists.store``, with its errors; it takes a moment."""
        lists.store(dataset, found)
        return [one.report for one in found]


@dataclass(frozen=True)
class WantedFolder(Wanted[Plan]):
    """One folder or archive of pictures; ``licence`` and ``author`` of all of them.

    Attributes:
        words: the file that says the words of folders, as a source's path; empty for none.
    """

    kind = "folder"
    words: str = ""
    licence: str = ""
    author: str = ""

    def look(self, given: Path, dataset: Dataset) -> Plan:
        """As ``folder.look`` and ``folder.read_words``, with their errors."""
        (source,) = self.sources
        file, words = given / source.path, folder.read_words(given / self.words) if self.words else None
        try:
            plan = folder.look(file, words)
        except DatasetError as error:
            told = str(error)
            for ours in (str(file), file.name) if file.parent == given else ():  # that an upload is kept under
                told = told.replace(ours, source.name)
            raise DatasetError(told) from error
        plan.report.source = source.name
        return plan

    def digest(self, found: Plan) -> str:
        """Of the words and how many files each has."""
        return storage.digest([[*word, count] for word, count in found.words.items()])

    def store(self, dataset: Path, found: Plan, tell: Tell) -> Sequence[Report]:
        """As ``folder.store``, with its errors."""
        return [folder.store(dataset, found, licence=self.licence or "unknown", author=self.author, progress=tell)]


KINDS: dict[str, type[Wanted[Any]]] = {each.kind: each for each in (WantedLists, WantedFolder)}


def from_json(found: Mapping[str, Any]) -> Wanted[Any]:
    """One that ``as_json`` made.

    Raises:
        KeyError, TypeError, ValueError or AttributeError: it is something else.
    """
    given = dict(found)
    kind = KINDS[given.pop("kind")]
    sources = tuple(Source(str(one["path"]), str(one["name"])) for one in given.pop("sources"))
    return kind(sources, **{str(name): str(value) for name, value in given.items()})
