"""Picture grids and safe text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from cldi_core.dataset import POS
from cldi_core.errors import CldiError
from cldi_core.scores import METHODS

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
    try:
        files = load.thumbnails(dataset, shown)
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    numbers = range(page * PAGE + 1, page * PAGE + len(files) + 1)
    if files:
        st.image(files, width=width, alt=[f"{alt}, picture {number} of {len(ids)}" for number in numbers])
    if len(files) < len(shown):
        lost = len(shown) - len(files)
        command = f"python -m cldi_core check --dataset {dataset} --deep"
        st.caption(safe(f"Missing or broken: {lost} of these {len(shown)} pictures; run: {command}"))
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


def unscored(dataset: str, backbone: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Says which methods ``records`` lack: they are not computed while somebody waits for a page."""
    known = {record["method"] for record in records}
    missing = [method.label for name, method in METHODS.items() if name not in known]
    if missing:
        empty(
            f"Not shown, because they have not been scored for this data set yet: {', '.join(missing)}.",
            f"python -m cldi_core score --dataset {dataset} --backbone {backbone}",
        )
