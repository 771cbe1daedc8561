"""What a visitor does that writes: each act is tried, unless nobody may; what came of it is said on the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cldi_core.data import permissions
from cldi_core.errors import CldiError

from .foreign import safe

ONLY_SHOWS = "This dashboard only shows: nothing can be changed or started here."


def attempt(act: Callable[[], Sequence[str]], where: str = "act") -> bool:
    """Do something that writes; for callbacks.  Whether it was done.

    Args:
        act: does it, and gives the lines to say of it; its ``CldiError`` is said in their place.
        where: the part of a page that says them.
    """
    try:
        permissions.refuse()
        st.session_state[_said(where)] = [("done", line) for line in act()]
    except CldiError as error:
        st.session_state[_said(where)] = [("error", str(error))]
        return False
    return True


def said(where: str = "act") -> None:
    """Say what came of the last act."""
    for kind, line in st.session_state.pop(_said(where), []):
        (st.error if kind == "error" else st.caption)(safe(line))


def allowed() -> bool:
    """Whether visitors may start work: else buttons that do are not drawn, as ``attempt`` would refuse."""
    return not permissions.read_only()


def who() -> str:
    """Who this visitor is, for others who wait for what they start; empty on a machine of one's own."""
    return ""


def _said(where: str) -> str:
    return f"{where} said"
