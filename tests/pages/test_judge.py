"""Judge: the next word, what a verdict does, figures with and without, hostile names, notes and tables."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core.data import judgement_tables
from cldi_core.data import judgements as files
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.insight import judging
from pages._ui import judge_act, judge_load, judge_words, load, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url
from tests.pages_data import HOSTILE, RANKS, button, german, healthy, open_page, texts, unescaped, view_of

NAME = "Zoë <b>[x](http://y.example)"
HERE = ("wide", BACKBONE, "en-de")


@pytest.fixture
def judging_set(wide: Dataset) -> Iterator[Dataset]:
    """The data set with known ranks, in which nobody has judged."""
    yield wide
    shutil.rmtree(wide.path / files.FOLDER, ignore_errors=True)


def cleared() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def kept(made: Dataset, name: str = NAME) -> list[tuple[str, str, str, str]]:
    return [(one.query, one.candidate, one.verdict, one.note) for one in files.judgements(made, name)]


def heading(at: AppTest) -> str:
    """``"shake.V → cow|de"``: the word that is asked, and its candidate."""
    (found,) = [element.value for element in at.main.markdown if element.value.startswith("#### ")]
    asked, _, kind = unescaped(found.removeprefix("#### ")).partition("? :gray-badge[")
    word, _, candidate = asked.partition(" → ")
    return f"{word}.{kind[0].upper()} → {candidate}"


def expected() -> list[str]:
    """The order, from the stored rankings read once more."""
    ways = judge_load.ways(*HERE)
    frames = {way: load.rankings(*HERE, way) for way in ways}
    found = judging.order("en-de", frames, ())
    return [f"{row.query} → {row.candidate}" for row in found.itertuples()]


def beside(at: AppTest) -> pd.DataFrame:
    return next(one.value for one in at.main.dataframe if "judgements" in one.value.columns)


def test_a_name_begins_and_goes_into_the_url(judging_set: Dataset) -> None:
    at = healthy(open_page("judge"))
    assert not [one for one in at.sidebar.selectbox if one.key == "judge"], "nobody has judged"
    at.text_input(key="judge name field").set_value(f"  {NAME}")
    at = healthy(button(at, "Begin").click().run())
    assert view_of(at)["judge"] == NAME and files.names(judging_set) == (NAME,)
    assert at.sidebar.selectbox(key="judge").value == NAME
    assert NAME in unescaped(texts(at)) and "[x](http" not in texts(at)
    at.sidebar.selectbox(key="judge").set_value(None)
    at = healthy(at.run())
    assert "judge" not in view_of(at) and button(at, "Begin")


@pytest.mark.parametrize("name", ["", "a\u202eb"])
def test_a_bad_name_is_said_and_nothing_is_written(judging_set: Dataset, name: str) -> None:
    at = open_page("judge")
    at.text_input(key="judge name field").set_value(name)
    at = button(at, "Begin").click().run()
    assert not at.exception and ["cannot be the name" in unescaped(one.value) for one in at.error] == [True]
    assert not (judging_set.path / files.FOLDER).exists() and "judge" not in view_of(at)


def test_words_come_in_order_and_are_judged_skipped_undone_and_withdrawn(judging_set: Dataset) -> None:
    files.begin(judging_set, NAME)
    order = expected()
    at = healthy(open_page("judge", judge=NAME))
    assert heading(at) == order[0]
    at = healthy(at.button(key="skip").click().run())
    assert heading(at) == order[1] and kept(judging_set) == []
    at.text_input(key=next(one.key for one in at.main.text_input)).set_value("a\tnote *b*")
    at = healthy(at.button(key="acceptable").click().run())
    query, candidate = order[1].split(" → ")
    assert kept(judging_set) == [(query, candidate, "acceptable", "a note *b*")]
    assert heading(at) == next(one for one in order[2:] if not one.startswith(f"{query} →"))
    asked = heading(at)
    at = healthy(at.button(key="wrong").click().run())
    assert kept(judging_set)[1][:3] == (*asked.split(" → "), "wrong")
    at = healthy(at.button(key="undo").click().run())
    assert heading(at) == asked and len(kept(judging_set)) == 1
    at = healthy(at.button(key="unskip").click().run())
    assert heading(at) == order[0]
    table = next(one for one in at.main.dataframe if "verdict" in one.value.columns)
    assert table.value[["pair", "word", "candidate", "verdict", "note"]].to_numpy().tolist() == [
        ["en-de", query[:-2], candidate, "acceptable", "a note *b*"]
    ]
    (one,) = files.judgements(judging_set, NAME)
    at.session_state[f"judged {NAME} {one.time} 1"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at = healthy(at.run())
    at = healthy(at.button(key="withdraw").click().run())
    assert kept(judging_set) == [] and "1 withdrawn" in unescaped(texts(at)) and heading(at) == order[0]


def test_only_the_chosen_parts_of_speech_are_asked(judging_set: Dataset) -> None:
    files.begin(judging_set, NAME)
    at = healthy(open_page("judge", judge=NAME, pos="A"))
    assert heading(at) == next(one for one in expected() if ".A → " in one)


def test_figures_with_and_without_by_hand(judging_set: Dataset) -> None:
    """The winner of *shake* (17th) is acceptable, that of *sing* (3rd) wrong; a right answer of *run* is none."""
    stored = load.rankings(*HERE, "avgmax")
    winner = stored.set_index("query")["winner"]
    files.judge_all(
        judging_set, NAME,
        [
            Judgement("en-de", "shake", "V", winner["shake.V"], "acceptable"),
            Judgement("en-de", "sing", "V", winner["sing.V"], "wrong"),
            Judgement("en-de", "run", "V", german("run"), "wrong"),
        ],
    )  # fmt: skip
    cleared()
    at = healthy(open_page("judge", judge=NAME, method="avgmax"))
    ranks = {word: rank for word, (pos, rank) in RANKS.items() if pos == "V"}
    without = sum(1 / rank for rank in ranks.values()) / len(ranks)
    ranks |= {"shake": 1}
    del ranks["run"]
    with_them = sum(1 / rank for rank in ranks.values()) / len(ranks)
    found = beside(at).set_index(["figure", "judgements"])
    (column,) = [name for name in found.columns if name.startswith("VB")]
    assert column == f"VB (n = {len(ranks) + 1})"
    assert found[column]["MRR", "with"] == f"{with_them:.2f} (n too small), n = {len(ranks)}"
    assert found[column]["MRR", "without"] == f"{without:.2f} (n too small)"
    assert "3 judgements of en-de: 1 acceptable, 2 wrong" in unescaped(texts(at))
    changed = next(one.value for one in at.main.dataframe if "rank with" in one.value.columns)
    assert changed[["word", "right answers now", "rank without", "rank with"]].to_numpy().tolist() == [
        ["shake", f"{german('shake')}, {winner['shake.V']}", "#17", "#1"],
        ["run", "none: left out", "#1", "–"],
    ]


@pytest.mark.parametrize("page", ["results", "compare", "overview"])
def test_pages_with_tables_show_both_where_somebody_is_named(judging_set: Dataset, page: str) -> None:
    winner = load.rankings(*HERE, "avgmax").set_index("query")["winner"]["shake.V"]
    files.judge(judging_set, NAME, Judgement("en-de", "shake", "V", winner, "acceptable"))
    at = healthy(open_page(page, judge=NAME))
    assert f"With and without the judgements of {NAME}" in unescaped(texts(at))
    found = beside(at)
    assert set(found["judgements"]) == {"with", "without"}
    mine = found[found.iloc[:, 0].str.startswith("AVGMAX")].drop_duplicates(["judgements"])
    assert len(mine) == 2 and mine.iloc[0].tolist() != mine.iloc[1].tolist()


def test_an_unknown_name_is_one_line_and_nothing_is_drawn(judging_set: Dataset) -> None:
    at = open_page("compare", judge="Nobody *here*")
    assert ["Nobody called “Nobody *here*” has judged here" in unescaped(one.value) for one in at.warning] == [True]
    assert "With and without" not in texts(at) and "judge" not in view_of(at)


def test_a_candidate_is_judged_on_its_words_page(judging_set: Dataset) -> None:
    files.begin(judging_set, NAME)
    at = healthy(open_page("word", judge=NAME, word="shake.V", method="avgmax"))
    at = healthy(at.button(key="word wrong").click().run())
    ((query, candidate, verdict, _),) = kept(judging_set)
    assert (query, verdict) == ("shake.V", "wrong")
    assert candidate == load.rankings(*HERE, "avgmax").set_index("query")["winner"]["shake.V"]
    at = healthy(at.button(key="word withdraw").click().run())
    assert kept(judging_set) == []


@pytest.fixture
def visit(shown: Shown, url: Url, judging_set: Dataset) -> view.View:
    """A visitor who judges, without a page."""
    files.begin(judging_set, NAME)
    current = view.View(*("wide", "en-de"), backbone=BACKBONE, judge=NAME)
    st.session_state["view"] = current
    return current


def upload(current: view.View, raw: bytes | None) -> list[tuple[str, str]]:
    """What is said of an uploaded table."""
    st.session_state["table"] = None if raw is None else io.BytesIO(raw)
    judge_act.take_in(current, "table")
    said: list[tuple[str, str]] = st.session_state.pop("judge said")
    return said


def test_a_table_is_taken_in_and_each_line_that_is_not_is_said(visit: view.View, judging_set: Dataset) -> None:
    candidate = german(HOSTILE[0])
    good = Judgement("en-de", "shake", "V", candidate, "acceptable", "=1+1")
    raw = judgement_tables.to_tsv([good], "Bob") + "en-de\t<b>\tV\tx\twrong\t\t\n" * 12
    said = upload(visit, raw.encode())
    assert said[0] == ("done", f"1 judgement taken for {NAME}, 0 in place of earlier ones.")
    assert len(said) == 2 + judge_words.LISTED and said[-1][1] == "… and not taken: 2 more lines."
    assert said[1][1].startswith("Not taken: line 3: unknown word '<b>' ('V'): en-de")
    assert kept(judging_set) == [("shake.V", candidate, "acceptable", "=1+1")]
    for raw_bytes, reason in (
        (b"\xff\x00", "UTF-8"),
        (b"", "columns"),
        (None, "Choose a file"),
        (b"x" * 5_000_001, "larger"),
    ):
        ((_, line),) = upload(visit, raw_bytes)
        assert reason in line and "\n" not in line
    assert len(kept(judging_set)) == 1


def test_a_disk_that_takes_nothing_is_one_line(visit: view.View, judging_set: Dataset, shown: Shown) -> None:
    shutil.rmtree(judging_set.path / files.FOLDER)
    (judging_set.path / files.FOLDER).write_text("in the way")
    try:
        judge_act.decide(visit, Judgement("en-de", "shake", "V", german("dog"), "wrong"))
        judge_act.said()
    finally:
        (judging_set.path / files.FOLDER).unlink()
    (line,) = shown.of("error")
    assert "cannot be written to" in unescaped(line) and not judge_act.undoable(visit)


def test_undo_gives_back_what_was_replaced_and_knows_whose_it_is(visit: view.View, judging_set: Dataset) -> None:
    one = Judgement("en-de", "shake", "V", german("dog"), "wrong", "first")
    files.judge(judging_set, NAME, one)
    judge_act.decide(visit, Judgement(*one.key, "acceptable"))
    assert [made[2] for made in kept(judging_set)] == ["acceptable"]
    other = view.View("wide", "en-de", judge="Bob")
    assert judge_act.undoable(other) is None and judge_act.undoable(visit) == one.key
    judge_act.undo(other)
    judge_act.undo(visit)
    judge_act.undo(visit)
    assert kept(judging_set) == [("shake.V", german("dog"), "wrong", "first")]


def test_deleting_ends_the_name(visit: view.View, judging_set: Dataset, url: Url) -> None:
    judge_act.delete(visit)
    assert files.names(judging_set) == () and "judge" not in url and view.current().judge == ""


def test_one_who_judges_empties_nobody_elses_caches(judging_set: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what is kept without judgements; one's own figures follow at once."""
    files.begin(judging_set, "Ann")
    files.begin(judging_set, "Bob")
    first = {judge: load.rankings(*HERE, "avgmax", judge=judge) for judge in ("", "Ann", "Bob")}
    files.judge(
        judging_set,
        "Ann",
        Judgement("en-de", "shake", "V", first[""].set_index("query")["winner"]["shake.V"], "acceptable"),
    )
    again = {judge: load.rankings(*HERE, "avgmax", judge=judge) for judge in ("", "Ann", "Bob")}
    assert again[""] is first[""] and again["Bob"] is first["Bob"]
    assert again["Ann"].set_index("query")["rank"]["shake.V"] == 1
    with_them, without = (
        load.table("wide", BACKBONE, ("en-de",), ways=("avgmax",), judge=one) for one in ("Ann", "Bob")
    )
    assert with_them[0]["mrr"] > without[0]["mrr"]


