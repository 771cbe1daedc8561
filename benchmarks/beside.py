"""``python -m benchmarks.beside``: how much longer ``score`` takes beside five processes that never rest.

The data set is a tenth of the paper's size (``paper_size``) and scored with all usual methods, alone and beside the
others in turns.  Where all take the processors that they can get, each has its share of them; a step that takes longer
than its share explains has threads that wait for one another.  Records of kind ``"beside"``: ``step``, and of the
medians of so many ``repeats``, in seconds, ``alone``, ``beside``, and the processor time of both.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import machine, paper_size, report
from cldi_core.errors import CldiError
from cldi_core.scoring.hardware import processors

Record = dict[str, Any]
Took = dict[str, tuple[float, float]]  # step → seconds, and of the processors
NAME, SCALE, OTHERS, TIMES = "beside", 0.1, 5, 3
ALL = "score, the whole command"
STEPS = {  # what a step is called → the function that takes it
    "one pass over all pictures": "cldi_core.scoring.best_match.match",
    "clusters of each word's pictures (KNN-C)": "cldi_core.scoring.knn.split",
    "optimal transport, short list": "cldi_core.scoring.transport_short.settle_short",
    "ranks, also of controls": "cldi_core.evaluation.rankings.rankings",
    "evidence": "cldi_core.insight.evidence.keep_evidence",
    "hubs": "cldi_core.insight.hubs.keep_hubs",
    "ceilings": "cldi_core.insight.ceiling.keep_ceilings",
}
SAID = 300  # characters of an error, the last ones
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # as many as there are where nobody says


def measure(
    times: int = TIMES, scale: float = SCALE, others: int = OTHERS, tell: Callable[[str], object] = lambda line: None
) -> list[Record]:
    """The records, the whole command first.

    Args:
        times: rounds; in each the command runs alone and then beside the others.
        scale: of the data set's number of words; others: how many never rest.
    """
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as temporary:
        folder = Path(temporary) / "beside"
        folder.mkdir()
        paper_size.build(folder, scale)
        made = {path.name for path in folder.iterdir()}
        alone: list[Took] = []
        beside: list[Took] = []
        for number in range(times):
            for found, count in ((alone, 0), (beside, others)):
                tell(f"beside: round {number + 1} of {times}, {count} others")
                with restless(count):
                    found.append(scored(folder))
                for path in folder.iterdir():
                    if path.name not in made:
                        shutil.rmtree(path)
    return [_record(step, others, alone, beside) for step in (ALL, *STEPS)]


def _record(step: str, others: int, alone: Sequence[Took], beside: Sequence[Took]) -> Record:
    seconds, busy = zip(*(one[step] for one in alone), strict=True)
    longer, more = zip(*(one[step] for one in beside), strict=True)
    medians = {"alone": seconds, "alone_busy": busy, "beside": longer, "beside_busy": more}
    return {
        "kind": "beside", "step": step, "others": others, "repeats": len(alone),
        **{name: statistics.median(values) for name, values in medians.items()},
        "ratio": statistics.median(longer) / statistics.median(seconds),
    }  # fmt: skip


@contextmanager
def restless(count: int) -> Iterator[None]:
    """So many processes that compute all the time."""
    with ExitStack() as running:
        for _ in range(count):
            one = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            running.callback(one.wait)
            running.callback(one.kill)
        yield


def scored(folder: Path) -> Took:
    """Score a data set in a process of its own: what each step took.

    Raises:
        CldiError: that failed.
    """
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    command = [sys.executable, "-m", "benchmarks.beside", "--steps", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CldiError(f"scoring {folder} failed: {' '.join(done.stderr.split())[-SAID:] or 'without a word'}")
    found: Took = {name: (wall, busy) for name, (wall, busy) in json.loads(done.stdout.splitlines()[-1]).items()}
    return found


def steps(folder: Path) -> Took:
    """Score a data set in this process, whose functions are watched from then on: what each step took."""
    from cldi_core.commands import scoring

    took: dict[str, list[float]] = {step: [0.0, 0.0] for step in (ALL, *STEPS)}
    for step, place in STEPS.items():
        name, _, function = place.rpartition(".")
        module = import_module(name)
        setattr(module, function, _watched(getattr(module, function), took[step]))
    _watched(scoring.score, took[ALL])(str(folder))
    return {step: (wall, busy) for step, (wall, busy) in took.items()}


def _watched(function: Callable[..., Any], took: list[float]) -> Callable[..., Any]:
    """The function; what its calls take is added: seconds, and those of the processors in all threads."""

    @wraps(function)
    def watched(*given: Any, **options: Any) -> Any:
        start, busy = time.perf_counter(), time.process_time()
        try:
            return function(*given, **options)
        finally:
            took[0] += time.perf_counter() - start
            took[1] += time.process_time() - busy

    return watched


def table(records: Sequence[Record]) -> str:
    """The records as text."""
    lines = [f"{'':42} {'alone':>8} {'beside':>8} {'ratio':>6} {'of processors, alone and beside':>34}"]
    for one in (record for record in records if record["kind"] == "beside"):
        busy = f"{one['alone_busy']:.2f} s and {one['beside_busy']:.2f} s"
        lines.append(f"{one['step']:42} {one['alone']:7.2f}s {one['beside']:7.2f}s {one['ratio']:6.1f} {busy:>34}")
    return "\n".join(lines)


def main(
    times: Annotated[int, typer.Option("--times", min=1, help="Rounds.")] = TIMES,
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="Of the paper's number of words.")] = SCALE,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--steps", hidden=True)] = None,
) -> None:
    """Measure how much longer scoring takes beside others, and print one table."""
    if folder is not None:
        print(json.dumps(steps(folder)))
        return
    records = measure(times, scale, tell=lambda line: print(line, file=sys.stderr))
    print(table(records))
    if keep is not None:
        print(f"kept in {report.keep(keep, [machine.describe(processors()), *records])}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
