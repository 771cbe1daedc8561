"""The sentences of the Data page: plain text, made from the core's facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cldi_core.imports.report import NOTES, Report

BECAME = {"missing": "missing", "passed": "passed over", "changed": "changed"}
NEW = (
    "A name of letters, digits, _ and -; it becomes a folder among the other data sets. Words and pictures come in "
    "under “Import”, or from an image search under “Collect”."
)
NO_REPORTS = "Nothing has been imported here that kept a report."


def count(number: int, what: str, many: str = "") -> str:
    """``"1 picture"``, ``"1,200 pictures"``."""
    return f"{number:,} {what if number == 1 else many or f'{what}s'}"


def by_name(found: Mapping[str, int]) -> str:
    """``"en 1,200, de 1,180"``."""
    return ", ".join(f"{name} {number:,}" for name, number in found.items())


def heading(report: Report) -> str:
    """A report in one line: when, what, and whether anything is missing."""
    when = report.time[:16].replace("T", " ")
    lost = "" if report.is_complete else f" · {len(report.missing):,} missing"
    return f"{when} · {report.kind} · {report.source}{lost}"


def outcome(report: Report) -> str:
    """How it ended: complete, or what is not there."""
    told = [f"{len(notes):,} {BECAME[name]}" for name in NOTES if len(notes := getattr(report, name))]
    if report.junk:
        told.append(f"{report.junk.total():,} junk files ({by_name(report.junk)})")
    first = "Everything that was meant is there" if report.is_complete else "Not everything is there"
    return ": ".join([first, ", ".join(told)]) + "." if told else f"{first}, as it was."


def counts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was counted, flat: ``{"rows": 7, "pos": {"N": 6}}`` → ``[("rows", "7"), ("pos: N", "6")]``."""
    rows: list[tuple[str, str]] = []
    for name, value in found.items():
        shown = str(name).replace("_", " ")
        if isinstance(value, Mapping):
            rows += [(f"{shown}: {inner}", number) for inner, number in counts(value)]
        else:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            rows.append((shown, f"{value:,}" if is_number else str(value)))
    return rows


def notes(report: Report) -> list[dict[str, str]]:
    """What was left out and changed, a row a note: what became of it, why, where, what exactly."""
    return [
        {"": BECAME[name], "why": note.what, "where": note.place, "what": note.text}
        for name in NOTES
        for note in getattr(report, name).kept
    ]


def kinds(report: Report) -> list[dict[str, Any]]:
    """What was left out and changed, a row a kind: also what the notes do not keep one by one."""
    return [
        {"": BECAME[name], "why": what, "how many": number}
        for name in NOTES
        for what, number in getattr(report, name).counts.items()
    ]
