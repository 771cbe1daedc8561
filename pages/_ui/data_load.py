"""What the Data page looks up, kept until a file of the data set changes."""

from __future__ import annotations

from cldi_core.data import left_out as left_out_file
from cldi_core.data.left_out import LeftOut
from cldi_core.features import lacking as lacking_features
from cldi_core.features.lacking import Lacking
from cldi_core.imports import report as reports_of
from cldi_core.imports.report import Report
from cldi_core.insight import health_counts, hygiene, overview
from cldi_core.insight.health_counts import Count
from cldi_core.insight.hygiene import Suspect
from cldi_core.insight.overview import Counts

from . import load

ALIKE = ("fingerprints/*", "hygiene/*")
REPORTS = (f"{reports_of.FOLDER}/*.json",)


@load.cached(max_entries=60)
def counts(name: str) -> Counts:
    """How much there is of what in a data set."""
    return overview.counts(load.opened(name))


@load.cached(resource=True, max_entries=6, also=REPORTS)
def reports(name: str) -> dict[str, Report]:
    """The kept reports of a data set by their names, newest first; not to be changed."""
    return reports_of.named(load.opened(name))


@load.cached(max_entries=20)
def lacking(name: str, backbone: str) -> list[Lacking]:
    """What words use and a backbone has no features of; of no backbone, all that they use."""
    return lacking_features.lacking(load.opened(name), backbone)


@load.cached(max_entries=20)
def left_out(name: str) -> tuple[LeftOut, ...]:
    """What is left out of a data set, the last one last."""
    return left_out_file.left_out(load.opened(name))


@load.cached(resource=True, max_entries=12, also=ALIKE, spinner="Looking for what may make results wrong …")
def suspects(name: str, pair: str) -> tuple[dict[str, list[Suspect]], bool]:
    """The suspects of a pair by kind, and whether all pictures were compared; not to be changed."""
    known = hygiene.known(load.opened(name))
    return hygiene.found(known, pair), known.alike.complete


@load.cached(max_entries=20)
def pos_counts(name: str) -> list[Count]:
    """The words of each language and part of speech, and how many of them have pictures."""
    return health_counts.counts(load.opened(name))
