"""What the import commands print of a report, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from cldi_core.commands.terminal import print_json
from cldi_core.imports.report import Report


def tell(
    reports: Sequence[Report], told: Sequence[str], *, as_json: bool, beside: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Print what was done, and on standard error what was left out and changed; end with 1 if anything is missing.

    Args:
        told: a line for each report that says what was read.
        as_json: print one document instead: the report, or an array of them if there are several.
        beside: what else each document holds.
    """
    if as_json:
        others = beside or [{}] * len(reports)
        documents = [{**more, **report.as_json()} for report, more in zip(reports, others, strict=True)]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for line in told:
            print(line)
    for report in reports:
        for line in report.lines():
            print(line, file=sys.stderr)
    if not all(report.is_complete for report in reports):
        raise typer.Exit(1)
