"""Pages of data sets that are empty, unfinished or broken, bad links and hostile words: one line, never a traceback."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data import dataset, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import Pictures
from cldi_core.evaluation import metrics, paper
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import overview
from cldi_core.scoring.methods import METHODS
from pages._ui import draw
from tests import ranked
from tests.conftest import BACKBONE, LEXICON, write_features
from tests.pages_data import (
    PAGES,
    Charts,
    board_of,
    build_wide,
    compared,
    healthy,
    open_page,
    score_all,
    texts,
    unescaped,
    view_of,
)

MODELLED = ("word", "compare", "dispersion", "map", "results", "overview")  # pages that need features
EVIL = ("<img src=x onerror=alert(1)>", "[x](http://y.example)", "$\\frac{a}{b}$", ":red[x] :material/home:", "`a` *b*",
        "{0} %s", "a|b#c", "'\"&amp;")  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(data: Path) -> None:
    """No data set, and nothing kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def without(folder: Path, *parts: str) -> None:
    """Take parts of a data set away."""
    for part in parts:
        path = folder / part
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.mark.parametrize("page", PAGES)
def test_without_any_data_set_the_pages_say_how_to_start(page: str) -> None:
    at = healthy(open_page(page))
    assert [info.value for info in at.info] == ["There is no data set yet."]
    if page == "data":  # which starts one
        assert len(at.main.text_input) and len(at.main.button)
    else:
        assert [code.value for code in at.code] == ["python -m cldi_core import-folder DIR --dataset NAME"]


@pytest.mark.parametrize(
    "missing",
    [
        ("lexicon",),
        ("features",),
        ("lexicon", "words.parquet", "images", "features"),
        ("words.parquet", "images", "features"),
    ],
    ids=["no word list", "no features", "nothing", "word list only"],
)
def test_unfinished_data_sets_name_the_command_that_says_what_is_missing(
    small: Dataset, missing: tuple[str, ...]
) -> None:
    without(small.path, *missing)
    at = healthy(open_page("overview"))
    for page in MODELLED:
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        (info,) = at.main.info
        assert unescaped(info.value).endswith("needs a word list, pictures and features.")
        assert [code.value for code in at.main.code] == ["python -m cldi_core check --dataset small"]
    at = healthy(open_page("data", section="health"))
    assert "error" in at.dataframe[0].value["level"].tolist()
    at = healthy(open_page("data", section="pictures"))
    commands = [code.value for code in at.main.code]
    assert commands == (["python -m cldi_core import-folder DIR --dataset small"] if "images" in missing else [])


def test_features_of_no_picture_that_a_word_uses(small: Dataset) -> None:
    without(small.path, "words.parquet")
    at = healthy(open_page("word", word="dog.N"))
    assert "There are no pictures of “dog”, so nothing can be compared\\." in texts(at)
    for page in PAGES:
        healthy(at.switch_page(f"pages/{page}.py").run())
    score_all(small)
    assert "no pictures" in open_page("word").selectbox(key="word").options[0]


def test_unscored_methods_are_named_with_the_command_that_scores_them(small: Dataset) -> None:
    command = f"python -m cldi_core score --dataset small --backbone {BACKBONE}"
    labels = [method.label for method in METHODS.values() if method.name != "sinkhorn"]  # dear
    at = healthy(open_page("results"))
    assert unescaped(at.main.info[0].value).endswith(f"yet: {', '.join(labels)}.")
    assert [code.value for code in at.main.code] == [command]
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), ["avgmax"])
    for page in ("overview", "results"):
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        missing = [METHODS[name].label for name in paper.TABLE_2] if page == "overview" else labels
        assert any(unescaped(one.value).endswith(f"yet: {', '.join(missing[1:])}.") for one in at.main.info)
        assert command in [code.value for code in at.main.code]
    assert at.dataframe[0].value.index.tolist() == ["AVGMAX"]
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), METHODS)
    for page in ("overview", "results"):
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        assert command not in [code.value for code in at.main.code]


def test_a_word_without_pictures(small: Dataset) -> None:
    at = healthy(open_page("word", word="ghost.N"))
    assert "There are no pictures of “ghost”, so nothing can be compared\\." in texts(at)
    assert board_of(at)["rows"] == [] and board_of(at)["nothing"] == "There are no pictures."


def test_a_right_answer_without_pictures(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("dog", "bellen", "V")])
    at = healthy(open_page("word", word="dog.V"))
    assert "There are no pictures of the right answer “bellen”, so it cannot be found\\." in texts(at)
    right = board_of(at)["columns"][2]
    assert right["word"] == "bellen" and right["facts"].startswith("no rank") and board_of(at)["strip"] == []


