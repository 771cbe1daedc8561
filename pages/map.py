"""A map of words or pictures of both languages; a lasso, a click or a word that is typed opens their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cldi_core.data.counting import counted
from cldi_core.insight import map_layout, map_selection, maps
from pages._ui import draw, frame, load, map_figures, map_load, map_panel, map_pictures, map_point, view, words

COLOURINGS = {"pos": "Part of speech", "language": "Language", "outcome": "Found or missed"}
WIDTHS = (3, 2)  # of the map and of what is chosen, which stands beside it


def controls() -> tuple[str, str, bool]:
    """What is shown, how it is coloured, and whether translations are joined."""
    kind, colouring = view.one_of("kind", maps.KINDS), view.one_of("colour", list(COLOURINGS))
    joined = view.asked("join") == "1" and kind == "words"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Show", maps.KINDS, required=True, **view.widget("kind", kind))
        st.segmented_control(
            "Colour by",
            list(COLOURINGS),
            format_func=COLOURINGS.__getitem__,
            required=True,
            **view.widget("colour", colouring),
        )
        st.text_input(
            "Find a word",
            placeholder="in either language",
            width=200,
            **view.widget("search", view.asked("search")[: view.LONGEST], chosen=""),
        )
        st.toggle(
            "Join translations",
            disabled=kind != "words",
            **view.widget("join", joined, write=lambda chosen: "1" if chosen else ""),
        )
    return kind, colouring, joined


def selection(
    current: view.View, shown: maps.Map, kind: str
) -> tuple[map_selection.Selection, map_selection.Corners, str]:
    """What is chosen, the area that chose it where it was drawn on this map, and a line about what is not there."""
    here = (current.dataset, current.backbone, current.pair)
    pair = load.pair_of(*here)

    def of_kind(other: str) -> maps.Map:
        return shown if other == kind else map_load.placed(*here, other, current.method, current.pos)

    nothing = map_selection.of_words([], shown, pair)
    typed = view.asked("search")[: view.LONGEST]
    if typed.strip():
        table = of_kind("words").table
        made = map_selection.of_words(map_selection.found(table, typed), shown, pair)
        near = " or ".join(f"“{word}”" for word in map_selection.near(table, typed))
        also = f" Did you mean {near}?" if near else ""
        return made, (), "" if made.mask.any() else f"“{typed}” is not on this map of {kind}.{also}"
    chosen = map_selection.read(view.asked("chosen"))
    if chosen is None:
        return nothing, (), "What the link chooses cannot be read." if view.asked("chosen") else ""
    other = next(one for one in maps.KINDS if one != kind)
    found = map_selection.select(chosen, shown, pair, lambda: of_kind(other))
    if found is None:
        return nothing, (), "The selection was drawn on a map that has changed since: draw it again."
    corners = chosen.corners if chosen.kind == kind else ()
    return found, corners, "" if found.mask.any() else f"Nothing of what was chosen is among these {kind}."


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Map")
    if not draw.ready(current, "map"):
        return
    kind, colouring, joined = controls()
    here = (current.dataset, current.backbone, current.pair)
    if colouring == "outcome" and load.rankings(*here, current.method) is None:
        draw.unranked(current, "What was found or missed is not known", (current.method, current.backbone))
        return
    shown = map_load.placed(*here, kind, current.method, current.pos)
    if not len(shown.table):
        st.info("No word of these parts of speech has pictures.")
        return
    chosen, corners, vain = selection(current, shown, kind)
    drawn = maps.sample(len(shown.table), chosen.mask)
    groups = coloured(current, shown, colouring, chosen.mask)
    key = f"map-{kind}-{current.dataset}-{current.pair}-{current.pos}-{current.backbone}"
    part = map_pictures.part(key, shown, chosen.mask)
    left, right = st.columns(WIDTHS, gap="medium")
    with left:
        map_point.chart(
            figure(current, shown, groups, joined, chosen.mask, drawn, corners, part),
            shown,
            name=f"map-{kind}-{current.pair}-{current.backbone}",
            key=key,
            alt=f"Map of {kind}, coloured by {COLOURINGS[colouring].lower()}",
        )
        map_pictures.show(current, shown, drawn, groups, key)
        st.caption(caption(current, shown, kind, int(drawn.sum())))
    with right:
        if vain:
            st.info(draw.safe(vain))
        if chosen.mask.any():
            map_panel.show(current, shown.table[chosen.mask], chosen.own, kind, len(shown.table))
        elif not vain:
            st.caption("Draw a lasso round some points, click one, or type a word: the pictures appear here.")


def coloured(current: view.View, shown: maps.Map, colouring: str, chosen: NDArray[np.bool_]) -> list[map_figures.Group]:
    """The groups of points with their colours; first, in grey, what is not chosen, where something is."""
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    lit = chosen if chosen.any() else np.ones(len(chosen), bool)
    groups = [
        (words.group(colouring, value, mask & lit), map_figures.group_colour(colouring, value, pair.languages),
         mask & lit)
        for value, mask in maps.groups(shown.table, colouring, pair.languages) if (mask & lit).any()
    ]  # fmt: skip
    if not lit.all():
        groups.insert(0, (f"not chosen, n = {int((~lit).sum())}", map_figures.UNCHOSEN, ~lit))
    return groups


def figure(
    current: view.View,
    shown: maps.Map,
    groups: Sequence[map_figures.Group],
    joined: bool,
    chosen: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
    corners: map_selection.Corners,
    part: NDArray[np.float64] | None,
) -> object:
    """The map, or the part of it that is in view: those of the groups' points that are drawn, and what is chosen."""
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    lit = chosen if chosen.any() else np.ones(len(chosen), bool)
    x, y = shown.xy.T
    made = map_figures.scatter_map(
        x,
        y,
        np.arange(len(x)),
        [(label, colour, mask & drawn) for label, colour, mask in groups],
        shown.table["label"].tolist(),
        maps.joins(shown.table, shown.xy, pair, lit) if joined else None,
    )
    kind = map_selection.kind_of(shown)
    labels = map_load.labels(current.dataset, current.backbone, current.pair, kind, current.pos)
    map_figures.mark(made, x[chosen], y[chosen], shown.table["label"][chosen].tolist(), corners)
    axes = map_figures.ranges(shown.limits) if part is None else part
    return map_figures.framed(made, axes, labels, st.context.theme.type)


