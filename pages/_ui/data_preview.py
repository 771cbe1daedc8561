"""What was given to the import wizard: looked at, shown as it was understood, and stored when somebody says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cldi_core.data import permissions
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports import job
from cldi_core.imports.given import Given
from cldi_core.imports.wanted import Wanted

from . import act, data_words, load, view
from .foreign import safe

EVERY = 0.5  # seconds between two looks at an import: most take little more than one
PREVIEW = "import preview"  # of the session


@dataclass(frozen=True)
class Preview:
    """What was looked at, and not yet stored.

    Attributes:
        dataset: into which it would go.
        wanted: what it is; given: what was uploaded of it.
        seen: the digest of what was found; drawn: draws that.
    """

    dataset: str
    wanted: Wanted[Any]
    given: Given
    seen: str
    drawn: Callable[[], None]


def look(name: str, looked: Callable[[], Preview | str]) -> None:
    """Look at what was given, for callbacks; what stands in the session from before is dropped.

    Args:
        looked: gives the preview, or a sentence that says what to give.
    """
    st.session_state.pop(PREVIEW, None)

    def do() -> list[str]:
        found = looked()
        if isinstance(found, str):
            return [found]
        st.session_state[PREVIEW] = found
        return []

    act.attempt(do, "import")


def store(name: str) -> None:
    """Begin to store what was looked at; for callbacks."""

    def do() -> list[str]:
        found: Preview | None = st.session_state.get(PREVIEW)
        if found is None or found.dataset != name:
            return [data_words.NOTHING_LOOKED_AT]
        job.start(load.opened(name), found.wanted, found.given, found.seen, by=act.who())
        st.session_state.pop(PREVIEW)
        return []

    act.attempt(do, "import")


def cancel(name: str) -> None:
    """End the import that is under way; for callbacks."""
    act.attempt(lambda: job.cancel(load.opened(name)), "import")


def drop() -> None:
    """Forget what was looked at; for callbacks."""
    st.session_state.pop(PREVIEW, None)


def preview(current: view.View) -> None:
    """What was looked at, with the buttons that store or drop it."""
    found: Preview | None = st.session_state.get(PREVIEW)
    if found is None or found.dataset != current.dataset:
        return
    with st.container(border=True):
        st.markdown(f"**{safe(data_words.looked(found.wanted.what))}**")
        found.drawn()
        with st.container(horizontal=True):
            title = load.opened(current.dataset).name
            st.button(f"Store in {safe(title)}", type="primary", icon=":material/download:", key="import store",
                      on_click=store, args=(current.dataset,))  # fmt: skip
            st.button("Drop", key="import drop", on_click=drop)


def watch(current: view.View) -> None:
    """The import that is under way, or how the newest one ended."""
    found = job.job(load.opened(current.dataset))
    if found is not None:
        st.fragment(_under_way, run_every=EVERY if found.is_active else None)(current.dataset, found.is_active)


def _under_way(name: str, busy: bool) -> None:
    try:
        found = job.job(load.opened(name))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    if found is None or busy != found.is_active:
        st.rerun()  # the whole page: it looks again and again only while something runs, and there is a report
    shown = safe(data_words.importing(found))
    if not busy:
        {"done": st.caption, "failed": st.error}.get(found.state, st.warning)(shown)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(found.share, shown)
        if act.allowed():
            st.button("Cancel", key="import cancel", icon=":material/stop:", on_click=cancel, args=(name,))
    st.caption(data_words.CLOSING)


def typed_path(typed: str) -> Path:
    """A file or folder on the server's disk that somebody typed.

    Raises:
        DatasetError: there is none, or it is not from the root: which folder is the server's own, nobody knows.
        RightError: the visitor may not import from there.
    """
    path = Path(os.path.expanduser(typed))  # noqa: PTH111 (Path.expanduser raises where there is no such user)
    if "\x00" in typed or not path.is_absolute():
        raise DatasetError(f"{typed[:60]!r} is no path from the root of the server's disk; give one as /home/me/words")
    permissions.refuse_path(path)
    try:
        path.stat()
    except OSError as error:  # also a name that is too long
        raise DatasetError(f"{str(path)[:200]!r} cannot be opened ({error.strerror}); check the path") from error
    return path