def test_no_word_matches_the_filter(small: Dataset) -> None:
    score_all(small)
    at = healthy(open_page("word", show="missed"))  # nine candidates can't be that deep
    assert [info.value for info in at.main.info] == ["No word is “missed” among the chosen parts of speech."]
    at = healthy(at.main.get("button_group")[0].set_value("all").run())
    assert "# dog →" in texts(at)


@pytest.mark.parametrize("page", PAGES)
def test_a_bad_link_gets_warnings_and_no_error(small: Dataset, page: str) -> None:
    bad = {"dataset": "../../etc", "pair": "[x](http://y.example)", "pos": "Q", "method": "rm -rf", "show": "$a$",
           "backbone": "b" * 5000, "word": "<b>", "candidate": "\x00"}  # fmt: skip
    at = healthy(open_page(page, **bad, junk="1", contenders="a@b,,avgmax@../x"))
    lines = [unescaped(warning.value) for warning in at.main.warning][:5]
    assert [line.split("“")[0] for line in lines] == [
        f"There is no {name} " for name in ("dataset", "pair", "backbone", "method", "show")
    ]
    assert draw.safe("“[x](http://y.example)”") in at.main.warning[1].value, "a link in a URL must not become a link"
    kept = view_of(at)
    assert "junk" not in kept
    assert (kept["dataset"], kept["pair"], kept["method"], kept["pos"]) == ("small", "en-de", "avgmax", "NVA")


def truncate(path: Path) -> None:
    """Keep the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("words.parquet", "words.parquet of 'small' cannot be read"),
        ("features/*/*", "cannot be read"),
        ("images/*", "the picture shard"),
        ("lexicon/*", "not UTF-8"),
        ("dataset.toml", "dataset.toml of 'small' cannot be read"),
    ],
)
def test_a_broken_file_is_one_line(small: Dataset, pattern: str, line: str) -> None:
    (path,) = small.path.glob(pattern)
    if path.suffix in (".tsv", ".toml"):
        path.write_bytes(b"\xff\xfe")
    else:
        truncate(path)
    at = open_page("overview")
    failed = 0
    for page in PAGES:
        at = at.switch_page(f"pages/{page}.py").run()
        assert not at.exception, page
        assert all(line in unescaped(error.value) for error in at.error), page
        failed += bool(at.error)
    assert failed >= 3
    assert at.sidebar.selectbox(key="dataset").value == "small", "another data set can be chosen"


def test_one_broken_picture_does_not_break_the_page(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = small.members("en")["dog"]
    files = type(small.pictures).files

    def broken(self: Pictures, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return ((key, b"not a picture" if key == ids[0] else data) for key, data in files(self, keys))

    monkeypatch.setattr(type(small.pictures), "files", broken)
    at = healthy(open_page("word", word="dog.N"))
    assert re.search(
        r"Missing or broken: 1 of the \d+ pictures here; run: python -m cldi_core check", unescaped(texts(at))
    )
    assert board_of(at)["pictures"][ids[0]]["url"] == ""
    healthy(open_page("data", section="pictures"))


def test_hostile_words_are_shown_as_they_are(small: Dataset) -> None:
    words = pd.read_parquet(small.path / "words.parquet")
    names = dict(zip(["dog", "hat", "hand", "run", "red", "big"], EVIL, strict=False))
    german = {"Hund": EVIL[1], "Hut": EVIL[0], "Hand": EVIL[2], "laufen": EVIL[3], "rot": EVIL[4], "groß": EVIL[5]}
    words["word"] = words["word"].map({**names, **german}).fillna(words["word"])
    dataset.write_words(small.path, list(words.itertuples(index=False, name=None)))
    rows = [wordlists.Row(names.get(row.source, row.source), german.get(row.target, row.target), row.pos)
            for row in LEXICON]  # fmt: skip
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    for word, pos, translation in (("hat", "N", "Hut"), ("hand", "N", "Hand"), ("red", "A", "rot")):
        at = healthy(open_page("word", word=f"{names[word]}.{pos}"))
        assert f"# {draw.safe(names[word])} → {draw.safe(german[translation])} " in texts(at)
        for evil in EVIL[:6]:
            assert evil not in texts(at)
        assert german[translation] in at.dataframe[0].value["candidate"].tolist()
    shown = set()
    for page in PAGES:
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        said = "\n".join([texts(at), *(link.proto.label for link in at.main.get("page_link"))])
        assert not any(evil in said for evil in EVIL[:6]), page
        shown |= {page for evil in EVIL[:6] if draw.safe(evil) in said}
    assert {"word", "dispersion"} <= shown


NAMES = {name: f"{METHODS[name].label} · EfficientNet-Lite0" for name in ("cnn-max", "avgmax", "knn")}


def asked_for(small: Dataset, *methods: str) -> tuple[str, pd.DataFrame]:
    """The parameter for some contenders, and the core's table of them."""
    frames = ranked.rankings(open_pair(small, BACKBONE, "en-de"), methods)
    table = overview.compare({NAMES[name]: frames[name] for name in methods}, "NVA")
    return ",".join(f"{name}@{BACKBONE}" for name in methods), table


