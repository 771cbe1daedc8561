"""The steps of the story of a word, in the order in which a person asks; each number is defined where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from unicodedata import east_asian_width

import plotly.graph_objects as go
import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import contrast, story_words
from cldi_core.insight.changes import Change
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Story

from . import cards, draw, figures, glossary, load, take, told, view, what_if
from .foreign import in_figure

GROUPS = 6  # shown of each side
COLUMNS = 3
PICTURES = 5  # of each group
CHANGES = 8
RIVAL, RIGHT = "#D55E00", "#009E73"  # as on the board


def could_it(story: Story, dataset: str) -> None:
    """Step 1: the numbers of the word beside those of its part of speech."""
    shown = [name for name in story_words.PLACES if name in story.places]
    for column, name in zip(st.columns(max(len(shown), 1)), shown, strict=False):
        known = story.places[name]
        title, meaning = story_words.PLACES[name]
        place = draw.safe(story_words.percentile(known, story.found.pos))
        with column:
            st.markdown(  # in one element: each takes the server and the browser its time
                f"{title} **{story_words.place(name, known)}**  \n:small[:gray[{place}]]  \n:small[:gray[{meaning}]]",
                help=glossary.of(view.current(), "mrr") if name == "ceiling" else None,
            )
    st.markdown(draw.safe(story_words.ceiling(story.ceiling, story.found.pictures)))
    for text in story_words.lacks(story):
        st.caption(draw.safe(text))
    if story.duplicates:
        count = len(story.duplicates)
        st.caption(
            f"{count} pairs of its pictures are nearly the same"
            if count > 1
            else "Two of its pictures are nearly the same:"
        )
        draw.row(dataset, [key for pair in story.duplicates[:4] for key in pair], "nearly the same", width=44)


def what_shows(
    dataset: str, pair: Pair, story: Story, trial: what_if.Trial, groups: tuple[Sequence[Group], Sequence[Group]]
) -> None:
    """Step 2: the groups of both words, each with what it would choose alone, and the word's senses."""
    words = (story.found.word, story.found.gold[0].word)
    files = load.thumbnails(dataset, [key for own in groups for group in own[:GROUPS] for key in _pictured(group)])
    for side, word, found, sets in zip(("source", "target"), words, groups, (pair.source, pair.target), strict=True):
        st.markdown(f"**{draw.safe(word)}** · {counted(len(found), 'group')}")
        ids = tuple(sets.word_ids(word))
        shown = [_group(group, (side, word), trial, ids, files, story.found.learned) for group in found[:GROUPS]]
        if shown:
            cards.show(f"groups-{side}", shown)
        if len(found) > GROUPS:
            st.caption(f"and {counted(len(found) - GROUPS, 'smaller group')}")
        if not found:
            st.caption("There are no pictures to put into groups.")
    if story.found.senses is not None:
        st.caption(f"{draw.safe(words[0])} has {story.found.senses} WordNet senses.")
    if story.senses:
        with st.popover("What they mean"):
            st.markdown("\n\n".join(f"**{draw.safe(name)}** {draw.safe(gloss)}" for name, gloss in story.senses))


def _pictured(group: Group) -> tuple[str, ...]:
    return tuple(group.pictures[:PICTURES])


def _group(
    group: Group,
    at: tuple[str, str],
    trial: what_if.Trial,
    ids: tuple[str, ...],
    files: Mapping[str, str],
    learned: bool,
) -> cards.Card:
    """A group as a card; of a method that is learned, nothing can be tried."""
    side, word = at
    label = story_words.label(group) or "without a name"
    pictures = [
        (files[key], f"{word}, {label}, picture {number} of {len(_pictured(group))}")
        for number, key in enumerate(_pictured(group), 1)
        if key in files
    ]
    rest = [key for key in ids if key not in group.pictures]
    offers = (("Only these", group.pictures), ("Without them", rest))
    acts = [
        _try(name, _on_board(side, word, what_if.only(trial, side, ids, kept)), bool(rest)) for name, kept in offers
    ]
    return cards.Card(
        label,
        f"{len(group.pictures)} of {len(ids)}",
        tuple(pictures),
        story_words.group(group) or "",
        () if learned else tuple(acts),
    )


def _on_board(side: str, word: str, changes: dict[str, str] | None) -> dict[str, str] | None:
    """The same parameters, with the right answer on the board whose pictures they leave out."""
    return changes if changes is None or side == "source" else {**changes, "candidate": word}


def _try(label: str, changes: Mapping[str, str] | None, possible: bool) -> cards.Act:
    why = f"More than {what_if.MOST} pictures would be left out." if changes is None else ""
    return cards.Act(label, changes if possible else None, why if possible else "These are all its pictures.")


def taken_apart(dataset: str, rival: Attributed | None, right: Attributed | None) -> None:
    """Step 3: from the score of the right answer to that of the rival, a bar for each picture and each correction."""
    if rival is None or right is None:
        st.info("No picture made these scores, so there is nothing to take apart.")
        return
    take.chart(
        apart(dataset, rival, right),
        name=f"shares-{rival.word}-{right.word}",
        key="taken apart",
        alt=f"What leads from the score of {right.word} to that of {rival.word}, by picture",
    )


