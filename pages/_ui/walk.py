"""The words of the Word page one after the other: filtered by what became of them, sorted by rank.

A word that the URL names is shown also where the filter leaves it out, so that a link opens its word and the filter
stays as it was; previous and next then lead to its neighbours among those that are filtered.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import pandas as pd
import streamlit as st

from cldi_core.data.dataset import CLASSES, POS
from cldi_core.insight import explanation, overview

from . import draw, load, view, words

HELP = "Found: the right answer is first. Nearly: 2nd to 10th. Missed: deeper."
_SHOWN = "walked"  # the word of the URL, the query that it is, its kind and outcome, and those of all words
_LEFT = "left out"  # the word that a change of the filter has left out, until it is told


@dataclass(frozen=True)
class Walk:
    """The words to walk through.

    Attributes:
        rows: all of the pair, in the order of ``overview.by_rank``.
        among: the ids of those that are filtered, in the same order.
        answers: query id → its right answers.
        ranked: whether ranks are known; else there is nothing to filter by.
    """

    rows: pd.DataFrame
    among: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    ranked: bool

    @cached_property
    def ids(self) -> list[str]:
        """All query ids."""
        return list(map(str, self.rows["query"]))

    @cached_property
    def offered(self) -> list[str]:
        """All query ids, those that are filtered before the others."""
        return list(dict.fromkeys([*self.among, *self.ids]))

    @cached_property
    def kinds(self) -> dict[str, tuple[str, str]]:
        """Query id → part of speech and outcome, which is "" where there are no ranks."""
        outcomes = self.rows["rank"].map(explanation.outcome) if self.ranked else [""] * len(self.ids)
        return dict(zip(self.ids, zip(self.rows["pos"], outcomes, strict=True), strict=True))

    @cached_property
    def labels(self) -> dict[str, str]:
        """Query id → what is read of it in the list."""
        found = {}
        columns = (self.rows[name] for name in ("word", "pos", "rank"))
        for query, word, pos, rank in zip(self.ids, *columns, strict=True):
            answers = ", ".join(self.answers.get(query, ()))
            place = f" · {words.place(rank)}" if self.ranked else ""
            found[query] = f"{word} → {answers} · {words.kinds(pos)}{place}"
        return found

    def rank(self, query: str) -> float:
        """The rank of a query; nan where it has none."""
        return float(self.rows["rank"].iloc[self.ids.index(query)])


@load.cached(resource=True, max_entries=60, also=load.RANKINGS)
def of(name: str, backbone: str, pair: str, method: str, pos: str, show: str) -> Walk:
    """The words to walk through, by rank where there are ranks.

    Args:
        name: of the data set; pos, show: which of them are filtered, as in ``fitting``; without ranks all outcomes are.
    """
    here = (name, backbone, pair)
    ranked = load.rankings(*here, method)
    rows = overview.by_rank(load.unranked(*here) if ranked is None else ranked, "".join(POS))
    answers = {query.id: query.right for query in load.pair_of(*here).queries}
    return Walk(rows, fitting(rows, pos, "all" if ranked is None else show), answers, ranked is not None)


def fitting(rows: pd.DataFrame, pos: str, show: str) -> tuple[str, ...]:
    """The ids of the queries of some parts of speech and of one outcome, or ``"all"``."""
    outcomes = rows["rank"].map(explanation.outcome)
    fits = rows["pos"].isin(list(pos)) & ((outcomes == show) | (show == "all"))
    return tuple(map(str, rows.loc[fits, "query"]))


def folded(text: str) -> str:
    """A word as it is looked for: in any case, without accents, "ß" as "ss"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()


