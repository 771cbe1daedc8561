"""One word: its pictures beside those of a candidate translation, and why the ranking is what it is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cldi_core import rankers
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import backbones
from cldi_core.insight import explanation, overview
from cldi_core.insight.explanation import Candidate, Explanation, shown_rank
from pages._ui import candidates, draw, frame, load, view, walk, words

COLOURS = {"found": "green", "nearly": "orange", "missed": "red"}


def heading(current: view.View, query: str, found: Explanation) -> None:
    """The word, its right answer, what became of it, and why."""
    way = f"{rankers.label(current.method)} · {backbones.label(current.backbone)}"
    seen = ""
    if found.learned:
        unseen = load.never_seen(current.dataset, current.backbone, current.pair)
        seen = f" :violet-badge[{'never seen' if query in unseen else 'seen'} in training]"
    st.markdown(
        f"#### {draw.safe(found.word)} → {draw.safe(found.gold[0].word)} "
        f":{COLOURS.get(found.outcome, 'gray')}-badge[{found.outcome}] "
        f":gray-badge[{draw.safe(f'{current.pair} · {words.kinds(found.pos)} · {way}')}]{seen}"
    )
    st.markdown(draw.safe(words.verdict(found, rankers.label(current.method))))


def sides(name: str, pair: Pair, found: Explanation, chosen: Candidate) -> None:
    """The two grids; the right answer and the winner are one click each.

    Args:
        name: of the data set.
    """
    left, right = st.columns(2, border=True)
    with left:
        st.markdown(f"**{draw.safe(found.word)}** · {draw.safe(pair.languages[0])} · {found.pictures} pictures")
        senses = "" if found.senses is None else f" · {found.senses} WordNet senses"
        spread = "–" if np.isnan(found.dispersion) else f"{found.dispersion:.2f}"
        st.caption(f"dispersion {spread}{senses}")
        draw.grid(name, pair.source.word_ids(found.word), f"{found.word} ({pair.languages[0]})", f"s-{found.word}")
    with right:
        mark = " ✓" if chosen.gold else ""
        st.markdown(
            f"**{draw.safe(chosen.word)}**{mark} · {draw.safe(pair.languages[1])} · {chosen.pictures} pictures · "
            f"rank {shown_rank(chosen.rank)}"
        )
        with st.container(horizontal=True):
            offered = [(f"right: {right.word}", right) for right in found.gold]
            if found.winner and not found.winner.gold:
                offered.append((f"winner: {found.winner.word}", found.winner))
            for label, candidate in offered:
                st.button(
                    f"{draw.safe(label)} #{shown_rank(candidate.rank)}",
                    key=f"to-{label}",
                    type="primary" if candidate.word == chosen.word else "secondary",
                    on_click=view.go,
                    kwargs={"candidate": candidate.word},
                )
        draw.grid(name, pair.target.word_ids(chosen.word), f"{chosen.word} ({pair.languages[1]})", f"t-{chosen.word}")


def behind(name: str, pair: Pair, found: Explanation, chosen: Candidate, method: str) -> None:
    """The picture pairs that made the score of the chosen candidate."""
    st.markdown(f"**What made the score of “{draw.safe(chosen.word)}”**")
    st.caption(rankers.ranker(method).about)
    if found.learned:
        st.info(
            "It compares the two words as texts, by what training taught it of their language: no picture is compared."
        )
        return
    matches = explanation.matches(pair, found.word, chosen.word, method)
    if not matches:
        st.info("There are no pictures to compare.")
        return
    draw.matches(name, matches, (found.word, chosen.word), f"m-{found.word}-{chosen.word}")


def one_word(current: view.View, pair: Pair, query: str, found: Explanation) -> None:
    """A word, its right answer, its candidates, and why they are in this order."""
    by_word = {candidate.word: candidate for candidate in found.candidates}
    chosen = by_word.get(current.candidate, found.gold[0])
    heading(current, query, found)
    # Read all pictures of the page at once; the parts below find them at hand.
    ids = [key for row in candidates.listed(found, chosen) for key in candidates.pictures(pair, row)]
    load.thumbnails(current.dataset, [*pair.source.word_ids(found.word), *pair.target.word_ids(chosen.word), *ids])
    sides(current.dataset, pair, found, chosen)
    left, right = st.columns([3, 2])
    with left:
        candidates.table(current.dataset, pair, found, chosen, current.method)
    with right:
        behind(current.dataset, pair, found, chosen, current.method)


def only_pictures(name: str, pair: Pair, query: str) -> None:
    """A word whose candidates are not known: its pictures beside those of its right answers."""
    asked = pair.queries[pair.find(query)]
    sides = [
        (pair.source, pair.languages[0], asked.word),
        *((pair.target, pair.languages[1], one) for one in asked.right),
    ]
    columns = st.columns(2, border=True)
    for place, (sets, language, word) in enumerate(sides):
        with columns[min(place, 1)]:
            st.markdown(f"**{draw.safe(word)}** · {draw.safe(language)} · {len(sets.rows(word))} pictures")
            draw.grid(name, sets.word_ids(word), f"{word} ({language})", f"only-{place}-{word}")


def main() -> None:
    """Draw the page."""
    current = view.current()
    if not draw.ready(current, "compare"):
        return
    here = (current.dataset, current.backbone, current.pair)
    ranked = load.rankings(*here, current.method)
    if ranked is None:
        rows = overview.by_rank(load.unranked(*here), current.pos)
    else:
        rows = overview.by_rank(ranked, current.pos, current.show)
    if not len(rows):
        shown = "here" if ranked is None else f"“{view.SHOWS[current.show].lower()}”"
        st.info(f"No word is {shown} among the chosen parts of speech.")
        walk.outcome(current)
        return
    query = walk.chooser(current, rows, ranked=ranked is not None)
    found = load.explained(*here, current.method, query)
    if found is None:
        only_pictures(current.dataset, load.pair_of(*here), query)
        draw.unranked(current, "The candidates are not shown", (current.method, current.backbone))
        return
    one_word(current, load.pair_of(*here), query, found)
    if ranked is None:
        draw.unranked(current, "This word alone was looked at", (current.method, current.backbone))


frame.draw(main)
