"""What a reader looks for on the page on image pivoting, and what is found: pictures and descriptions to click on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.insight.explanation import shown_rank
from cldi_core.pivot.models import Key

from . import draw, load, pivot_load, pivot_words, take, view

if TYPE_CHECKING:
    from cldi_core.pivot.certainty import Reading
    from cldi_core.pivot.search import Found, Index, Plane

SCOPES = pivot_words.SCOPES
LONGEST = 300  # characters of a text
NAMED = 40  # characters of a name below a picture
STYLE = Path(__file__).with_name("pivot.css")


@dataclass(frozen=True)
class Asked:
    """What a reader asks: which model of which data set, among which items, in which language, for which text."""

    dataset: str
    key: Key
    scope: str
    language: str
    text: str

    @property
    def model(self) -> tuple[str, Key]:
        """What ``pivot_load`` finds a model by."""
        return self.dataset, self.key


def bound(parameter: str, value: object) -> dict[str, Any]:
    """What the widget of a parameter needs; after a change the nearest picture is another one."""
    return view.widget(parameter, value, key=f"pivot {parameter}", picture="")


def model(offered: dict[str, Key]) -> tuple[Key, str]:
    """Which model, and among what it searches."""
    trained, scope = view.one_of("trained", list(offered)), view.one_of("among", list(SCOPES))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Trained model",
            list(offered),
            format_func=lambda one: pivot_words.label(offered[one]),
            width=430,
            **bound("trained", trained),
        )
        st.segmented_control(
            "Search among",
            list(SCOPES),
            format_func=SCOPES.__getitem__,
            required=True,
            help="Held-out items are those that training never saw.",
            **bound("among", scope),
        )
    return offered[trained], scope


def question(dataset: str, key: Key, scope: str, languages: Sequence[str]) -> Asked:
    """The language and the text to look for; the example that goes well where nothing was typed."""
    language, typed = view.one_of("language", languages), view.asked("text")[:LONGEST]
    offered = pivot_load.examples(dataset, key, language, scope)
    text = typed.strip() or offered.begin
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Language", languages, required=True, **bound("language", language))
        st.text_input(
            "A sentence or a word",
            placeholder=offered.begin,
            max_chars=LONGEST,
            icon=":material/search:",
            width=430,
            **bound("text", typed),
        )
        for name, one in (("Good", offered.good), ("Bad", offered.bad)):
            if one is not None:
                st.button(
                    f"{name}: {draw.safe(cut(one.text))}",
                    key=f"pivot-{name.lower()}",
                    help=draw.safe(f"{one.text}: its own picture is at place {shown_rank(one.rank)}"),
                    type="primary" if one.text == text else "secondary",
                    on_click=view.go,
                    kwargs={"text": one.text, "picture": ""},
                )
    told = pivot_words.examples(offered, scope)
    if told:
        st.caption(draw.safe(told))
    return Asked(dataset, key, scope, language, text)


def answers(asked: Asked, found: Index) -> str:
    """The pictures and the descriptions nearest to a text; returns the id of the picture that is looked at."""
    among = found.keys(asked.scope)
    reading = pivot_load.reading(*asked.model, asked.text, asked.language)
    if not reading.counts:
        st.info(f"“{draw.safe(asked.text)}” holds no word, so nothing can be looked for. Type letters or digits.")
        return chosen(found, among, [])
    hits = pivot_load.pictures(*asked.model, asked.text, asked.language, asked.scope)
    certain(asked, found, reading, hits)
    picture = chosen(found, among, hits)
    left, right = st.columns(2, border=True)
    with left:
        st.markdown(f"**Nearest pictures** · of {counted(len(among), 'item')}, a picture of each")
        cards(asked.dataset, hits, picture)
    with right:
        other = next(one for one in found.corpus.languages if one != asked.language)
        st.markdown(f"**Nearest descriptions** · {other}")
        listed = pivot_load.descriptions(*asked.model, asked.text, (asked.language, other), asked.scope)
        item = found.item_of(picture).id if picture else ""
        listing(asked.dataset, listed, "pivot found", f"Descriptions in {other} nearest to the text", item)
        if not found.model.model.bilingual:
            st.caption("Each language has a space of its own: descriptions are compared through training pictures.")
    return picture


def certain(asked: Asked, found: Index, reading: Reading, hits: Sequence[Found]) -> None:
    """What training read of a text's words, and how often texts like it were right."""
    if not hits:
        return
    there = pivot_load.described(*asked.model, asked.text, asked.language, asked.scope)
    sure = pivot_load.certainty(*asked.model, asked.language, asked.scope, asked.text, reading.part, hits[0].score)
    new = f" :orange[{draw.safe(pivot_words.unread(found, reading.unread))}]" if reading.unread else ""
    lines = (
        f"{draw.safe(pivot_words.read(reading, asked.language))}{new}",
        draw.safe(pivot_words.here(there, asked.scope)),
        f"**{pivot_words.grade(sure)}.** {draw.safe(pivot_words.sure(sure, there))}",
    )
    with st.container(key="pivot-certain"):
        st.markdown("  \n".join(lines))


