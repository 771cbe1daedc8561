"""The report of what explains failure: made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import POS
from cldi_core.insight import winners
from cldi_core.insight.failure import Failure
from cldi_core.insight.report import failure_report

from . import failure_load, load, take, view


def button(current: view.View, failure: Failure, pairs: Sequence[str]) -> None:
    """What downloads the report.

    Args:
        failure: everything that the section shows; pairs: the names of the pairs that it is of.
    """
    file = take.file_name(f"failure-{'-'.join(pairs)}-{current.method}", ".html")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "Report", partial(made, current, failure, tuple(pairs), view.link(current)), file, "text/html",
            icon=":material/description:", key="report", on_click="ignore",
            help="All of this in one file: it opens offline and prints on two pages",
        )  # fmt: skip


def made(current: view.View, failure: Failure, pairs: tuple[str, ...], link: str) -> str:
    """The report as HTML; nothing here asks what the visitor looks at meanwhile."""
    opened = [load.pair_of(current.dataset, current.backbone, pair) for pair in pairs]
    flows = winners.flows(failure_load.winners_of(current.dataset, current.backbone, pairs, current.method))
    beaten = [text for pos in POS if (text := winners.sentence(flows, pos))]
    return failure_report(failure, opened, rankers.ranker(current.method), beaten=beaten, link=link)
