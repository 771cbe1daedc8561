"""``export``, ``import`` and ``export-lexicon``: a whole data set as one file, and the dictionary that it induces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import progress
from cldi_core.data.dataset import locate, open_dataset

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset


def export(
    dataset: DatasetOption,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The zip to write; replaced if it is there.")
    ],
    pictures: Annotated[
        str,
        typer.Option(
            help="Whose files go along: all; licensed, those whose licence is known; none. The others keep their row, "
            "features and results."
        ),
    ] = "licensed",
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="The words and pictures of this language alone; may be repeated."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="Left behind: pictures, features, scores, rankings, evidence, hubs, curves, projections, pivot, "
            "senses, descriptions, concreteness or licences; may be repeated."
        ),
    ] = None,
    with_people: Annotated[
        bool, typer.Option("--with-people", help="Take answers and judgements along, which people gave under a name.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a whole data set into one file, which `import` reads: with pictures as their licences allow."""
    from cldi_core.imports.whole_export import export_whole

    opened = open_dataset(dataset)
    check_output(output, opened)
    with progress("exporting", unit=" MB") as bar:
        report = export_whole(
            opened, output, pictures=pictures, languages=language or (), without=without or (), with_people=with_people,
            progress=bar,
        )  # fmt: skip
    size, files = report.counts["bytes"] / 1_000_000, report.counts["files"]
    tell([report], [f"{files} files, {report.counts['pictures']} pictures: {output} ({size:.1f} MB)"], as_json=as_json)


def import_(
    file: Annotated[Path, typer.Argument(help="What `export` has written.")],
    dataset: DatasetOption,
    title: Annotated[str, typer.Option(help="What people see; without it the title that it had.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a data set of a file that `export` wrote; all of it or nothing."""
    from cldi_core.imports.whole import import_whole

    path = locate(dataset)
    with progress("importing", unit=" MB") as bar:
        report = import_whole(path, file, title=title, progress=bar)
    tell([report], [f"{report.counts['files']} files: {path}"], as_json=as_json)


def check_output(file: Path, dataset: Dataset) -> None:
    """Whether a file can be put there, before anything is done for it: never into a data set, whose files it could be.

    Raises:
        typer.BadParameter: it cannot.
    """
    if file.is_dir():
        raise typer.BadParameter(f"{str(file)!r} is a folder; name a file in it", param_hint="--output")
    if not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(file.parent)!r}; make it first", param_hint="--output")
    if file.exists() and not file.is_file():
        raise typer.BadParameter(f"{str(file)!r} is no regular file; name another", param_hint="--output")
    if {dataset.path.resolve(), dataset.home.resolve()} & {*file.resolve().parents}:
        raise typer.BadParameter(f"{str(file)!r} is in the data set itself; name a file outside", param_hint="--output")