def chooser(current: view.View, walk: Walk, *, present: bool = False) -> str:
    """Search, filter and previous/next.

    Args:
        walk: at least one word in all; there may be none among the filtered.

    Returns:
        The id of the query that is shown.
    """
    chosen, unknown = _asked(current, walk)
    left = st.session_state.pop(_LEFT, "")
    left = left if left in walk.ids and left not in walk.among else ""
    st.session_state[_SHOWN] = (current.word, chosen, walk.kinds[chosen], set(walk.kinds.values()))
    with st.container(horizontal=True, vertical_alignment="center", key="walk", gap="small"):
        _search(walk, chosen)
        _step("Previous", "left", _neighbour(walk, chosen, -1))
        st.caption(place(current, walk, chosen), width="content")
        _step("Next", "right", _neighbour(walk, chosen, 1))
        if walk.ranked:
            _outcome(current)
        _presentation(present)
    _told(current, walk, chosen, left, unknown)
    return chosen


def _search(walk: Walk, chosen: str) -> None:
    st.selectbox(
        "Word",
        walk.offered,
        format_func=lambda query: walk.labels.get(query, query),
        width=270,
        label_visibility="collapsed",
        placeholder="A word of either language",
        **view.widget("word", chosen, candidate=""),
    )


def _asked(current: view.View, walk: Walk) -> tuple[str, str]:
    """The query that the view names, or the first to look at; and what was asked for in vain."""
    found = find(walk, current.word) if current.word else ""
    return (found, "") if found else (first(walk), current.word)


def filtered(pos: str = "", show: str = "") -> dict[str, str]:
    """What else changes in the URL with a filter that the reader chooses: a word that it leaves out is shown no longer.

    So it is with the word that the reader has before him, and where the filter leaves any; to be asked in a callback.
    """
    current = view.current()
    word, query, kind, kinds = st.session_state.get(_SHOWN, ("", "", ("", ""), set()))
    fits = partial(_fits, pos=pos or current.pos, show=show or current.show)
    if not word or word != current.word or fits(kind) or not any(map(fits, kinds)):
        return {}
    st.session_state[_LEFT] = query
    return {"word": "", "candidate": ""}


def _fits(kind: tuple[str, str], pos: str, show: str) -> bool:
    """Whether a filter leaves words of a kind and an outcome, which is "" where there are no ranks."""
    return kind[0] in pos and (not kind[1] or show in ("all", kind[1]))


def find(walk: Walk, text: str) -> str:
    """The query that a text names, in any case and without accents; "" where none is near.

    By its id, by its word, by a right answer, by the beginning of either, or by a part of it: the first of these that
    holds of a word, those filtered before the others.
    """
    ids, wanted = walk.ids, folded(text)
    if text in ids or not wanted:
        return text if text in ids else ""
    own = dict(zip(ids, map(folded, walk.rows["word"]), strict=True))
    answers = {query: [folded(one) for one in walk.answers.get(query, ())] for query in ids}
    holding: tuple[Callable[[str], bool], ...] = (
        lambda query: query.rpartition(".")[0] == text,
        lambda query: wanted in (own[query], folded(query)),
        lambda query: wanted in answers[query],
        lambda query: own[query].startswith(wanted),
        lambda query: any(one.startswith(wanted) for one in answers[query]),
        lambda query: any(wanted in one for one in (own[query], *answers[query])),
    )
    return next((query for holds in holding for query in walk.offered if holds(query)), "")


def first(walk: Walk) -> str:
    """What a first visit opens: a missed verb, else a missed word, else the first."""
    missed = set(fitting(walk.rows, "".join(POS), "missed")) if walk.ranked else set()
    verbs = set(fitting(walk.rows, "V", "all"))
    offered = [query for query in walk.among if query in missed]
    order = [*(query for query in offered if query in verbs), *offered, *walk.among, *walk.ids]
    return order[0]


def place(current: view.View, walk: Walk, chosen: str) -> str:
    """Where the word stands among those that are filtered: ``"missed verb 41 of 48"``."""
    kind = words.kinds(current.pos) if len(current.pos) == 1 else "word"
    named = f"{current.show} {kind}" if walk.ranked and current.show != "all" else kind
    if chosen not in walk.among:
        return f"{len(walk.among)} {named}s"
    order = "" if walk.ranked else ", in alphabetical order"
    return f"{named} {walk.among.index(chosen) + 1} of {len(walk.among)}{order}"


