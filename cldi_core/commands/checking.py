"""``check``: what is wrong with a data set."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.dataset import open_dataset
from cldi_core.errors import CldiError


def check(
    dataset: DatasetOption,
    deep: Annotated[bool, typer.Option("--deep", help="Also decode every picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What is missing, broken, duplicated or unlicensed; exit 1 if something is broken.

    Pictures are looked at once, to find those that were saved again, and what was seen of them is kept.
    """
    from cldi_core.insight import health, health_counts, likeness

    opened, alike = open_dataset(dataset), None
    with progress("looking at pictures") as report:
        with suppress(CldiError):  # what is broken is found again below
            alike = likeness.make(opened, progress=report)
        report.begin("looking through the data set")
        findings = health.findings(opened, deep=deep, alike=alike, progress=report)
    if as_json:
        counts = []
        with suppress(CldiError):
            counts = [asdict(count) for count in health_counts.counts(opened)]
        print_json({"dataset": dataset, "findings": [finding.as_json() for finding in findings], "counts": counts})
    else:
        for finding in findings:
            step = f" → {finding.next_step}" if finding.next_step else ""
            print(f"{finding.level:7} {finding.area}: {finding.text}{step}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
