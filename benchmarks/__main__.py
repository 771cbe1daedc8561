"""``python -m benchmarks``: measure scoring, or extraction (``--extract``), or pages of large data (``--paper``)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import benchmarks
from benchmarks import machine, report
from cldi_core.commands import program
from cldi_core.commands.options import JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.scoring.hardware import processors

NAME = "python -m benchmarks"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def bench(
    words: Annotated[int, typer.Option(min=2, help="Words of each side; about 42 pictures a word.")] = 200,
    dim: Annotated[list[int] | None, typer.Option(min=1, help="Features of a picture; may be repeated.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="How often each row is measured.")] = 5,
    full: Annotated[bool, typer.Option("--full", help="Also one pair of the paper's size (many minutes).")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of every row; as many as torch uses.")] = None,
    extraction: Annotated[
        bool, typer.Option("--extract", help="Measure extraction instead: decoders, networks, both together.")
    ] = False,
    paper: Annotated[
        bool,
        typer.Option("--paper", help="Measure the pages instead, on data of the paper's size (many minutes)."),
    ] = False,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast and how exact scoring is here, beside other tools; or how fast extraction is, or the pages."""

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    if extraction:
        from benchmarks import extraction as extracting

        records = [machine.describe(processors()), *extracting.measure(repeats, tell)]
        table = extracting.table
    elif paper:
        from benchmarks import paper_pages

        records = [machine.describe(processors()), *paper_pages.measure(tell)]
        table = paper_pages.table
    else:
        records = benchmarks.run(words, dim or (1280, 4096), repeats, full=full, threads=threads, progress=tell)
        table = benchmarks.table
    if keep is not None:
        tell(f"kept in {report.keep(keep, records)}")
    if as_json:
        print_json({"records": records})
    else:
        print(table(records))


if __name__ == "__main__":
    program.run(app, NAME)