def of_picture(asked: Asked, found: Index, picture: str) -> None:
    """One picture, and the descriptions nearest to it in both languages."""
    item = found.item_of(picture)
    st.header("What the picture says", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        if files := load.thumbnails(asked.dataset, [picture]):
            st.image(list(files.values()), width=110, alt=[found.name(item.id, asked.language)])
        with st.container(gap=None):
            st.markdown(f"**{draw.safe(cut(found.name(item.id, asked.language)))}** · {found.part(item.id)}")
            for language in found.corpus.languages:
                for text in item.asked.get(language, ()):
                    st.caption(f"**{language}** ({found.part(item.id, language)}): {draw.safe(text)}")
    for side, language in zip(st.columns(2), found.corpus.languages, strict=True):
        with side:
            st.markdown(f"**Nearest descriptions** · {language}")
            listed = pivot_load.of_picture(*asked.model, picture, language, asked.scope)
            what = f"Descriptions in {language} nearest to the picture"
            listing(asked.dataset, listed, f"pivot of picture {language}", what, item.id, own=True)


def cards(dataset: str, found: Sequence[Found], picture: str) -> None:
    """Pictures side by side, each with its name, its similarity and what training had of it; a click chooses one.

    A card is one button: ``pivot.css`` spreads it over the picture.
    """
    st.html(STYLE)
    files = load.thumbnails(dataset, [one.picture for one in found])  # all in one go
    mixed = len({one.part for one in found}) > 1
    with st.container(horizontal=True, gap="xsmall"):
        for number, one in enumerate(found):
            with st.container(width=92, gap=None, horizontal_alignment="center", key=f"pivot-box-{number}"):
                told = f"{one.score:.2f}" + f" · {one.part}" * mixed
                if one.picture in files:
                    alt = f"{one.text}, {one.part}, similarity {one.score:.2f}"
                    st.image([files[one.picture]], told, width=72, alt=[alt])
                else:
                    st.caption(f"missing or broken {told}")
                st.button(
                    draw.safe(cut(one.text)),
                    key=f"pivot-card-{number}",
                    help=draw.safe(f"{one.text} ({one.part}): show the descriptions nearest to this picture"),
                    type="primary" if one.picture == picture else "secondary",
                    on_click=pick,
                    args=(one.picture,),
                    width="stretch",
                )


def cut(name: str) -> str:
    """A name, or its first words where it is long."""
    return shorten(name, NAMED, placeholder=" …") if len(name) > NAMED else name


def listing(
    dataset: str, found: Sequence[Found], key: str, what: str, item: str, *, own: bool = False, least: int = 0
) -> None:
    """Descriptions as a table, each with its item's picture; a click on a row chooses that picture.

    Args:
        own: mark those of the picture that is looked at; the table then is as high without them, so that what stands
            beneath it stays where it is.
    """
    if not found:
        st.info("There are no such descriptions here.")
        return
    columns = {
        "#": [shown_rank(one.rank) for one in found],
        "✓": ["✓" if one.own else "" for one in found],
        "picture": [load.strip(dataset, (one.picture,)) for one in found],
        "description": [one.text for one in found],
        "similarity": [one.score for one in found],
        "in training?": [one.part for one in found],
    }
    table = pd.DataFrame({name: column for name, column in columns.items() if own or name != "✓"})
    mixed = table["in training?"].nunique() > 1
    st.session_state[f"{key} shown"] = [one.picture for one in found]
    rows = [number for number, one in enumerate(found) if one.item == item][:1]
    # A click elsewhere chooses too: the row that is marked is always that of the item which is looked at.
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    take.table(
        table if mixed else table.drop(columns="in training?"),
        name=f"pivot-{what}",
        key=key,
        hide_index=True,
        row_height=38,
        height=38 * max(len(found), pivot_load.DESCRIPTIONS + 1 if own else 0) + 40,
        on_select=lambda: pick_row(key),
        selection_mode="single-row",
        alt=what,
        column_config={
            "#": st.column_config.TextColumn(width=42),
            "✓": st.column_config.TextColumn(width=30, help="Its own description"),
            "picture": st.column_config.ImageColumn("", width=44),
            "description": st.column_config.TextColumn(width=205 if mixed else 300),
            "similarity": st.column_config.NumberColumn(format="%.2f", width=74),
            "in training?": st.column_config.TextColumn(
                width=92, help="picture only: training had the picture and did not read this description"
            ),
        },
    )


def chosen(found: Index, keys: Sequence[str], hits: Sequence[Found]) -> str:
    """The picture that is looked at: the one that was clicked if it is among the items, or the nearest."""
    picture = view.asked("picture")
    if picture in found.row and found.item_of(picture).id in keys:
        return picture
    return hits[0].picture if hits else ""


def pick(picture: str) -> None:
    """Look at a picture; for callbacks."""
    view.go(picture=picture)


def pick_row(key: str) -> None:
    """Look at the picture of the row that was clicked; for callbacks."""
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        pick(st.session_state[f"{key} shown"][rows[0]])


def pick_point(key: str, found: Index, shown: Plane) -> None:
    """Look at the item of the point that was clicked on the map; for callbacks."""
    there = point(st.session_state[key], shown)
    if there:
        pick(found.picture(found.corpus.item[there]))


def point(event: Any, shown: Plane) -> str:
    """The item of the point on the map that was clicked; nothing for none."""
    numbers = [int(one["customdata"]) for one in event["selection"]["points"] if "customdata" in one]
    return shown.items[numbers[0]] if numbers and 0 <= numbers[0] < len(shown.items) else ""
