"""What the Data page looks up, kept until a file of the data set changes."""

from __future__ import annotations

from cldi_core.imports import report as reports_of
from cldi_core.imports.report import Report
from cldi_core.insight import summary as summaries
from cldi_core.insight.summary import Summary

from . import load

REPORTS = (f"{reports_of.FOLDER}/*.json",)


@load.cached(max_entries=60)
def summary(name: str) -> Summary:
    """What a data set holds, in numbers."""
    return summaries.summary(load.opened(name))


@load.cached(resource=True, max_entries=6, also=REPORTS)
def reports(name: str) -> list[Report]:
    """The kept reports of a data set, newest first; not to be changed."""
    return reports_of.reports(load.opened(name))
