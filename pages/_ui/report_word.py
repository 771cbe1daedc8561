"""The report of the word that is shown, with whatever a visitor tries: made when somebody asks for it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cldi_core import rankers
from cldi_core.insight.report import Tried, word_report
from cldi_core.insight.story import Story

from . import board, load, take, told, view, words

HELP = "All of this in one file, with the pictures in it: it opens offline and prints on two pages"


def button(current: view.View, query: str, shown: board.Sides) -> None:
    """What downloads the report.

    Args:
        shown: what stands on the board.
    """
    file = take.file_name(f"{query}-{current.pair}-{current.method}", ".html")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "Report", partial(made, current, query, shown, view.link(current)), file, "text/html",
            icon=":material/description:", key="report", on_click="ignore", help=HELP,
        )  # fmt: skip


def made(current: view.View, query: str, shown: board.Sides, link: str) -> str:
    """The report as HTML; nothing here asks what the visitor looks at meanwhile."""
    here = (current.dataset, current.backbone, current.pair, current.method, query)
    ranker = rankers.ranker(current.method)
    told_of = told.story(*here) or Story(shown.found)
    return word_report(
        told_of,
        shown.pair,
        ranker,
        partial(load.thumbnails, current.dataset),
        tried=tried(told_of, here, shown),
        said=words.outcome(told_of.found, ranker.label),
        link=link,
    )


def tried(told_of: Story, here: tuple[str, str, str, str, str], shown: board.Sides) -> Tried:
    """What stands on the board, in the report's form."""
    trial = shown.trial
    beyond = shown.source[trial.first :] if trial.first else ()
    gone = tuple(key for key in shown.source if key in {*trial.source, *beyond})
    groups = told.groups(*here, trial.groups) if trial.groups else ((), ())
    found = shown.found if gone or trial.target else told_of.found
    return Tried(found, shown.rival, shown.answer, shown.parts, gone, trial.target, groups)
