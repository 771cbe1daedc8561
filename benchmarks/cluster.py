"""``python -m benchmarks.cluster``: what a Ray worker adds, and what giving out a piece of work takes.

One worker and then two score the same blocks of one language pair, on this machine.  Seconds of processors are told
beside those of the clock: other work on the machine changes the latter.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import machine, report
from cldi_core.commands import program
from cldi_core.commands.options import DEFAULT_BACKBONE, JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import open_dataset
from cldi_core.evaluation import ray_scoring
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ray_scoring import Block, BlockScorer, RayScoring, pieces_of
from cldi_core.features.ray_cluster import Pool, joined
from cldi_core.scoring import Scores
from cldi_core.scoring.hardware import processors

NAME = "python -m benchmarks.cluster"
METHODS = ("avgmax", "maxmax", "cnn-mean", "cnn-max", "knn", "avgmax-sym", "avgmax-typical")
BLOCK = 2048  # source pictures of a block that is large enough to tell what a million words take
NOTHINGS = 2000  # pieces of work that are none
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class Timed(BlockScorer):
    """As it, and adds to the errors how many seconds of the processor a block took."""

    def __call__(self, block: Block) -> tuple[dict[str, Scores], dict[str, float]]:
        """Score one block."""
        self.reader.pair(block.pair, block.expected)
        begun = time.process_time()
        scores, errors = super().__call__(block)
        return scores, errors | {"processor": time.process_time() - begun}


def nothing() -> Any:
    """What does no work: the pieces come back as they are."""
    return lambda piece: piece


def scoring(pair: Pair, place: str, actors: int, rounds: int) -> dict[str, Any]:
    """A record of some workers at the blocks of a pair, without the first round, in which they open the data set."""
    clock, took, driver = [], [], []
    with Pool(Timed, (place, pair.backbone), "the benchmark", actors=actors) as pool:
        cluster, size = RayScoring(pool), len(pair.source.members)
        for _ in range(rounds + 1):
            pieces_of(pair).clear()
            begun, own = time.perf_counter(), time.process_time()
            blocks = list(cluster._blocks(pair, pair.source, pair.target, METHODS, "cpu"))
            clock.append(time.perf_counter() - begun)
            driver.append((time.process_time() - own) / len(blocks))
            took.append([errors["processor"] for *_, errors in blocks])
    seconds = np.concatenate(took[1:])
    return {
        "kind": "cluster",
        "actors": actors,
        "blocks": len(took[0]),
        "pictures": [size, len(pair.target.members)],
        "words": [len(pair.source), len(pair.target)],
        "dim": pair.source.dim,
        "rate": size / float(np.median(clock[1:])),
        "processor": float(np.median(seconds)),
        "spread": float(np.log(seconds).std()),
        "driver": float(np.median(driver[1:])),
        "bytes": 4 * len(METHODS) * len(pair.source) * len(pair.target) / len(took[0]),
    }


def block(pair: Pair, place: str) -> dict[str, Any]:
    """A record of one block of the usual size, scored in this process by one thread."""
    import torch

    torch.set_num_threads(1)
    names = next(pair.source.words[rows] for rows in ray_scoring.spans(pair.source, BLOCK)[1:])
    asked = Block(pair.name, pair.key, names, None, METHODS, "cpu", "")
    _, errors = Timed(place, pair.backbone)(asked)
    pictures = [len(sets.members) for sets in (pair.source.select(names), pair.target)]
    return {"kind": "block", "pictures": pictures, "dim": pair.source.dim, "processor": errors["processor"]}


def dispatch(actors: int) -> dict[str, Any]:
    """A record of what a piece of work takes that is none, on the clock and of the processor that gives it out."""
    with Pool(nothing, (), "the benchmark", actors=actors) as pool:
        list(pool.done(range(100)))
        begun, own = time.perf_counter(), time.process_time()
        list(pool.done(range(NOTHINGS)))
        clock, own = time.perf_counter() - begun, time.process_time() - own
    return {"kind": "dispatch", "actors": actors, "seconds": clock / NOTHINGS, "processor": own / NOTHINGS}


@app.command()
def main(
    dataset: Annotated[str, typer.Option("--dataset", help="A data set with features; it is copied.")],
    backbone: Annotated[str, typer.Option("--backbone", help="The network whose features are used.")] = (
        DEFAULT_BACKBONE
    ),
    pair: Annotated[str, typer.Option("--pair", help="A language pair.")] = "en-de",
    pictures: Annotated[int, typer.Option(min=1, help="Source pictures of a block.")] = ray_scoring.PICTURES,
    large: Annotated[
        str | None, typer.Option(help="A larger data set, of which one block of 2048 pictures is scored here.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each number of workers.")] = 3,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what a worker of a Ray cluster adds here, and what giving out work takes."""
    ray_scoring.PICTURES = pictures
    records = [machine.describe(processors())]
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        place = Path(name) / "set"
        shutil.copytree(open_dataset(dataset).path, place, ignore=shutil.ignore_patterns("images", "scores"))
        opened = open_pair(open_dataset(str(place)), backbone, pair)
        with joined(None):
            records += [scoring(opened, str(place), actors, rounds) for actors in (1, 2)]
            records += [dispatch(actors) for actors in (1, 2)]
    if large is not None:
        place = open_dataset(large).path
        records.append(block(open_pair(open_dataset(large), backbone, pair), str(place)))
    if keep is not None:
        print(f"kept in {report.keep(keep, records)}", file=sys.stderr)
    if as_json:
        print_json({"records": records})
    else:
        for record in records:
            print(", ".join(f"{key} {value}" for key, value in record.items()))


if __name__ == "__main__":
    program.run(app, NAME)