def _neighbour(walk: Walk, chosen: str, by: int) -> str:
    """The next (1) or the previous (−1) filtered word in the order of all; "" where there is none."""
    ids, among, at = walk.ids, set(walk.among), walk.ids.index(chosen)
    side = ids[at + 1 :] if by > 0 else ids[:at][::-1]
    return next((query for query in side if query in among), "")


def _step(label: str, side: str, query: str) -> None:
    st.button(
        label,
        icon=f":material/chevron_{side}:",
        shortcut=side.capitalize(),
        disabled=not query,
        on_click=view.go,
        kwargs={"word": query, "candidate": ""},
        key=f"step-{side}",  # the style shows its symbol alone
    )


def _outcome(current: view.View) -> None:
    """Which words to walk through."""
    st.segmented_control(
        "Show",
        list(view.SHOWS),
        format_func=view.SHOWS.__getitem__,
        label_visibility="collapsed",
        help=HELP,
        **view.widget(
            "show", current.show, write=lambda chosen: chosen or "all", more=lambda show: filtered(show=show)
        ),
    )


def _presentation(present: bool) -> None:
    """Into the presentation mode and out of it."""
    st.button(
        "End" if present else "Present",
        icon=":material/close_fullscreen:" if present else ":material/open_in_full:",
        shortcut="Esc" if present else None,
        help="Large pictures and no sidebar; ← and → walk, Esc ends it.",
        on_click=view.go,
        kwargs={"present": "" if present else "1"},
        key="step-present",
    )


def _told(current: view.View, walk: Walk, chosen: str, left: str, unknown: str) -> None:
    """What the reader asked for and the filter leaves out, with a button that shows it."""
    if unknown:
        st.caption(
            f"“{draw.safe(unknown)}” is no word of either language here; this is {draw.safe(_word(walk, chosen))}."
        )
    elif left:
        _line(current, walk, left, "Show it")
    elif chosen not in walk.among:
        _line(current, walk, chosen, "Take it in")


def _line(current: view.View, walk: Walk, query: str, label: str) -> None:
    """What became of a word that the filter leaves out; the button takes out what does so, and no more."""
    row = walk.rows.iloc[walk.ids.index(query)]
    shows = current.show in ("all", explanation.outcome(row["rank"])) or not walk.ranked
    changes = {"word": query, "candidate": "", "show": current.show if shows else "all"}
    changes["pos"] = "".join(letter for letter in POS if letter in current.pos + str(row["pos"]))
    with st.container(horizontal=True, vertical_alignment="center", key="filtered", gap="small"):
        text = f"*{draw.safe(_word(walk, query))}* is {_what(walk, query)}; {_filter(current, walk)}."
        st.caption(text, width="content")
        st.button(label, type="tertiary", key="show it", on_click=view.go, kwargs=changes)


def _word(walk: Walk, query: str) -> str:
    return query.rpartition(".")[0]


def _what(walk: Walk, query: str) -> str:
    """``"a verb, found"``."""
    row = walk.rows.iloc[walk.ids.index(query)]
    kind = words.kinds(row["pos"])
    became = f", {words.OUTCOMES[explanation.outcome(row['rank'])]}" if walk.ranked else ""
    return f"{'an' if kind[:1] in 'ao' else 'a'} {kind}{became}"


def _filter(current: view.View, walk: Walk) -> str:
    every = {*CLASSES, *walk.rows["pos"]} <= set(current.pos)
    kinds = "" if every else " and ".join(f"{POS[letter]}s" for letter in current.pos)
    show = f"*{current.show}*" if current.show != "all" else ""
    return f"you filter {' '.join(part for part in (show, kinds) if part) or 'others'}"
