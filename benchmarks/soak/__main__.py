"""``python -m benchmarks.soak [KIND …]``: try everything, print a table, and end with 1 if anything was lost."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import machine, report
from benchmarks.soak.trial import Effort, Trial, Try, table
from cldi_core.commands import program
from cldi_core.errors import CldiError, unknown_name
from cldi_core.scoring.hardware import processors

NAME = "python -m benchmarks.soak"
KEPT = "soak"
# kind → where its function is; in the order in which they are tried.
KINDS: dict[str, str] = {
    "kills": "benchmarks.soak.kills.try_kills",
    "disk": "benchmarks.soak.disk.try_disk",
    "writers": "benchmarks.soak.writers.try_writers",
    "flips": "benchmarks.soak.flips.try_flips",
    "hostile": "benchmarks.soak.hostile.try_hostile",
    "web": "benchmarks.soak.web.try_web",
    "load": "benchmarks.soak.load.try_load",
}
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def find(kind: str) -> Try:
    """The function of a kind; UnknownNameError where there is none."""
    if kind not in KINDS:
        raise unknown_name("kind of trial", kind, KINDS)
    module, _, function = KINDS[kind].rpartition(".")
    found: Try = getattr(importlib.import_module(module), function)
    return found


def trials(kinds: Sequence[str], effort: Effort) -> Iterator[Trial]:
    """What came of each kind, one after the other."""
    for kind in kinds:
        print(f"trying {kind}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="cldi-soak-", ignore_cleanup_errors=True) as folder:
            for one in find(kind)(Path(folder), effort):
                told = f"  {one.what}: {one.tried:,} tried, {len(one.lost):,} lost, {one.seconds:.0f} s"
                print(told, file=sys.stderr, flush=True)
                yield one


def _others(name: str, here: report.Record, found: Sequence[Trial]) -> list[report.Record]:
    """The other trials that were kept under a name, if on a machine of the same kind: each kind may be tried alone."""
    try:
        before = report.kept(name)["records"]
    except CldiError:
        return []
    machines = [[record["cpu"], record["cores"]] for record in before if record["kind"] == "machine"]
    again = {(one.kind, one.what) for one in found}
    others = [one for one in before if one["kind"] != "machine" and (one["kind"], one["what"]) not in again]
    return others if machines == [[here["cpu"], here["cores"]]] else []


@app.command()
def soak(
    kinds: Annotated[list[str] | None, typer.Argument(metavar="[KIND]…", help="What is tried; all without it.")] = None,
    share: Annotated[float, typer.Option(min=0.001, max=1, help="Of a long run's tries.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    only: Annotated[
        str, typer.Option(metavar="TEXT", help="Of kills and crowds those whose name has this in it; all without it.")
    ] = "",
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="NAME",
            help="Also write them to benchmarks/results/NAME.json, in place of the same ones that were kept there.",
        ),
    ] = None,
) -> None:
    """Try what the explorer must survive, and count what was lost."""
    chosen = kinds or list(KINDS)
    for kind in chosen:
        find(kind)
    found = [*trials(chosen, Effort(share, seed, only))]
    print(table(found))
    if keep is not None:
        here = machine.describe(processors())
        records = [here, *_others(keep, here, found), *(one.as_record() for one in found)]
        print(f"kept in {report.keep(keep, records)}", file=sys.stderr)
    raise SystemExit(any(one.lost for one in found))


if __name__ == "__main__":
    program.run(app, NAME)
