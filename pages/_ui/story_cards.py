"""Words worth looking at, each as a card: its pictures above the nearest of the winner's and of the right answer's."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.insight.explanation import shown_rank
from cldi_core.insight.stories import Told

from . import load, view
from .draw import absent
from .foreign import safe

COLUMNS = 3
SIZE = 42  # pixels of a picture with the gap beside it


def draw(dataset: str, told: Sequence[Told]) -> None:
    """The cards, in rows.

    Args:
        dataset: its name.
    """
    fetch(dataset, told)
    for first in range(0, len(told), COLUMNS):
        for story, column in zip(told[first : first + COLUMNS], st.columns(COLUMNS), strict=False):
            with column.container(border=True, height="stretch", gap="xsmall"):
                _card(dataset, story)


def fetch(dataset: str, told: Sequence[Told]) -> None:
    """Read the pictures of all cards at once; the cards find them at hand."""
    load.thumbnails(dataset, [key for story in told for _, _, own in rows(story) for key in own])


def rows(story: Told) -> list[tuple[str, str, tuple[str, ...]]]:
    """The three rows of a card, the winner's before the other's: what it is, the word, its pictures."""
    right = (f"right answer, #{shown_rank(story.rank)}", story.right, story.nearest_right)
    rival = ("best wrong answer" if story.works else "winner", story.rival, story.nearest_rival)
    below = [right, rival] if story.works else [rival, right]
    return [(f"{POS[story.pos]}, {_how_many(story)}", story.word, story.pictures), *below]


def _how_many(story: Told) -> str:
    what = "thing" if story.each_thing else "picture"
    shown = len(story.pictures)
    if shown < story.of:
        return f"{shown} of its {story.of} {what}s"
    return f"its one {what}" if shown == 1 else f"its {shown} {what}s"


def _card(dataset: str, story: Told) -> None:
    st.page_link(
        "pages/word.py",
        label=f"**{safe(f'Why does “{story.word}” ' + ('work?' if story.works else 'fail?'))}** →",
        query_params=view.of_word(story.query),
    )
    for what, word, ids in rows(story):
        st.caption(f"**{safe(word)}** · {what}")
        strip = load.strip(dataset, ids)
        if strip:
            st.image(strip, width=SIZE * len(ids), alt=f"{word}, {what}: {counted(len(ids), 'picture')} side by side")
        else:
            st.caption(safe(absent(dataset, len(ids), len(ids))))
    st.caption(safe(story.verdict))
