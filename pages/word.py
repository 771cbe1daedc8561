"""One word: source, winner and right answer side by side, and the story of why the ranking is what it is."""

from __future__ import annotations

import math

import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import backbones
from cldi_core.insight import contrast, story_words
from cldi_core.insight.explanation import Candidate, Explanation
from cldi_core.insight.story import Attributed, Story
from cldi_core.insight.what_if import Edit
from pages._ui import (
    board,
    candidates,
    draw,
    frame,
    judge_word,
    load,
    report_word,
    story,
    told,
    view,
    walk,
    what_if,
    words,
)

COLOURS = {"found": "green", "nearly": "orange", "missed": "red"}


def heading(current: view.View, query: str, found: Explanation, verdict: str) -> None:
    """The word, its right answer, what became of it, and why, in a height that is the same for every word."""
    way = f"{current.pair} · {words.kinds(found.pos)} · {rankers.label(current.method)} · "
    way += backbones.label(current.backbone)
    seen = ""
    if found.learned:
        unseen = load.never_seen(current.dataset, current.backbone, current.pair)
        seen = f" :violet-badge[{'never seen' if query in unseen else 'seen'} in training]"
    st.markdown(
        f"# {draw.safe(found.word)} → {draw.safe(found.gold[0].word)} "
        f":{COLOURS.get(found.outcome, 'gray')}-badge[{draw.safe(story_words.badge(found))}] "
        f":gray-badge[{draw.safe(way)}]{seen}"
    )
    said = words.outcome(found, rankers.label(current.method)) if found.learned or not verdict else verdict
    with st.container(key="verdict", gap=None):
        st.markdown(draw.safe(said))


def sides(current: view.View, found: Explanation) -> tuple[Candidate | None, Candidate]:
    """The candidate in the middle of the board and the right answer: the view's own in the place of the best."""
    chosen = found.find(current.candidate)
    if chosen is None:
        return found.rival, found.gold[0]
    return (found.rival, chosen) if chosen.gold else (chosen, found.gold[0])


def one_word(current: view.View, pair: Pair, query: str, before: Explanation) -> None:
    """A word, its board, and its story."""
    here = (current.dataset, current.backbone, current.pair, current.method, query)
    answer = sides(current, before)[1].word  # it stays on the board, whichever right answer a change makes the best
    ids = tuple(pair.source.word_ids(before.word))
    trial = what_if.Trial() if before.learned else what_if.read(ids, tuple(pair.target.word_ids(answer)))
    edit = trial.edit(ids, answer, clusters=current.method == "knn-c")
    found = told.explained(*here, edit) if edit else before
    heading(current, query, before, told.judged(*here)[1])
    if found is None:
        st.caption("This method needs the scores of all words: what would change cannot be tried here.")
        found, edit, trial = before, Edit(), what_if.Trial()
    if not before.learned:
        what_if.bar(trial, ids, before, found)
    rival = sides(current, found)[0]
    right = next(one for one in found.gold if one.word == answer)
    # Read all pictures of the board and the groups at once; the parts below find them at hand.
    words_shown = [one.word for one in (rival, right) if one is not None]
    load.thumbnails(current.dataset, [*ids, *(key for one in words_shown for key in pair.target.word_ids(one))])
    shown = board.Sides(
        current.dataset, pair, found, trial, rival, right, taken_apart(here, rival, right, edit),
        order=order(here, sides(current, before), ids),
    )  # fmt: skip
    board.show(shown, large=frame.presented())
    if not frame.presented():
        with st.container(horizontal=True, vertical_alignment="center"):
            report_word.button(current, query, shown)
            judge_word.popover(current, pair, query, rival.word if rival else "")
    # Last, as it takes longest: the board is seen meanwhile.
    told_of = told.story(*here)
    if told_of is not None:
        steps(current, here, edit, told_of, shown)


def taken_apart(
    here: told.Here, rival: Candidate | None, right: Candidate, edit: Edit
) -> tuple[Attributed | None, Attributed | None]:
    """The scores of both candidates, picture by picture."""
    return told.attributed(*here, rival.word, edit) if rival else None, told.attributed(*here, right.word, edit)


