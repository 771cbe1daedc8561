"""``import-lists``, ``import-folder``, ``import-given`` (to a page): the user's files become a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import progress
from cldi_core.data.counting import counted
from cldi_core.data.dataset import locate


def import_lists(
    files: Annotated[list[Path], typer.Argument(help="Word lists: a word, its translation, and if known the POS.")],
    dataset: DatasetOption,
    pair: Annotated[str | None, typer.Option("--pair", help="The pair, where the file's name does not say it.")] = None,
    pos: Annotated[str | None, typer.Option("--pos", help="N, V or A: for lists without POS; else they are X.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import word lists: published ones (imgWords_en_de.txt), MUSE and MMID dictionaries, tables (CSV, TSV)."""
    from cldi_core.data.plain import plain
    from cldi_core.imports import lists

    looked = lists.import_lists(locate(dataset), files, pair, pos)
    told = []
    for one in looked:
        counts = ", ".join(f"{count} {letter}" for letter, count in one.summary["pos"].items())
        lines = f"{counted(one.summary['rows'], 'line')} ({counts}), "
        lines += counted(one.summary["target_words"], "translation")
        told.append(f"{one.pair}: {lines}; {plain(one.format)}")
    tell([one.report for one in looked], told, as_json=as_json, beside=[one.summary for one in looked])


def import_folder(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="DIR/<language>/<word>/<pictures>: a folder, or a zip or tar file.")
    ],
    dataset: DatasetOption,
    words: Annotated[
        Path | None, typer.Option("--words", help="Words that no folder can be named by: folder, tab, word.")
    ] = None,
    licence: Annotated[str, typer.Option(help="The licence of the pictures.")] = "unknown",
    author: Annotated[str, typer.Option(help="Who made the pictures.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import a folder of pictures, or a zip or tar file; the names of its folders are languages and words."""
    from cldi_core.imports import folder

    given = folder.read_words(words) if words else {}
    with progress("reading") as told:
        report = folder.import_folder(locate(dataset), source, given, licence=licence, author=author, progress=told)
    counts = report.counts
    words_of = ", ".join(f"{counted(count, 'word')} in {language}" for language, count in counts["languages"].items())
    line = f"{counted(counts['pictures'], 'picture')} ({counts['new']} new) for {words_of}"
    # What the document of this command has always had stands beside the report.
    failed, skipped = (
        [{"file": note.place, "reason": note.text or note.what} for note in notes.kept]
        for notes in (report.missing, report.passed)
    )
    tell([report], [line], as_json=as_json, beside=[{**counts, "failed": failed, "skipped": skipped}])


def import_given(
    folder: Annotated[Path, typer.Argument(help="What the dashboard was given.")], dataset: DatasetOption
) -> None:
    """Store what was looked at in the dashboard, which runs this and watches it."""
    from cldi_core.imports import job

    job.run(locate(dataset), folder)
