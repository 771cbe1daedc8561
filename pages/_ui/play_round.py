"""One round of the Play page: ten sets of pictures without their words, and what is told after the choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from cldi_core import rankers
from cldi_core.data.answers import Answer
from cldi_core.data.counting import counted
from cldi_core.insight import play
from cldi_core.insight.play import Choice, Round

from . import draw, load, play_load, told, words
from .foreign import safe
from .play_load import Game

KEYS = "1234567890"
SMALL, LARGE = 38, 52  # pixels of the pictures of a candidate and of the word
IN_A_ROW = 5
STYLE = Path(__file__).with_name("play.css")
HOW = {play.RIGHT: "right", play.HIGH_RANKED: "high-ranked", play.AT_RANDOM: "at random"}


def ask(game: Game, shown: Round, count: int, language: str) -> None:
    """A round that has not been answered.

    Args:
        count: how many rounds there are; language: of the candidates.
    """
    play_load.began(game, shown.number)
    with _heading(f"Round {shown.number} of {count} · Which set shows the same word in {language}?"):
        st.button("Stop", key="play-stop", on_click=play_load.stop)
    fewer = (
        "" if len(shown.options) == play.OPTIONS else f" Only {counted(len(shown.options), 'candidate')} to tell apart."
    )
    more = f" ({_more(shown.pictures)})" if _more(shown.pictures) else ""
    st.caption(f"The pictures of a hidden word{more}; choose with the keys {_keys(shown)} or a click.{fewer}")

    def button(place: int) -> None:
        st.button(
            f"Set {KEYS[place]}",
            key=f"play-option-{place}",
            shortcut=KEYS[place],
            width="stretch",
            on_click=play_load.choose,
            args=(game, shown, place),
        )

    _pictures(game.dataset, shown, "the hidden word", button)


def tell(game: Game, shown: Round, count: int, method: str) -> None:
    """A round that has been answered: the words, who chose what, and why.

    Args:
        method: whose verdict is told.
    """
    given = play_load.given(game)[shown.number]
    choices = play_load.chosen(game.here, shown.query, given.options, given.right, method)
    title = f"Round {shown.number} of {count} · {'Right' if given.hit else 'Wrong'}: "
    with _heading(f"{title}{shown.word} ({words.kinds(shown.pos)}) is {given.right}"):
        last = shown.number == count
        st.button("Result" if last else "Next", key="play-next", type="primary", shortcut="Enter",
                  on_click=play_load.go_on)  # fmt: skip
    st.caption(safe(_said(game, shown, given, method)))

    def label(place: int) -> None:
        word = shown.options[place]
        mark = " :green[✓]" if word == shown.answer else ""
        st.markdown(f"{KEYS[place]} · **{safe(word)}**{mark}")
        st.caption(safe(f"{HOW[shown.how[place]]} · {_chosen_by(word, given, choices)}"))

    _pictures(game.dataset, shown, shown.word, label)


def _keys(shown: Round) -> str:
    return "1 … 9, 0" if len(shown.options) == play.OPTIONS else f"1 … {len(shown.options)}"


def _heading(text: str) -> Any:
    """The first line; what is drawn in the container stands at its end."""
    st.html(STYLE)
    line = st.container(horizontal=True, vertical_alignment="center", key="play-heading")
    line.markdown(f"# {safe(text)}", width="stretch")
    return line


def _said(game: Game, shown: Round, given: Answer, method: str) -> str:
    """What was chosen, and why the method ranked as it did; plain text."""
    chosen = "" if given.hit else f"You chose {KEYS[given.options.index(given.chosen)]}, {given.chosen}. "
    verdict = told.judged(*game.here, method, shown.query)[1]
    why = f"{rankers.label(method)} among all candidates: {verdict}" if verdict else ""
    return f"{chosen}{why}" or "You found it."


def _chosen_by(word: str, given: Answer, choices: Mapping[str, Choice]) -> str:
    """Who chose a candidate: ``"you, AVGMAX, KNN (shared)"``."""
    who = ["you"] if word == given.chosen else []
    if choices and all(choice.words == (word,) for choice in choices.values()):
        return ", ".join([*who, "all methods"])
    for name, choice in choices.items():
        if word in choice.words:
            who.append(rankers.label(name) + (" (shared)" if len(choice.words) > 1 else ""))
    return ", ".join(who) or "nobody"


def _pictures(dataset: str, shown: Round, name: str, above: Callable[[int], None]) -> None:
    """The word's pictures, and those of the candidates in two rows; nothing in them tells a word before its time.

    Args:
        name: what the word is called in the alternative texts; above: draws what stands above a candidate's pictures.
    """
    first = [ids[: play.SHOWN] for ids in (shown.pictures, *shown.sets)]
    load.thumbnails(dataset, [key for ids in first for key in ids])  # in one go
    with st.container(key="play-word", gap=None):
        draw.row(dataset, shown.pictures[: play.SHOWN], name, width=LARGE)
    places = range(len(shown.options))
    for start in places[::IN_A_ROW]:
        for place, column in zip(places[start:], st.columns(IN_A_ROW, gap="small"), strict=False):
            with column, st.container(key=f"play-set-{place}", gap=None):
                above(place)
                draw.row(dataset, shown.sets[place][: play.SHOWN], f"set {KEYS[place]}", width=SMALL)
                if _more(shown.sets[place]):
                    st.caption(_more(shown.sets[place]))


def _more(ids: tuple[str, ...]) -> str:
    more = len(ids[play.SHOWN :])
    return f"+{more} more" if more else ""
