"""Tables of measured speed, made of the records that were kept in ``benchmarks/results``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import report

from .form import table

RUNS = ("scoring", "extraction", "pages")


def _records(name: str, kind: str) -> list[dict[str, Any]]:
    return [record for record in report.kept(name)["records"] if record["kind"] == kind]


def _label(record: dict[str, Any], versions: dict[str, str]) -> str:
    """What a row is called: peers with their version, ours in bold."""
    label = str(record["label"])
    for name, version in versions.items():
        label = label.replace(name, f"{name} {version}")
    return label.replace("ours", "**ours**", 1)


def _versions(name: str) -> dict[str, str]:
    found: dict[str, str] = next(iter(_records(name, "machine"))).get("peers", {})
    return found


def scoring() -> Iterable[str]:
    """Seconds of each row, a column for each length of the features."""
    records, versions = _records("scoring", "speed"), _versions("scoring")
    dims = list(dict.fromkeys(record["dim"] for record in records))
    rows: dict[str, list[str]] = {}
    for record in records:
        seconds = f"{record['seconds']:.2f} s" if record["status"] == "measured" else record["status"]
        rows.setdefault(_label(record, versions), []).append(seconds)
    return table(["", *(f"{dim} numbers a picture" for dim in dims)], *([name, *cells] for name, cells in rows.items()))


def extraction() -> Iterable[str]:
    """Milliseconds that a picture takes in each row."""
    versions = _versions("extraction")
    rows = [(_label(record, versions), 1000 * record["seconds"]) for record in _records("extraction", "extract")]
    return table(
        ["", "ms a picture"], *([name, f"{value:.1f}" if value < 99.95 else f"{value:.0f}"] for name, value in rows)
    )


def pages() -> Iterable[str]:
    """How long a reader waits: the median, the fastest and the slowest."""

    def seconds(value: float) -> str:
        return f"{value:.2f}" if value < 1 else f"{value:.1f}"

    rows = [
        [
            f"{one['label']} ({one['repeats']} times)",
            f"{seconds(one['seconds'])} s [{seconds(one['fastest'])}, {seconds(one['slowest'])}]",
        ]
        for one in _records("pages", "page")
    ]
    return table(["", "median"], *rows)


def figures() -> Iterator[tuple[str, str]]:
    """When and where each was measured."""
    for name in RUNS:
        (where,) = _records(name, "machine")
        yield f"{name}-machine", f"{report.kept(name)['date']}, {where['cores']} cores of {where['cpu']}"
