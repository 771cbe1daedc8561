"""The table of ways to lay pictures out on a plane, made of the records in ``benchmarks/results/projections.json``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import report

from .form import short, table

NAME = "projections"


def _records(kind: str) -> list[dict[str, Any]]:
    return [record for record in report.kept(NAME)["records"] if record["kind"] == kind]


def projections() -> Iterable[str]:
    """A row for each set of pictures and each way."""
    laid_out = ["laid out", "processor time", "before that", "memory", "trustworthiness"]
    rows = [["", *laid_out, "placed after", "processor time", "trustworthiness"]]
    for one in _records("projection"):
        name = f"{one['set']}, {one['label']}"
        if one["status"] != "measured":
            rows.append([name, one["status"], *[""] * 7])
            continue
        cells = [f"{one['rows']:,}", f"{one['seconds']:.0f} s", f"{one['start']:.0f} s", f"{one['peak'] / 1e6:.0f} MB"]
        rest = [f"{one['rest']:,}", f"{one['rest_seconds']:.0f} s"] if one["rest"] else ["–", "–"]
        rows.append([f"{name} {one['version']}", *cells, _trust(one, "rows"), *rest, _trust(one, "rest")])
    return table(*rows)


def _trust(record: dict[str, Any], name: str) -> str:
    return short(record[f"{name}_trust"], digits=3) if f"{name}_trust" in record else "–"


def figures() -> Iterator[tuple[str, str]]:
    """When and where it was measured."""
    (where,) = _records("machine")
    yield f"{NAME}-machine", f"{report.kept(NAME)['date']}, {where['cores']} cores of {where['cpu']}"
