"""What a visitor does with judgements: callbacks that write, and what came of it, said once on the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from cldi_core.data import judgement_tables
from cldi_core.data import judgements as files
from cldi_core.data.judgements import Judgement, Key

from . import act, judge_words, load, view

UNDO, SKIPPED = "judge undo", "judge skipped"
Skipped = set[tuple[str, str, str, str]]  # data set, pair, query, candidate


def said() -> None:
    """Say what came of the last act."""
    act.said("judge")


def _try(do: Callable[[], list[str]], name: str) -> None:
    """Do something under a name: those may who judge, and under their own name alone."""
    act.attempt(do, "judge", right=act.JUDGE, name=name)


def _take_away(do: Callable[[], list[str]], name: str) -> None:
    """Take away what was judged under a name: its owner may, and an editor."""
    if act.is_own(name):
        _try(do, name)
    else:
        act.attempt(do, "judge", right=act.EDIT)


def decide(current: view.View, one: Judgement, note: str = "") -> None:
    """Keep a judgement under the view's name, with the note of the widget of this key."""

    def do() -> list[str]:
        given = replace(one, note=str(st.session_state.get(note, "")))
        earlier = files.judge(load.opened(current.dataset), current.judge, given)
        st.session_state.setdefault(UNDO, []).append((current.dataset, current.judge, one.key, earlier))
        return []

    _try(do, current.judge)


def undo(current: view.View) -> None:
    """Take the last judgement of this visit back: what it replaced is there again."""

    def do() -> list[str]:
        *_, key, earlier = st.session_state[UNDO].pop()
        dataset = load.opened(current.dataset)
        if earlier is None:
            files.withdraw(dataset, current.judge, [key])
        else:
            files.judge(dataset, current.judge, earlier)
        return []

    if undoable(current):
        _try(do, current.judge)


def undoable(current: view.View) -> Key | None:
    """What ``undo`` would take back; ``None``: the last judgement of this visit was of another name or data set."""
    done = st.session_state.get(UNDO, [])
    return done[-1][2] if done and done[-1][:2] == (current.dataset, current.judge) else None


def withdraw(current: view.View, keys: Sequence[Key]) -> None:
    """Take some judgements back."""

    def do() -> list[str]:
        gone = files.withdraw(load.opened(current.dataset), current.judge, keys)
        return [f"{gone} withdrawn."]

    _take_away(do, current.judge)


def skipped() -> Skipped:
    """What was skipped in this visit."""
    found: Skipped = st.session_state.setdefault(SKIPPED, set())
    return found


def skip(current: view.View, query: str, candidate: str) -> None:
    """Leave a candidate for the next visit."""
    skipped().add((current.dataset, current.pair, query, candidate))


def unskip() -> None:
    """Ask again of what was skipped."""
    st.session_state.pop(SKIPPED, None)


def begin(current: view.View, key: str) -> None:
    """Judge under the visitor's own name, or where nobody says who they are, under that which the widget of this key
    holds."""
    name = act.own_name() or str(st.session_state.get(key, ""))

    def do() -> list[str]:
        view.go(judge=files.begin(load.opened(current.dataset), name))
        return []

    _try(do, name)


def take_in(current: view.View, key: str) -> None:
    """Take in the table that the uploader of this key holds."""

    def do() -> list[str]:
        given = st.session_state.get(key)
        if given is None:
            return ["Choose a file first."]
        dataset = load.opened(current.dataset)
        table = judgement_tables.from_tsv(given.getvalue(), dataset)
        replaced = [one for one in files.judge_all(dataset, current.judge, table.judgements) if one is not None]
        return judge_words.taken(current.judge, len(table.judgements), len(replaced), table.left_out)

    _try(do, current.judge)


def delete(current: view.View) -> None:
    """Delete everything that the view's name has judged."""

    def do() -> list[str]:
        files.delete(load.opened(current.dataset), current.judge)
        view.go(judge="")
        return [f"Everything that {current.judge} judged is deleted."]

    _take_away(do, current.judge)
