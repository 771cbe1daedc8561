"""The view: what the reader looks at, kept whole in the URL.

The URL is the only place where the view lives.  ``start`` reads what all pages share at the beginning of every run,
``asked`` what belongs to one page alone; ``widget`` sets a widget to a parameter and lets it write the parameter back
through ``go``.  (``bind="query-params"`` would drop values equal to a default from the URL, so that a link would change
its meaning with the data, and can't be changed by a click elsewhere.)

Whatever writes the URL makes an entry in the browser's history, so it is written only when the reader has done
something.  A parameter that a link leaves out has its default, also for who comes back to it: what was looked at in
between says nothing of it.  Links within the dashboard, those of its menu among them, leave nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cldi_core import rankers
from cldi_core.data import dataset as datasets
from cldi_core.scoring import methods

PARAMS = ("dataset", "pair", "pos", "method", "backbone", "show", "word", "candidate", "judge")
SHOWS = {"all": "All", "found": "Found", "nearly": "Nearly", "missed": "Missed"}
TRIED = ("without", "first", "k")  # what a visitor tries with the pictures of one word
# Of one page alone; each stays in the URL until one of these changes.
PAGE_PARAMS = {
    # Of the page on image pivoting: the model and what is searched for, the picture that is looked at, and the figures.
    **dict.fromkeys(("trained", "picture", "task", "tested"), ("dataset", "backbone")),
    **dict.fromkeys(("among", "language", "text"), ("dataset",)),
    # Of the Word page: what is tried, how it is shown, and how many candidates are listed.
    **dict.fromkeys(TRIED, ("dataset", "pair", "word")),
    **dict.fromkeys(("present", "top"), ()),
    # Of the Compare page: who is compared, who stands beside the first, and whether on words never seen alone.
    "contenders": ("backbone",),
    "beside": ("backbone", "contenders"),
    "unseen": (),
    # Of the page on failure: its section, over which pairs, and the winners whose words are listed.
    **dict.fromkeys(("topic", "scope"), ()),
    "flow": ("dataset", "pair", "method", "backbone", "scope"),
    # Of the Overview's bars and of the table of all words.
    **dict.fromkeys(("bar", "part", "outcome", "cause", "find"), ("method", "backbone")),
    "seed": (),  # of the game that is played
    # Of the Data page: its section, what comes in, and which suspects are listed.
    "section": (),
    "source": (),
    "suspects": ("dataset", "pair"),
    # Which report, why something was left out by it, whose pictures; the page of the list that the section shows, and
    # that of what is left out.
    "report": ("dataset",),
    "why": ("dataset", "report"),
    "pictures": ("dataset", "language"),
    "page": ("dataset", "pair", "section", "suspects", "report", "why", "language", "pictures"),
    "out": ("dataset",),
    "tour": (),  # which step of the guided tour stands above the page
    # Of the Map: words or pictures, their colours, lines between translations, and what is chosen or looked for.
    **dict.fromkeys(("kind", "colour", "join"), ()),
    "chosen": ("dataset", "backbone"),
    "search": ("dataset",),
    # Of the Results page: which figure, of one pair or the average, without words spelled alike, and clean ones beside.
    **dict.fromkeys(("figure", "pairs", "alike", "clean"), ()),
    # Whose learning curve is drawn, and within which part of speech risk is.
    **dict.fromkeys(("curve", "within"), ("method", "backbone")),
}
LISTED = ("dataset", "pair", "backbone")  # looked for among names as they are: that of a data set may be a long path
LONGEST = 200  # characters of everything else
DEFAULT_BACKBONE = "efficientnet-lite0"
_STATE = "view"
_AT = "at"  # the page that was drawn last, and what its URL said
_PASSED = "passed"  # page and parameters of an entry that nobody has seen → what the URL said before
_LEFT = "left"  # page → the view and what the page alone was asked, when it was left


@dataclass(frozen=True)
class View:
    """One view; every field is a parameter of the URL, looked up among what exists, never used as a path."""

    dataset: str = ""
    pair: str = ""
    pos: str = "NVA"
    method: str = "avgmax"
    backbone: str = ""
    show: str = "all"
    word: str = ""
    candidate: str = ""
    judge: str = ""

    def params(self) -> dict[str, str]:
        """The parameters of the URL, without empty ones."""
        return {name: value for name, value in asdict(self).items() if value}


def current() -> View:
    """The view of this run."""
    view: View = st.session_state.get(_STATE, View())
    return view


def link(view: View) -> str:
    """The address that opens this page with this view."""
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(view.params() | _of_page())}"


def of_word(query: str, **changes: str) -> dict[str, str]:
    """The parameters of the Word page for a query, at its right answer: also where the filter does not show it."""
    return replace(current(), word=query, candidate="", **changes).params()


def go(**changes: str) -> None:
    """Change parameters in the URL, and with them the view; for callbacks.  An empty one leaves the URL.

    What belongs to one page alone stays as long as it has a meaning: another method or backbone is compared with a new
    opponent, and what was tried with the pictures of one word says nothing of another.
    """
    kept = {name: value for name, value in _of_page().items() if not changes.keys() & set(PAGE_PARAMS[name])}
    kept |= {name: value for name, value in changes.items() if name in PAGE_PARAMS}
    view = replace(current(), **{name: value for name, value in changes.items() if name not in PAGE_PARAMS})
    st.session_state[_STATE] = view
    _write(view.params() | {name: value for name, value in kept.items() if value})


def _write(params: dict[str, str]) -> None:
    st.query_params.from_dict(params)
    st.session_state[_AT] = (st.session_state.get(_AT, ("",))[0], params)


def _of_page() -> dict[str, str]:
    return _said(PAGE_PARAMS)


def _said(names: Iterable[str]) -> dict[str, str]:
    """What the URL says of some parameters: those that are there, all looked at at once."""
    said = st.query_params.to_dict()
    return {name: said[name] for name in names if name in said}


def asked(name: str) -> str:
    """What the URL says of a parameter of one page alone: text that nobody has looked at yet."""
    return str(st.query_params.get(name, ""))


def one_of(name: str, offered: Sequence[str]) -> str:
    """The choice that a parameter of one page alone names, or the first one."""
    given = asked(name)
    return given if given in offered else offered[0]


def widget(
    name: str,
    value: object,
    *,
    key: str = "",
    write: Callable[[Any], str] = lambda chosen: chosen or "",
    then: Callable[[], object] | None = None,
    more: Callable[[str], dict[str, str]] = lambda written: {},
    **also: str,
) -> dict[str, Any]:
    """Set the widget of a parameter, and give it what it needs to write the parameter back: key and callback.

    Args:
        value: what the widget is set to, which the page has looked up among what exists.
        key: of the widget; the parameter's name without it.
        write: the parameter for what a reader chose.
        then: what has to be done besides.
        more: parameters that change with this one, by what is written into it.
        also: parameters that change with this one in any case.
    """
    key = key or name
    st.session_state[key] = value

    def changed() -> None:
        written = write(st.session_state[key])
        go(**{name: written, **also, **more(written)})
        if then is not None:
            then()

    return {"key": key, "on_change": changed}


def resolve(
    params: Mapping[str, str], base: View, names: list[str], choices: Mapping[str, Sequence[str]]
) -> tuple[View, list[str]]:
    """The view that parameters ask for, and one line for each wish that can't be met.

    Args:
        params: what the URL says; missing ones are taken from ``base``.
        names: the data sets, the default first.
        choices: what the chosen data set has: ``"pair"``, ``"pos"``, ``"backbone"`` and ``"learned"``
            (``"backbone/pair/model"``), and ``"judge"``, the names of those who have judged.
    """
    wanted = {name: str(params.get(name, getattr(base, name))) for name in PARAMS}
    wanted |= {name: wanted[name][:LONGEST] for name in PARAMS if name not in LISTED}
    allowed = {
        "dataset": names,
        "pair": choices["pair"],
        "backbone": choices["backbone"],
        "method": methods.offered(),
        "show": list(SHOWS),
    }
    problems = []
    for name, known in allowed.items():
        there = wanted[name] in known or (name == "method" and _is_method(wanted, choices.get("learned", [])))
        if not there:
            fallback = _default(name, known)
            if wanted[name] and name in params:
                problems.append(f"There is no {name} “{wanted[name][:40]}” here; showing {fallback or 'nothing'}.")
            wanted[name] = fallback
    if wanted["judge"] not in choices.get("judge", []):
        if wanted["judge"] and "judge" in params:
            problems.append(f"Nobody called “{wanted['judge'][:40]}” has judged here; showing it without judgements.")
        wanted["judge"] = ""
    kinds = choices.get("pos", datasets.CLASSES)
    wanted["pos"] = "".join(letter for letter in kinds if letter in wanted["pos"]) or "".join(kinds)
    return View(**wanted), problems


def _is_method(wanted: Mapping[str, str], learned: list[str]) -> bool:
    """Whether the method is a composed one, or a learned one that has been trained for the chosen pair and backbone."""
    name = wanted["method"]
    if rankers.is_trained(name):
        return f"{wanted['backbone']}/{wanted['pair']}/{name}" in learned
    return rankers.exists(name)


def _default(name: str, known: list[str]) -> str:
    preferred = {"method": "avgmax", "backbone": DEFAULT_BACKBONE, "show": "all", "pair": "en-de"}.get(name, "")
    return preferred if preferred in known else (known[0] if known else "")


def start(
    names: list[str], choices: Callable[[str], Mapping[str, Sequence[str]]], page: str = ""
) -> tuple[View, list[str]]:
    """Read the view from the URL, or from the page before where the menu, which clears the URL, has led to this one.

    Args:
        names: the data sets, at least one; ``choices``: what one of them has, asked of the chosen one alone.
        page: that is drawn.
    """
    before: View | None = st.session_state.get(_STATE)
    returned = _back_or_forward()
    if returned:
        _restore(page)
    asked = _asked()
    params = {name: value for name, value in asked.items() if name in PARAMS}
    last, known = st.session_state.get(_AT, ("", {}))
    again = (last, known) == (page, asked)
    carried = before is not None and not (asked or again or returned)
    # At first all parts of speech, also those not of the three.
    base = before if before is not None and (again or carried) else View(pos="")
    wanted = params.get("dataset", base.dataset)
    view, problems = resolve(params, base, names, choices(wanted if wanted in names else names[0]))
    if before is not None and last != page:
        st.session_state.setdefault(_LEFT, {})[last] = (before, {n: v for n, v in known.items() if n in PAGE_PARAMS})
    st.session_state[_STATE] = view
    st.session_state[_AT] = (page, asked)
    if carried:
        _write(view.params() | _left_at(page, view))
    return view, [] if again else problems  # each is said once


def _asked() -> dict[str, str]:
    """Everything that the URL says."""
    return _said((*PARAMS, *PAGE_PARAMS))


def of_menu(page: str) -> dict[str, str]:
    """The parameters with which the menu opens a page: of this view, and as the page was left."""
    here = st.session_state.get(_AT, ("", {}))[0]
    return current().params() | (_of_page() if page == here else _left_at(page, current()))


def open_word(query: str, **changes: str) -> None:
    """Go to the Word page of a query, at its right answer.

    A link does the same better: here Streamlit first writes the new parameters into the URL of this page, and so makes
    an entry in the browser's history that nobody has seen.  Who comes back to it gets this page as it is now.
    """
    params = of_word(query, **changes)
    page, asked = st.session_state.get(_AT, ("", {}))
    st.session_state.setdefault(_PASSED, {})[(page, frozenset(params.items()))] = asked
    st.switch_page("pages/word.py", query_params=params)


def _restore(page: str) -> None:
    """Where the reader comes back to an entry of ``open_word``: what the URL said before.

    On the way back Streamlit puts it in the place of the entry and makes none.
    """
    before = st.session_state.get(_PASSED, {}).get((page, frozenset(_asked().items())))
    if before is not None:
        st.query_params.from_dict(before)


def _left_at(page: str, view: View) -> dict[str, str]:
    """What a page alone was asked when it was left, as far as it has a meaning in a view."""
    then, own = st.session_state.get(_LEFT, {}).get(page, (view, {}))
    same = {name for name in PARAMS if getattr(then, name) == getattr(view, name)}
    return {name: value for name, value in own.items() if {*PAGE_PARAMS[name]} & {*PARAMS} <= same}


def _back_or_forward() -> bool:
    """Whether the browser's back or forward began this run; Streamlit knows it and has no public name for it."""
    return bool(getattr(get_script_run_ctx(suppress_warning=True), "is_history_navigation", False))
