"""The command line: ``cldi COMMAND …``, or ``python -m cldi_core COMMAND …``.

Each command is a function in a file of its group; here they get their names.  Exit codes: see ``program``.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from cldi_core.commands import (
    answering,
    benchmarking,
    checking,
    collecting,
    curves,
    dashboard,
    doctor,
    evaluating,
    explaining,
    exporting,
    extracting,
    importing,
    importing_packages,
    judging,
    pivot,
    preparing,
    projecting,
    scoring,
)
from cldi_core.commands.program import Program, fail, run
from cldi_core.data import job_queue
from cldi_core.errors import CldiError

app = Program(
    help="Learn translations from pictures: import, extract, score, evaluate, explain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("import-lists")(importing.import_lists)
app.command("import-folder")(importing.import_folder)
app.command("import-given", hidden=True)(importing.import_given)
app.command()(collecting.collect)
app.command("import-mmid")(importing_packages.import_mmid)
app.command("import-features")(importing_packages.import_features)
app.command("import-hf")(importing_packages.import_hugging_face)
app.command("import-concreteness")(importing_packages.import_concreteness)
app.command("import")(exporting.import_)
app.command()(exporting.export)
app.command("export-lexicon")(exporting.export_lexicon)
app.command()(extracting.extract)
app.command()(scoring.score)
app.command()(preparing.prepare)
app.command()(evaluating.evaluate)
app.command()(projecting.project)
app.command()(explaining.explain)
app.command("learning-curve")(curves.learning_curve)
app.command()(checking.check)
app.command()(answering.answers)
app.command()(doctor.doctor)
app.command("app")(dashboard.start)
app.command("bench", **benchmarking.PASSED_ON)(benchmarking.bench)
app.add_typer(pivot.app, name="pivot")
app.add_typer(judging.app, name="judgements")


def main() -> None:
    """Run the command that was asked for, when its turn has come, and end with its exit code."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(job_queue.turn_of_process())
        except CldiError as error:
            fail(error, 1)
        run(app, "cldi" if Path(sys.argv[0]).stem == "cldi" else "python -m cldi_core")
