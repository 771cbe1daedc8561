"""The pages of a complete data set: what they say is what the core computes, and every control does its work."""

from __future__ import annotations

from urllib.parse import parse_qs

import numpy as np
import pytest
import streamlit as st

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.insight import dispersions, maps, overview
from cldi_core.scoring.methods import METHODS
from pages._ui import draw, figures, load, map_panel, words
from pages._ui.foreign import plain
from tests import oracles, ranked
from tests.conftest import BACKBONE
from tests.pages_data import (
    HOSTILE,
    MANY,
    PAGES,
    RANKS,
    Charts,
    board_of,
    button,
    german,
    healthy,
    open_page,
    pair_of,
    texts,
    unescaped,
    view_of,
)

FULL = {"dataset": "wide", "pair": "en-fr", "pos": "VA", "method": "maxmax", "backbone": BACKBONE, "show": "found",
        "word": "red.A", "candidate": "dog|fr"}  # fmt: skip
BY_RANK = [f"{word}.{pos}" for word, (pos, _) in sorted(RANKS.items(), key=lambda item: (item[1][1], item[0]))]
UNKNOWN = ["cloud.N", "ghost.N"]

pytestmark = pytest.mark.usefixtures("wide")


@pytest.mark.parametrize("page", PAGES)
def test_a_link_opens_the_view_and_every_page_keeps_it(page: str) -> None:
    at = healthy(open_page(page, **FULL))
    assert not at.warning or page == "data"
    assert view_of(at) == FULL
    chosen = {box.key: box.value for box in at.sidebar.selectbox}
    assert chosen == {name: FULL[name] for name in ("dataset", "pair", "method", "backbone")}
    assert at.sidebar.get("button_group")[0].value == ["V", "A"]


def test_the_view_goes_along_to_other_pages() -> None:
    at = open_page("word", **FULL)
    for page in PAGES:
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        assert view_of(at) == FULL, page


def test_the_link_to_this_view_holds_every_choice() -> None:
    asked = {**FULL, "contenders": f"knn@{BACKBONE},avgmax@{BACKBONE}"}
    (link,) = [code.value for code in open_page("compare", **asked).sidebar.code]
    assert {name: values[0] for name, values in parse_qs(link.partition("?")[2]).items()} == asked


def test_the_sidebar_changes_the_view() -> None:
    at = open_page("word", word="dog.N", candidate="cow|de")
    at = healthy(at.sidebar.selectbox(key="method").set_value("cnn-max").run())
    assert (view_of(at)["method"], view_of(at)["word"]) == ("cnn-max", "dog.N")
    at = healthy(at.sidebar.get("button_group")[0].set_value(["V"]).run())
    assert view_of(at)["pos"] == "V"
    kinds = [option.split(" · ")[1] for option in at.selectbox(key="word").options]
    assert kinds[:5] == ["verb"] * 5 and "verb" not in kinds[5:] and len(kinds) == 22, "all can be searched"
    assert "*dog* is a noun, found; you filter verbs." in texts(at)
    at = healthy(open_page("word", word="run.V", pos="V"))
    at = healthy(at.sidebar.selectbox(key="pair").set_value("en-fr").run())
    assert view_of(at)["pair"] == "en-fr" and "→ run\\|fr" in texts(at)
    at = healthy(at.sidebar.get("button_group")[0].set_value([]).run())
    assert view_of(at)["pos"] == "NVA"  # no part of speech means all


@pytest.mark.parametrize("word", ["dog", "tree", "shake", "wise", *HOSTILE])
def test_the_word_page_tells_the_true_rank(word: str) -> None:
    pos, rank = RANKS[word]
    at = healthy(open_page("word", word=f"{word}.{pos}"))
    said = unescaped(texts(at))
    became = "found" if rank == 1 else "nearly" if rank <= 10 else "missed"
    assert f"badge[{became}, #{rank} of {len(RANKS)}]" in said
    shown = board_of(at)["columns"]
    assert (shown[0]["word"], shown[2]["word"]) == (plain(word), plain(german(word)))
    assert shown[1]["role"].startswith("runner-up" if rank == 1 else "winner")
    assert shown[1]["facts"].startswith("#2" if rank == 1 else "#1") and shown[2]["facts"].startswith(f"#{rank} ")
    table = at.dataframe[0].value
    assert table.loc[table["✓"] == "✓", ["#", "candidate"]].to_numpy().tolist()[0] == [str(rank), german(word)]
    assert table["#"].tolist()[:10] == [str(n) for n in range(1, 11)]
    assert table["score"].dropna().is_monotonic_decreasing


