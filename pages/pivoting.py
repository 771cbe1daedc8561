"""Image pivoting: search one space of pictures and two languages, and see how well its model does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cldi_core.data import wordlists
from cldi_core.data.descriptions import FILE
from cldi_core.errors import CldiError
from pages._ui import (
    draw,
    frame,
    load,
    pivot_figures,
    pivot_load,
    pivot_results,
    pivot_search,
    pivot_words,
    take,
    view,
)

if TYPE_CHECKING:
    from cldi_core.pivot.search import Index


def nothing(current: view.View) -> None:
    """No model has been trained for this view: what is there, and the command that trains one."""
    dataset = load.opened(current.dataset)
    lacks = "" if (dataset.path / FILE).is_file() else FILE
    there = pivot_load.elsewhere(current.dataset)
    # One model serves both directions: it is trained for the word list as it is.
    pair = current.pair if current.pair in dataset.pairs else dataset.back(current.pair)
    draw.empty(
        pivot_words.missing(current.pair, dataset.title, there, lacks),
        load.command(current.dataset, "pivot train", "--pair", pair, "--backbone", current.backbone,
                     "--model", "pivot-sym"),
    )  # fmt: skip


def training(found: Index) -> None:
    """The curves of its training."""
    st.header("Training", anchor=False)
    take.chart(
        pivot_figures.curves(found.spaces, found.corpus.languages),
        name="pivot-training",
        key="pivot curves",
        alt="Loss and validation recall by epoch",
    )
    st.caption(pivot_words.curves(found))


def the_map(asked: pivot_search.Asked, found: Index, picture: str) -> None:
    """The joint space on a plane; a click on a point shows its item."""
    shown = pivot_load.plane(*asked.model, asked.language, asked.scope)
    typed = pivot_load.place(*asked.model, asked.language, asked.scope, asked.text)
    item = found.item_of(picture).id if picture else ""
    key = f"pivot map {asked.dataset} {asked.key} {asked.scope} {asked.language}"  # not of the text: it keeps its zoom
    st.header("Map of the space", anchor=False)
    take.chart(
        pivot_figures.plane(shown, found.corpus.languages, item, typed),
        name="pivot-map",
        key=key,
        on_select=lambda: pivot_search.pick_point(key, found, shown),
        selection_mode="points",
        alt="Map of the joint space: pictures and descriptions in both languages",
    )
    st.caption(pivot_words.plane(found, shown, asked.language))


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Image pivoting")
    if not draw.ready(current, "search"):
        return
    offered = pivot_load.available(current)
    if not offered:
        nothing(current)
        return
    about = st.empty()
    key, scope = pivot_search.model(offered)
    try:
        found = pivot_load.index(current.dataset, key)
    except CldiError as error:  # the others can still be chosen, and what was measured stands
        st.error(draw.safe(str(error)))
        pivot_results.how_well(current.dataset, key)
        return
    first, _ = languages = wordlists.pair_languages(current.pair)
    records = pivot_load.standing(current.dataset, key, pivot_results.TASKS[0], first, key.seed)
    about.caption(draw.safe(pivot_words.about(key, found, records)))
    asked = pivot_search.question(current.dataset, key, scope, languages)
    picture = pivot_search.answers(asked, found)
    if picture:
        pivot_search.of_picture(asked, found, picture)
    pivot_results.how_well(current.dataset, key)
    training(found)
    the_map(asked, found, picture)


frame.draw(main)
