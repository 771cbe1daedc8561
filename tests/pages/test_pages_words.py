"""Stories and causes on the Overview, and the table of all words: what they show, open, and keep in the URL."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs

import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.insight import evidence, stories, word_table
from cldi_core.insight.ceiling import keep_ceilings
from pages._ui import cause_bars, draw, evidence_load, frame, load, story_cards, view
from pages._ui import word_table as drawn_table
from tests.conftest import BACKBONE
from tests.insight.words_data import OWNED, evidence_of
from tests.pages.conftest import Shown
from tests.pages_data import HOSTILE, Event, healthy, open_page, pair_of, texts, unescaped, view_of

AVGMAX = rankers.ranker("avgmax")


@pytest.fixture
def told(wide: Dataset) -> pd.DataFrame:
    """The table of all words of the data set with known ranks, with its evidence stored."""
    pair = pair_of(wide, "en-de")
    evidence.keep_evidence(pair, [AVGMAX], stored_scores.scored(pair, [AVGMAX]))
    return word_table.table(evidence.stored_evidence(pair, [AVGMAX])["avgmax"])


def table_of(at: Any) -> pd.DataFrame:
    (table,) = [one.value for one in at.dataframe if "best wrong" in one.value]
    return table


def test_without_evidence_pages_name_the_command_and_compute_nothing(
    wide: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "evidence", lambda *given, **named: pytest.fail("computed on a page"))
    command = wide.command("score", "--pair", "en-fr", "--backbone", BACKBONE, "--method", "avgmax")
    at = healthy(open_page("overview", pair="en-fr"))
    assert "No word can be proposed" in texts(at) and command in [code.value for code in at.main.code]
    at = healthy(open_page("results", pair="en-fr", part="words"))
    assert "There is no table: for en-fr nothing is stored" in unescaped(texts(at)) and [
        code.value for code in at.main.code
    ] == [command]
    assert not at.dataframe


def test_the_table_is_that_of_the_core(told: pd.DataFrame) -> None:
    at = healthy(open_page("results", pair="en-de", part="words"))
    every, table = word_table.select(told), table_of(at)
    same = {"en": "word", "de": "right", "rank": "rank", "margin": "margin", "best wrong": "rival",
            "dispersion": "dispersion", "en pictures": "pictures", "de pictures": "right_pictures"}  # fmt: skip
    for shown, own in same.items():
        assert table[shown].astype(object).fillna("").tolist() == every[own].astype(object).fillna("").tolist()
    labels = [word_table.LABELS[cause] if cause != "none" else "" for cause in every["cause"]]
    assert table["cause"].tolist() == labels
    assert set(table["POS"]) == {"noun", "verb", "adjective"} and "ceiling" not in table
    assert f"n = {len(told)} of {len(told)} queries" in texts(at)


def test_ceilings_are_shown_where_they_are_stored(told: pd.DataFrame, wide: Dataset) -> None:
    known = keep_ceilings(pair_of(wide, "en-de"), must_keep=True).set_index("word")["rank"]
    table = table_of(healthy(open_page("results", pair="en-de", part="words"))).dropna(subset="ceiling")
    assert len(table) and table["ceiling"].tolist() == known.loc[table["en"]].tolist()


def test_filters_are_in_the_url_and_come_from_it(told: pd.DataFrame) -> None:
    at = healthy(open_page("results", pair="en-de", part="words", outcome="nearly", find="S", pos="N"))
    expected = word_table.select(told, "N", "nearly", "", "S")
    assert table_of(at)["en"].tolist() == expected["word"].tolist() and 0 < len(expected) < 5
    cause = told.loc[told["outcome"] == "missed", "cause"].iloc[0]
    at = healthy(at.main.get("button_group")[1].set_value("missed").run())
    at = healthy(at.main.text_input(key="find").set_value("").run())
    at = healthy(at.main.selectbox(key="cause").set_value(cause).run())
    asked = view_of(at)
    assert (asked["part"], asked["outcome"], asked["cause"], asked["pos"]) == ("words", "missed", cause, "N")
    assert "find" not in asked
    again = healthy(open_page("results", **asked))
    assert table_of(again)["en"].tolist() == table_of(at)["en"].tolist()
    assert table_of(at)["en"].tolist() == word_table.select(told, "N", "missed", cause)["word"].tolist()


@pytest.mark.parametrize("asked", [*HOSTILE[::3], "../../etc/passwd", "x" * 5000, "\x00", "none' or 1"])
def test_a_bad_link_shows_the_table(told: pd.DataFrame, asked: str) -> None:
    at = healthy(open_page("results", pair="en-de", part=asked, outcome=asked, cause=asked, find=asked))
    assert at.main.get("button_group")[0].value == "methods", "an unknown part is the first"
    at = healthy(open_page("results", pair="en-de", part="words", outcome=asked, cause=asked, find=asked))
    found = word_table.select(told, find=asked[:200])
    assert (table_of(at)["en"].tolist() if len(found) else texts(at).count("No word is like that")) == (
        found["word"].tolist() if len(found) else 1
    )
    healthy(open_page("overview", pair="en-de", bar=asked))


@pytest.mark.parametrize(("column", "opens"), [("en", True), ("cause", True), ("POS", False)])
def test_a_click_on_any_cell_but_the_first_opens_the_word(
    told: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, column: str, opens: bool
) -> None:
    """The way back leads to the same table, though its parameters do not go along."""
    draw_table = st.dataframe

    def table(data: pd.DataFrame, **options: Any) -> Any:
        draw_table(data, **options)
        assert options.get("selection_mode") == "single-cell"
        return Event(selection=Event(rows=[], columns=[], cells=[(1, column)]))

    monkeypatch.setattr(st, "dataframe", table)
    opened: list[dict[str, str]] = []
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: opened.append({"page": page, **query_params}))
    asked = {"pair": "en-de", "part": "words", "pos": "V", "outcome": "not first", "method": "avgmax"}
    at = healthy(open_page("results", **asked))
    query = word_table.select(told, "V", "not first")["query"].iloc[1]
    assert len(opened) == opens
    for params in opened:
        assert (params["page"], params["word"], params["pair"]) == ("pages/word.py", query, "en-de")
        assert (params["pos"], params["show"]) == ("V", "all") and not {"part", "outcome"} & {*params}
        passed = (frame.PAGES["results"], frozenset((name, params[name]) for name in params if name != "page"))
        assert at.session_state["passed"] == {passed: asked}, "what stands in the place of the entry on the way back"


def test_a_download_says_what_it_is_of(told: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[tuple[Any, str]] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, name, *rest, **options: offered.append((data, name)))
    healthy(open_page("results", pair="en-de", part="words", pos="A", outcome="missed", cause="nonsense", find=" e "))
    ((data, name),) = offered
    assert name == f"words-wide-en-de-{BACKBONE}-avgmax-A-missed-e.csv"
    rows = pd.read_csv(io.BytesIO(data()), keep_default_na=False, encoding="utf-8-sig")
    expected = word_table.select(told, "A", "missed", find="e")["query"].tolist()
    assert rows["query"].tolist() == expected and expected
    assert tuple(rows) == ("dataset", "pair", "backbone", "method", "n", *word_table.COLUMNS)
    of = rows[["dataset", "pair", "backbone", "method", "n"]].drop_duplicates().to_numpy().tolist()
    assert of == [["wide", "en-de", BACKBONE, "avgmax", len(rows)]]


def test_the_overview_shows_stories_with_pictures(
    told: pd.DataFrame, wide: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "MANY", 1)
    at = healthy(open_page("overview", pair="en-de", show="missed", pos="N"))
    pair = pair_of(wide, "en-de")
    expected = stories.stories(pair, evidence.stored_evidence(pair, [AVGMAX])["avgmax"])
    assert [story.query for story in expected] == ["shake.V"], "one word is the rival of all others"
    links = [parse_qs(link.proto.query_string) for link in at.main.get("page_link") if link.proto.page == "word"]
    assert [link["word"] for link in links] == [[story.query] for story in expected]
    assert all((link["pos"], link["show"]) == (["N"], ["missed"]) for link in links), "a story keeps the filter"
    assert len(at.get("image")) == 3 * len(expected)
    for story in expected:
        assert draw.safe(story.verdict) in texts(at)


@pytest.mark.parametrize("rows", [{}, {f"v{place}.V": OWNED for place in range(6)}, {"a.A": {}},
                                  {f"{word}.N": {"word": word} for word in HOSTILE}])  # fmt: skip
def test_bars_and_their_words(shown: Shown, monkeypatch: pytest.MonkeyPatch, rows: dict[str, Any]) -> None:
    """Also of no found word, of adjectives alone, and of words that would be markup."""
    table = word_table.table(evidence_of(rows, 0) if rows else evidence_of({"a.N": {}}, 0)[:0])
    st.query_params["bar"] = "N-none"
    monkeypatch.setattr(view, "current", lambda: view.View("wide", "en-de", pos="NV", show="found"))
    cause_bars.draw(view.View("wide", "en-de"), table)
    counts = word_table.by_cause(table)
    assert shown.of("markdown") == [word_table.sentence(table)] and len(shown.of("plotly_chart")) == bool(len(counts))
    if any(row.pos == "N" for row in counts.itertuples()):
        labels = [options["label"] for options in shown.options("page_link")]
        assert {unescaped(label).split(" → ")[0] for label in labels[:-1]} == set(HOSTILE)
        opened = [options["query_params"] for options in shown.options("page_link")[:-1]]
        assert all((one["pos"], one["show"]) == ("NV", "found") for one in opened), "a word keeps the filter"
        asked = shown.options("page_link")[-1]["query_params"]
        assert (asked["part"], asked["cause"], asked["pos"], asked["outcome"]) == ("words", "none", "N", "not first")
        assert labels[-1] == f"All {len(HOSTILE)} in the table of all words"


def test_a_click_on_a_bar_lists_its_words(shown: Shown) -> None:
    table = word_table.table(evidence_of({f"v{place}.V": OWNED for place in range(15)}, 10))
    st.session_state[cause_bars.KEY] = {"selection": {"points": [{"customdata": ["V", "owned elsewhere"]}]}}
    cause_bars.draw(view.View("wide", "en-de"), table)
    assert not shown.of("page_link"), "nothing is chosen yet"
    shown.options("plotly_chart")[0]["on_select"]()
    assert st.query_params["bar"] == "V-owned elsewhere"
    cause_bars.draw(view.View("wide", "en-de"), table)
    assert len(shown.of("page_link")) == cause_bars.SHOWN + 1
    assert shown.options("page_link")[-1]["label"] == "All 15 in the table of all words"
    st.session_state[cause_bars.KEY] = {"selection": {"points": []}}
    shown.options("plotly_chart")[0]["on_select"]()
    assert st.query_params["bar"] == "V-owned elsewhere", "letting go of a piece closes nothing"


def test_a_card_of_hostile_words_is_text(wide: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "thumbnails", lambda *given: {})
    monkeypatch.setattr(load, "strip", lambda *given: None)
    one, two, three, four = HOSTILE
    told = stories.Told("q.V", one, "V", False, two, three, 12.5, four, ("a",), ("b",), ("c",), 7, each_thing=True)
    story_cards.draw("wide", [told])
    drawn = "\n".join(shown.of("caption"))
    assert all(draw.safe(word) in drawn for word in HOSTILE) and "#12½" in drawn
    assert draw.safe("Missing or broken: 1 of the 1 picture here") in drawn and not shown.of("image")
    assert [what for what, _, _ in story_cards.rows(told)] == [
        "verb, 1 of its 7 things",
        "winner",
        "right answer, #12½",
    ]


def test_file_names_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named:
        name = "../a b/<c>"

    monkeypatch.setattr(load, "opened", lambda name: Named)
    monkeypatch.setattr(load, "choices", lambda name: {"pos": ["N", "V", "A"]})
    made = drawn_table.file_name(view.View("x", "en-de", method="avgmax+csls", backbone="a/b"))
    assert made == "words-a_b_c-en-de-a_b-avgmax+csls"


def test_what_is_kept_is_of_the_files(told: pd.DataFrame, wide: Dataset) -> None:
    """Evidence that has gone is not shown any more."""
    assert evidence_load.all_words("wide", BACKBONE, "en-de", "avgmax") is not None
    path = evidence.path_of(pair_of(wide, "en-de"), "avgmax")
    kept = path.read_bytes()
    path.unlink()
    try:
        assert evidence_load.all_words("wide", BACKBONE, "en-de", "avgmax") is None
        assert evidence_load.stories("wide", BACKBONE, "en-de", "avgmax") is None
    finally:
        path.write_bytes(kept)


def test_words_without_any_picture(small: Dataset) -> None:
    (small.path / "words.parquet").unlink()
    pair = pair_of(Dataset(small.path), "en-de")
    scored = stored_scores.scored(pair, [AVGMAX])
    rankings.rankings(pair, [AVGMAX], scored)
    evidence.keep_evidence(pair, [AVGMAX], scored)
    at = healthy(open_page("overview", pair="en-de", bar="N-uncovered"))
    assert "No word of this pair is a clear example" in texts(at) and "No word has pictures on both sides." in texts(at)
    at = healthy(open_page("results", pair="en-de", part="words", outcome="uncovered"))
    assert set(table_of(at)["cause"]) == {word_table.LABELS["uncovered"]} and table_of(at)["rank"].isna().all()
