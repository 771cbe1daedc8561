"""What the import commands print of a report, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from cldi_core.commands.terminal import print_json
from cldi_core.imports.report import Report


def tell(reports: Sequence[Report], told: Sequence[str], *, as_json: bool) -> None:
    """Print what was done, and on standard error what was left out and changed; end with 1 if anything is missing.

    Args:
        told: a line for each report that says what was read.
        as_json: print one document instead: the report, or an array of them if there are several.
    """
    if as_json:
        documents = [report.as_json() for report in reports]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for line in told:
            print(line)
    for report in reports:
        for line in report.lines():
            print(line, file=sys.stderr)
    if not all(report.is_complete for report in reports):
        raise typer.Exit(1)