def test_right_answers_without_pictures_are_listed_without_a_rank() -> None:
    at = open_page("word", word="dog.N")
    table = at.dataframe[0].value
    assert table.loc[table["✓"] == "✓", ["#", "candidate"]].to_numpy().tolist() == [["1", "dog|de"], ["–", "Köter"]]
    at = healthy(open_page("word", word="dog.N", candidate="Köter"))
    right = board_of(at)["columns"][2]
    assert right["word"] == "Köter" and right["facts"].startswith("no rank") and board_of(at)["strip"] == []


def test_the_candidate_of_the_link_stands_on_the_board() -> None:
    at = open_page("word", word="shake.V")
    assert [one["word"] for one in board_of(at)["columns"][1:]] == [
        at.dataframe[0].value["candidate"][0],
        german("shake"),
    ]
    chosen = at.dataframe[0].value["candidate"][4]
    at = healthy(open_page("word", word="shake.V", candidate=chosen))
    middle = board_of(at)["columns"][1]
    assert (middle["word"], middle["role"]) == (chosen, "candidate you chose · de")
    assert at.dataframe[0].value.loc[at.dataframe[0].value["▸"] == "▸", "candidate"].tolist() == [
        chosen,
        german("shake"),
    ]


def test_a_deep_candidate_of_a_link_joins_the_table() -> None:
    table = open_page("word", word="dog.N", candidate=german("sea")).dataframe[0].value
    assert len(table) == 12  # ten, the right answer without pictures, and this one
    assert german("sea") in table["candidate"].tolist()
    ranks = [float(rank) for rank in table["#"] if rank != "–"]
    assert ranks == sorted(ranks) and ranks[-1] > 10


def test_previous_and_next_walk_through_all_words_by_rank() -> None:
    at = open_page("word", word=BY_RANK[0], candidate="cow|de")
    assert button(at, "Previous").disabled
    seen = [at.selectbox(key="word").value]
    for _ in range(3):
        at = button(at, "Next").click().run()
        seen.append(view_of(at)["word"])
        assert "candidate" not in view_of(at)
    assert seen == BY_RANK[:4]
    assert view_of(button(at, "Previous").click().run())["word"] == BY_RANK[2]
    last = open_page("word", word=UNKNOWN[-1])
    assert button(last, "Next").disabled
    assert "word 22 of 22" in texts(last)


def test_search_selects_a_word() -> None:
    at = open_page("word", word="dog.N", candidate="cow|de")
    box = at.selectbox(key="word")
    assert [option.split(" · ")[-1] for option in box.options][-3:] == ["#19", "no pictures", "no pictures"]
    assert any(
        option.startswith(f"{HOSTILE[0]} → {german(HOSTILE[0])} · noun") for option in box.options
    )  # options are not Markdown
    at = healthy(box.set_value("owe.V").run())
    assert view_of(at)["word"] == "owe.V" and "candidate" not in view_of(at)
    assert "# owe → owe\\|de" in texts(at)


@pytest.mark.parametrize(("show", "low", "high"), [("found", 1, 1), ("nearly", 2, 10), ("missed", 11, 99)])
def test_words_are_filtered_by_what_became_of_them(show: str, low: int, high: int) -> None:
    at = open_page("word", pos="NV")
    at = healthy(at.main.get("button_group")[0].set_value(show).run())
    assert view_of(at)["show"] == show
    expected = [query for query in BY_RANK if query[-1] in "NV" and low <= RANKS[query[:-2]][1] <= high]
    options = [option.split(" → ")[0] for option in at.selectbox(key="word").options]
    assert options[: len(expected)] == [query[:-2] for query in expected] and len(options) == 22
    assert at.selectbox(key="word").value in expected


