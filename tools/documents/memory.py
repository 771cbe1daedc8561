"""The table of memory against the number of pictures, made of the records in ``benchmarks/results/memory.json``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import report

from .form import table

NAME = "memory"


def _records(kind: str) -> list[dict[str, Any]]:
    return [record for record in report.kept(NAME)["records"] if record["kind"] == kind]


def memory() -> Iterable[str]:
    """A row for each step: MB at each size, and the line through them, if there are several."""
    found = _records("memory")
    sizes = sorted({_rounded(record["pictures"]) for record in found})
    slopes = {record["step"]: record for record in _records("memory slope")}
    rows = [["MB of its own, at most", *(f"{size:,} pictures" for size in sizes), "a picture", "and"]]
    for step in dict.fromkeys(record["step"] for record in found):
        own = {_rounded(record["pictures"]): record for record in found if record["step"] == step}
        cells = [f"{own[size]['own'] / 1e6:,.0f}" if size in own else "–" for size in sizes]
        line = slopes.get(step)
        ends = [_bytes(line["slope"]), f"{line['constant'] / 1e6:,.0f} MB"] if line else ["–", "–"]
        rows.append([next(iter(own.values()))["label"], *cells, *ends])
    return table(*rows)


def figures() -> Iterator[tuple[str, str]]:
    """When and where it was measured."""
    (where,) = _records("machine")
    yield f"{NAME}-machine", f"{report.kept(NAME)['date']}, {where['cores']} cores of {where['cpu']}"


def _rounded(pictures: int) -> int:
    """The size that was asked for: words have pictures by chance, so that there are a few more or less."""
    return int(10 ** round(math.log10(pictures)))


def _bytes(slope: float) -> str:
    return f"{slope / 1000:,.1f} kB" if slope >= 1000 else f"{slope:,.0f} B"
