"""A guided tour in five steps, from the finding to the reader's own question: a banner above pages, in the URL.

Each step claims what is stored of the data that are looked at, of words that the rule of ``insight.stories`` chooses;
where the data have no clear case it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.errors import CldiError
from cldi_core.evaluation import metrics, paper, tables
from cldi_core.insight import word_table
from cldi_core.insight.stories import Told

from . import act, evidence_load, figures, load, view
from .foreign import safe

PARAM = "tour"
FOUND, MISSED = (("N", True, 1),), (("V", False, 1),)
PLAIN = "avgmax"
FAILURE = {"topic": "winners", "scope": "pair"}  # the section that is there at once
PAGES = {"1": "overview", "2": "word", "3": "word", "4": "failure", "5": "overview"}


@dataclass(frozen=True)
class Step:
    """One step: Markdown that is safe to draw, the page it is about, and that page's parameters."""

    title: str
    text: str
    page: str
    params: dict[str, str] = field(default_factory=dict)


def offer() -> None:
    """A button that starts the tour, where none is on its way."""
    if not view.asked(PARAM):
        st.button("Take the tour: five steps", icon=":material/signpost:", key="tour-start", on_click=_start)


def _start() -> None:
    view.go(**{PARAM: "1"})


def banner(current: view.View, page: str) -> None:
    """The step that the URL asks for, with links to the others; nothing where it asks for none.

    Args:
        page: of the URL, that is drawn beneath.
    """
    asked = view.asked(PARAM)
    if asked not in STEPS:
        return
    step = _step(current, asked)
    number = list(STEPS).index(asked)
    with st.container(border=True, key="tour", gap="xsmall"):
        st.markdown(f"**{number + 1} of {len(STEPS)} · {step.title}** {step.text}")
        if page != step.page or any(_value(current, name) != value for name, value in step.params.items()):
            st.page_link(f"pages/{step.page}.py", label="Show what this is about", query_params=_params(current, asked))
        if number == len(STEPS) - 1:
            _own(current)
        with st.container(horizontal=True, vertical_alignment="center"):
            _link(current, "Back", number - 1, ":material/arrow_back:")
            _link(current, "**Next**", number + 1, ":material/arrow_forward:")
            st.button("End the tour", key="tour-end", icon=":material/close:", on_click=view.go, kwargs={PARAM: ""})


def _link(current: view.View, label: str, number: int, icon: str) -> None:
    """A link to another step, which the keyboard reaches and a new tab opens."""
    if 0 <= number < len(STEPS):
        asked = list(STEPS)[number]
        page = _step(current, asked).page
        st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params=_params(current, asked))


def _value(current: view.View, name: str) -> str:
    return view.asked(name) if name in view.PAGE_PARAMS else str(getattr(current, name))


def _params(current: view.View, asked: str) -> dict[str, str]:
    return current.params() | _step(current, asked).params | {PARAM: asked}


def _step(current: view.View, asked: str) -> Step:
    try:
        return STEPS[asked](current)
    except CldiError as error:  # the page beneath says it too, and the tour goes on
        return Step("Not here.", safe(str(error)), PAGES[asked])


def _here(current: view.View) -> tuple[str, str, str, str]:
    return current.dataset, current.backbone, current.pair, current.method


def _finding(current: view.View) -> Step:
    """The figures that the Overview's chart shows, of the chosen method if it is there, and how far they are apart."""
    pairs = load.opened(current.dataset).alike(current.pair) if current.pair else ()
    group = tables.AVERAGE if len(pairs) > 1 else current.pair
    here = (current.dataset, current.backbone, pairs)
    records = load.table(*here, ways=tuple(paper.TABLE_2), group=group) if pairs and current.backbone else []
    ways = [record["method"] for record in records]
    method = current.method if current.method in ways else PLAIN
    own = {r["setting"]: tables.interval_of(r, "mrr") for r in records if r["method"] == method}
    title = "Nouns or verbs?"
    if method not in ways or not (own["NN"].n and own["VB"].n):
        return Step(title, "What is scored here does not tell yet how well nouns and verbs translate.", "overview")
    over = f"averaged over {len(pairs)} pairs" if len(pairs) > 1 else current.pair
    gap = load.noun_gap(*here, method, "V")
    told = {
        1: "Nouns are found more often than verbs",
        -1: "Here verbs are found more often than nouns",
        0: "Here nouns and verbs do not differ by more than chance would make them",
    }[gap.side()]
    text = (
        f"{told}: the MRR, 1 if every right answer comes first, is {_of(own['NN'], 'nouns')} and "
        f"{_of(own['VB'], 'verbs')}; {figures.interval_text(gap)} apart ({rankers.label(method)}, {over}). "
        "The figure is below, beside that of the paper."
    )
    return Step(title, safe(text), "overview")


