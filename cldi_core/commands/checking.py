"""``check``: what is wrong with a data set."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data import disk, sealing, under_way
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.data.remote import url_of
from cldi_core.errors import CldiError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cldi_core.insight.finding import Finding


def check(
    dataset: DatasetOption,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read every file, by its checksum, and decode every picture.")
    ] = False,
    seal: Annotated[
        bool,
        typer.Option("--seal", help="As --deep; where nothing is broken, take all files for right as they are now."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """What is missing, broken, duplicated or unlicensed; exit 1 if something is broken.

    Pictures are looked at once, to find those that were saved again, and what was seen of them is kept.

    What is written gets a checksum; --seal gives one to files that are older than that, or were changed by hand.
    """
    from cldi_core.insight import health, health_counts, health_files, likeness

    opened, alike = open_dataset(dataset), None
    with suppress(CldiError):  # what is broken is found below
        opened = under_way.of_one_moment(opened)
    with progress("looking at pictures") as report:
        with suppress(CldiError):  # as above
            alike = likeness.make(opened, progress=report)
        report.begin("looking through the data set")
        findings = health.findings(opened, deep=deep or seal, alike=alike, progress=report)
    broken = [finding for finding in findings if finding.level == "error"]
    sealed = _seal(opened, [finding for finding in broken if finding.area != health_files.AREA]) if seal else None
    if as_json:
        counts = []
        with suppress(CldiError):
            counts = [asdict(count) for count in health_counts.counts(opened)]
        print_json({"dataset": dataset, "findings": [finding.as_json() for finding in findings], "counts": counts})
    else:
        for finding in findings:
            step = f" → {finding.next_step}" if finding.next_step else ""
            print(f"{finding.level:7} {finding.area}: {finding.text}{step}")
    if sealed is not None:
        print(f"sealed: {counted(sealed, 'file')}; check --deep finds what changes from now on", file=sys.stderr)
    elif broken:
        raise typer.Exit(1)


def _seal(dataset: Dataset, broken: Sequence[Finding]) -> int:
    """Take all files for right: of how many; DatasetError where something else than a checksum says that one is not."""
    if url_of(dataset.path):
        raise DatasetError("a data set at an address has no checksums of its own; its store has, and tells of damage")
    if broken:
        one = broken[0]
        raise DatasetError(
            f"nothing was sealed, since not all is right ({one.area}: {one.text}); mend it, and seal then"
        )
    try:
        return sealing.seal(dataset.path)
    except OSError as error:
        raise disk.cannot_write(dataset.path, error) from error
