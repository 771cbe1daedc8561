"""``prepare``: what pages show and cannot compute while somebody waits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data import permissions
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import CldiError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cldi_core.insight.preparing import Prepared


def prepare(
    dataset: DatasetOption,
    backbone: Annotated[
        list[str] | None,
        typer.Option("--backbone", help="The network whose features are used; may be repeated; all without it."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make dispersions and maps again that are there already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make ahead what pages show of a large data set: dispersions, maps, and what explains the scores that there are.

    What is stored and still true is kept, so it can be stopped at any moment and run again.
    """
    from cldi_core.insight import preparing

    opened = open_dataset(dataset)
    wanted = list(dict.fromkeys(backbone or opened.backbones))
    if not wanted:
        hint = f"Extract them: {opened.command('extract')}"
        raise unknown_name("backbone (no features of it)", "", opened.backbones, hint)
    made = {}
    for name in wanted:
        made[name] = preparing.prepare(opened, name, force=force, stages=progress)
        if not as_json:
            print(f"{name}: {', '.join(_lines(made[name]))}")
            for pair in made[name].unscored:
                command = opened.command("score", "--pair", pair, "--backbone", name)
                print(f"{pair} has not been scored with {name}, so nothing explains it yet: {command}", file=sys.stderr)
    if as_json:
        print_json({"dataset": opened.name, "backbones": {name: vars(one) for name, one in made.items()}})


def before_showing(folder: Path) -> None:
    """Prepare the data set of a folder that is to be shown, where something lacks; if that fails, say so and go on.

    Where nothing lacks, it takes some milliseconds.
    """
    from cldi_core.insight import prepared

    if permissions.read_only():
        return
    try:
        dataset = Dataset(folder)
        for name in prepared.lacking(dataset):
            print(f"Preparing {dataset.name} with {name}, once; what is made is kept ...", file=sys.stderr, flush=True)
            from cldi_core.insight import preparing

            preparing.prepare(dataset, name, stages=progress)
    except CldiError as error:
        print(f"error: {error}", file=sys.stderr)


def _lines(made: Prepared) -> Iterator[str]:
    """What was made, in a few words each."""
    yield f"{counted(made.dispersions, 'dispersion')} measured"
    for pair, ways in made.explained.items():
        yield f"{pair} explained under {', '.join(ways)}"
    for pair in made.ceilings:
        yield f"ceilings of {pair} measured"
    yield "maps: " + ", ".join(f"{kind} {how}" for kind, how in made.maps.items())
