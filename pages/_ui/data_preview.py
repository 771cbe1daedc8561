"""What was given to the import wizard: looked at, shown as it was understood, and stored when somebody says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from cldi_core.data import permissions
from cldi_core.errors import DatasetError

from . import act, data_words, import_job, load, view
from .foreign import safe

EVERY = 1.0  # seconds between two looks at an import
PREVIEW, WATCHED = "import preview", "import watched"  # of the session


@dataclass(frozen=True)
class Preview:
    """What was looked at, and not yet stored.

    Attributes:
        dataset: into which it would go.
        what: it is, for people.
        drawn: draws what was found.
        work: stores it.
    """

    dataset: str
    what: str
    drawn: Callable[[], None]
    work: import_job.Work


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
        st.session_state[WATCHED] = import_job.start(load.opened(name).path, found.what, found.work, act.who())
        st.session_state.pop(PREVIEW)
        return []

    act.attempt(do, "import")


def drop() -> None:
    """Forget what was looked at; for callbacks."""
    st.session_state.pop(PREVIEW, None)


def preview(current: view.View) -> None:
    """What was looked at, with the buttons that store or drop it."""
    found: Preview | None = st.session_state.get(PREVIEW)
    if found is None or found.dataset != current.dataset:
        return
    with st.container(border=True):
        st.markdown(f"**{safe(data_words.looked(found.what))}**")
        found.drawn()
        with st.container(horizontal=True):
            title = load.opened(current.dataset).name
            st.button(f"Store in {safe(title)}", type="primary", icon=":material/download:", key="import store",
                      on_click=store, args=(current.dataset,))  # fmt: skip
            st.button("Drop", key="import drop", on_click=drop)


def watch(current: view.View) -> None:
    """The import that is under way, if one is, and how that of this visitor ended."""
    job = import_job.of(load.opened(current.dataset).path)
    if job is not None:
        busy = not job.ended
        st.fragment(_under_way, run_every=EVERY if busy else None)(job, busy)


def _under_way(job: import_job.ImportJob, busy: bool) -> None:
    if busy and job.ended:
        st.rerun()  # the whole page: there is a report
    if busy:
        st.progress(job.share, safe(data_words.storing(job.what, job.done, job.total, job.rate, job.left, job.before)))
        st.caption(data_words.CLOSING)
    elif st.session_state.get(WATCHED) is job:
        if job.error:
            st.error(safe(job.error))
        else:
            st.caption(safe(data_words.stored(job.what)))


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
