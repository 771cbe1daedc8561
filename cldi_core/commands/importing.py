"""``import-lists`` and ``import-folder``: the user's files become a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import failures, listed, print_json, progress
from cldi_core.data.dataset import locate


def import_lists(
    files: Annotated[list[Path], typer.Argument(help="Word lists: English, translation, POS; tab-separated.")],
    dataset: DatasetOption,
    pair: Annotated[str | None, typer.Option("--pair", help="The pair, where the file's name does not say it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import published word lists (imgWords_en_de.txt)."""
    from cldi_core.data import importers

    summaries = importers.import_lists(locate(dataset), files, pair)
    if as_json:
        # One document whatever is given: an object for one list, as ever, and an array of them for several.
        print_json(summaries[0] if len(summaries) == 1 else summaries)
    else:
        for summary in summaries:
            counts = ", ".join(f"{count} {pos}" for pos, count in summary["pos"].items())
            print(f"{summary['pair']}: {summary['rows']} lines ({counts}), {summary['target_words']} translations")


def import_folder(
    folder: Annotated[Path, typer.Argument(help="DIR/<language>/<word>/<picture>")],
    dataset: DatasetOption,
    licence: Annotated[str, typer.Option(help="The licence of the pictures.")] = "unknown",
    author: Annotated[str, typer.Option(help="Who made the pictures.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import a folder of pictures; the names of its folders are languages and words."""
    from cldi_core.data import importers

    with progress("reading") as report:
        done = importers.import_folder(locate(dataset), folder, licence=licence, author=author, progress=report)
    if as_json:
        print_json(vars(done))
    else:
        words = ", ".join(f"{count} words in {language}" for language, count in done.languages.items())
        print(f"{done.pictures} pictures ({done.new} new) for {words}")
    listed(done.skipped, "passed over")
    failures(done.failed)