def _of(interval: metrics.Interval, kind: str) -> str:
    return f"{figures.interval_text(interval)} for {kind} (n = {interval.n})"


def _found(current: view.View) -> Step:
    return _word(current, "A noun that is found.", FOUND, "Compare its pictures with those of the right answer.")


def _failed(current: view.View) -> Step:
    hint = "Leave pictures of it out by a click: the ranking follows."
    return _word(current, "A verb that fails, and why.", MISSED, hint)


def _word(current: view.View, title: str, slots: tuple[tuple[str, bool, int], ...], hint: str) -> Step:
    """The clearest case of its kind, with its verdict."""
    told = evidence_load.stories(*_here(current), slots) if current.pair and current.backbone else None
    if not told:
        kind = f"{POS[slots[0][0]]} that is {'found' if slots[0][1] else 'missed'}"
        why = f"nothing is stored yet of its words ({rankers.label(current.method)})" if told is None else ""
        return Step(title, safe(f"This pair shows no clear case of a {kind}{': ' * bool(why)}{why}."), "word")
    story: Told = told[0]
    text = f"“{story.word}” is “{story.right}”. {story.verdict}"
    return Step(title, f"{safe(text)} {hint}", "word", {"word": story.query})


def _explained(current: view.View) -> Step:
    """What keeps words from being found, in numbers of all words of the pair."""
    rows = evidence_load.all_words(*_here(current)) if current.pair and current.backbone else None
    title, then = (
        "What explains failure?",
        "Below: the words that they lose to; the other sections ask what goes with failure.",
    )
    if rows is None:
        return Step(title, "Nothing is stored yet of why words of this pair are missed.", "failure")
    counts = word_table.by_cause(rows)
    verbs = counts[(counts["pos"] == "V") & ~counts["cause"].isin([word_table.NONE, word_table.UNCOVERED])]
    most = verbs.sort_values("words", ascending=False, kind="stable").head(1).to_dict("records")
    told = [
        f"Of {counted(one['of'], 'verb')} that {'is' if one['of'] == 1 else 'are'} not found, the strongest cause of "
        f"{one['words']} is “{one['label']}”; of the {one['found_of']} that are found, {one['found']} overcame it."
        for one in most
    ]
    return Step(title, f"{safe(' '.join([*told, word_table.sentence(rows)]))} {then}", "failure", dict(FAILURE))


def _question(current: view.View) -> Step:
    return Step(
        "Your own question.",
        "Choose another pair, method or backbone in the sidebar, and a word of yours here; or bring your own data.",
        "overview",
    )


STEPS: dict[str, Callable[[view.View], Step]] = {
    "1": _finding,
    "2": _found,
    "3": _failed,
    "4": _explained,
    "5": _question,
}


def _own(current: view.View) -> None:
    """What a reader may ask next: any word, any two methods, other data."""
    if current.pair and current.backbone:
        queries = {one.id: one for one in load.pair_of(current.dataset, current.backbone, current.pair).queries}
        chosen = st.selectbox(
            f"A word of {current.pair}",
            list(queries),
            index=None,
            format_func=lambda key: f"{queries[key].word} ({POS[queries[key].pos]}) → {queries[key].right[0]}",
            placeholder="Type a word, or choose one",
            key=f"tour-word-{current.dataset}-{current.pair}",
        )
        if chosen:
            view.open_word(chosen)
    with st.container(horizontal=True):
        links = {"word": "Go through all words", "compare": "Compare methods", "results": "All results"}
        if act.allowed():
            links["data"] = "Start with own data"
        for page, label in links.items():
            st.page_link(f"pages/{page}.py", label=label, query_params=current.params())
