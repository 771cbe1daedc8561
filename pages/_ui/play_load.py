"""The game of the Play page: what is computed and kept of it, and how far one visitor is.

A game is the URL's: data set, pair, backbone, parts of speech and seed.  How far its player is follows from the answers
that are kept; those of a visitor without a name, or of a data set that cannot be written to, live in the session.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cldi_core import rankers
from cldi_core.data import answers
from cldi_core.data.answers import Answer, Kept
from cldi_core.data.queries import Query
from cldi_core.errors import CldiError
from cldi_core.insight import people, play
from cldi_core.insight.people import Counted, Line
from cldi_core.insight.play import Choice, Round

from . import act, load, told, view

PEOPLE = (answers.PATTERN,)
NAME, STARTED, PROBLEM = "play name", "play started", "play problem"  # of the session; the name is in no link
_GIVEN, _SHOWN, _BEGAN = "play given", "play shown", "play began"


@dataclass(frozen=True)
class Game:
    """What a link names."""

    dataset: str
    backbone: str
    pair: str
    letters: str
    seed: int

    @property
    def here(self) -> tuple[str, str, str]:
        """Data set, backbone and pair."""
        return self.dataset, self.backbone, self.pair


@load.cached(max_entries=20, also=PEOPLE)
def kept(name: str) -> Kept:
    """The answers beside a data set."""
    return answers.read(load.opened(name).path)


@load.cached(max_entries=200)
def queries(name: str, backbone: str, pair: str, seed: int, letters: str) -> tuple[Query, ...]:
    """The words of a game."""
    return play.words(load.pair_of(name, backbone, pair), seed, letters)


@load.cached(resource=True, max_entries=3000, also=load.SCORES)
def row(name: str, backbone: str, pair: str, method: str, word: str) -> NDArray[np.float32] | None:
    """The scores of one word under a method; not to be changed, ``None`` where only those of all words would tell."""
    matrix = told.whole(name, backbone, pair, method)
    opened, ranker = load.pair_of(name, backbone, pair), rankers.ranker(method)
    if matrix is not None:
        own: NDArray[np.float32] = matrix[opened.source.row(word)]
        return own
    return None if ranker.row is None else ranker.row(opened, word)


def rows(name: str, backbone: str, pair: str, word: str, ways: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    """The scores of one word under those of some methods that tell them."""
    found = {way: row(name, backbone, pair, way, word) for way in ways}
    return {way: own for way, own in found.items() if own is not None}


@load.cached(max_entries=400, also=load.SCORES, spinner="Choosing ten words …")
def one_round(name: str, backbone: str, pair: str, seed: int, letters: str, number: int) -> Round:
    """A round of a game, from 1."""
    query = queries(name, backbone, pair, seed, letters)[number - 1]
    scores = rows(name, backbone, pair, query.word, play.SIX)
    return play.round_of(load.pair_of(name, backbone, pair), scores, seed, number, query)


def ways(method: str) -> tuple[str, ...]:
    """The methods that play: the paper's six, and the chosen one where it looks at pictures."""
    looks = rankers.ranker(method).kind == rankers.IMAGES
    return (*play.SIX, method) if looks and method not in play.SIX else play.SIX


def chosen(
    here: tuple[str, str, str], query: str, options: tuple[str, ...], right: str, method: str
) -> dict[str, Choice]:
    """What each method chooses among some options: method → choice."""
    scores = rows(*here, query.rpartition(".")[0], ways(method))
    return play.machine(load.pair_of(*here), options, right, scores)


def hits(here: tuple[str, str, str], answer: Answer, method: str) -> Mapping[str, float]:
    """How often each method is right in the choice that somebody made."""
    return {way: one.hit for way, one in chosen(here, answer.query, answer.options, answer.right, method).items()}


@load.cached(max_entries=20, also=(*PEOPLE, *load.SCORES), spinner=load.SPINNER)
def counted(name: str, backbone: str, pair: str) -> Counted:
    """The answers that count for a pair and a backbone."""
    return people.counted(load.pair_of(name, backbone, pair), kept(name).answers)