def order(here: told.Here, stored: tuple[Candidate | None, Candidate], ids: tuple[str, ...]) -> tuple[str, ...]:
    """The word's pictures in the order of what they do for the rival, before any of them was left out."""
    return tuple(one.id for one in contrast.contrasts(*taken_apart(here, *stored, Edit()), ids))


def steps(current: view.View, here: told.Here, edit: Edit, told_of: Story, shown: board.Sides) -> None:
    """The story in five steps, and what speaks for the verdict.

    Args:
        edit: what is left out; shown: what stands on the board.
    """
    rival = shown.rival.word if shown.rival else ""
    with st.expander("**1 · Could it be found at all?**", expanded=True):
        story.could_it(told_of, current.dataset)
    with st.expander("**2 · What do its pictures show?**", expanded=True):
        groups = (told_of.groups, told_of.right_groups)
        if shown.trial.groups:
            groups = told.groups(*here, shown.trial.groups)
        story.what_shows(current.dataset, shown.pair, told_of, shown.trial, groups)
    with st.expander("**3 · Who won, and with which pictures?**", expanded=True):
        marked = tuple(one for one in (shown.rival, shown.answer) if one is not None)
        candidates.table(here, edit, shown.found, marked)
        if rival:
            st.markdown(f"**From {draw.safe(shown.answer.word)} to {draw.safe(rival)}, picture by picture**")
        story.taken_apart(current.dataset, *shown.parts)
        st.caption(rankers.ranker(current.method).about)
    with st.expander("**4 · Is the winner a hub, a neighbour, or right after all?**", expanded=True):
        story.relation(told_of)
    with st.expander("**5 · What would have saved it?**", expanded=True):
        story.saved(current, told_of, shown.pair)
    with st.expander("**6 · Why this verdict?**", expanded=True):
        story.causes(told_of)


def only_pictures(current: view.View, pair: Pair, query: str, rank: float) -> None:
    """A word whose candidates are not at hand: what is stored of it, and its pictures beside those of the others."""
    asked = pair.queries[pair.find(query)]
    here = (current.dataset, current.backbone, current.pair, current.method, query)
    pictured = len(pair.source.rows(asked.word)) and any(len(pair.target.rows(one)) for one in asked.right)
    place = "not scored" if pictured and math.isnan(rank) else words.place(rank)
    st.markdown(f"# {draw.safe(f'{asked.word} → {asked.right[0]}')} :gray-badge[{draw.safe(place)}]")
    st.markdown(draw.safe(told.judged(*here)[1]))
    rival = told.rival(*here)
    shown = [(pair.source, pair.languages[0], asked.word, "source word")]
    shown += [(pair.target, pair.languages[1], rival, "best wrong candidate")] if rival else []
    shown += [(pair.target, pair.languages[1], one, "right answer") for one in asked.right]
    columns = st.columns(min(len(shown), 3), border=True)
    for place, (sets, language, word, role) in enumerate(shown):
        with columns[min(place, len(columns) - 1)]:
            many = counted(len(sets.rows(word)), "picture")
            st.markdown(f"**{draw.safe(word)}** · {draw.safe(language)} · {many} · {role}")
            draw.grid(current.dataset, sets.word_ids(word), f"{word} ({language})", f"only-{place}-{word}")


def main() -> None:
    """Draw the page."""
    current = view.current()
    if not draw.ready(current, "compare"):
        return
    here = (current.dataset, current.backbone, current.pair)
    pair = load.pair_of(*here)
    among = walk.of(*here, current.method, current.pos, current.show)
    if not among.ids:
        st.info("The word list has no words.")
        return
    present = frame.presented()
    with st.container(key="presented" if present else "page", gap="xsmall"):
        query = walk.chooser(current, among, present=present)
        current = view.current()
        if not among.among:
            shown = f"“{view.SHOWS[current.show].lower()}”" if among.ranked else "here"
            st.info(f"No word is {shown} among the chosen parts of speech.")
        found = told.explained(*here, current.method, query, Edit())
        if found is None:
            only_pictures(current, pair, query, among.rank(query))
            draw.unranked(current, "The candidates are not shown", (current.method, current.backbone))
            return
        one_word(current, pair, query, found)
        if not among.ranked:
            draw.unranked(current, "This word alone was looked at", (current.method, current.backbone))


frame.draw(main)
