"""Judging the shown candidate on the Word page."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cldi_core.data.judgements import ACCEPTABLE, MAX_NOTE, WRONG, Judgement
from cldi_core.evaluation.pairs import Pair

from . import act, draw, judge_act, judge_load, view


def popover(current: view.View, pair: Pair, query: str, candidate: str) -> None:
    """A popover in which the candidate in the middle of the board is judged under the view's name.

    Args:
        candidate: ``""`` where there is none; then nothing is drawn, nor while something is presented, nor where nobody
            may write.
    """
    if not candidate or view.asked("present") == "1" or not act.allowed(act.JUDGE):
        return
    asked = pair.queries[pair.find(query)]
    one = Judgement(pair.name, asked.word, asked.pos, candidate, ACCEPTABLE)
    with st.popover("Judge", icon=":material/gavel:"):
        st.markdown(f"Is **{draw.safe(candidate)}** an acceptable translation of **{draw.safe(asked.word)}**?")
        judge_act.said()
        if not current.judge or not act.is_own(current.judge):
            with st.form("judge as", border=False):
                if own := act.own_name():
                    st.caption(f"As {draw.safe(own)}")
                else:
                    st.text_input("Your name", key="judge as name", max_chars=80)
                st.form_submit_button("Begin", on_click=judge_act.begin, args=(current, "judge as name"))
            return
        given = {own.key: own for own in judge_load.judgements(current.dataset, judge=current.judge)}
        before = given.get(one.key)
        key = f"note {one.key}"
        st.text_input("Note", key=key, max_chars=MAX_NOTE, value=before.note if before else "")
        with st.container(horizontal=True):
            for label, verdict in (("Acceptable", ACCEPTABLE), ("Wrong", WRONG)):
                st.button(
                    label, key=f"word {verdict}", on_click=judge_act.decide,
                    args=(current, replace(one, verdict=verdict), key),
                    type="primary" if before and before.verdict == verdict else "secondary",
                )  # fmt: skip
            if before:
                st.button("Withdraw", key="word withdraw", on_click=judge_act.withdraw, args=(current, [one.key]))
        said = f"judged {before.verdict}" if before else "not judged yet"
        st.caption(draw.safe(f"{current.judge}: {said}") + " · figures with and without judgements are on Results")
