"""Can people do it?  Ten rounds in which a visitor chooses as the methods do, from the pictures alone."""

from __future__ import annotations

import secrets

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cldi_core.data import answers
from cldi_core.data.dataset import POS
from cldi_core.insight import play
from pages._ui import act, draw, frame, load, play_load, play_results, play_round, view
from pages._ui.play_load import Game

ABOUT = (
    "If people cannot tell a verb by its pictures either, the pictures are to blame and not the method. In each of ten "
    "rounds you see the pictures of a word, and those of ten candidates in the other language: the right answer, four "
    "that come high under the mean rank of the paper's six methods, and five at random. Had one method chosen them, "
    "they would be unfair to it; the four are still what methods take for right, not people, which is a little "
    "unfair to all methods. You see at most twelve pictures of a word, the methods see all."
)
PRIVACY = (
    f"Answers are kept under the name, which all who open this page see, in `{answers.PATTERN}` beside the data set "
    "until somebody deletes them below. Without a name nothing is kept."
)


def begin(current: view.View, asked: str) -> None:
    """The start card.

    Args:
        asked: the seed that a link names, as text; "" without one.
    """
    st.markdown(ABOUT)
    with st.form("play start"):
        name, kinds, seed = st.columns([2, 2, 1], vertical_alignment="bottom")
        _name(name)
        kinds.pills(
            "Words",
            load.opened(current.dataset).kinds,
            selection_mode="multi",
            default=list(current.pos),
            key="play-pos",
            format_func=lambda letter: f"{POS[letter]}s",
        )
        seed.text_input("Seed", value=asked, key="play-seed", max_chars=20, placeholder="random",
                        help="The same seed makes the same rounds for everybody.")  # fmt: skip
        st.form_submit_button("Start", type="primary", on_click=started)
    kept = act.allowed(act.JUDGE)
    st.caption(PRIVACY if kept else f"{act.closed(act.JUDGE)} You can play, and no answer is kept.")


def _name(place: DeltaGenerator) -> None:
    """Under which name answers are kept: the one that is typed, or the visitor's own if they say so."""
    before = st.session_state.get(play_load.NAME, "")
    if own := play_load.own_name():
        place.checkbox(f"Keep my answers, as {draw.safe(own)}", value=before == own, key="play-keep")
    else:
        place.text_input(
            "Your name", value=before, key="play-name", max_chars=answers.LONGEST_NAME, placeholder="nothing is kept",
        )  # fmt: skip


def started() -> None:
    """Begin to play what the start card says; its address then opens the same rounds for others."""
    state = st.session_state
    own = play_load.own_name()
    state[play_load.NAME] = (own if state.get("play-keep") else "") if own else answers.player_name(
        state.get("play-name") or "")  # fmt: skip
    state[play_load.STARTED] = True
    typed = str(state.get("play-seed") or "")
    seed = play.seed_of(typed) if typed.strip() else secrets.randbelow(1_000_000)
    every = "".join(load.opened(view.current().dataset).kinds)
    letters = "".join(letter for letter in every if letter in (state.get("play-pos") or [])) or every
    view.go(seed=str(seed), pos=letters)


def played(current: view.View, game: Game) -> None:
    """The round that is shown, or the end."""
    count = len(play_load.queries(*game.here, game.seed, game.letters))
    if not count:
        st.info("There is nothing to choose from: no word and two candidates have pictures that can be told apart.")
        return
    number, answered = play_load.number(game)
    if number > count:
        end(current, game, count)
        return
    shown = play_load.one_round(*game.here, game.seed, game.letters, number)
    if answered:
        play_round.tell(game, shown, count, current.method)
        if number < count:  # while the reader reads
            play_load.one_round(*game.here, game.seed, game.letters, number + 1)
    else:
        language = load.pair_of(*game.here).languages[1]
        play_round.ask(game, shown, count, language)


def end(current: view.View, game: Game, count: int) -> None:
    """The score, beside those of the methods."""
    given = play_load.given(game)
    lines = play_load.own(game, given, current.method)
    name = st.session_state.get(play_load.NAME, "")
    score = f"{lines[0].right:g} of {count} right" + (f", {name}" if name else "")
    st.markdown(f"# {draw.safe(score)}")
    play_results.own(lines, given)
    with st.container(horizontal=True):
        st.button("Play other rounds", type="primary", shortcut="Enter", key="play-again", on_click=view.go,
                  kwargs={"seed": str(secrets.randbelow(1_000_000))})  # fmt: skip
        st.button("Back to the start", key="play-stop", on_click=play_load.stop)
    st.caption(f"Seed {game.seed}: this link opens the same rounds for others.")
    st.code(view.link(current), language=None, wrap_lines=True)
    play_results.everybody(current)


def main() -> None:
    """Draw the page."""
    current, asked = view.current(), view.asked("seed")
    playing = bool(asked) and st.session_state.get(play_load.STARTED, False)
    if not playing:
        st.title("Can people do it?")
    if not draw.ready(current, "play with"):
        return
    problem = st.session_state.pop(play_load.PROBLEM, "")
    if problem:
        st.warning(draw.safe(f"This answer is not kept: {problem}"))
    if playing:
        letters = current.pos
        played(current, Game(current.dataset, current.backbone, current.pair, letters, play.seed_of(asked)))
        return
    begin(current, str(play.seed_of(asked)) if asked else "")
    play_results.everybody(current)


frame.draw(main)
