"""``python -m benchmarks.projections``: ways to lay pictures out on a plane, beside the one that maps are made with.

Of the demo's pictures, and of as many synthetic ones as the paper has (``synthetic``), every way gets the same first
principal components, on one thread and in a process of its own; rows beyond ``map_layout.FITTED`` are placed among the
others afterwards.  ``pip install openTSNE pacmap`` first: of what is not there a row says so.

Trustworthiness (Venna & Kaski 2001) tells how many of a picture's neighbours on the plane are neighbours in all numbers
too: 1 where all are.  It is of ``LOOKED`` pictures at most, among each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks import machine, synthetic
from benchmarks.paper_size import BACKBONE, WORDS
from benchmarks.projections_worker import WAYS
from benchmarks.report import keep
from cldi_core.commands import program
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import CldiError
from cldi_core.features.backbones import find_backbone
from cldi_core.features.shards import open_features
from cldi_core.insight import map_layout
from cldi_core.scoring.imagesets import unit_rows

NAME = "python -m benchmarks.projections"
ROOT = Path(__file__).resolve().parents[1]
LABELS = {"umap": "UMAP, as maps are made", "openTSNE": "t-SNE, openTSNE", "pacmap": "PaCMAP, pacmap"}
DISTRIBUTIONS = {"umap": "umap-learn"}  # where it is not called as the module is
LOOKED = 5000
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
Rows = map_layout.Rows


def measure(tell: Callable[[str], None] = lambda line: None, most: int | None = None) -> list[dict[str, Any]]:
    """A record of kind ``"projection"`` for each set of pictures and each way; ``most``: pictures of a set."""
    records = []
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        for label, features in _sets(Path(name)):
            records += _of_set(label, features[:most] if most else features, Path(name), tell)
    return records


def _sets(folder: Path) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """The pictures of the demo, and as many as ``paper_size`` makes: float16 (n, dim)."""
    yield "demo", open_features(open_dataset("demo"), BACKBONE).matrix[:]
    made = synthetic.make(max(WORDS.values()), find_backbone(BACKBONE).dim, folder=folder)
    own = zip((made.source, made.target), WORDS.values(), strict=True)
    yield "paper's size", np.concatenate([sets.features[: sets.offsets[count]] for sets, count in own])


def _of_set(
    label: str, features: NDArray[np.floating], folder: Path, tell: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    chosen = map_layout.sample(len(features), map_layout.FITTED)
    others = np.setdiff1d(np.arange(len(features)), chosen)
    reduced = map_layout.project(features, *map_layout.principal(features, chosen))
    numbers = {"rows": chosen, "rest": others}
    for name, own in numbers.items():
        np.save(folder / f"{name}.npy", reduced[own])
    for way in WAYS:
        tell(f"{label}: {LABELS[way]}")
        about = {"kind": "projection", "set": label, "way": way, "label": LABELS[way]}
        about |= {name: len(own) for name, own in numbers.items()}
        if not machine.installed(way):
            yield about | {"status": "not installed"}
            continue
        about |= {"status": "measured", "version": version(DISTRIBUTIONS.get(way, way))} | _in_process(folder, way)
        for name, own in numbers.items():
            if len(own):
                about[f"{name}_trust"] = trust(features[own], np.load(folder / f"{name}-xy.npy"))
        yield about


def trust(features: NDArray[np.floating], places: NDArray[np.float32]) -> float:
    """How far neighbours on the plane are neighbours of the unit rows, of ``LOOKED`` at most: in [0, 1]."""
    from sklearn.manifold import trustworthiness

    looked = map_layout.sample(len(features), LOOKED)
    return float(trustworthiness(unit_rows(features[looked]), places[looked], n_neighbors=map_layout.NEIGHBOURS))


def _in_process(folder: Path, way: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.projections_worker", str(folder), way]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CldiError(f"{way} failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(records: Sequence[dict[str, Any]]) -> str:
    """A line for each set and way."""
    head = ("begin s", "layout s", "MB", "trust", "rest s", "trust")
    lines = [f"{'':36} {'pictures':>8} " + " ".join(f"{name:>8}" for name in head)]
    for one in records:
        if one["kind"] == "projection":
            names = ("start", "seconds", "peak", "rows_trust", "rest_seconds", "rest_trust")
            cells = " ".join(f"{_cell(one.get(name), name):>8}" for name in names)
            lines.append(f"{one['set'] + ', ' + one['label']:36} {one['rows']:8,} {cells}")
    return "\n".join(lines)


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if name.endswith("trust") else f"{value / 1e6:.0f}" if name == "peak" else f"{value:.1f}"


@app.command()
def main(
    most: Annotated[int | None, typer.Option("--most", min=1000, help="Pictures of a set, at most; all.")] = None,
    kept: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
) -> None:
    """Measure ways to lay pictures out on a plane: processor time, memory, and how far neighbours stay neighbours."""
    records = [machine.describe(1), *measure(lambda line: print(line, file=sys.stderr), most)]
    if kept is not None:
        print(f"kept in {keep(kept, records)}", file=sys.stderr)
    print(table(records))


if __name__ == "__main__":
    program.run(app, NAME)
