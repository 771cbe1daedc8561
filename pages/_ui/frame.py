"""The frame around every page: the sidebar's choices, and errors as one line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cldi_core import rankers
from cldi_core.data import logs
from cldi_core.data.dataset import CLASSES, HOW_TO_START, POS
from cldi_core.errors import CldiError
from cldi_core.features import backbones
from cldi_core.scoring import methods

from . import act, glossary, judge_load, load, login, news, serve, tour, view, walk
from .foreign import safe

log = logging.getLogger("cldi")
PAGES = {
    "overview": "Overview",
    "word": "Word",
    "compare": "Compare",
    "failure": "What explains failure?",
    "dispersion": "Dispersion",
    "map": "Map",
    "pivoting": "Image pivoting",
    "results": "Results",
    "play": "Play",
    "judge": "Judge",
    "data": "Data",
}
STYLE, PRESENTED = (Path(__file__).with_name(name) for name in ("style.css", "presented.css"))
_drawn: set[str] = set()  # pages that this server has shown to somebody
_in_frame: ContextVar[bool] = ContextVar("in frame", default=False)
FAILURES = 5  # data sets that cannot be opened, named at most
KEYS = ("dataset", "pair", "pos", "method", "backbone")  # widget keys are names of URL parameters


def sidebar(current: view.View, names: list[str]) -> None:
    """The choices that every page shares."""
    offered = _choices(current.dataset)
    ways = list(dict.fromkeys([*_offered(current), current.method]))
    bound = {key: view.widget(key, getattr(current, key) or None) for key in KEYS if key != "pos"}
    every = "".join(offered.get("pos", CLASSES))
    kinds = view.widget(
        "pos", list(current.pos), write=lambda chosen: "".join(chosen) or every, more=lambda pos: walk.filtered(pos=pos)
    )
    if current.pos == every:  # all of another data set's too, which may have more or fewer
        bound["dataset"] = view.widget("dataset", current.dataset or None, pos="")
    titles = load.titles()
    with st.sidebar:
        st.selectbox("Data set", names, format_func=lambda name: titles.get(name, name), **bound["dataset"])
        st.selectbox(
            "Language pair",
            offered["pair"],
            help="From the first language into the second; a pair turned round asks the same word list the other way.",
            **bound["pair"],
        )
        st.pills(
            "Part of speech",
            list(every),
            selection_mode="multi",
            format_func=lambda letter: f"{POS[letter].capitalize()}s",
            **kinds,
        )
        st.selectbox(
            "Method",
            ways,
            format_func=rankers.label,
            help=f"How two picture sets are compared; the formulas are on the Results page.\n\n"
            f"{glossary.of(current, 'csls')}",
            **bound["method"],
        )
        st.selectbox(
            "Backbone",
            offered["backbone"],
            format_func=backbones.label,
            help=glossary.of(current, "backbone"),
            **bound["backbone"],
        )
        if offered.get("judge"):
            st.selectbox(
                "Judgements",
                offered["judge"],
                index=None,
                placeholder="None",
                help="Whose judgements count: acceptable candidates are further right answers, wrong ones are none.",
                **view.widget("judge", current.judge or None),
            )
        with st.popover("Link to this view", icon=":material/link:", width="stretch"):
            st.caption("Opens the same page with the same choices.")
            st.code(view.link(current), language=None, wrap_lines=True)
        failures(current)


def failures(current: view.View) -> None:
    """A line for each data set that cannot be opened, but the one that is shown: of that the page speaks."""
    lines = [f"{name}: {why}" for name, why in load.listed().failed.items() if name != current.dataset]
    for line in lines[:FAILURES]:
        st.warning(safe(line))
    if len(lines) > FAILURES:
        st.warning(f"{len(lines) - FAILURES} more data sets cannot be opened.")


def _offered(current: view.View) -> list[str]:
    try:
        return load.offered(current.dataset, current.backbone, current.pair)
    except CldiError:  # the page says what is wrong with the data set
        return methods.offered()


def presented() -> bool:
    """Whether the visitor shows a word to an audience: there is nothing beside it then."""
    return view.asked("present") == "1"


def navigation() -> StreamlitPage:
    """Register the pages and return the one that is asked for."""
    first = next(iter(PAGES))
    # The first page lies at the root, but Streamlit keeps a name for it under which it is not found: let it be another.
    root = st.Page(f"pages/{first}.py", title=PAGES[first], url_path="root", default=True)
    pages = [st.Page(f"pages/{name}.py", title=title, url_path=name) for name, title in PAGES.items()]
    return st.navigation([root, *pages], position="hidden")


def menu(here: str = "") -> None:
    """Links to all pages with this view; Streamlit's own would forget it, and lead back over pages nobody has seen.

    Args:
        here: the page that is drawn, where there is a view.
    """
    with st.sidebar.container(key="menu", gap=None):
        for name, title in PAGES.items():
            st.page_link(f"pages/{name}.py", label=title, query_params=view.of_menu(title) if here else None)
    login.told()


def draw(main: Callable[[], None]) -> None:
    """Draw a page inside the frame: the last line of every page.

    A link into a server that has just started runs the page's own file, without ``app.py``: until the pages have been
    registered once, Streamlit takes the folder for its older kind of navigation.  Then register them, and begin again.
    """
    if not _in_frame.get():
        navigation()
        st.rerun()
    main()


def run() -> None:
    """Resolve the view, draw the sidebar and the page; whatever goes wrong ends in one line."""
    page = navigation()
    st.html(STYLE)
    if presented():
        st.html(PRESENTED)
    token = _in_frame.set(True)
    try:
        with logs.run_of(page.url_path or next(iter(PAGES)), _session()) as said:
            said["outcome"] = _outcome(page)
    finally:
        _in_frame.reset(token)


def _session() -> str:
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def _outcome(page: StreamlitPage) -> str:
    """Draw the page for those who may see it: what came of that, for the log."""
    try:
        if not act.allowed(act.SEE):
            login.page()
            return "closed"
        with serve.in_turn(), load.one_run():
            _run(page)
        if page.title not in _drawn:
            _drawn.add(page.title)
            serve.shown.set()
    except CldiError as error:
        st.error(safe(str(error)))
        return "refused"
    except Exception as error:
        log.exception("page %s failed (request %s)", page.title, logs.request())
        st.error(
            f"This page could not be drawn ({type(error).__name__}); the server's log says more of request "
            f"{logs.request()}."
        )
        return "failed"
    return "drawn"


def _run(page: StreamlitPage) -> None:
    names = load.names()
    if not names and page.title == PAGES["data"]:  # where one can be started
        menu()
        page.run()
        return
    if not names:
        menu()
        st.title("CLDI Explorer")
        st.info("There is no data set yet.")
        st.code(HOW_TO_START.removeprefix("Start one with: "), language="bash")
        if act.allowed():
            st.page_link("pages/data.py", label="Or start one on the Data page", icon=":material/add:")
        return
    current, problems = view.start(names, _choices, page.title)
    if not presented():
        menu(page.title)
        sidebar(current, names)
    for problem in problems:
        st.warning(safe(problem))
    load.opened(current.dataset)  # if it can't be, say so under a sidebar that offers others
    if not presented():
        news.watch(current.dataset)
        tour.banner(current, page.url_path or next(iter(PAGES)))
    page.run()


def _choices(name: str) -> dict[str, list[str]]:
    try:
        return load.choices(name) | {"judge": judge_load.judges(name)}
    except CldiError:
        return {"pair": [], "backbone": []}
