"""Parts of the Results page: which records stand in which table, and what is told of the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.evaluation.metrics import Interval
from cldi_core.scoring.methods import METHODS
from pages._ui import draw, load, result_sections, result_tables, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages.test_result_tables import record

CURRENT = view.View("small", "en-de", method="maxmax", backbone=BACKBONE)
RECORDS = [
    record(way, "ALL", value, pair=pair)
    for way, value in (("avgmax", 0.5), ("maxmax", 0.4), ("identity", 0.2))
    for pair in ("en-de", "en-fr", "average")
]


def stand_in(*pairs: str) -> SimpleNamespace:
    """A data set with these pairs, in one direction."""
    return SimpleNamespace(
        title="*Small*", name="small", pairs=pairs, alike=lambda pair: pairs, back=lambda pair: ""
    )  # fmt: skip


@pytest.fixture
def results(module: Callable[[str], ModuleType], shown: Shown, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(load, "opened", lambda name: stand_in("en-de", "en-fr"))
    monkeypatch.setattr(load, "chance", lambda name, backbone, pairs: 0.0125 * len(pairs))
    monkeypatch.setattr(load, "errors", lambda *given: {})
    return module("results")


@pytest.mark.parametrize(
    ("pairs", "group", "chance"), [(("en-de",), "en-de", "0.013"), (("en-de", "en-fr"), "average", "0.025")]
)
def test_the_summary_is_of_one_pair_or_of_the_average(
    results: ModuleType, shown: Shown, pairs: tuple[str, ...], group: str, chance: str
) -> None:
    told = [one | {"mrr": 0.9, "mrr_low": 0.8, "mrr_high": 0.95} if one["pair"] == group else one for one in RECORDS]
    results.summary(CURRENT, pairs, results.shown_of(told, pairs, ["ALL"]), "mrr", ["avgmax", "maxmax"])
    (table,) = shown.of("dataframe")
    assert table.index.tolist() == ["AVGMAX", "MAXMAX", "Identity"]
    assert set(table["ALL (n = 30)"]) == {"0.90 [0.80, 0.95]"}
    assert shown.options("dataframe")[0]["alt"] == "MRR by method and part of speech"
    caption, covered = shown.of("caption")
    assert covered.startswith("Coverage is 1: no query of 30 lacks pictures on either side")
    assert caption.startswith(draw.safe(f"*Small* · {group} · EfficientNet-Lite0")) and f"MRR {chance} " in caption
    assert shown.of("info") == [], "nothing is missing"
    results.download(CURRENT, pairs, told, told[:2], False)
    *_, (label, csv, name, kind) = [given for called, given, _ in shown.calls if called == "download_button"]
    over = "average-of-2" if len(pairs) > 1 else "en-de"
    file = f"results-small-{over}-{BACKBONE}-without-alike-and-clean.csv"
    assert (label, name, kind) == ("All figures as CSV", file, "text/csv")
    kinds = {"all": told, "clean": told[:2]}
    assert csv == result_tables.csv(kinds, "small", BACKBONE, pairs, same_spelled=False)


def test_what_is_missing_and_what_has_not_settled_is_told(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(load, "errors", lambda *given: asked.append(given) or {"sinkhorn": 0.004})
    monkeypatch.setattr(draw, "unscored", lambda *given: asked.append(given))
    results.summary(CURRENT, ("en-de",), RECORDS, "p@1", ["avgmax", "knn"])
    assert asked == [
        ("small", BACKBONE, RECORDS, ["avgmax", "knn"], ("en-de",)), ("small", BACKBONE, ("en-de",), ["avgmax", "knn"])
    ]  # fmt: skip
    label = rankers.label("sinkhorn")
    assert shown.of("caption")[2] == draw.safe(f"{label}: not settled, marginal errors up to 4e-03")
    assert shown.of("dataframe")[0].iloc[0, 0].startswith("0.60 "), "P@1"


@pytest.mark.parametrize("there", [True, False])
def test_words_never_seen_stand_apart(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    asked: list[Any] = []
    none = record("avgmax", "NN", 0.3, 0)
    monkeypatch.setattr(
        load, "table", lambda *given, **named: asked.append((given, named)) or [none, *RECORDS[:1] * there]
    )
    results.unseen_words(CURRENT, ["avgmax"], "mrr", False, ["ALL"])
    assert asked == [
        (("small", BACKBONE, ("en-de",)), {"same_spelled": False, "ways": ["avgmax"], "unseen_alone": True})
    ]
    assert shown.of("header") == ["Words that the learned methods never saw"]
    assert [table.columns.tolist() for table in shown.of("dataframe")] == [["ALL (n = 30)"]] * there
    assert len(shown.of("info")) == (not there)
    assert [line.startswith("All methods on the same words") for line in shown.of("caption")] == [False, True][
        : 2 * there
    ]
    alt = "MRR on words that the learned methods never saw"
    assert [options["alt"] for options in shown.options("dataframe")] == [alt] * there


def test_gains_are_asked_for_and_drawn_where_there_are_any(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains: list[dict[str, Any]] = []
    asked: list[Any] = []
    monkeypatch.setattr(load, "against", lambda *given, **named: asked.append((given, named)) or gains)
    result_sections.beyond(CURRENT, ("en-de",), False, ["avgmax", "maxmax"], ["ALL"])
    assert shown.calls == []
    gains += [record("maxmax", "ALL", 0.1), record("maxmax", "VB", 0.1)]
    result_sections.beyond(CURRENT, ("en-de",), True, ["maxmax"], ["ALL"])
    assert asked == [
        (("small", BACKBONE, ("en-de",)), {"same_spelled": same, "ways": ways})
        for same, ways in ((False, ["avgmax", "maxmax"]), (True, ["maxmax"]))
    ]
    (table,) = shown.of("dataframe")
    assert table.to_dict("records") == [{"ALL (n = 30)": "▲ +0.10 [0.05, 0.15], p 0.010"}]
    assert "correction for 2 comparisons" in shown.of("caption")[0], "also those that are not shown"
    assert shown.of("header") == ["Which methods beat AVGMAX"]
    assert shown.options("dataframe")[0]["alt"] == "Difference to AVGMAX (MRR)" and "▲ and ▼" in shown.of("caption")[0]


@pytest.mark.parametrize(
    ("method", "scored", "rows", "told"),
    [
        ("maxmax", False, ["MAXMAX", "Identity"], False),
        ("maxmax+csls", True, ["MAXMAX + CSLS", "Identity"], False),
        ("maxmax+csls", False, ["Identity"], True),
        ("pivot-sym", False, ["Identity"], False),
    ],
)
def test_how_far_nouns_are_above_the_others(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, method: str, scored: bool, rows: list[str],
    told: bool,
) -> None:  # fmt: skip
    """Of the chosen method and the controls, which look at no picture."""
    asked: list[Any] = []
    missing: list[Any] = []
    current = view.View("small", "en-de", method=method, backbone=BACKBONE)

    def gap(*given: Any, same_spelled: bool) -> Interval:
        asked.append((*given, same_spelled))
        return Interval({"V": 0.1, "A": 0.3}[given[4]], -1, 1, 30)

    monkeypatch.setattr(load, "noun_gap", gap)
    monkeypatch.setattr(load, "rankings", lambda *given: "frame" if scored else None)
    monkeypatch.setattr(draw, "unranked", lambda *given: missing.append(given))
    results.reading(RECORDS, current, ("en-de", "en-fr"), False)
    (table,) = shown.of("dataframe")
    assert table.index.tolist() == rows and shown.of("header") == ["How far nouns are above the others"]
    assert shown.options("dataframe")[0]["alt"] == "How far nouns are above verbs and adjectives"
    assert [cell.split()[0] for cell in table.iloc[0]] == ["0.10", "0.30"]
    assert {one[:3] + one[5:] for one in asked} == {("small", BACKBONE, ("en-de", "en-fr"), False)}
    assert missing == [(current, "The chosen method is not shown", (method, BACKBONE))] * told
    control = rankers.ranker("identity")
    assert shown.of("caption")[0] == f"**{control.label}** (control): {draw.safe(control.about)}"
    assert len(shown.of("caption")) == 2
    results.reading(RECORDS[:1], current, ("en-de",), True)
    assert len(shown.of("caption")) == 2, "without a control there is nothing to say of it"


def test_a_composed_method_is_scored_where_all_pairs_are(results: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    current = view.View("small", "en-de", method="maxmax+csls", backbone=BACKBONE)
    monkeypatch.setattr(load, "rankings", lambda name, backbone, pair, method: None if pair == "en-fr" else "frame")
    assert results._is_scored(current, ("en-de",)) and not results._is_scored(current, ("en-de", "en-fr"))


def test_every_method_is_explained_with_its_formula(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(st, "expander", lambda label: opened.append(label) or contextlib.nullcontext())
    results.formulas(["avgmax", "knn"])
    ways = [METHODS["avgmax"], METHODS["knn"]]
    assert opened == ["**How each method scores: formulas and sources**"]
    assert shown.of("markdown") == [f"**{way.label}** — {draw.safe(way.about)}" for way in ways]
    assert shown.of("code") == [way.formula for way in ways]
    assert shown.of("caption") == [draw.safe(way.source) for way in ways]
    assert shown.options("code") == [{"language": None, "wrap_lines": True}] * 2


@pytest.mark.parametrize(("scope", "over"), [("", "this"), ("average", "average"), ("nonsense", "this")])
@pytest.mark.parametrize("ways", [["avgmax", "identity"], ["avgmax", "pivot-sym", "identity"]])
@pytest.mark.parametrize(("pos", "settings"), [("NVA", ["ALL", "NN", "VB", "ADJ"]), ("AN", ["NN", "ADJ"])])
def test_the_page_asks_for_what_the_url_says(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, scope: str, over: str, ways: list[str],
    pos: str, settings: list[str],
) -> None:  # fmt: skip
    st.query_params.update({"figure": "p@10", "pairs": scope, "alike": "out"})
    current = replace(CURRENT, pos=pos)
    monkeypatch.setattr(view, "current", lambda: current)
    monkeypatch.setattr(load, "choices", lambda name: {"pos": ["N", "V", "A"]})
    monkeypatch.setattr(load, "ways", lambda *given: ways)
    asked: list[Any] = []
    monkeypatch.setattr(load, "table", lambda *given, **named: asked.append((given, named)) or RECORDS)
    drawn: dict[str, tuple[Any, ...]] = {}
    for name in ("summary", "download", "unseen_words", "beyond", "directions", "reading", "published", "formulas"):
        where = result_sections if name in ("beyond", "directions") else results
        monkeypatch.setattr(where, name, lambda *given, _name=name: drawn.update({_name: given}))
    results.methods_part(current)
    for key, given, value in (
        ("figure", ("Figure", ["mrr", "p@1", "p@10"]), "p@10"), ("pairs", ("Pairs", ["this", "average"]), over),
        ("alike", ("Keep words spelled alike in both languages",), False), ("clean", None, False),
    ):  # fmt: skip
        widget = shown.widget(key)
        assert st.session_state[key] == value and given in (None, widget["given"])
        assert not widget.get("disabled")
    pairs = ("en-de", "en-fr") if over == "average" else ("en-de",)
    assert asked == [(("small", BACKBONE, pairs), {"same_spelled": False, "ways": ways})]
    methods = [way for way in ways if way != "identity"]
    group = "average" if over == "average" else "en-de"
    own = [one for one in RECORDS if one["pair"] == group and "ALL" in settings]
    assert drawn["summary"] == (current, pairs, own, "p@10", methods)
    assert drawn["download"] == (current, pairs, RECORDS, [], False), "all figures, whatever is shown"
    assert drawn["directions"] == (current, pairs, "p@10", False, settings)
    assert drawn["beyond"] == (current, pairs, False, methods, settings) and drawn["formulas"] == (methods,)
    assert drawn["reading"] == (RECORDS, current, pairs, False) and drawn["published"] == ("p@10", settings)
    assert ("unseen_words" in drawn) == (len(ways) == 3 and len(pairs) == 1)
    assert drawn.get("unseen_words", (current, ways, "p@10", False, settings))[1:] == (ways, "p@10", False, settings)
    for key, chosen, written in (("figure", "mrr", "mrr"), ("pairs", "average", "average"), ("alike", True, None)):
        st.session_state[key] = chosen
        shown.widget(key)["on_change"]()
        assert st.query_params.get(key) == written


def test_the_papers_figures_stand_below(results: ModuleType, shown: Shown) -> None:
    results.published("p@1", ["NN", "VB"])
    pd.testing.assert_frame_equal(shown.of("dataframe")[0], result_tables.published("p@1")[["NN", "VB"]])
    assert shown.of("header") == ["The paper's Table 2"] and "compare the pattern" in shown.of("caption")[0]


def test_without_a_score_it_is_said_what_is_missing(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a data set with one pair, which has no average."""
    missing: list[Any] = []
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    monkeypatch.setattr(load, "opened", lambda name: stand_in("en-de"))
    monkeypatch.setattr(load, "ways", lambda *given: ["avgmax"])
    monkeypatch.setattr(load, "table", lambda *given, **named: [])
    monkeypatch.setattr(draw, "unscored", lambda *given, pairs: missing.append((*given, pairs)))
    st.query_params["pairs"] = "average"
    results.methods_part(CURRENT)
    assert missing == [("small", BACKBONE, [], ("en-de",))] and shown.of("dataframe") == shown.of("header") == []
    assert [options.get("disabled") for options in shown.options("segmented_control")] == [None, True]


