"""Parts of the Dispersion page: means beside the paper's, the extremes, and dispersion against rank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cldi_core.evaluation import paper
from cldi_core.insight import overview
from pages._ui import dispersion_figures, draw, figures, load, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages_data import Event

CURRENT = view.View("small", "en-de", "NVA", "maxmax", BACKBONE, "found", "dog.N", "Hund")


@pytest.fixture
def dispersion(module: Callable[[str], ModuleType], shown: Shown, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    shown.answers["plotly_chart"] = Event(selection=Event(points=[]))
    return module("dispersion")


@pytest.fixture
def spread() -> pd.DataFrame:
    """25 English words of each part of speech and two German ones."""
    numbers = np.arange(75)
    english = pd.DataFrame(
        {
            "language": "en", "word": [f"*w{number}*" for number in numbers], "pos": [*"NVA"] * 25,
            "dispersion": (numbers * 7 % 75) / 100, "pictures": 9, "senses": 1.0 + numbers % 4,
        }
    )  # fmt: skip
    german = english.head(2).assign(language="de", senses=np.nan, dispersion=[0.5, np.nan])
    return pd.concat([english, german])


def test_means_stand_beside_the_papers(dispersion: ModuleType, shown: Shown, spread: pd.DataFrame) -> None:
    dispersion.means(spread, "en", "NVA")
    first, second = shown.of("dataframe")
    assert first.columns.tolist() == ["part of speech", "dispersion", "in the paper", "n"]
    assert second.columns.tolist() == ["part of speech", "WordNet senses", "in the paper", "n"]
    rows = spread[spread["language"] == "en"]
    for table, column, known in ((first, "dispersion", paper.DISPERSION), (second, "senses", paper.SENSES)):
        assert table["part of speech"].tolist() == ["noun", "verb", "adjective"] and table["n"].tolist() == [25] * 3
        assert table["in the paper"].tolist() == [f"{known[letter]:.2f}" for letter in "NVA"]
        means = [rows.loc[rows["pos"] == letter, column].mean() for letter in "NVA"]
        assert [text.split()[0] for text in table.iloc[:, 1]] == [f"{mean:.2f}" for mean in means]
    assert [options["alt"] for options in shown.options("dataframe")] == [
        "Mean dispersion by part of speech, en", "Mean WordNet senses by part of speech, en"
    ]  # fmt: skip


def test_senses_are_shown_where_they_are_known(dispersion: ModuleType, shown: Shown, spread: pd.DataFrame) -> None:
    dispersion.means(spread, "de", "NVA")
    (table,) = shown.of("dataframe")
    assert table["n"].tolist() == [1, 0, 0] and table["dispersion"].tolist() == ["0.50 (n too small)", "–", "–"]


def test_senses_of_some_words_are_the_mean_of_these(dispersion: ModuleType, shown: Shown, spread: pd.DataFrame) -> None:
    dispersion.means(spread.assign(senses=spread["senses"].where(spread["pos"] != "V")), "en", "NVA")
    _, senses = shown.of("dataframe")
    assert senses["n"].tolist() == [25, 0, 25] and senses["WordNet senses"][1] == "–"
    assert [options["hide_index"] for options in shown.options("dataframe")] == [True, True]


def test_means_are_of_the_parts_of_speech_that_are_chosen(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame
) -> None:
    dispersion.means(spread, "en", "AX")
    first, second = shown.of("dataframe")
    for table in (first, second):
        assert table["part of speech"].tolist() == ["adjective", "other"] and table["n"].tolist() == [25, 0]
        assert table["in the paper"].tolist()[1] == "–", "the paper has no such words"


@pytest.mark.parametrize("letters", ["NVA", "V", "AX"])
def test_the_extremes_are_links_with_their_pictures_beside_the_papers(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, letters: str
) -> None:
    members = {word: [f"{word} {number}" for number in range(9)] for word in spread["word"]}
    drawn: list[Any] = []
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(members=lambda language: members))
    monkeypatch.setattr(draw, "row", lambda name, ids, alt, *, width: drawn.append((name, ids, alt)))
    dispersion.extremes(replace(CURRENT, pos=letters), spread, "en")
    pictures, links = [], []
    for letter in letters.replace("X", ""):
        own = spread[(spread["language"] == "en") & (spread["pos"] == letter)].sort_values("dispersion")
        rows = [*own.head(3).itertuples(), *list(own.tail(3).itertuples())[::-1]]
        pictures += [("small", members[row.word][:6], row.word) for row in rows]
        links += [(draw.safe(f"{row.word} · {row.dispersion:.2f}"), f"{row.word}.{letter}") for row in rows]
    assert drawn == pictures and shown.of("page_link") == ["pages/word.py"] * len(links)
    assert [(one["label"], one["query_params"]["word"]) for one in shown.options("page_link")] == links
    names = {"N": "**Nouns**", "V": "**Verbs**", "A": "**Adjectives**", "X": "**Others**"}
    assert shown.of("markdown") == [names[letter] for letter in letters]
    low, high = paper.TABLE_3[letters[0]]
    assert shown.of("caption")[1:3] == [
        f"{title}; in the paper, English: " + ", ".join(f"{word} {value:.2f}" for word, value in known)
        for title, known in (("lowest", low), ("highest", high))
    ]
    assert ("0 others have two pictures or more: no ends." in shown.of("caption")) == ("X" in letters)


@pytest.mark.parametrize(("words", "links", "told"), [(1, 0, "1 noun has two pictures"), (2, 2, ""), (5, 4, "")])
def test_of_few_words_none_is_at_both_ends(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, words: int, links: int,
    told: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(members=lambda language: defaultdict(list)))
    monkeypatch.setattr(draw, "row", lambda *given, **options: None)
    few = spread[spread["pos"] == "N"].head(words)
    dispersion.extremes(replace(CURRENT, pos="N"), few, "en")
    opened = [one["query_params"]["word"] for one in shown.options("page_link")]
    assert len(opened) == len(set(opened)) == links
    assert [line for line in shown.of("caption") if "two pictures or more" in line] == (
        [f"{told} or more: no ends."] if told else []
    )


@pytest.fixture
def ranked(spread: pd.DataFrame) -> pd.DataFrame:
    own = spread[spread["language"] == "en"]
    ranks = 1.0 + np.arange(75) % 8
    query = own["word"] + "." + own["pos"]
    return pd.DataFrame({"query": query, "word": own["word"], "pos": own["pos"], "rank": ranks})


@pytest.mark.parametrize("clicked", [None, 0, 41])
def test_a_click_on_a_point_opens_its_word(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame, ranked: pd.DataFrame, monkeypatch: pytest.MonkeyPatch,
    clicked: int | None,
) -> None:  # fmt: skip
    asked: list[Any] = []
    monkeypatch.setattr(load, "rankings", lambda *given: asked.append(given) or ranked)
    if clicked is not None:
        shown.answers["plotly_chart"] = Event(selection=Event(points=[{"customdata": clicked}]))
    dispersion.against(
        CURRENT,
        spread,
    )
    assert asked == [("small", BACKBONE, "en-de", "maxmax")]
    table = overview.with_dispersion(ranked, spread, "NVA")
    assert shown.of("plotly_chart") == [dispersion_figures.against_rank(table)]
    opened = [options["query_params"] for options in shown.options("switch_page")]
    assert opened == [] if clicked is None else opened == [view.of_word(table["query"][clicked])]
    correlation = overview.rank_correlation(table)
    text = f"1/rank: {figures.interval_text(correlation)}, n = 75 words; nouns, verbs, adjectives, en\\-de, MAXMAX."
    assert text in shown.of("caption")[0]
    assert shown.options("plotly_chart")[0]["selection_mode"] == "points"
    assert shown.options("plotly_chart")[0]["on_select"] == "rerun"
    assert shown.options("plotly_chart")[0]["alt"] == "Dispersion against reciprocal rank"


def test_without_ranks_or_words_a_line_stands_in_place_of_the_chart(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame, ranked: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: list[Any] = []
    monkeypatch.setattr(draw, "unranked", lambda *given: missing.append(given))
    monkeypatch.setattr(load, "rankings", lambda *given: None)
    dispersion.against(CURRENT, spread)
    assert missing == [(CURRENT, "Ranks are not shown", ("maxmax", BACKBONE))] and shown.of("info") == []
    monkeypatch.setattr(load, "rankings", lambda *given: ranked.assign(rank=np.nan))
    dispersion.against(CURRENT, spread)
    assert shown.of("info") == ["No word of these parts of speech has a rank and a dispersion."]
    assert shown.of("plotly_chart") == [] and len(missing) == 1


@pytest.mark.parametrize(("about", "told"), [("Emoji by several artists", True), ("Photographs", False)])
def test_a_data_set_of_emoji_says_how_they_differ(
    dispersion: ModuleType, shown: Shown, spread: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, about: str, told: bool
) -> None:
    drawn: list[Any] = []
    info = {"title": "Small", "about": about}
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(info=info))
    monkeypatch.setattr(load, "dispersions", lambda *given: spread)
    monkeypatch.setattr(load, "pair_of", lambda *given: SimpleNamespace(languages=("en", "de")))
    for name in ("means", "extremes", "against"):
        monkeypatch.setattr(dispersion, name, lambda *given, _name=name: drawn.append((_name, given[1:])))
    dispersion.main()
    (first, second, third, fourth), names = [given for _, given in drawn], [name for name, _ in drawn]
    assert names == ["means", "means", "extremes", "against"] and fourth[0] is third[0] is spread
    assert (first, second, third[1:]) == (("en", "NVA"), ("de", "NVA"), ("en",))
    assert len([line for line in shown.of("caption") if "emoji" in line]) == told
    assert shown.of("plotly_chart") == [dispersion_figures.ridges(spread, language, "NVA") for language in ("en", "de")]
    assert len({options["key"] for options in shown.options("plotly_chart")}) == 2


@pytest.mark.parametrize(
    ("letters", "said"),
    [("NVA", ", and nouns have no less of it than adjectives;"), ("NV", "lower than in the paper;"),
     ("A", "lower than in the paper;"), ("NA", ", and nouns have no less of it than adjectives;")],
)  # fmt: skip
def test_what_is_said_of_icons_is_of_the_chosen_and_measured(dispersion: ModuleType, letters: str, said: str) -> None:
    spread = pd.DataFrame({"word": [*"abcd"], "pos": [*"NNVA"], "dispersion": [0.3, 0.5, 0.6, 0.4]})
    assert said in dispersion.of_icons(spread, letters)
