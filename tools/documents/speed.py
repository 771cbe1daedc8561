"""Tables of measured speed, made of the records that were kept in ``benchmarks/results``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks import report
from cldi_core.errors import CldiError

from .form import short, table

RUNS = ("scoring", "extraction", "pages")
# What a sentence calls them, and how their records are labelled.
PAGES = {
    "warm-start": "make run, everything installed, to the pictures of the first page",
    "first-page": "first page of a fresh server, down to its chart",
    "next-word": "switch to the next word, from the click to the last picture",
}


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


def short_list() -> Iterable[str]:
    """What a short list changes of optimal transport, by its length: measured by ``benchmarks.short_list``."""
    rows = [["", "k", "queries", "other rank", "other winner", "MRR", "P@1"]]
    for one in _records("short-list", "short"):
        counts = (str(one[name]) for name in ("k", "queries", "moved", "lost"))
        rows.append([one["dataset"], *counts, *(_difference(one, figure) for figure in ("mrr", "p@1"))])
    return table(*rows)


def _difference(record: Mapping[str, Any], figure: str) -> str:
    value, *bounds = (record[f"{figure}{end}"] for end in ("", "_low", "_high"))
    if any(math.isnan(bound) for bound in bounds):
        return "the same" if value == 0 else short(value, "+", 4)
    low, high = (short(bound, "+", 4) for bound in bounds)
    return f"{short(value, '+', 4)} [{low}, {high}]"


def extraction() -> Iterable[str]:
    """Milliseconds that a picture takes in each row."""
    versions = _versions("extraction")
    rows = [(_label(record, versions), 1000 * record["seconds"]) for record in _records("extraction", "extract")]
    return table(
        ["", "ms a picture"], *([name, f"{value:.1f}" if value < 99.95 else f"{value:.0f}"] for name, value in rows)
    )


def pages() -> Iterable[str]:
    """How long a reader waits: the median, the fastest and the slowest."""

    rows = [
        [
            f"{one['label']} ({one['repeats']} times)",
            f"{_seconds(one['seconds'])} s [{_seconds(one['fastest'])}, {_seconds(one['slowest'])}]",
        ]
        for one in _records("pages", "page")
    ]
    return table(["", "median"], *rows)


def paper() -> Iterable[str]:
    """Pages on a data set of the paper's size, beside what is aimed at; nothing but the heading until that is kept."""
    rows = []
    for one in _records("paper", "paper") if _is_kept("paper") else ():
        memory = _megabytes(one.get("megabytes"))
        if one["part"] == "memory":
            own = f", of which mapped files {one['megabytes'] - one['own']:.0f} MB" if one.get("own") else ""
            rows.append([one["label"], memory + own, "", f"≤ {one['goal']:.0f} MB"])
        elif one["part"] == "step":
            rows.append([one["label"], f"{one['seconds']:.0f} s, {memory}", "", ""])
        else:
            spread = f"[{_seconds(one['fastest'])}, {_seconds(one['slowest'])}]"
            cells = [f"{_seconds(one['seconds'])} s {spread}", f"{_seconds(one['first'])} s", f"≤ {one['goal']:g} s"]
            rows.append([f"{one['label']} ({one['repeats']} times)", *cells])
    return table(["", "median", "for the first time", "aim"], *rows)


def beside() -> Iterable[str]:
    """What each step of scoring takes alone and beside others; nothing but the heading until that is kept."""
    rows = [["", "alone", "beside five others", "times as long", "of the processors, alone and beside"]]
    for one in _records("beside", "beside") if _is_kept("beside") else ():
        seconds = [f"{_seconds(one[name])} s" for name in ("alone", "beside", "alone_busy", "beside_busy")]
        rows.append([one["step"], *seconds[:2], f"{one['ratio']:.1f}", " and ".join(seconds[2:])])
    return table(*rows)


def _is_kept(name: str) -> bool:
    return (report.KEPT / f"{name}.json").is_file()


def _megabytes(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} MB"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def figures() -> Iterator[tuple[str, str]]:
    """When and where each was measured; and of each the number that a reader waits for.

    Raises:
        CldiError: a row that a sentence names was not measured.
    """
    for name in RUNS:
        yield f"{name}-machine", _machine(name)
    for name, row, dim in (("ours", "ours", 1280), ("pairs", "numpy-pairs", 1280)):
        yield f"scoring-{name}", f"{_measured('scoring', row=row, dim=dim):.2f} s"
    for network in ("efficientnet-lite0", "vgg19"):
        yield f"{network}-rate", f"{1 / _measured('extraction', row=f'{network}-ours'):.0f}"
    for name, label in PAGES.items():
        yield name, f"{_seconds(_measured('pages', label=label))} s"
    for name in ("paper", "beside"):
        yield f"{name}-machine", _machine(name) if _is_kept(name) else "not measured yet"


def _machine(name: str) -> str:
    """When and where a run was measured."""
    (where,) = _records(name, "machine")
    return f"{report.kept(name)['date']}, {where['cores']} cores of {where['cpu']}"


def _measured(name: str, **about: object) -> float:
    """The seconds of the one record of a run that says this of itself."""
    records = report.kept(name)["records"]
    found = [one for one in records if "seconds" in one and all(one.get(key) == value for key, value in about.items())]
    if len(found) != 1:
        said = ", ".join(f"{key} {value}" for key, value in about.items())
        raise CldiError(f"of the measurements {name!r}, {len(found)} are of {said}, and one is expected")
    return float(found[0]["seconds"])