def test_a_word_is_found_without_its_part_of_speech() -> None:
    assert "# shake →" in texts(open_page("word", word="shake"))


def test_more_candidates_can_be_listed(wide: Dataset) -> None:
    at = open_page("word", word="shake.V", pair="en-de")
    few = at.dataframe[0].value["candidate"].tolist()
    at = healthy(at.segmented_control(key="top").set_value(30).run())
    many = at.dataframe[0].value["candidate"].tolist()
    assert many[: len(few) - 1] == few[:-1] and len(many) == min(30, len(pair_of(wide).target.words))


def test_the_overview_tells_the_facts(wide: Dataset) -> None:
    at = healthy(open_page("overview", pair="en-de"))
    facts = dict(at.dataframe[1].value.to_numpy().tolist())
    assert facts == words.facts(overview.counts(wide))
    assert "averaged over 2 pairs" in texts(at)
    assert len(at.info) == 1 and "Made \\[for\\]" in texts(at), "no evidence is stored"


def test_the_results_say_how_far_transport_has_settled(
    built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the table, by what the rankings say."""
    monkeypatch.setattr(load, "errors", lambda *given: {"sinkhorn": 0.0042})
    monkeypatch.setenv("CLDI_DATA", str(built[0].path.parent))
    at = healthy(open_page("results", dataset=built[0].name))
    assert draw.safe("Optimal transport: not settled, marginal errors up to 4e-03") in texts(at)


def test_the_finding_is_that_of_the_results(built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch) -> None:
    charts = Charts()
    monkeypatch.setattr(st, "plotly_chart", charts)
    healthy(open_page("overview"))
    records = tables.table({pair: {name: frames[name] for name in METHODS} for pair, frames in built[1].items()})
    assert charts.figures[-1] == figures.finding(records, tables.AVERAGE)


def test_the_dispersion_page_shows_the_cores_means(wide: Dataset) -> None:
    at = healthy(open_page("dispersion", pair="en-de"))
    pair = pair_of(wide)
    for place, letter in enumerate("NVA"):
        words = [word for word in pair.source.words if f"{word}.{letter}" in pair.index and len(pair.source[word]) > 1]
        mean = np.mean([oracles.dispersion(pair.source[word].astype(float)) for word in words])
        row = at.dataframe[0].value.iloc[place]
        assert row["dispersion"] == f"{mean:.2f} (n too small)" and row["n"] == len(words)
    german_table = at.dataframe[-1].value  # one picture of each German word
    assert german_table["n"].tolist() == [0, 0, 0]
    assert german_table["dispersion"].tolist() == ["–"] * 3
    assert "WordNet senses" not in german_table
    rankings = ranked.rankings(pair, ["avgmax"])["avgmax"]
    joined = overview.with_dispersion(rankings, dispersions.dispersions(pair), "NVA")
    rho = figures.interval_text(overview.rank_correlation(joined))
    assert f"1/rank: {rho}, n = {len(joined)} words;" in texts(at)


def test_a_click_on_a_dispersion_opens_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "plotly_chart", Charts(points=[{"customdata": 5}]))
    at = healthy(open_page("dispersion", pair="en-de", pos="NV", show="found"))
    assert "# shake →" in texts(at)  # the sixth noun or verb of the list
    assert (view_of(at)["word"], view_of(at)["show"]) == ("shake.V", "found"), "the filter stays"


def everywhere(made: Dataset) -> str:
    """A link's area that holds the whole map of words."""
    places = maps.coordinates(made, BACKBONE, "words")
    stamp = storage.digest(places.attrs["key"], places.attrs["method"])[:6]
    return f"area~words~{stamp}~-9~-9~9~-9~9~9~-9~9"


def test_an_area_on_the_map_opens_strips_and_links(wide: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    charts = Charts()
    monkeypatch.setattr(st, "plotly_chart", charts)
    at = healthy(open_page("map", pair="en-de", pos="N", chosen=everywhere(wide)))
    count = 2 * sum(pos == "N" for pos, _ in RANKS.values()) + 1  # both languages, and cloud
    assert f"{count} of {count} words" in texts(at) and f"1–6 of {count}" in texts(at)
    assert f"{count} of {count} words · PCA" in texts(at)
    points, outline = charts.figures[-1].data
    assert points.name == f"nouns, n = {count}" and sorted(points.customdata) == list(range(count))
    assert outline.x == (-9, 9, 9, -9, -9)
    seen: dict[str, str] = {}
    while True:  # all strips can be reached, and each word of both languages can be opened
        for link in at.main.get("page_link"):
            asked = {name: value[0] for name, value in parse_qs(link.proto.query_string).items()}
            seen[asked["word"]] = asked["pair"]
        (on,) = [one for one in at.main.button if one.label == "›"]
        if on.disabled:
            break
        at = healthy(on.click().run())
    english = {word for word, (pos, _) in RANKS.items() if pos == "N"} | {"cloud"}
    assert seen == dict.fromkeys(english, "en-de") | {german(word): "de-en" for word in english - {"cloud"}}, (
        "a target word in the pair that is turned round"
    )
    at = healthy(at.segmented_control(key="kind").set_value("pictures").run())
    assert view_of(at)["chosen"].startswith("area~words"), "the selection survives"
    assert "pictures" in at.main.header[0].value and at.get("image")
    (clear,) = [one for one in at.main.button if one.label == "Clear"]
    at = healthy(clear.click().run())
    assert "chosen" not in view_of(at) and not at.main.header


def test_the_words_of_a_selection_are_drawn_as_they_are(wide: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_panel, "STRIPS", 100)
    at = healthy(open_page("map", pair="en-de", chosen=everywhere(wide)))
    for word in (*HOSTILE, *map(german, HOSTILE)):
        assert f"**{draw.safe(word)}** · " in texts(at) and f"**{word}**" not in texts(at)


def test_too_many_points_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "LIMIT", 6)
    assert "6 of 41 words · PCA" in texts(healthy(open_page("map", pair="en-de")))


def test_a_word_is_looked_for_on_the_map() -> None:
    at = healthy(open_page("map", pair="en-de", kind="pictures", colour="language", chosen="word~en~cow"))
    at = healthy(at.text_input(key="search").set_value("DOG").run())
    assert view_of(at)["search"] == "DOG" and "chosen" not in view_of(at)
    assert "**dog** · en · 30 pictures" in texts(at) and f"{MANY} of " in at.main.header[0].value
    assert (view_of(at)["kind"], view_of(at)["colour"]) == ("pictures", "language")
    at = healthy(at.text_input(key="search").set_value("<b>dogg</b>").run())
    (info,) = at.main.info
    assert unescaped(info.value).startswith("“<b>dogg</b>” is not on this map of pictures.")
    at = healthy(open_page("map", pair="en-de", chosen="word~en~nothing", kind="x", colour="y"))
    assert [info.value for info in at.main.info] == [draw.safe("Nothing of what was chosen is among these words.")]


def test_the_data_page_shows_findings_and_licences() -> None:
    at = healthy(open_page("data", section="health"))
    assert [line.value for line in at.main.warning] == ["Findings that need a look: 2."]
    findings = at.dataframe[0].value
    assert findings["level"].tolist() == sorted(findings["level"], key=["error", "warning", "info"].index)
    assert "en-de: 2 source words have no pictures: ghost" not in findings["what"].tolist()
    assert "en-de: 1 source word has no pictures: ghost" in findings["what"].tolist()
    at = healthy(open_page("data", section="pictures"))
    assert at.dataframe[0].value["pictures"].sum() == 2 * (len(RANKS) - 1) + MANY + len(RANKS)
    at = healthy(at.main.selectbox(key="pictures").set_value("dog").run())
    assert len(at.dataframe[1].value) == MANY and set(at.dataframe[1].value["licence"]) == {"CC0-1.0"}
    assert f"{MANY} pictures of “dog”." in unescaped(texts(at))


def test_the_data_page_of_every_language() -> None:
    at = healthy(open_page("data", section="pictures"))
    at = healthy(at.main.selectbox(key="language").set_value("fr").run())
    words = sorted(f"{word}|fr" for word in ("dog", "cow", "run", "red", "shake"))
    assert at.main.selectbox(key="pictures").options == words
