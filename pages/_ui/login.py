"""Logging in and out: all that is drawn for who has not logged in, and whom the sidebar names."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cldi_core.data import permissions

from . import act
from .foreign import safe

ROLES = {act.EDIT: "editor", act.JUDGE: "viewer", act.SEE: "may only look"}  # the first right that somebody has
LOG_IN = "This dashboard is shown to those who have logged in."


def page() -> None:
    """The page of who has not logged in, or too long ago: nothing of any data set."""
    st.title("CLDI Explorer")
    st.markdown(LOG_IN)
    for provider in providers():
        label = f"Log in with {safe(provider)}" if provider else "Log in"
        if st.button(label, type="primary", icon=":material/login:", key=f"log in {provider}"):
            st.login(provider or None)


def providers() -> list[str]:
    """Who vouches for visitors, by the names of their sections in secrets.toml; ``""`` is the one without a name."""
    auth: Mapping[str, object] = st.secrets.get("auth", {})
    named = [name for name, own in auth.items() if isinstance(own, Mapping) and "client_id" in own]
    return named or [""]


def told() -> None:
    """Who has logged in, and what they may do, in the sidebar; nothing where nobody says who it is."""
    given = permissions.settings()
    found = act.visitor() if given.login else None
    if found is None or not (found.email or given.login == permissions.OIDC):
        return
    role = next(text for right, text in ROLES.items() if act.allowed(right))
    with st.sidebar.container(horizontal=True, vertical_alignment="center", key="account"):
        st.caption(f"{safe(found.email or found.name or 'without an address')}, {role}")
        if given.login == permissions.OIDC and st.button("Log out", type="tertiary", key="log out"):
            st.logout()
