"""``python -m benchmarks.memory``: how much memory each long command takes, against the number of pictures.

Each step is a process of its own on a synthetic data set (``paper_size``), at 1,000, 10,000 and 100,000 pictures.  Two
numbers are taken of it: the memory that is its own at most (anonymous pages), and the resident size at most, which has
the mapped files too that the system can take back.  A line through the sizes gives bytes a picture and a constant.
Processes that a step starts, such as decoders, are not in it.  Only where ``/proc`` tells (Linux).
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.paper_size import BACKBONE, PAIR
from benchmarks.report import keep
from cldi_core.commands import program
from cldi_core.errors import CldiError

NAME = "python -m benchmarks.memory"
ROOT = Path(__file__).resolve().parents[1]
EVERY = 0.02  # seconds between two looks at a process
FIELDS = {"RssAnon": "own", "VmHWM": "resident"}  # of /proc/PID/status
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Place:
    """The data of one size: a data set with made-up features, the same pictures in folders, and an empty name."""

    folder: Path

    @property
    def built(self) -> Path:
        """With features."""
        return self.folder / "built"

    @property
    def files(self) -> Path:
        """Pictures in folders of words."""
        return self.folder / "files"

    @property
    def imported(self) -> Path:
        """What ``import-folder`` makes of them."""
        return self.folder / "imported"


@dataclass(frozen=True)
class Step:
    """One thing that is measured.

    Attributes:
        label: what it is called; command: the arguments of Python.
        most: pictures; with more it takes hours.
    """

    label: str
    command: Callable[[Place], list[str]]
    most: float = math.inf


def _cli(*arguments: str | Path) -> list[str]:
    return ["-m", "cldi_core", *map(str, arguments)]


STEPS = {
    "import": Step("import-folder", lambda at: _cli("import-folder", at.files, "--dataset", at.imported)),
    "extract": Step(
        "extract, EfficientNet-Lite0",
        lambda at: _cli("extract", "--dataset", at.imported, "--backbone", BACKBONE),
        most=20_000,
    ),
    "score": Step(
        "score, AVGMAX with evidence and ceilings",
        lambda at: _cli("score", "--dataset", at.built, "--pair", PAIR, "--method", "avgmax"),
        most=200_000,
    ),
    "project": Step("project", lambda at: _cli("project", "--dataset", at.built), most=200_000),
    "check": Step("check", lambda at: _cli("check", "--dataset", at.built)),
    "app": Step(
        "app: the pages Overview, Word and Data", lambda at: ["-m", "benchmarks.memory_data", "pages", str(at.built)]
    ),
}


def measure(
    sizes: Sequence[int], steps: Sequence[str] = tuple(STEPS), tell: Callable[[str], None] = lambda line: None
) -> list[dict[str, Any]]:
    """Records of kind ``"memory"``, one for each step and size, and ``"memory slope"``, one for each step.

    Raises:
        CldiError: a step failed, or the system does not tell.
    """
    if not Path("/proc/self/status").is_file():
        raise CldiError("how much memory a process takes is read from /proc, which is not there")
    records = [record for size in sizes for record in _of_size(size, steps, tell)]
    return [*records, *slopes(records)]


def _of_size(size: int, steps: Sequence[str], tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        place = Place(Path(name))
        tell(f"{size:,} pictures: making them")
        watched(["-m", "benchmarks.memory_data", "make", name, str(size)])
        count = sum(1 for _ in place.files.glob("*/*/*"))
        for key in steps:
            step = STEPS[key]
            if size <= step.most:
                if key == "extract" and not place.imported.is_dir():
                    watched(STEPS["import"].command(place))
                tell(f"{size:,} pictures: {step.label}")
                yield {"kind": "memory", "step": key, "label": step.label, "pictures": count} | watched(
                    step.command(place)
                )


def watched(arguments: list[str]) -> dict[str, float]:
    """Run Python: ``own`` and ``resident``, bytes at most, and ``seconds``.

    Raises:
        CldiError: it failed.
    """
    peaks, start = dict.fromkeys(FIELDS.values(), 0), time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name not in ("CLDI_DATA", "CLDI_DATASET")}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            for name, value in _status(process.pid):
                peaks[name] = max(peaks[name], value)
            time.sleep(EVERY)
        if process.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise CldiError(f"{' '.join(arguments[1:3])} failed: {lines[-1]}")
    return {**peaks, "seconds": time.monotonic() - start}


def _status(pid: int) -> Iterator[tuple[str, int]]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:  # it has ended meanwhile
        return
    for line in lines:
        field, _, value = line.partition(":")
        if field in FIELDS:
            yield FIELDS[field], 1024 * int(value.split()[0])


def slopes(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each step a line through its sizes by least squares: ``slope``, bytes a picture, and ``constant``, bytes.

    Both are of the memory that is its own.  There is none of a step that was measured at one size.
    """
    found = []
    for key in dict.fromkeys(record["step"] for record in records):
        own = [record for record in records if record["step"] == key]
        sizes = np.array([record["pictures"] for record in own], np.float64)
        if len(set(sizes)) > 1:
            slope, constant = np.polyfit(sizes, [record["own"] for record in own], 1)
            about = {"kind": "memory slope", "step": key, "label": own[0]["label"]}
            found.append({**about, "slope": float(slope), "constant": float(constant), "sizes": len(own)})
    return found


def table(records: Sequence[dict[str, Any]]) -> str:
    """A line for each step: MB at each size, bytes a picture, the constant."""
    measured = [record for record in records if record["kind"] == "memory"]
    lines = [f"{'MB of its own (resident, with mapped files)':40} {'pictures':>10} {'own':>8} {'resident':>9} {'s':>7}"]
    lines += [
        f"{one['label']:40} {one['pictures']:10,} {one['own'] / 1e6:8,.0f} {one['resident'] / 1e6:9,.0f} "
        f"{one['seconds']:7,.0f}"
        for one in sorted(measured, key=lambda one: (list(STEPS).index(one["step"]), one["pictures"]))
    ]
    lines += [
        f"{one['label']:40} {one['slope']:10,.0f} bytes a picture and {one['constant'] / 1e6:,.0f} MB"
        for one in records
        if one["kind"] == "memory slope"
    ]
    return "\n".join(lines)


@app.command()
def main(
    most: Annotated[int, typer.Option("--most", min=100, help="The largest number of pictures.")] = 100_000,
    step: Annotated[list[str] | None, typer.Option("--step", help="Only this one; may be repeated.")] = None,
    kept: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
) -> None:
    """Measure how much memory each long command takes, at 1,000 pictures and ten times as many up to the largest."""
    from benchmarks import machine
    from cldi_core.scoring.hardware import processors

    if unknown := set(step or ()) - STEPS.keys():
        raise typer.BadParameter(f"{sorted(unknown)[0]!r}; there are {', '.join(STEPS)}", param_hint="--step")
    sizes = [size for size in (10**power for power in range(2, 9)) if min(1000, most) <= size <= most]
    told = measure(sizes, step or tuple(STEPS), lambda line: print(line, file=sys.stderr))
    records = [machine.describe(processors()), *told]
    if kept is not None:
        print(f"kept in {keep(kept, records)}", file=sys.stderr)
    print(table(told))


if __name__ == "__main__":
    program.run(app, NAME)