def test_compare_shows_the_contenders_of_the_link(small: Dataset) -> None:
    asked, table = asked_for(small, "cnn-max", "avgmax", "knn")
    at = healthy(open_page("compare", contenders=asked))
    assert view_of(at)["contenders"] == asked
    assert compared(at) == asked.split(",")
    shown = at.dataframe[0].value
    assert shown[""].tolist() == list(NAMES.values())
    for row, name in zip(shown.itertuples(index=False), NAMES.values(), strict=True):
        ranks = table[name].to_numpy(np.float64)
        figures_of = metrics.summarise(ranks, asked=len(ranks))
        wanted = (figures_of.mrr, figures_of.p_at[1], figures_of.p_at[10])
        assert list(row[1:4]) == [f"{value:.2f} (n too small)" for value in wanted]
        assert list(row[4:]) == ["0.86", f"{figures_of.mrr * 6 / 7:.2f} (n too small)"], "“ghost” has no pictures"
    assert "6 queries that all cover" in texts(at) and "over n = 6 words" in texts(at)
    assert at.dataframe[1].value["of"].tolist()[::3] == ["together", "nouns", "verbs", "adjectives"]
    at = healthy(at.main.selectbox(key="beside").set_value(f"knn@{BACKBONE}").run())
    assert view_of(at)["beside"] == f"knn@{BACKBONE}"
    won, lost = overview.wins(table, NAMES["cnn-max"], NAMES["knn"])
    assert [part.value["word"].tolist() for part in at.dataframe[2:]] == [won["word"].tolist(), lost["word"].tolist()]
    assert len(won) + len(lost) > 0


def test_compare_keeps_its_contenders_while_the_view_changes(small: Dataset) -> None:
    asked, _ = asked_for(small, "cnn-max", "avgmax")
    at = open_page("compare", contenders=asked)
    at = healthy(at.sidebar.get("button_group")[0].set_value(["N"]).run())
    assert (view_of(at)["pos"], view_of(at)["contenders"]) == ("N", asked)
    assert compared(at) == asked.split(",")
    at = healthy(at.sidebar.selectbox(key="method").set_value("knn").run())
    assert (view_of(at)["method"], compared(at)) == ("knn", asked.split(",")), "chosen apart from the sidebar's"


def test_compare_takes_four_and_two_at_least(small: Dataset) -> None:
    asked, _ = asked_for(small, "cnn-max", "avgmax")
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), list(METHODS))
    at = healthy(open_page("compare", contenders=asked))
    assert not [one for one in at.button if str(one.key).startswith("drop")]
    for count in (3, 4):
        at = healthy(at.main.button(key="add contender").click().run())
        assert len(set(compared(at))) == count == len(view_of(at)["contenders"].split(","))
        assert at.dataframe[0].value[""].nunique() == count
    assert not [one for one in at.button if one.key == "add contender"]
    assert (
        compared(healthy(open_page("compare", contenders=f"{view_of(at)['contenders']},knn-c@{BACKBONE}")))[3:]
        == (compared(at)[3:])
    ), "no link shows more"
    at = healthy(at.main.selectbox(key="method 1").set_value("rrf").run())
    assert compared(at)[1] == f"rrf@{BACKBONE}" and compared(at)[0] == f"cnn-max@{BACKBONE}"
    at = healthy(at.main.button(key="drop contender 0").click().run())
    assert compared(at)[0] == f"rrf@{BACKBONE}" and len(compared(at)) == 3


def test_composed_methods_can_be_compared_and_linked_to(small: Dataset) -> None:
    asked = f"rrf=avgmax,knn@{BACKBONE},maxmax+csls@{BACKBONE}"
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), ["rrf=avgmax,knn", "maxmax+csls"])
    at = healthy(open_page("compare", contenders=asked))
    assert compared(at) == [f"rrf=avgmax,knn@{BACKBONE}", f"maxmax+csls@{BACKBONE}"]
    assert at.dataframe[0].value[""].str.startswith(("fusion of AVGMAX, KNN", "MAXMAX + CSLS")).all()


