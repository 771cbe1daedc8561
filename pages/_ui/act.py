"""What a visitor does that writes: each act is refused without the right that it needs; what came of it is said on the
next run.  Who the visitor is, is found here alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from cldi_core.data import permissions
from cldi_core.data.permissions import EDIT, JUDGE, LOCAL, OIDC, SEE, Visitor
from cldi_core.errors import CldiError

from .foreign import safe

__all__ = [
    "EDIT",
    "JUDGE",
    "SEE",
    "allowed",
    "attempt",
    "closed",
    "is_own",
    "own_name",
    "refuse",
    "said",
    "visitor_of",
    "who",
]
ONLY_SHOWS = "This dashboard only shows: nothing can be changed or started here."


def visitor() -> Visitor | None:
    """Who looks at the page that is drawn, or acts in it; ``None``: nobody has logged in where that is needed."""
    return visitor_of(st.user.to_dict()) if permissions.settings().login else LOCAL


def visitor_of(told: Mapping[str, object]) -> Visitor | None:
    """As ``visitor``, of what Streamlit was told of somebody."""
    login = permissions.settings().login
    if not login:
        return LOCAL
    return permissions.of_claims(told, time.time()) if login == OIDC else permissions.of_proxy(told)


def who() -> str:
    """The visitor's e-mail address, as somebody vouches for it; ``""`` where nobody does."""
    found = visitor()
    return found.email if found is not None and found.verified else ""


def refuse(right: str = EDIT, name: str = "") -> None:
    """Nothing, where the visitor may do something under a name.

    Raises:
        CldiError: they may not.
    """
    permissions.refuse(right, permissions.settings(), visitor(), name)


def attempt(act: Callable[[], Sequence[str] | None], where: str = "act", *, right: str = EDIT, name: str = "") -> bool:
    """Do something that writes; for callbacks.  Whether it was done.

    Args:
        act: does it, and gives the lines to say of it, if any; its ``CldiError`` is said in their place.
        where: the part of a page that says them.
        right: that it needs.
        name: under which it is done, if it is done under one.
    """
    try:
        refuse(right, name)
        st.session_state[_said(where)] = [("done", line) for line in act() or ()]
    except CldiError as error:
        st.session_state[_said(where)] = [("error", str(error))]
        return False
    return True


def said(where: str = "act") -> None:
    """Say what came of the last act."""
    for kind, line in st.session_state.pop(_said(where), []):
        (st.error if kind == "error" else st.caption)(safe(line))


def allowed(right: str = EDIT) -> bool:
    """Whether the visitor has a right: else buttons that need it are not drawn, as ``attempt`` would refuse."""
    return right in permissions.rights(permissions.settings(), visitor())


def own_name() -> str:
    """The one name under which the visitor judges and plays; ``""``: whichever they type."""
    return permissions.own_name(permissions.settings(), visitor())


def is_own(name: str) -> bool:
    """Whether the visitor may judge and play under a name."""
    return own_name() in ("", name)


def closed(right: str = EDIT) -> str:
    """Why the visitor lacks a right, in one sentence; safe to draw."""
    found, given = visitor(), permissions.settings()
    if given.read_only or found is None:
        return ONLY_SHOWS
    why = permissions.lacking(right, given, found)
    return safe(f"{why[0].upper()}{why[1:]}.")


def _said(where: str) -> str:
    return f"{where} said"
