"""RELIABILITY.md's table, made of ``benchmarks/results/soak.json`` and, of the version before, ``soak-before.json``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import report
from benchmarks.soak.__main__ import KEPT, KINDS

from .form import table

BEFORE = f"{KEPT}-before"
LOAD = "load"  # of which a try is a word that somebody looks at
HEAD = ["tried", "times", "landed", "lost", "lost before", "in", "and"]
Trial = dict[str, Any]


def _trials(name: str) -> list[Trial]:
    """The trials that were kept; none where nothing was kept, as the version before was not tried."""
    if not (report.KEPT / f"{name}.json").is_file():
        return []
    return [record for record in report.kept(name)["records"] if record["kind"] != "machine"]


def _faults() -> list[Trial]:
    return [one for one in _trials(KEPT) if one["kind"] != LOAD]


def reliability() -> Iterable[str]:
    """A row for each trial, in the order of the kinds, with what the version before lost in the same."""
    before = {(one["kind"], one["what"]): one for one in _trials(BEFORE)}
    order = {kind: place for place, kind in enumerate(KINDS)}
    rows = [HEAD]
    for one in sorted(_faults(), key=lambda found: order.get(found["kind"], len(order))):
        old = before.get((one["kind"], one["what"]))
        rows.append([
            one["what"], f"{one['tried']:,}", f"{one['landed']:,}", f"{one['losses']:,}", _lost(old),
            _time(one["seconds"]), one["note"],
        ])  # fmt: skip
    return table(*rows)


def crowds() -> Iterable[str]:
    """A row for each crowd."""
    known = [found for found in _trials(KEPT) if found["kind"] == LOAD]
    rows = [
        [one["what"], f"{one['tried']:,}", f"{one['losses']:,}", _time(one["seconds"]), one["note"]] for one in known
    ]
    return table(["crowd", "words", "lost", "in", "and"], *rows)


def _lost(old: Trial | None) -> str:
    return f"{old['losses']:,} of {old['landed']:,}" if old else "–"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def figures() -> Iterator[tuple[str, str]]:
    """When and where it was tried, and how much in all."""
    (where,) = (record for record in report.kept(KEPT)["records"] if record["kind"] == "machine")
    yield "soak-machine", f"{report.kept(KEPT)['date']}, {where['cores']} cores of {where['cpu']}"
    found = _faults()
    yield "soak-tried", f"{sum(one['tried'] for one in found):,}"
    yield "soak-lost", f"{sum(one['losses'] for one in found):,}"
    yield "soak-hours", _time(sum(one["seconds"] for one in found))
