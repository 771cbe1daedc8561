"""``python -m benchmarks.memory``: how much memory each long command takes, against the number of pictures.

Each step is a process of its own on a synthetic data set (``paper_size``: pictures of 64 × 64, made-up features of 1280
numbers), at 1,000, 10,000 and 100,000 pictures, and as many times ten as are asked for.  Two numbers are taken of it:
the memory that is its own at most (anonymous pages), and the resident size at most, which has the mapped files too that
the system can take back.  A line through the sizes gives bytes a picture and a constant.  Processes that a step starts,
such as decoders, are not in it.  Only where ``/proc`` tells (Linux).

What would take hours is faked or smaller, and says so in its label:

- ``extract``: everything is as always but the network, which hands on the pixels of a picture of 8 × 8 in place of
  features; ``network`` has the true one, at 1,000 pictures.
- ``score``, ``compare``: work and matrix grow with the product of the words, so they end at 100,000 pictures;
  ``listed`` scores 100 words of each language (or as many as there are) of a data set of any size.
- ``check``: without a word list, where features of no two languages are compared; ``compare`` is with one.
"""

from __future__ import annotations

import math
import os
import shutil
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
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError

NAME = "python -m benchmarks.memory"
ROOT = Path(__file__).resolve().parents[1]
EVERY = 0.02  # seconds between two looks at a process
DATA = ("dataset.toml", "images", "features", "lexicon", "words.parquet")  # of a data set, before any step
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

    @property
    def listed(self) -> Path:
        """The first with a shorter word list."""
        return self.folder / "listed"

    def clear(self) -> None:
        """Take away what steps have made of the data."""
        shutil.rmtree(self.imported, ignore_errors=True)
        for path in [*self.built.iterdir(), *self.listed.iterdir()]:
            if path.name not in DATA:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass(frozen=True)
class Step:
    """One thing that is measured.

    Attributes:
        label: what it is called; command: the arguments of Python.
        most: pictures; with more it takes hours.
        after: the step that makes what it needs; empty where that is there.
    """

    label: str
    command: Callable[[Place], list[str]]
    most: float = math.inf
    after: str = ""


def _cli(*arguments: str | Path) -> list[str]:
    return ["-m", "cldi_core", *map(str, arguments)]


def _own(what: str, *folders: Path) -> list[str]:
    """What ``memory_data`` does."""
    return ["-m", "benchmarks.memory_data", what, *map(str, folders)]


STEPS = {
    "import": Step("import-folder", lambda at: _cli("import-folder", at.files, "--dataset", at.imported)),
    "extract": Step("extract, its network faked", lambda at: _own("extract", at.imported), after="import"),
    "network": Step(
        "extract, EfficientNet-Lite0",
        lambda at: _cli("extract", "--dataset", at.imported, "--backbone", BACKBONE),
        most=2_000,
        after="import",
    ),
    "score": Step(
        "score, AVGMAX with evidence and ceilings",
        lambda at: _cli("score", "--dataset", at.built, "--pair", PAIR, "--method", "avgmax"),
        most=200_000,
    ),
    "listed": Step(
        "score of 100 words, of all pictures",
        lambda at: _cli("score", "--dataset", at.listed, "--pair", PAIR, "--method", "avgmax"),
    ),
    "project": Step("project", lambda at: _cli("project", "--dataset", at.built)),
    "check": Step("check", lambda at: _cli("check", "--dataset", at.imported), after="extract"),
    "compare": Step("check, with a word list", lambda at: _cli("check", "--dataset", at.built), most=200_000),
    "app": Step("app: the pages Overview, Word and Data", lambda at: _own("pages", at.built)),
}


def measure(
    sizes: Sequence[int],
    steps: Sequence[str] = tuple(STEPS),
    tell: Callable[[str], None] = lambda line: None,
    folder: Path | None = None,
) -> list[dict[str, Any]]:
    """Records of kind ``"memory"``, one for each step and size, and ``"memory slope"``, one for each step.

    Args:
        folder: where the data is made, and found again by the next run; without it, it is made and taken away.

    Raises:
        CldiError: a step failed, or the system does not tell.
    """
    if not Path("/proc/self/status").is_file():
        raise CldiError("how much memory a process takes is read from /proc, which is not there")
    records: list[dict[str, Any]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
            place = Place((folder or Path(name)) / str(size))
            records += _of_size(place, size, steps, tell)
    return [*records, *slopes(records)]


def _of_size(place: Place, size: int, steps: Sequence[str], tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    if place.listed.is_dir():  # what is made last
        place.clear()
    else:
        tell(f"{size:,} pictures: making them")
        watched([*_own("make", place.folder), str(size)])
    count = len(Dataset(place.built).pictures.ids)
    done: set[str] = set()
    for key in steps:
        if size > STEPS[key].most:
            continue
        for needed in [one for one in _before(key) if one not in done]:
            tell(f"{size:,} pictures: {STEPS[needed].label}, for what follows")
            watched(STEPS[needed].command(place))
            done.add(needed)
        tell(f"{size:,} pictures: {STEPS[key].label}")
        found = watched(STEPS[key].command(place))
        yield {"kind": "memory", "step": key, "label": STEPS[key].label, "pictures": count} | found
        done.add(key)


def _before(key: str) -> list[str]:
    """The steps that a step needs, in their order."""
    after = STEPS[key].after
    return [*_before(after), after] if after else []


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
    folder: Annotated[
        Path | None, typer.Option("--data", help="Where the data is made and stays, for the next run.")
    ] = None,
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
    told = measure(sizes, step or tuple(STEPS), lambda line: print(line, file=sys.stderr), folder)
    records = [machine.describe(processors()), *told]
    if kept is not None:
        print(f"kept in {keep(kept, records)}", file=sys.stderr)
    print(table(told))


if __name__ == "__main__":
    program.run(app, NAME)