@pytest.mark.parametrize("method", ["avgmax+csls", "cnn-max+isf", "rrf", "rrf=avgmax,knn", "sinkhorn"])
def test_every_kind_of_score_is_drawn_on_a_scale_that_holds_it(small: Dataset, method: str) -> None:
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), [method])
    at = healthy(open_page("word", word="dog.N", method=method))
    assert view_of(at)["method"] == at.sidebar.selectbox(key="method").value == method
    assert rankers.label(method) in unescaped(texts(at))
    table = at.dataframe[0].value
    known = table[table["score"].notna()]
    behind = known["score"].iloc[0] - known["score"]
    np.testing.assert_allclose(known["behind"], behind, atol=1e-6)
    bar = json.loads(at.dataframe[0].proto.columns)["behind"]["type_config"]
    assert bar["min_value"] == 0 <= behind.min() and behind.max() == pytest.approx(bar["max_value"], abs=1e-6)


def test_compare_takes_every_contender_once(small: Dataset) -> None:
    asked, _ = asked_for(small, "cnn-max", "avgmax")
    at = healthy(open_page("compare", contenders=f"{asked},{asked},nothing@{BACKBONE},knn@../x"))
    assert compared(at) == asked.split(",")


def test_a_click_in_compare_opens_the_word(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, table = asked_for(small, "cnn-max", "avgmax")
    monkeypatch.setattr(st, "plotly_chart", Charts(points=[{"customdata": 4}]))
    at = healthy(open_page("compare", contenders=asked, show="found"))
    assert (view_of(at)["word"], view_of(at)["method"], view_of(at)["show"]) == (table["query"][4], "cnn-max", "found")
    assert f"# {table['word'][4]} →" in texts(at)


def test_only_addresses_of_the_web_become_links(small: Dataset) -> None:
    (shard,) = small.path.glob("images/*")
    table = pd.read_parquet(shard)
    table["page"] = ["javascript:alert(1)", "https://x.example/1", *[""] * (len(table) - 2)]
    table.to_parquet(shard, index=False)
    at = healthy(open_page("data", section="pictures"))
    assert set(at.dataframe[0].value["page"].dropna()) == {"https://x.example/1"}


@pytest.mark.parametrize("side", [0, 1])
def test_a_win_opens_the_word_under_the_winner(small: Dataset, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    contenders = ("cnn-max", "knn")
    asked, table = asked_for(small, *contenders)
    rows = overview.wins(table, *(NAMES[name] for name in contenders))[side]
    assert len(rows)
    at = open_page("compare", contenders=asked)
    (key,) = [part.key for part in at.dataframe if str(part.key).startswith(f"wins-{(contenders[side], BACKBONE)}")]
    at.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(0, "word")]}}
    at = healthy(at.run())
    assert (view_of(at)["word"], view_of(at)["method"]) == (rows["query"].iloc[0], contenders[side])


def test_another_data_set_can_be_chosen(small: Dataset, data: Path) -> None:
    build_wide(data / "wide")
    (data / "aaa").mkdir()
    (data / "aaa" / "dataset.toml").write_text("broken = [", "utf-8")
    at = healthy(open_page("word", word="dog.N"))
    assert (view_of(at)["dataset"], len(at.sidebar.warning)) == ("small", 1), "one that is broken is not the first"
    assert unescaped(at.sidebar.warning[0].value).startswith("aaa: dataset.toml of 'aaa' cannot be read")
    at = at.sidebar.selectbox(key="dataset").set_value("aaa").run()
    assert len(at.error) == 1 and not at.exception and not at.sidebar.warning, "its page says why it is not shown"
    at = healthy(at.sidebar.selectbox(key="dataset").set_value("wide").run())
    assert view_of(at)["dataset"] == "wide" and "# dog → dog\\|de" in texts(at)
    at = healthy(at.sidebar.selectbox(key="dataset").set_value("small").run())
    assert "# dog → Hund" in texts(at)


def test_new_features_are_noticed_without_a_restart(small: Dataset, data: Path) -> None:
    without(small.path, "features")
    at = healthy(open_page("word"))
    assert at.main.info
    write_features(small.path)
    at = healthy(at.run())
    assert "There is nothing" not in texts(at) and "# " in texts(at)
