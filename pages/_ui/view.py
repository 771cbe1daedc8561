"""The view: what the reader looks at, kept whole in the URL.

The URL is the only place where the view lives.  ``start`` reads what all pages share at the beginning of every run,
``asked`` what belongs to one page alone; ``widget`` sets a widget to a parameter and lets it write the parameter back
through ``go``.  (``bind="query-params"`` would drop values equal to a default from the URL, so that a link would change
its meaning with the data, and can't be changed by a click elsewhere.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from cldi_core import rankers
from cldi_core.data import dataset as datasets
from cldi_core.scoring import methods

PARAMS = ("dataset", "pair", "pos", "method", "backbone", "show", "word", "candidate", "judge")
SHOWS = {"all": "All", "found": "Found", "nearly": "Nearly", "missed": "Missed"}
TRIED = ("without", "first", "k")  # what a visitor tries with the pictures of one word
# Of one page alone; each stays in the URL until one of these changes.
PAGE_PARAMS = {
    **dict.fromkeys(("contenders", "trained", "among", "language", "text"), ("method", "backbone")),
    # Of the page on image pivoting: the picture that is looked at, and the figures that are shown.
    **dict.fromkeys(("picture", "task", "tested"), ("dataset", "backbone")),
    **dict.fromkeys(TRIED, ("dataset", "pair", "word")),
    "present": (),
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
    st.query_params.from_dict(view.params() | {name: value for name, value in kept.items() if value})


def _of_page() -> dict[str, str]:
    return {name: st.query_params[name] for name in PAGE_PARAMS if name in st.query_params}


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
    **also: str,
) -> dict[str, Any]:
    """Set the widget of a parameter, and give it what it needs to write the parameter back: key and callback.

    Args:
        value: what the widget is set to, which the page has looked up among what exists.
        key: of the widget; the parameter's name without it.
        write: the parameter for what a reader chose.
        then: what has to be done besides.
        also: parameters that change with this one.
    """
    key = key or name
    st.session_state[key] = value

    def changed() -> None:
        go(**{name: write(st.session_state[key]), **also})
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


def start(names: list[str], choices: Callable[[str], Mapping[str, Sequence[str]]]) -> tuple[View, list[str]]:
    """Read the view from the URL (or from the page before, whose URL the navigation has cleared) and keep both equal.

    Args:
        names: the data sets, at least one; ``choices``: what one of them has, asked of the chosen one alone.
    """
    params = {name: st.query_params[name] for name in PARAMS if name in st.query_params}
    base: View = st.session_state.get(_STATE, View(pos=""))  # at first all parts of speech, also those not of the three
    asked = params.get("dataset", base.dataset)
    view, problems = resolve(params, base, names, choices(asked if asked in names else names[0]))
    st.session_state[_STATE] = view
    if view.params() != params:
        st.query_params.from_dict(view.params() | _of_page())
    return view, problems