@pytest.mark.parametrize(("asked", "drawn"), [("", "methods"), ("words", "words"), ("nonsense", "methods")])
def test_the_page_has_two_parts(
    results: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, asked: str, drawn: str
) -> None:
    parts: list[Any] = []
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    monkeypatch.setattr(results, "methods_part", lambda current: parts.append(("methods", current)))
    monkeypatch.setattr(results.word_table, "draw", lambda current: parts.append(("words", current)))
    st.query_params["part"] = asked
    results.main()
    assert parts == [(drawn, CURRENT)] and shown.of("title") == ["Results"]
    st.session_state["part"] = "words"
    shown.options("segmented_control")[0]["on_change"]()
    assert st.query_params["part"] == "words"


@pytest.mark.parametrize("figure", ["mrr", "p@1"])
def test_words_without_pictures_count_as_nothing_below(shown: Shown, figure: str) -> None:
    """A control covers more; it does not decide whether there is a table."""
    few = record("avgmax", "ALL", 0.5, asked=40, asked_clusters=40, coverage=0.75)
    result_sections.of_all_words([few, record("spelling", "ALL", 0.2, 40)], figure)
    (table,) = shown.of("dataframe")
    assert table.loc["AVGMAX", "ALL (n = 40)"] == f"{0.4 + 0.1 * (figure == 'p@1'):.2f} " + (
        "[0.35, 0.45] · 75%" if figure == "mrr" else "[0.45, 0.55] · 75%"
    )
    assert shown.of("markdown") == ["**With words that lack pictures counted as 0**"]


