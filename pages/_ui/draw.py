"""Picture grids and safe text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from cldi_core.dataset import POS

from . import load

PAGE = 24  # pictures of a grid shown at a time
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@])")


def safe(text: str) -> str:
    """Words are untrusted: their characters never become Markdown."""
    return _MARKUP.sub(r"\\\1", text.replace("\n", " "))


def pos_names(letters: str) -> str:
    """``"NV"`` → ``"noun, verb"``."""
    return ", ".join(POS[letter] for letter in letters)


def grid(dataset: str, ids: Sequence[str], alt: str, key: str, *, width: int = 66) -> None:
    """A paged grid of pictures, each with an alternative text; turning a page redraws the grid alone."""
    if not ids:
        st.info(f"No pictures of {safe(alt)}.")
        return
    _grid(dataset, tuple(ids), alt, key, width)


@st.fragment
def _grid(dataset: str, ids: tuple[str, ...], alt: str, key: str, width: int) -> None:
    pages = -(-len(ids) // PAGE)
    page = min(st.session_state.get(f"page-{key}", 0), pages - 1)
    shown = ids[page * PAGE : (page + 1) * PAGE]
    files = load.thumbnails(dataset, shown)
    numbers = range(page * PAGE + 1, page * PAGE + len(files) + 1)
    if files:
        st.image(files, width=width, alt=[f"{alt}, picture {number} of {len(ids)}" for number in numbers])
    if len(files) < len(shown):
        st.caption(f"{len(shown) - len(files)} pictures are missing; run: python -m cldi_core check")
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("‹", key=f"back-{key}", disabled=page == 0, on_click=_turn, args=(key, page - 1))
            st.caption(f"{numbers.start}–{numbers.stop - 1} of {len(ids)}")
            st.button("›", key=f"on-{key}", disabled=page == pages - 1, on_click=_turn, args=(key, page + 1))


def _turn(key: str, page: int) -> None:
    st.session_state[f"page-{key}"] = page


def empty(what: str, command: str) -> None:
    """An empty state: what is missing, and the command that makes it."""
    st.info(what)
    st.code(command, language="bash")


def unscored(dataset: str, backbone: str) -> None:
    """The empty state of figures over all methods: they are not computed while somebody waits for a page."""
    empty(
        "These figures need the scores of all methods, which have not been computed for this data set yet.",
        f"python -m cldi_core score --dataset {dataset} --backbone {backbone}",
    )
