"""``judgements``: what people judged of candidates, listed, taken out, taken in, deleted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.program import Program
from cldi_core.commands.terminal import print_json
from cldi_core.data import disk, judgement_tables, storage, wordlists
from cldi_core.data import judgements as files
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import DatasetError, unknown_name

app = Program(
    help="Judgements of candidates, kept per name beside the data set (they are made on the page Judge).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
NameOption = Annotated[str, typer.Option("--name", help="Whose judgements.")]
FileArgument = Annotated[
    Path, typer.Argument(help="A table with tabs: pair, word, pos, candidate, verdict, note, judge.")
]
FORMS = ("table", "list")
LISTED = 20  # lines that were not taken, named at most


@app.command("list")
def list_(
    dataset: DatasetOption,
    name: Annotated[str | None, typer.Option("--name", help="Whose judgements; all names without it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The names that have judged, or the judgements of one name."""
    opened = open_dataset(dataset)
    if name is None:
        counts = {one: len(files.judgements(opened, one)) for one in files.names(opened)}
        lines = [f"{one!r}: {counted(count, 'judgement')}" for one, count in counts.items()]
        document: dict[str, object] = {"dataset": opened.name, "judgements": counts}
    else:
        found = files.judgements(opened, files.known(opened, name))
        lines = [f"{one.pair}  {one.query} → {one.candidate}: {one.verdict}  {one.note}".rstrip() for one in found]
        document = {"dataset": opened.name, "name": name, "judgements": [vars(one) for one in found]}
    if as_json:
        print_json(document)
    else:
        print("\n".join(lines) or "nobody has judged yet")


@app.command()
def export(
    file: FileArgument,
    dataset: DatasetOption,
    name: NameOption,
    form: Annotated[
        str, typer.Option("--as", help="table; list: the pair's word list with them, as import-lists takes it.")
    ] = "table",
    pair: Annotated[str | None, typer.Option("--pair", help="Of these alone; a list is of one pair.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the judgements of a name to a file: a table, or a word list with the acceptable ones as right answers.

    A list holds all lines of the pair's own list but those that were judged wrong; import it into another data set.
    """
    if form not in FORMS:
        raise unknown_name("form", form, FORMS)
    opened = open_dataset(dataset)
    found = files.judgements(opened, files.known(opened, name))
    if form == "list":
        rows = judgement_tables.as_list(opened, _one_pair(opened, pair), found)
        wordlists.write_list(file, rows)
        done = len(rows)
    else:
        if pair is not None:
            opened.queries(pair)  # says that there is none
        chosen = [one for one in found if pair in (None, one.pair)]
        try:
            storage.write_text(file, judgement_tables.to_tsv(chosen, name))
        except OSError as error:
            raise disk.cannot_write_file(file, error) from error
        done = len(chosen)
    if as_json:
        print_json({"file": str(file), "form": form, "lines": done})
    else:
        print(f"{done} {'lines' if form == 'list' else 'judgements'} written to {str(file)!r}")


@app.command("import")
def import_(file: FileArgument, dataset: DatasetOption, name: NameOption, as_json: JsonOption = False) -> None:
    """Take the judgements of a table in under a name; 1 where some lines could not be taken, which are named."""
    opened = open_dataset(dataset)
    try:
        data = storage.read_bytes(file, judgement_tables.MAX_BYTES)
    except OSError as error:
        raise DatasetError(f"cannot read the table {str(file)!r}: {error.strerror or error}") from error
    table = judgement_tables.from_tsv(data, opened)
    replaced = sum(one is not None for one in files.judge_all(opened, name, table.judgements))
    if as_json:
        left_out = [vars(one) for one in table.left_out]
        print_json({"name": name, "taken": len(table.judgements), "replaced": replaced, "left_out": left_out})
    else:
        print(f"{counted(len(table.judgements), 'judgement')} taken, {replaced} in place of earlier ones")
        for one in table.left_out[:LISTED]:
            print(f"not taken: line {one.line}: {one.reason}: {one.text!r}", file=sys.stderr)
        if len(table.left_out) > LISTED:
            print(f"… and {len(table.left_out) - LISTED} more", file=sys.stderr)
    if table.left_out:
        raise typer.Exit(1)


@app.command()
def delete(dataset: DatasetOption, name: NameOption, as_json: JsonOption = False) -> None:
    """Delete all that a name has judged."""
    opened = open_dataset(dataset)
    if not files.delete(opened, name):
        files.known(opened, name)  # says that there is none
    if as_json:
        print_json({"name": name, "deleted": True})
    else:
        print(f"the judgements of {name!r} are deleted")


def _one_pair(dataset: Dataset, pair: str | None) -> str:
    if pair is None and len(dataset.pairs) != 1:
        raise unknown_name("language pair", "", dataset.pairs, "A list is of one pair: give it with --pair")
    return pair or dataset.pairs[0]
