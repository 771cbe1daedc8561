"""A page with as many elements as the Word page and nothing to compute: how long Streamlit itself takes for a switch.

``python -m benchmarks.pages`` runs it beside the Word page.  Texts, pictures and numbers change with every switch, as
those of a word do, so that all but the sidebar is sent and drawn again.
"""

from __future__ import annotations

import base64
import functools
import io

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

WORDS, ROWS, GROUPS, CHANGES = 774, 11, 5, 8


@functools.cache
def picture(number: int, size: int = 64) -> str:
    """A picture of its own for a number, as a data URL of about two kilobytes."""
    file = io.BytesIO()
    Image.effect_noise((size, size), 20 + number % 50).convert("RGB").save(file, "WEBP")
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def step(by: int) -> None:
    """Another word."""
    st.session_state["number"] = st.session_state.get("number", 1) + by


def sidebar() -> None:
    """Eleven links and what is chosen on every page."""
    with st.sidebar:
        for name in range(11):
            st.link_button(f"Page {name}", f"/{name}")
        for name in ("Data set", "Pair", "Method", "Backbone"):
            st.selectbox(name, [f"{name} {choice}" for choice in range(12)], help=f"What {name} is.")
        st.pills("Part of speech", ["Nouns", "Verbs", "Adjectives"], selection_mode="multi")
        with st.popover("Link"):
            st.caption("Opens the same page.")
            st.code("http://127.0.0.1")


def top(number: int) -> None:
    """The bar, the heading, and as many pictures as the board has."""
    with st.container(horizontal=True, key="walk"):
        st.selectbox("Word", range(WORDS), index=number % WORDS, format_func=lambda one: f"word {one} → Wort, Worte")
        st.button("Previous", key="step-left", on_click=step, args=(-1,))
        st.caption(f"word {number} of {WORDS}")
        st.button("Next", key="step-right", on_click=step, args=(1,))
        st.segmented_control("Show", ["All", "Found", "Nearly", "Missed"])
        st.button("Present")
    st.markdown(f"# word {number} → Wort {number}")
    st.markdown(f"Of the {number} pictures of word {number} none is nearer.")
    with st.container(horizontal=True):
        st.number_input("first", 1, 10)
        st.number_input("groups", 1, 10)
        st.button("All pictures")
        st.markdown(f"What if {number}")
    pictures = "".join(f'<img width=52 src="{picture(number + place)}">' for place in range(12))
    st.html(f"<div>{pictures}</div>")
    st.button("Report")
    st.button("Judge")


def steps(number: int) -> None:
    """Six parts, as those of the story."""
    with st.expander("1", expanded=True):
        for column in st.columns(4):
            with column:
                st.markdown(f"figure **{number}**")
                st.caption(f"of {number}")
                st.caption("What it means", help="More")
        st.markdown(f"Half of its pictures find the other at {number}.")
    with st.expander("2", expanded=True):
        for side in range(2):
            st.markdown(f"**Side {side}** · {number}")
            for place, column in enumerate(st.columns(3)[: GROUPS - 2]):
                with column, st.container(border=True, key=f"group-{side}-{place}"):
                    st.markdown(f"**group {number}**")
                    st.image([picture(number + 20 + side * 9 + place * 3 + more) for more in range(2)], width=40)
                    st.caption(f"would choose {number}")
                    st.button("Only these", key=f"only {side} {place}")
                    st.button("Without", key=f"not {side} {place}")
    with st.expander("3", expanded=True):
        table = {name: [f"{name} {number + row}" for row in range(ROWS)] for name in ("#", "candidate", "POS")}
        shown = pd.DataFrame({**table, "pictures": [picture(number + row) for row in range(ROWS)], "score": number})
        st.dataframe(shown, column_config={"pictures": st.column_config.ImageColumn()})
        bars = go.Waterfall(y=list(range(8)), x=[number + bar for bar in range(8)], orientation="h")
        st.plotly_chart(go.Figure(bars), key="chart")
        st.download_button("CSV", "")
        st.caption(f"The best ten of {number}.")
    with st.expander("4", expanded=True):
        for name in ("hub", "neighbour", "right"):
            st.markdown(f"- **{name}**: {number}")
    with st.expander("5", expanded=True):
        for place in range(CHANGES):
            with st.container(horizontal=True):
                st.button(f"without {number + place}", key=f"change {place}")
                st.caption(f"then #{number + place}")
    with st.expander("6", expanded=True):
        for name in ("one", "two"):
            st.markdown(f"- **{name}**: {number}")
            st.caption(f"{number} of {WORDS}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    sidebar()
    with st.container(key="page"):
        top(int(st.session_state.get("number", 1)))
        steps(int(st.session_state.get("number", 1)))