@pytest.mark.parametrize("scope", [("en-de",), ("en-de", "en-fr")])
@pytest.mark.parametrize("scored", [True, False])
def test_the_other_direction_stands_beside_or_its_command(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, scope: tuple[str, ...], scored: bool
) -> None:
    pairs = {"en-de": ("en-de", "en-fr"), "de-en": ("de-en", "fr-en")}
    made = SimpleNamespace(back={"en-de": "de-en"}.get, alike=pairs.__getitem__)
    monkeypatch.setattr(load, "opened", lambda name: made)
    monkeypatch.setattr(load, "command", lambda name, *options: " ".join(options))
    asked: list[Any] = []

    def table(name: str, backbone: str, way: tuple[str, ...], **named: Any) -> list[dict[str, Any]]:
        asked.append((way, named["ways"], named["group"]))
        return [record("maxmax", "ALL", 0.5)] if scored or way == scope else []

    monkeypatch.setattr(load, "table", table)
    result_sections.directions(CURRENT, scope, "mrr", True, ["ALL"])
    back = pairs["de-en"] if len(scope) > 1 else ("de-en",)
    groups = ["average"] * 2 if len(scope) > 1 else ["en-de", "de-en"]
    assert asked == [(way, ("maxmax",), group) for way, group in zip((scope, back), groups, strict=True)]
    (drawn,) = shown.of("dataframe")
    assert drawn.index.tolist() == [result_tables.direction(way) for way in ([scope, back] if scored else [scope])]
    named = " ".join(f"--pair {pair}" for pair in back)
    wanted = [] if scored else [f"score {named} --backbone {BACKBONE} --method maxmax"]
    assert shown.of("code") == wanted
