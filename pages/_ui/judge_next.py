"""The next candidate to judge: why it comes now, three sets of pictures, and the keys to judge it with."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.judgements import ACCEPTABLE, MAX_NOTE, WRONG, Judgement
from cldi_core.evaluation import judged
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import backbones

from . import draw, glossary, judge_act, judge_load, judge_words, load, view, words

WIDTH = 56  # pixels of a picture: four beside each other at 1280


def draw_next(current: view.View) -> None:
    """The next candidate among the chosen parts of speech, or what there is to do instead."""
    here = (current.dataset, current.backbone, current.pair)
    asked = judge_load.asked(*here, judge=current.judge)
    if not asked.frames:
        draw.empty(
            f"There is nothing to judge yet: for {current.pair} no method has been scored with "
            f"{backbones.label(current.backbone)}.",
            load.command(current.dataset, "score", "--pair", current.pair, "--backbone", current.backbone),
        )
        return
    order = asked.order[asked.order["pos"].isin(list(current.pos))]
    passed = judge_act.skipped()
    keys = zip(order["query"], order["candidate"], strict=True)
    left = order[[(current.dataset, current.pair, *key) not in passed for key in keys]]
    if len(left):
        _one(current, load.pair_of(*here), left.iloc[0], asked.frames)
        st.caption(
            f"{counted(len(left), 'candidate')} left to judge: some method puts such first by mistake"
            + (f", skipped: {len(order) - len(left)}" if len(order) > len(left) else "")
            + f" · {draw.safe(f'{current.pair} · {words.kinds(current.pos)} · {backbones.label(current.backbone)}')} · "
            "those come first whose acceptance moves the figures most; only first places are counted."
        )
    else:
        st.info("Every candidate that wins a missed word of these parts of speech has been judged or skipped.")
        _undo(current)
    if len(order) > len(left):
        st.button("Ask again of what was skipped", key="unskip", on_click=judge_act.unskip)
    if asked.closed:
        st.caption(
            f"Under {len(asked.closed)} of {counted(len(asked.frames), 'method')} the words that you judged are "
            "not asked again, as no scores are stored. This stores them:"
        )
        options = ("--pair", current.pair, "--backbone", current.backbone)
        st.code(load.command(current.dataset, "score", *options), language="bash")


def _one(current: view.View, pair: Pair, row: pd.Series, frames: dict[str, pd.DataFrame]) -> None:
    query, candidate = str(row["query"]), str(row["candidate"])
    listed = pair.queries[pair.index[query]].right
    right = judged.right_answers(pair, judge_load.judgements(current.dataset, judge=current.judge)).get(query, listed)
    st.markdown(
        f"#### {draw.safe(row['word'])} → {draw.safe(candidate)}? "
        f":gray-badge[{draw.safe(words.kinds(str(row['pos'])))} · {draw.safe(current.pair)}]"
    )
    reason = judge_words.reason(row["rise"], row["methods"], row["of"], row["pos"], row["n"])
    st.markdown(draw.safe(reason), help=glossary.of(current, "mrr"))
    _buttons(current, Judgement(current.pair, str(row["word"]), str(row["pos"]), candidate, ACCEPTABLE))
    sides = [(pair.source, pair.languages[0], str(row["word"]), "source word")]
    sides += [(pair.target, pair.languages[1], candidate, "candidate")]
    sides += [(pair.target, pair.languages[1], one, "right answer ✓") for one in right]
    columns = st.columns(3, border=True)
    for place, (sets, language, word, role) in enumerate(sides):
        with columns[min(place, 2)]:
            many = counted(len(sets.rows(word)), "picture")
            st.markdown(f"**{draw.safe(word)}** · {draw.safe(language)} · {many} · {role}")
            draw.grid(
                current.dataset, sets.word_ids(word), f"{word} ({language})", f"judge-{place}-{word}", width=WIDTH
            )
    _wins(frames, query, candidate)


def _buttons(current: view.View, one: Judgement) -> None:
    """Acceptable, wrong, skip, and a note; the keys do the same while nothing is typed."""
    key = f"note {one.key}"
    with st.container(horizontal=True, vertical_alignment="bottom", key="judge-keys", gap="small"):
        for label, verdict, icon in (("Acceptable", ACCEPTABLE, "check"), ("Wrong", WRONG, "close")):
            st.button(
                label, icon=f":material/{icon}:", shortcut=label[0], key=verdict, on_click=judge_act.decide,
                args=(current, replace(one, verdict=verdict), key),
                type="primary" if verdict == ACCEPTABLE else "secondary",
            )  # fmt: skip
        st.button(
            "Skip", icon=":material/skip_next:", shortcut="S", key="skip", on_click=judge_act.skip,
            args=(current, one.query, one.candidate),
        )  # fmt: skip
        _undo(current)
        st.text_input(
            "Note", key=key, max_chars=MAX_NOTE, placeholder="a note, before you judge", width=260,
            label_visibility="collapsed",
        )  # fmt: skip
        params = replace(current, word=one.query, candidate=one.candidate).params()
        st.page_link("pages/word.py", label="Why it wins", icon=":material/search:", query_params=params)


def _undo(current: view.View) -> None:
    last = judge_act.undoable(current)
    st.button(
        "Undo", icon=":material/undo:", shortcut="U", key="undo", disabled=last is None, on_click=judge_act.undo,
        args=(current,), help=draw.safe(f"{last[1]} → {last[3]}") if last else "Nothing was judged in this visit",
    )  # fmt: skip


def _wins(frames: dict[str, pd.DataFrame], query: str, candidate: str) -> None:
    """Under which methods the candidate wins, and where the right answer stands there."""
    lines: list[str] = []
    for method, frame in frames.items():
        row = frame[(frame["query"] == query) & (frame["winner"] == candidate)]
        if len(row):
            lines.append(f"{rankers.label(method)} {words.place(float(row['rank'].iloc[0]))}")
    st.caption(f"It wins under, with the rank of the right answer: {draw.safe(' · '.join(lines))}.")