def caption(current: view.View, shown: maps.Map, kind: str, drawn: int) -> str:
    """What is drawn of how many, by what, and how far to believe it."""
    outside = int(shown.outside.sum())
    rim = f"{outside:,} far ones at the rim · " if outside else ""
    return (
        f"{drawn:,} of {len(shown.table):,} {kind} · {rim}{made_by(current, kind)}. Near on the map is a hint only: "
        "the lists on the Word page come from the scores in the original space. Scroll to zoom in until points "
        "become their pictures; a double click shows all of the map."
    )


def made_by(current: view.View, kind: str) -> str:
    """What placed the points, of how many of them, and the command that makes a better map."""
    places = load.coordinates(current.dataset, current.backbone, kind)
    fitted, of = places.attrs.get("fitted", len(places)), places.attrs.get("of", len(places))
    if places.attrs["method"] == "umap":
        rest = f", of {fitted:,} of {of:,} {kind}, the rest placed by the nearest of these" if fitted < of else ""
        return f"UMAP, seeded{rest}"
    if not maps.asks_for_umap(places):
        return draw.safe(f"PCA: UMAP needs {map_layout.FEWEST} {kind}")
    command = load.command(current.dataset, "project", "--backbone", current.backbone)
    sampled = f" of a sample of {len(places):,} of {of:,} {kind}" if len(places) < of else ""
    most = places.attrs.get("pictures")
    by = f", each by at most {counted(most, 'picture')}" if most else ""
    return draw.safe(f"PCA{sampled}{by}; for UMAP run: {command}")


frame.draw(main)
