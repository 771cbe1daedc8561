"""What may make results wrong without an error: each suspect with its pictures and a click that leaves it out."""

from __future__ import annotations

import streamlit as st

from cldi_core.insight import hygiene
from cldi_core.insight.hygiene import Suspect

from . import act, data_left_out, data_load, data_tables, data_words, draw, load, view
from .foreign import safe

PAGE = 8  # suspects that are shown at once
PICTURES = 8  # of a suspect
WIDTH = 56  # pixels of a picture


def suspects(current: view.View) -> None:
    """The kinds of suspects of the shown pair, and those of one kind."""
    st.header("What may make results wrong")
    if not current.pair:
        st.caption(data_words.NO_LIST)
        return
    found, complete = data_load.suspects(current.dataset, current.pair)
    if not complete:
        draw.empty(data_words.NOT_COMPARED, load.command(current.dataset, "check"))
    kind = view.one_of("suspects", list(hygiene.KINDS))
    st.segmented_control(
        "Suspects", list(hygiene.KINDS), label_visibility="collapsed", required=True,
        format_func=lambda name: data_words.kind(name, len(found[name])),
        **view.widget("suspects", kind),
    )  # fmt: skip
    st.caption(safe(data_words.about_kind(hygiene.KINDS[kind])))
    own = found[kind]
    if not own:
        st.success(data_words.none_of(current.pair))
        return
    numbers = data_tables.page("page", len(own), PAGE)
    for number in numbers:
        _one(current, kind, own[number], number)
    data_tables.pager("page", numbers, len(own), PAGE, "suspects")
    if act.allowed() and len(own) > 1:
        _all(current, kind, own)


def _one(current: view.View, kind: str, one: Suspect, number: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"suspect-{kind}-{number}"):
        st.markdown(safe(data_words.suspect(one)), width=360)
        if one.pictures:
            draw.row(current.dataset, one.pictures[:PICTURES], data_words.alternative(one), width=WIDTH)
        if act.allowed():
            st.button(
                "Leave out", icon=":material/block:", key=f"leave out {kind} {number}",
                on_click=data_left_out.leave_out,
                args=(current.dataset, one.items, data_words.reason(kind)),
            )  # fmt: skip


def _all(current: view.View, kind: str, own: list[Suspect]) -> None:
    with st.popover(f"Leave all {len(own):,} out", icon=":material/block:"):
        st.markdown(data_words.LEAVE_ALL)
        items = [item for one in own for item in one.items]
        st.button(
            "Leave them out", key=f"leave out all {kind}", on_click=data_left_out.leave_out,
            args=(current.dataset, items, data_words.reason(kind)),
        )  # fmt: skip