def test_methods_without_scores_are_not_known_with_judgements(judging_set: Dataset, tmp_path: Path) -> None:
    """Those that need all words, and any where too many words would have to be scored while a page is drawn."""
    rows = [
        Judgement("en-de", word, pos, german("dog"), "acceptable") for word, (pos, _) in RANKS.items() if word != "dog"
    ]
    files.judge_all(judging_set, "Ann", rows[:2])
    scores = judging_set.path / "scores"
    scores.rename(tmp_path / "scores")
    cleared()
    try:
        assert load.rankings(*HERE, "avgmax+csls", judge="Ann") is None
        assert load.rankings(*HERE, "avgmax", judge="Ann") is not None
        at = healthy(open_page("results", judge="Ann"))
        assert "Not known with judgements" in unescaped(texts(at)) and "AVGMAX + CSLS" in unescaped(texts(at))
        found = beside(at)
        csls = found[(found["method"] == "AVGMAX + CSLS")].set_index("judgements").iloc[:, -1]
        assert csls["with"] == "not known" and csls["without"] != "not known"
        at = healthy(open_page("judge", judge="Ann"))
        assert "methods the words that you judged are not asked again" in texts(at)
        files.judge_all(judging_set, "Ann", rows)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(judge_load, "COMPUTED", len(rows) - 1)
            cleared()
            assert load.rankings(*HERE, "avgmax", judge="Ann") is None
    finally:
        (tmp_path / "scores").rename(scores)


def test_sentences() -> None:
    assert judge_words.reason(0.00834, 9, 14, "V", 111) == (
        "If it were acceptable, that would lift the MRR of verbs by .0083 on average under 9 of 14 methods "
        "(n = 111 verbs)."
    )
    assert judge_words.reason(0.5, 1, 1, "N", 2) == (
        "If it were acceptable, that would lift the MRR of nouns by .50 under the only method that is scored "
        "(n = 2 nouns)."
    )
    assert [judge_words.lift(value) for value in (0.25, 0.09, 0.00012, 0.0)] == [".25", ".090", ".00012", ".00"]
