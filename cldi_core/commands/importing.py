"""``import-lists`` and ``import-folder``: the user's files become a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import failures, listed, print_json, progress
from cldi_core.data.dataset import locate


def import_lists(
    files: Annotated[list[Path], typer.Argument(help="Word lists: a word, its translation, and if known the POS.")],
    dataset: DatasetOption,
    pair: Annotated[str | None, typer.Option("--pair", help="The pair, where the file's name does not say it.")] = None,
    pos: Annotated[str | None, typer.Option("--pos", help="N, V or A: for lists without POS; else they are X.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import word lists: published ones (imgWords_en_de.txt), MUSE and MMID dictionaries, tables (CSV, TSV)."""
    from cldi_core.commands.reports import tell
    from cldi_core.data.plain import plain
    from cldi_core.imports import lists

    looked = lists.import_lists(locate(dataset), files, pair, pos)
    told = []
    for one in looked:
        counts = ", ".join(f"{count} {letter}" for letter, count in one.summary["pos"].items())
        lines = f"{one.summary['rows']} lines ({counts}), {one.summary['target_words']} translations"
        told.append(f"{one.pair}: {lines}; {plain(one.format)}")
    tell([one.report for one in looked], told, as_json=as_json, beside=[one.summary for one in looked])


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
