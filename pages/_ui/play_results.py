"""What came out of the Play page: people against methods on the same choices, and a table of all players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data import counting
from cldi_core.data.answers import Answer
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.errors import CldiError
from cldi_core.features import backbones
from cldi_core.insight import people
from cldi_core.insight.people import CHANCE, PEOPLE, Line

from . import act, figures, glossary, play_figures, play_load, take, view
from .foreign import safe

TITLES = {"ALL": "all", **{name: f"{POS[letters[0]]}s" for name, letters in SETTINGS.items() if name != "ALL"}}


def own(lines: Sequence[Line], given: Mapping[int, Answer]) -> None:
    """One player's game beside what the methods chose in it, and its rounds.

    Args:
        given: number of the round → answer.
    """
    take.table(_counts(lines, "you"), name="play-own", hide_index=True,
               alt="Your right choices and those of the methods, of all")  # fmt: skip
    rounds = {
        "round": list(given),
        "": ["✓" if one.hit else "✗" for one in given.values()],
        "word": [one.query.rpartition(".")[0] for one in given.values()],
        "POS": [POS.get(one.query.rpartition(".")[2], "") for one in given.values()],
        "right": [one.right for one in given.values()],
        "you chose": [one.chosen for one in given.values()],
    }
    take.table(pd.DataFrame(rounds), name="play-rounds", alt="Your rounds", hide_index=True)


def _counts(lines: Sequence[Line], you: str) -> pd.DataFrame:
    """``"7 of 10"`` for each player and part of speech."""
    table: dict[str, dict[str, str]] = {}
    for line in lines:
        cell = f"{line.right:.3g} of {line.answers}" if line.answers else "–"
        table.setdefault(line.who, {"": _name(line.who, you)})[TITLES[line.setting]] = cell
    return pd.DataFrame(table.values())


def _name(who: str, people_are: str) -> str:
    return {PEOPLE: people_are, CHANCE: "chance"}.get(who) or rankers.label(who)


def everybody(current: view.View) -> None:
    """All answers that count for the pair and backbone: shares with intervals, and the players."""
    here = (current.dataset, current.backbone, current.pair)
    try:
        kept, counted = play_load.kept(current.dataset), play_load.counted(*here)
    except CldiError as error:
        st.warning(safe(str(error)))
        return
    st.header("People against methods")
    if not counted.answers:
        st.caption(f"Nobody has played {safe(current.pair)} with {safe(backbones.label(current.backbone))} yet.")
    else:
        _against(current, counted)
    _players(current, kept.answers)
    lines = f"; in the file {counting.counted(kept.broken, 'line')} cannot be read as answers" if kept.broken else ""
    st.caption(f"Not counted: {counting.counted(counted.again, 'answer')} about words that their player had seen, "
               f"{counted.changed} about pictures or right answers that have changed since{lines}.")  # fmt: skip


def _against(current: view.View, counted: people.Counted) -> None:
    lines = play_load.compared(current.dataset, current.backbone, current.pair, current.method)
    shares: dict[str, dict[str, str]] = {}
    behind: dict[str, dict[str, str]] = {}
    for line in lines:
        title = f"{TITLES[line.setting]}, n = {line.answers} ({counting.counted(line.share.n, 'word')})"
        shares.setdefault(line.who, {"": _name(line.who, "people")})[title] = figures.interval_text(line.share)
        if line.who != PEOPLE:
            behind.setdefault(line.who, {"": f"people − {_name(line.who, '')}"})[title] = figures.gain_text(line.behind)
    note = f"{current.pair}, {backbones.label(current.backbone)}: shares with 95 % intervals over words"
    figure = play_figures.against(lines, lambda who: _name(who, "people"), note)
    alt = "The share of right choices of people and of each method, by part of speech"
    take.chart(figure, name="play-people", alt=alt, key="play-people")
    take.table(pd.DataFrame(shares.values()), name="play-shares", hide_index=True,
               alt="The share of right choices of people, of chance and of each method, by part of speech")  # fmt: skip
    take.table(pd.DataFrame(behind.values()), name="play-difference", hide_index=True,
               alt="By how much people were right more often than each method on the same choices")  # fmt: skip
    players = len({answer.player for answer in counted.answers})
    st.caption(f"Shares of right choices among the same sets, with 95 % intervals over words: "
               f"{counting.counted(players, 'player')}, of whom an interval over words says nothing. Answers to "
               "one word count together. A method's choice is its best of the ten by its scores; where the right "
               "answer shares the first place, its part counts.", help=glossary.of(current, "interval"))  # fmt: skip


def _players(current: view.View, given: Sequence[Answer]) -> None:
    """Everybody who has played in this data set, whatever the pair."""
    found = people.players(given)
    if not found:
        return
    st.header("Players")
    rows = {
        "player": [one.name for one in found],
        "games": [one.games for one in found],
        "answers": [one.answers for one in found],
        "right": [one.right for one in found],
        "share": [one.share for one in found],
        "seconds a choice": [one.seconds for one in found],
    }
    number = st.column_config.NumberColumn
    take.table(pd.DataFrame(rows), name="play-players", hide_index=True, alt="All players of this data set",
               column_config={"share": number(format="%.2f"), "seconds a choice": number(format="%.1f")})  # fmt: skip
    names = [one.name for one in found if act.allowed(act.JUDGE if play_load.is_own(one.name) else act.EDIT)]
    if not names:
        return
    with st.expander("Delete answers"), st.form("play delete", border=False):
        typed = "" if play_load.own_name() else " Names are no passwords: delete your own alone."
        st.caption(f"All answers that are kept under a name, for good.{typed}")
        st.selectbox("Name", names, index=None, key="play-delete")
        st.form_submit_button("Delete", on_click=_delete, args=(current.dataset,))


def _delete(dataset: str) -> None:
    name = st.session_state.get("play-delete")
    if name:
        play_load.delete(dataset, name)