def apart(dataset: str, rival: Attributed, right: Attributed) -> go.Figure:
    """The figure: bars that sum to the difference of the two scores."""
    steps = contrast.steps(rival, right)
    known = told.known(dataset, [step.name for step in steps if step.picture])
    names = [known[step.name].name or "a picture" if step.picture else step.name for step in steps]
    values, whole = [step.value for step in steps], contrast.difference(rival, right)
    digits = story_words.digits([*values, whole])
    count = len(steps) + 1
    ticks = [*(in_figure(_short(name)) for name in names), "<b>difference</b>"]
    axis = f"score of {_short(rival.word)} less that of {_short(right.word)}"
    bars = {
        "type": "waterfall",
        "orientation": "h",
        "y": list(range(count)),
        "x": [*values, whole],
        "measure": [*["relative"] * len(steps), "total"],
        "text": [story_words.signed(value, digits) for value in (*values, whole)],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": RIVAL}},
        "decreasing": {"marker": {"color": RIGHT}},
        "totals": {"marker": {"color": "#7A8793"}},
        "connector": {"line": {"color": figures.GREY, "width": 1}},
        "hoverinfo": "skip",
    }
    layout = {
        "yaxis": {
            "tickvals": list(range(count)),
            "ticktext": ticks,
            "autorange": "reversed",
            "showgrid": False,
            "automargin": False,
        },
        "xaxis": {"title": {"text": in_figure(axis)}, "zeroline": True},
        "height": 90 + 22 * count,
        "margin": {"l": _left(names), "r": 60, "t": 10, "b": 40},
        "showlegend": False,
        "bargap": 0.35,
    }  # fmt: skip
    return go.Figure({"data": [bars], "layout": layout})  # at once: each update looks at the whole figure again


def _left(names: Sequence[str]) -> int:
    """Pixels that names take at the left of a chart.

    Told, and not found: to find it, Plotly lays the chart out several times, a tenth of what the next word takes the
    browser.
    """
    wide = (sum(2 if east_asian_width(sign) in "WF" else 1 for sign in _short(name)) for name in (*names, "difference"))
    return 24 + 7 * max(wide)


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"


def relation(story: Story) -> None:
    """Step 4: is the rival near everything, or related to the right answer?"""
    rival, gold = story.found.rival, story.found.gold[0]
    if rival is None:
        st.markdown("There is no wrong candidate.")
        return
    if story.hub is not None:
        st.markdown(draw.safe(story_words.hub(story.hub, rival.word)))
        st.caption(
            "A hub is a word that is near many others; CSLS takes off each word's mean similarity to its neighbours."
        )
    if story.relations:
        st.markdown("\n".join(f"- **{draw.safe(one.kind)}**: {draw.safe(one.text)}" for one in story.relations))
    else:
        st.markdown(draw.safe(f"Nothing known relates “{rival.word}” to the right answer “{gold.word}”."))


def saved(current: view.View, story: Story, pair: Pair) -> None:
    """Step 5: what would have brought the right answer to the first place; each is a click away."""
    found = story.found
    if found.outcome == "found":
        st.markdown("The right answer is first already.")
        return
    if not story.changes:
        st.markdown("Nothing of the kind would have: nothing can be left out, and no other method or pair has it.")
        return
    if not any(one.rank <= 1 for one in story.changes):
        st.markdown("Nothing that was tried would have brought it to the first place. What comes closest:")
    offers = [(one, change_of(current, one, found, pair)) for one in story.changes[:CHANGES]]
    lines = [
        cards.Card(text=story_words.change(one), acts=(cards.Act(story_words.named(one), changes),))
        for one, changes in offers
    ]
    cards.show("changes", lines, cards.LINES)
    st.caption(
        "Tried with the pictures: each group alone or left out, each picture alone, the first n, and all ways to leave "
        "out up to three (where that is quick, else fewer), then one after the other. Elsewhere: what is stored."
    )


def change_of(current: view.View, one: Change, found: Explanation, pair: Pair) -> dict[str, str] | None:
    """The parameters that make a change; ``None`` where the URL can't hold it, or it is not offered."""
    sets, word = (pair.target, found.gold[0].word) if one.side == "target" else (pair.source, found.word)
    ids, side = tuple(sets.word_ids(word)), one.side or "source"
    plain = what_if.Trial()
    offered: dict[str, Callable[[], Sequence[str]]] = {
        "method": lambda: load.offered(*_here(current)),
        "backbone": lambda: load.opened(current.dataset).backbones,
        "pair": lambda: load.opened(current.dataset).directions,
    }
    if one.kind in offered:
        name, *query = one.pictures  # the query where the pair is asked the other way
        changes = {one.kind: name, "candidate": ""} | ({"word": query[0]} if query else {})
        return changes if name in offered[one.kind]() else None
    if one.kind == "first" and side == "source":
        return {"without": "", "first": str(len(ids) - len(one.pictures))}
    return _on_board(side, word, what_if.only(plain, side, ids, [key for key in ids if key not in one.pictures]))


def _here(current: view.View) -> tuple[str, str, str]:
    return current.dataset, current.backbone, current.pair


def causes(story: Story) -> None:
    """What speaks for the verdict, and how often words have it that were found."""
    if not story.causes:
        st.markdown("No single cause stands out.")
        return
    lines = [
        f"- **{draw.safe(one.cause)}**: {draw.safe(one.text)}  \n  :small[:gray[{draw.safe(story_words.cause(one))}]]"
        for one in story.causes
    ]
    st.markdown("\n".join(lines))