@load.cached(max_entries=20, also=(*PEOPLE, *load.SCORES), spinner=load.SPINNER)
def compared(name: str, backbone: str, pair: str, method: str) -> tuple[Line, ...]:
    """All people against the methods, on the choices that were made."""
    given, here = counted(name, backbone, pair).answers, (name, backbone, pair)
    return people.compared(given, [hits(here, answer, method) for answer in given])


def own(game: Game, given: Mapping[int, Answer], method: str) -> tuple[Line, ...]:
    """One player against the methods, on the choices of one game."""
    return people.compared(list(given.values()), [hits(game.here, answer, method) for answer in given.values()])


def given(game: Game) -> dict[int, Answer]:
    """The answers of this visitor in a game: number of the round → answer, in the order of the rounds."""
    asked = queries(*game.here, game.seed, game.letters)
    name, found = st.session_state.get(NAME, ""), dict[int, Answer]()
    try:
        stored = kept(game.dataset).answers if name else ()
    except CldiError as error:
        st.session_state[PROBLEM], stored = str(error), ()
    for answer in stored:
        same = (answer.player, answer.seed, answer.pair, answer.backbone) == (name, game.seed, game.pair, game.backbone)
        if same and answer.number <= len(asked) and asked[answer.number - 1].id == answer.query:
            found.setdefault(answer.number, answer)
    found |= st.session_state.get(_GIVEN, {}).get((game, name), {})
    return dict(sorted(found.items()))


def number(game: Game) -> tuple[int, bool]:
    """The round that is shown, and whether it has been answered; past the last one the game is over."""
    known, shown = given(game), st.session_state.get(_SHOWN)
    if shown is not None and shown[0] == game and shown[1] in known:
        return shown[1], True
    rounds = range(1, len(queries(*game.here, game.seed, game.letters)) + 1)
    return next((one for one in rounds if one not in known), len(rounds) + 1), False


def began(game: Game, number: int) -> None:
    """Remember when a round was first shown."""
    if st.session_state.get(_BEGAN, (None, 0, 0))[:2] != (game, number):
        st.session_state[_BEGAN] = (game, number, time.monotonic())


def choose(game: Game, asked: Round, place: int) -> None:
    """Keep the choice of an option; for callbacks.  Of two in one round the first counts."""
    if asked.number in given(game):
        return
    begun, name = st.session_state.get(_BEGAN, (None, 0, 0.0)), st.session_state.get(NAME, "")
    spent = int(1000 * (time.monotonic() - begun[2])) if begun[:2] == (game, asked.number) else 0
    pair = load.pair_of(*game.here)
    answer = Answer(
        name, datetime.now(UTC).isoformat(timespec="seconds"), game.seed, asked.number, game.pair, game.backbone,
        asked.query, asked.options, asked.options[place], asked.answer, min(spent, answers.LONGEST_TIME),
        play.digest(pair, pair.queries[pair.index[asked.query]], asked.options),
    )  # fmt: skip
    st.session_state.setdefault(_GIVEN, {}).setdefault((game, name), {})[asked.number] = answer
    st.session_state[_SHOWN] = (game, asked.number)
    try:
        if name and act.allowed(act.JUDGE) and is_own(name):
            answers.add(load.opened(game.dataset).path, answer)
    except CldiError as error:
        st.session_state[PROBLEM] = str(error)


def go_on() -> None:
    """Leave the round that has been answered; for callbacks."""
    st.session_state.pop(_SHOWN, None)


def stop() -> None:
    """Leave the game; for callbacks."""
    go_on()
    st.session_state.pop(STARTED, None)
    view.go(seed="")


def own_name() -> str:
    """The one name under which the visitor's answers are kept; ``""``: whichever they type."""
    return answers.player_name(act.own_name())


def is_own(name: str) -> bool:
    """Whether the visitor may play under a name."""
    return own_name() in ("", name)


def delete(name: str, player: str) -> None:
    """Delete the answers of a player, also those of this session; for callbacks.  Those of others an editor may."""
    try:
        act.refuse(act.JUDGE if is_own(player) else act.EDIT)
        st.session_state.pop(_SHOWN, None)
        st.session_state[_GIVEN] = {
            key: own
            for key, own in st.session_state.get(_GIVEN, {}).items()
            if key[1] != player or key[0].dataset != name
        }
        answers.delete(load.opened(name).path, player)
    except CldiError as error:
        st.session_state[PROBLEM] = str(error)
