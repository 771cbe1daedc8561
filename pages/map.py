"""A map of words or pictures of both languages; a lasso or a click opens their pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.insight import maps
from pages._ui import draw, figures, frame, load, take, view, words

COLOURINGS = {"pos": "Part of speech", "language": "Language", "outcome": "Found or missed"}


def controls(current: view.View) -> tuple[str, str, bool]:
    """What is shown and how it is coloured."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Show", ["words", "pictures"], default="words", required=True, key="map kind")
        colouring = st.segmented_control(
            "Colour by",
            list(COLOURINGS),
            default="pos",
            format_func=COLOURINGS.__getitem__,
            required=True,
            key="map colour",
        )
        joined = st.toggle("Join translations", key="map joins", disabled=kind != "words")
    return str(kind), str(colouring), joined and kind == "words"


def selected(event: object, table: pd.DataFrame) -> pd.DataFrame:
    """The rows inside the lasso or box, or the points that were clicked."""
    selection = event.selection  # type: ignore[attr-defined]
    polygons = [list(zip(area["x"], area["y"], strict=True)) for area in selection.get("lasso", [])]
    boxes = [(area["x"], area["y"]) for area in selection.get("box", [])]
    clicked = [int(point["customdata"]) for point in selection.get("points", []) if "customdata" in point]
    return table.iloc[maps.chosen(table[["x", "y"]].to_numpy(), polygons, boxes, clicked)]


def show_selected(current: view.View, rows: pd.DataFrame, kind: str) -> None:
    """The pictures of the selected points, and links to the selected words."""
    st.subheader(f"{len(rows)} {kind} selected")
    if kind == "pictures":
        draw.grid(current.dataset, rows["id"].tolist(), "selected", f"map-{current.pair}")
        return
    dataset = load.opened(current.dataset)
    for word, language in rows[["word", "language"]].head(maps.SHOWN).itertuples(index=False):
        ids = dataset.members(language)[word]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{draw.safe(word)}** · {draw.safe(language)} · {counted(len(ids), 'picture')}")
            draw.row(current.dataset, ids[:10], word, width=44)
            if language == current.pair.split("-")[0]:
                st.page_link("pages/word.py", label="open", query_params=view.of_word(word))
    if len(rows) > maps.SHOWN:
        st.caption(f"{maps.SHOWN} of {len(rows)} words are shown.")


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Map")
    if not draw.ready(current, "map"):
        return
    kind, colouring, joined = controls(current)
    coordinates = load.coordinates(current.dataset, current.backbone, kind)
    here = (current.dataset, current.backbone, current.pair)
    pair = load.pair_of(*here)
    rankings = load.rankings(*here, current.method)
    if rankings is None:
        if colouring == "outcome":
            draw.unranked(current, "What was found or missed is not known", (current.method, current.backbone))
            return
        rankings = load.unranked(*here)
    table, total = maps.points(coordinates, pair, rankings, current.pos)
    if not len(table):
        st.info("No word of these parts of speech has pictures.")
        return
    groups = [
        (words.group(colouring, value, mask), figures.group_colour(colouring, value, pair.languages), mask)
        for value, mask in maps.groups(table, colouring, pair.languages)
    ]
    chart = figures.scatter_map(
        table["x"].to_numpy(),
        table["y"].to_numpy(),
        np.arange(len(table)),
        groups,
        table["label"].tolist(),
        maps.joins(table, pair) if joined else None,
    )
    event = take.chart(
        chart,
        name=f"map-{kind}-{current.pair}-{current.backbone}",
        key=f"map-{kind}-{colouring}-{joined}-{current.dataset}-{current.pair}-{current.pos}-{current.backbone}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        alt=f"Map of {kind}, coloured by {COLOURINGS[colouring].lower()}",
    )
    command = load.command(current.dataset, "project", "--backbone", current.backbone)
    how = {"umap": "UMAP, seeded", "pca": draw.safe(f"PCA; for UMAP run: {command}")}[coordinates.attrs["method"]]
    st.caption(
        f"{len(table)} of {total} {kind} · {how}. Near on the map is a hint only: "
        "the lists on the Word page come from the scores in the original space. Draw a lasso, or click a point."
    )
    rows = selected(event, table)
    if len(rows):
        show_selected(current, rows, kind)


frame.draw(main)
