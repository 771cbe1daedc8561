"""What pages keep between runs, and what is looked at once in each: keyed on names and the data set's stamp."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from cldi_core.data import dataset as datasets
from cldi_core.data import judgements as judgement_files
from cldi_core.data import listing as listings
from cldi_core.data import stamping
from cldi_core.imports import report as report_files

P = ParamSpec("P")
T = TypeVar("T")
RANKINGS = ("rankings/*/*/*",)  # files that commands write while pages are looked at
SCORES = (*RANKINGS, "scores/*/*/*")
OWN = (judgement_files.FOLDER, report_files.FOLDER)  # what people's acts in pages write
fresh = 0.0  # seconds for which a look at what commands write stands for all visitors; a server sets it
_seen: dict[tuple[Path, tuple[str, ...]], tuple[float, str]] = {}  # when such files were looked at, and their stamp


@dataclass
class _Run:
    """What is looked at once while a page is drawn: which data sets there are, the stamps of those it shows, and what
    is shared of them: the parts of a page ask for the same over and over."""

    listing: listings.Listing | None = None
    stamps: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
    found: dict[tuple[object, str], Any] = field(default_factory=dict)


_run: ContextVar[_Run | None] = ContextVar("run", default=None)


@contextmanager
def one_run() -> Iterator[_Run]:
    """Look at files once while a page is drawn, however many parts of the page ask for them."""
    run = _run.get()
    if run is not None:
        yield run
        return
    token = _run.set(run := _Run())
    try:
        yield run
    finally:
        _run.reset(token)


def listed() -> listings.Listing:
    """All data sets; each is opened when it is new or its ``dataset.toml`` has changed, and not before."""
    run = _run.get() or _Run()
    if run.listing is None:
        files = ((name, str(folder), *status) for name, (folder, *status) in listings.statuses().items())
        run.listing = _opened_once(tuple(files))
    return run.listing


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened_once(files: tuple[tuple[str, str, int, int], ...]) -> listings.Listing:
    return listings.listing({name: Path(folder) for name, folder, *_ in files})


def _stamped(name: str, also: tuple[str, ...]) -> tuple[str, ...]:
    """A data set's name, and what changes whenever one of its files, or of those that ``also`` names, does."""
    run, found = _run.get() or _Run(), listed().find(name)
    wanted = (stamping.STAMPED, *((pattern,) for pattern in also))
    for patterns in wanted:
        if (name, patterns) not in run.stamps:
            run.stamps[name, patterns] = _stamp(found, patterns)
    return name, *(run.stamps[name, patterns] for patterns in wanted)


def _stamp(found: datasets.Dataset, patterns: tuple[str, ...]) -> str:
    """The stamp of files of a data set; that of what commands alone write may be some moments old.

    Visitors who come at once share one look at hundreds of files.  What pages write is looked at every time, as who has
    just written it wants to see it.
    """
    if not fresh or patterns == stamping.STAMPED or patterns[0].startswith(OWN):
        return found.stamp(patterns)
    key, now = (found.path, patterns), time.monotonic()
    seen, stamp = _seen.get(key, (-fresh, ""))
    if now - seen >= fresh:
        stamp = found.stamp(patterns)
        _seen[key] = now, stamp
    return stamp


def cached(
    *, max_entries: int, resource: bool = False, also: tuple[str, ...] = (), spinner: str | bool = False
) -> Callable[[Callable[Concatenate[str, P], T]], Callable[Concatenate[str, P], T]]:
    """Keep what a function of a data set's name finds, until a file of the data set changes.

    What is asked with ``judge=NAME`` is kept until NAME judges; nothing else is lost then.

    Args:
        max_entries: how many results are kept.
        resource: share one object among all visitors, which nobody may change, instead of a copy for each.
        also: patterns of further files of the data set that the result depends on.
        spinner: what people read meanwhile.
    """

    def decorate(function: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
        # ``wraps`` gives each its own cache: Streamlit tells functions apart by their names and their source.  It looks
        # at ``asked`` alone: to make a key of each argument takes it longer than most of what is drawn.
        @functools.wraps(function)
        def keyed(asked: str, _given: tuple[Any, ...], _named: dict[str, Any]) -> T:
            return function(*_given, **_named)

        keep = st.cache_resource if resource else st.cache_data
        kept = keep(max_entries=max_entries, show_spinner=spinner)(keyed)

        @functools.wraps(function)
        def current(name: str, /, *given: P.args, **named: P.kwargs) -> T:
            own = (*SCORES, judgement_files.pattern(str(named["judge"]))) if named.get("judge") else ()
            with one_run() as run:  # what it asks for in its turn is of the same files
                asked = repr((_stamped(name, tuple(dict.fromkeys((*also, *own)))), given, named))
                if (kept, asked) in run.found:
                    return run.found[kept, asked]
                found: T = kept(asked=asked, _given=(name, *given), _named=named)
                if resource:
                    run.found[kept, asked] = found
                return found

        return current

    return decorate
