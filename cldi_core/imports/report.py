"""What an import read, left out and changed: shown, printed as JSON, and kept in the data set.

Kept as ``imports/<time>-<kind>.json``, so that what came in can be looked up as long as the data set is there.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cldi_core.data import parsing, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.plain import plain

FOLDER = "imports"
NAMED = 100_000  # notes of one kind that are kept whole, 20 MB of them; the others are counted
LISTED = 20  # notes of one kind that a terminal shows
NOTES = ("missing", "passed", "changed")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing of a source.

    Attributes:
        what: its kind, a few words that many notes share, such as ``"not a picture"``.
        place: where, within the source: a file, or ``"line 7"``.
        text: what exactly, in one line; may be empty.
    """

    what: str
    place: str
    text: str = ""


@dataclass
class Notes:
    """Notes by kind: the first 100,000 of each, and how many there are."""

    kept: list[Note] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, what: str, place: str, text: str = "") -> None:
        """One more."""
        self.counts[what] += 1
        if self.counts[what] <= NAMED:
            self.kept.append(Note(what, place, text))

    def __len__(self) -> int:
        return self.counts.total()

    def of(self, what: str) -> list[Note]:
        """Those of a kind that are kept."""
        return [note for note in self.kept if note.what == what]

    def as_json(self) -> dict[str, Any]:
        """``counts`` of all by kind, and the ``notes`` that are kept."""
        return {"counts": dict(self.counts), "notes": [asdict(note) for note in self.kept]}

    @classmethod
    def from_json(cls, found: Any) -> Notes:
        """Those that ``as_json`` made; the same errors as ``Report.from_json``."""
        kept = [Note(str(each["what"]), str(each["place"]), str(each["text"])) for each in found["notes"]]
        return cls(kept, _counter(found["counts"]))


@dataclass
class Report:
    """What an import did.

    Attributes:
        kind: of import, such as ``"lists"`` or ``"folder"``.
        source: what was imported, as it was given.
        format: what the source was taken for, in a few words.
        time: when it began, as ISO 8601.
        counts: of what was read, by name (``"pictures"``, ``"rows"``); values are numbers, or counts by name.
        missing: what the user meant and did not get: a picture that is broken, a line that is no word pair.
        passed: what was not meant, and passed over: folders that hold something else.
        changed: what was not imported as it stands: a word without its invisible characters.
        junk: files that computers put beside one's own, by name.
        remarks: sentences about the whole, such as that it looks like another pair's list.
    """

    kind: str
    source: str
    format: str = ""
    time: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%S%z"))
    counts: dict[str, Any] = field(default_factory=dict)
    missing: Notes = field(default_factory=Notes)
    passed: Notes = field(default_factory=Notes)
    changed: Notes = field(default_factory=Notes)
    junk: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was meant is there."""
        return not len(self.missing)

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object; ``counts`` stand beside the rest."""
        about: dict[str, Any] = {name: getattr(self, name) for name in ("kind", "source", "format", "time")}
        about |= {name: getattr(self, name).as_json() for name in NOTES}
        return {**about, "junk": dict(self.junk), "remarks": self.remarks, "counts": self.counts}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Report:
        """One that ``as_json`` made.

        Raises:
            KeyError, TypeError, ValueError or AttributeError: it is something else.
        """
        report = cls(str(found["kind"]), str(found["source"]), str(found["format"]), str(found["time"]))
        report.counts = dict(found["counts"])
        report.missing, report.passed, report.changed = map(Notes.from_json, map(found.get, NOTES))
        report.junk = _counter(found["junk"])
        report.remarks = list(map(str, found["remarks"]))
        return report

    def lines(self) -> Iterator[str]:
        """What was left out and changed, in lines for a terminal; the first twenty of each kind."""
        yield from map(plain, self.remarks)
        for name, notes in (("missing", self.missing), ("passed over", self.passed), ("changed", self.changed)):
            for what, count in notes.counts.items():
                yield f"{name}: {plain(what)} ({count})"
                for note in notes.of(what)[:LISTED]:
                    yield f"  {note.place!r}" + (f": {plain(note.text)}" if note.text else "")
                if count > LISTED:
                    yield f"  … and {count - LISTED} more"
        if self.junk:
            yield "junk: " + ", ".join(f"{count} {plain(name)}" for name, count in sorted(self.junk.items()))


def _counter(found: Any) -> Counter[str]:
    return Counter({str(name): int(count) for name, count in found.items()})


def keep(folder: Path, report: Report) -> Path:
    """Keep a report in a data set's folder; a second one of the same second and kind stands beside the first."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    number, path = 1, folder / FOLDER / f"{stamp}-{report.kind}.json"
    while path.exists():
        number += 1
        path = folder / FOLDER / f"{stamp}-{report.kind}-{number}.json"
    storage.write_text(path, json.dumps(report.as_json(), ensure_ascii=False))
    return path


def reports(dataset: Dataset) -> list[Report]:
    """The kept reports of a data set, newest first; a file that is something else is passed over."""
    return [*named(dataset).values()]


def named(dataset: Dataset) -> dict[str, Report]:
    """As ``reports``, by the names of their files: ``"20261129T101500-folder"``."""
    found: dict[str, Report] = {}
    for path in sorted((dataset.path / FOLDER).glob("*.json"), reverse=True):
        with contextlib.suppress(OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
            found[path.stem] = Report.from_json(parsing.parsed_json(storage.read_text(path, storage.LARGE)))
    return dict(sorted(found.items(), key=lambda one: one[1].time, reverse=True))
