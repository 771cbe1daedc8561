"""``check``: what is wrong with a data set."""

from __future__ import annotations

from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import open_dataset


def check(
    dataset: DatasetOption,
    deep: Annotated[bool, typer.Option("--deep", help="Also decode every picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What is missing, broken, duplicated or unlicensed; exit 1 if something is broken."""
    from cldi_core.insight import health as checks

    findings = checks.findings(open_dataset(dataset), deep=deep)
    if as_json:
        print_json({"dataset": dataset, "findings": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            step = f" → {finding.next_step}" if finding.next_step else ""
            print(f"{finding.level:7} {finding.area}: {finding.text}{step}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
