"""The page on image pivoting: what it finds is what the core finds, and what is missing or broken is told in a line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core.data import dataset, storage, wordlists
from cldi_core.data.descriptions import FILE
from cldi_core.evaluation import tables
from cldi_core.pivot import about, certainty, experiment, models, search, sources, standings, trained, translation
from cldi_core.pivot.experiment import Experiment
from cldi_core.pivot.models import Key
from pages._ui import draw, figures, pivot_figures, pivot_load, pivot_search, pivot_words
from tests.conftest import BACKBONE
from tests.pages_data import Charts, Event, healthy, open_page, texts, unescaped, view_of
from tests.pivot_data import OPTIONS, build

ROOT = Path(__file__).resolve().parents[2]
KEY = Key(BACKBONE, "en-de", "pivot-sym")
PIVOT, VSE = "items/pivot-sym/0", "items/vse/0"
FULL = {"dataset": "shapes", "pair": "en-de", "pos": "NVA", "method": "avgmax", "backbone": BACKBONE, "show": "all"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dataset.Dataset:
    """A data set with two trained and tested models."""
    made = build(tmp_path_factory.mktemp("data") / "shapes")
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    tried = Experiment(corpus, "en-de", "items", ("pivot-sym", "vse"), (0,), OPTIONS, translation.models_folder(made))
    found = experiment.train(tried)
    experiment.keep(tried, experiment.RANKS, experiment.ranks(tried, found.values()))
    return made


@pytest.fixture
def shapes(built: dataset.Dataset, data: Path) -> dataset.Dataset:
    """A copy of it, as the only data set there is."""
    shutil.copytree(built.path, data / "shapes")
    st.cache_data.clear()
    st.cache_resource.clear()
    return dataset.Dataset(data / "shapes")


def page(**params: str) -> AppTest:
    """The page, with more parameters."""
    return open_page("pivoting", **FULL, **params)


def index_of(made: dataset.Dataset, key: Key = KEY) -> search.Index:
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    return search.index(corpus, trained.open_trained(translation.models_folder(made), key, corpus.languages))


def cards(at: AppTest) -> list[str]:
    """The labels below the pictures."""
    return [str(one.label) for one in at.button if str(one.key).startswith("pivot-card-")]


def wanted(found: list[search.Found]) -> list[str]:
    return [pivot_search.cut(one.text) for one in found]


def table(at: AppTest, column: str) -> Any:
    """The first table that has a column."""
    return next(part.value for part in at.main.dataframe if column in part.value)


def listings(at: AppTest) -> list[list[str]]:
    """The descriptions of each list: of the text, and of the picture in both languages."""
    return [part.value["description"].tolist() for part in at.main.dataframe if "description" in part.value]


def test_without_a_model_the_command_that_trains_one(shapes: dataset.Dataset) -> None:
    wordlists.write_list(shapes.path / "lexicon" / "en-fr.tsv", [wordlists.Row("red", "rouge", "A")])
    at = healthy(open_page("pivoting", **(FULL | {"pair": "en-fr"})))
    (info,) = at.main.info
    assert info.value == (
        "No model has been trained yet for en\\-fr of Colours and shapes with this backbone\\. There are models for "
        "en\\-de with EfficientNet\\-Lite0\\: choose those in the sidebar\\."
    )
    command = f"python -m cldi_core pivot train --dataset shapes --pair en-fr --backbone {BACKBONE} --model pivot-sym"
    assert [code.value for code in at.main.code] == [command]
    shutil.rmtree(translation.models_folder(shapes))
    (shapes.path / FILE).unlink()
    (info,) = healthy(page()).main.info
    assert info.value.endswith("It needs descriptions of what the pictures show, in descriptions\\.tsv\\.")
    assert "There are models" not in info.value


def test_a_data_set_without_features(shapes: dataset.Dataset) -> None:
    shutil.rmtree(shapes.path / "features")
    (info,) = healthy(open_page("pivoting", dataset="shapes")).main.info
    assert info.value.startswith("There is nothing to search yet")


def test_the_page_says_what_the_model_was_trained_on_and_how_well_it_does(shapes: dataset.Dataset) -> None:
    said = unescaped(texts(healthy(page())))
    known = index_of(shapes).model.any
    frame = storage.whole_frame(translation.models_folder(shapes) / BACKBONE / "en-de" / "items" / experiment.RANKS)
    record = next(one for one in standings.standing(frame, "text→picture", "en", 0) if one["model"] == "pivot-sym")
    count = len(known.split.train)
    opening = "PIVOT-SYM, trained on Colours and shapes (en-de, EfficientNet-Lite0) with random items held out: "
    assert f"{opening}{count} items, described {count} in en and {count} in de, some in both. Seed 0" in said
    assert f"{len(known.curve)} epochs (number {known.best + 1} is kept)" in said
    recall = figures.interval_text(tables.interval_of(record, "r@10"))
    said_so = (
        f"On n = {record['n']} items that it never saw, R@10 from the description in en to the picture is {recall}"
    )
    assert said_so in said
    assert f"chance {record['r@10_chance']:.2f}" in said and "has changed since" not in said


def test_descriptions_that_changed_after_training(shapes: dataset.Dataset) -> None:
    path = shapes.path / FILE
    path.write_text(path.read_text("utf-8").replace("rot|Kuh", "rot|Rind"), "utf-8")
    at = page()
    assert not at.exception
    (error,) = at.error
    said = unescaped(error.value)
    assert said.startswith("PIVOT-SYM of seed 0 was trained on other descriptions, pictures or features than those of")
    again = f"pivot train --dataset shapes --pair en-de --backbone {BACKBONE}"
    assert f"{again} --model pivot-sym --seed 0 --holdout items" in said and "\n" not in said
    (info,) = at.main.info
    line = unescaped(info.value)
    for name in ("PIVOT-SYM", "VSE", "Ridge regression", "PIVOT-SYM, pictures permuted"):
        assert line.startswith("Not shown") and f"{name} (seed 0)" in line, "ranks of controls are of that corpus too"
    assert f"python -m cldi_core {again} --holdout items" in [code.value for code in at.main.code]
    assert not any("R@10" in part.value for part in at.main.dataframe), "no figure of the former corpus is shown"


def test_a_model_that_was_trained_anew_is_not_shown_with_the_figures_of_the_former(shapes: dataset.Dataset) -> None:
    corpus = sources.of_dataset(shapes, BACKBONE, "en-de")
    trained.train(corpus, KEY, replace(OPTIONS, epochs=2), translation.models_folder(shapes))
    at = healthy(page())
    said = unescaped(texts(at))
    assert "It has not been tested yet" in said and "PIVOT-SYM has not been tested here yet" in said
    assert table(at, "R@1")["model"].tolist() == ["VSE", "Ridge regression", "PIVOT-SYM, pictures permuted", "Chance"]
    (info,) = at.main.info
    line = unescaped(info.value)
    assert "PIVOT-SYM (seed 0)" in line and "VSE" not in line


@pytest.mark.parametrize("scope", ["test", "all"])
def test_a_text_finds_pictures_and_descriptions(shapes: dataset.Dataset, scope: str) -> None:
    language, text, other = ("en", "red cow", "de") if scope == "test" else ("de", "blaue Sonne rot", "en")
    found = index_of(shapes)
    keys = found.keys(scope)
    at = healthy(page(text=text, language=language, among=scope))
    hits = search.pictures(found, text, language, keys, pivot_load.PICTURES)
    assert [unescaped(label) for label in cards(at)] == wanted(hits)
    assert f"of {len(keys)} items" in texts(at)
    between = search.descriptions(found, text, (language, other), keys, pivot_load.LISTED)
    own = [
        search.of_picture(found, hits[0].picture, one, keys, pivot_load.DESCRIPTIONS) for one in found.corpus.languages
    ]
    assert listings(at) == [[one.text for one in rows] for rows in (between, *own)]
    assert ("in training?" in at.main.dataframe[0].value) == (len({one.part for one in between}) > 1)


def test_what_is_typed_goes_into_the_url_and_stays(shapes: dataset.Dataset) -> None:
    at = healthy(page())
    told = certainty.examples(index_of(shapes), "en", index_of(shapes).keys("test"))
    assert told.good is not None and at.text_input(key="pivot text").placeholder == told.good.text
    assert unescaped(pivot_words.examples(told, "test")) in unescaped(texts(at))
    offered = {"good": told.good, "bad": told.bad}
    assert [unescaped(one.label) for one in at.button if one.key in ("pivot-good", "pivot-bad")] == [
        f"{name.capitalize()}: {one.text}" for name, one in offered.items() if one
    ]
    before = cards(at)
    at = healthy(at.button(key="pivot-good").click().run())
    assert view_of(at)["text"] == told.good.text == at.text_input(key="pivot text").value and cards(at) == before
    at = healthy(at.text_input(key="pivot text").set_value("green boat").run())
    assert view_of(at)["text"] == "green boat" and cards(at) != before
    at = healthy(at.segmented_control(key="pivot among").set_value("all").run())
    at = healthy(at.segmented_control(key="pivot language").set_value("de").run())
    at = healthy(at.selectbox(key="pivot trained").set_value(VSE).run())
    now = {name: value for name, value in view_of(at).items() if name not in FULL}
    assert now == {"text": "green boat", "among": "all", "language": "de", "trained": VSE}
    at = healthy(at.text_input(key="pivot text").set_value("").run())
    assert "text" not in view_of(at) and cards(at)[0] != ""


def test_a_link_opens_the_page_as_it_was(shapes: dataset.Dataset) -> None:
    found = index_of(shapes, replace(KEY, model="vse"))
    last = search.pictures(found, "blau Sonne", "de", found.keys("all"), 15)[-1]
    chosen = {"trained": VSE, "among": "all", "language": "de", "text": "blau Sonne", "picture": last.picture}
    at = healthy(page(**chosen, task="picture→text", tested="de"))
    assert view_of(at) == FULL | chosen | {"task": "picture→text", "tested": "de"}
    assert [one.proto.type for one in at.button if str(one.key).startswith("pivot-card-")][-1] == "primary"
    assert f"**{found.name(last.item, 'de')}**" in unescaped(texts(at))
    assert at.segmented_control(key="pivot task").value == "picture→text"
    assert at.segmented_control(key="pivot tested picture→text").value == "de"


def test_a_link_with_choices_that_do_not_exist(shapes: dataset.Dataset) -> None:
    at = healthy(
        page(language="fr", among="train", trained="../x", text="x" * 999, picture="../y", task="z", tested="fr")
    )
    assert (at.segmented_control(key="pivot language").value, at.segmented_control(key="pivot among").value) == (
        "en",
        "test",
    )
    assert at.selectbox(key="pivot trained").value == PIVOT
    assert len(at.text_input(key="pivot text").value) == pivot_search.LONGEST


@pytest.mark.parametrize("text", ["… ?!_", "🙂<>"])
def test_nonsense_is_told_and_finds_nothing(shapes: dataset.Dataset, text: str) -> None:
    at = healthy(page(text=text))
    assert [info.value for info in at.main.info] == [
        f"“{draw.safe(text)}” holds no word, so nothing can be looked for. Type letters or digits."
    ]
    assert cards(at) == [] and listings(at) == []
    assert "Chance" in table(at, "R@1")["model"].tolist()


def test_words_that_training_never_saw_are_named(shapes: dataset.Dataset) -> None:
    at = healthy(page(text="red <b>zebra</b> *cow* zebra"))
    (said,) = [part.value for part in at.markdown if "Never read" in part.value]
    assert f":orange[{draw.safe('Never read: b, zebra; only spelling (n-grams) counts for such words.')}]" in said
    assert len(cards(at)) > 0
    assert "Never read" not in texts(healthy(page(text="red cow")))


@pytest.mark.parametrize(("text", "here"), [("red cow", True), ("zebra", False)])
def test_how_sure_an_answer_is_stands_above_it(shapes: dataset.Dataset, text: str, here: bool) -> None:
    found = index_of(shapes)
    keys = found.keys("all")
    said = unescaped(texts(healthy(page(text=text, among="all"))))
    reading, there = certainty.reading(found, text, "en"), certainty.described(found, text, "en", keys)
    score = search.pictures(found, text, "en", keys, 1)[0].score
    sure = certainty.certainty(certainty.trials(found, "en", keys), text, reading.part, score)
    for line in (pivot_words.read(reading, "en"), pivot_words.here(there, "all"), pivot_words.sure(sure, there)):
        assert line in said
    assert f"**{pivot_words.grade(sure)}.**" in said and (there.here > 0) == here


def test_a_click_on_a_picture_shows_its_descriptions(shapes: dataset.Dataset) -> None:
    found = index_of(shapes)
    keys = found.keys("test")
    hits = search.pictures(found, "red cow", "en", keys, pivot_load.PICTURES)
    at = page(text="red cow")
    at = healthy(at.button(key="pivot-card-2").click().run())
    assert view_of(at)["picture"] == hits[2].picture
    item = found.corpus.item[hits[2].item]
    assert f"**{found.name(item.id, 'en')}** · held out" in texts(at)
    for language, shown in zip(found.corpus.languages, listings(at)[1:], strict=True):
        own = search.of_picture(found, hits[2].picture, language, keys, pivot_load.DESCRIPTIONS)
        assert shown == [one.text for one in own]
        assert f"**{language}** (held out): {item.asked[language][0]}" in texts(at)
    marked = table(at, "✓")
    assert marked.loc[marked["✓"] == "✓", "description"].tolist() == [item.asked["en"][0]]
    at = healthy(at.text_input(key="pivot text").set_value("blue sun").run())
    nearest = search.pictures(found, "blue sun", "en", keys, 1)[0]
    assert "picture" not in view_of(at)
    assert f"**{nearest.text}** · held out" in texts(at), "another text: its own nearest picture"


def test_the_table_holds_models_controls_and_chance(shapes: dataset.Dataset) -> None:
    at = healthy(page())
    frame = storage.whole_frame(translation.models_folder(shapes) / BACKBONE / "en-de" / "items" / experiment.RANKS)
    shown = table(at, "R@1")
    records = standings.standing(frame, "text→picture", "en")
    assert shown["model"].tolist() == [
        "VSE", "▸ PIVOT-SYM", "Ridge regression", "PIVOT-SYM, pictures permuted", "Chance"
    ]  # fmt: skip
    for record, row in zip(records, shown.to_dict("records"), strict=True):
        assert row["R@10"].startswith(f"{record['r@10']:.2f}") and row["n"] == record["n"]
        assert row["median rank"].startswith(f"{record['median_rank']:g}")
    assert shown["R@10"].iloc[-1] == f"{records[0]['r@10_chance']:.2f}"
    said = unescaped(texts(at))
    assert pivot_words.verdict(KEY, standings.margins(frame, "pivot-sym", "text→picture", "en")) in said
    at = healthy(at.segmented_control(key="pivot task").set_value("text→text").run())
    assert "Spelling" in table(at, "R@1")["model"].tolist()
    at = healthy(at.segmented_control(key="pivot tested text→text").set_value("de→en").run())
    said = unescaped(texts(at))
    assert pivot_words.verdict(KEY, standings.margins(frame, "pivot-sym", "text→text", "de→en")) in said


def test_models_that_were_never_tested(shapes: dataset.Dataset) -> None:
    path = translation.models_folder(shapes) / BACKBONE / "en-de" / "items" / experiment.RANKS
    for broken in (b"no table", None):
        path.write_bytes(broken) if broken else path.unlink()
        at = healthy(page())
        assert "It has not been tested yet" in unescaped(texts(at))
        assert [info.value for info in at.main.info] == [draw.safe("No model has been tested on this task yet.")]
        command = f"python -m cldi_core pivot evaluate --dataset shapes --pair en-de --backbone {BACKBONE}"
        assert command in [code.value for code in at.main.code]


def test_models_of_one_language_each(shapes: dataset.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    charts = Charts()
    monkeypatch.setattr(st, "plotly_chart", charts)
    at = healthy(page(trained=VSE, text="red cow"))
    said = unescaped(texts(at))
    assert "Each language has a space of its own" in said and "This is the space of en" in said
    found = index_of(shapes, models.Key(BACKBONE, "en-de", "vse"))
    between = search.descriptions(found, "red cow", ("en", "de"), found.keys("test"), pivot_load.LISTED)
    assert listings(at)[0] == [one.text for one in between]
    curves, plane = charts.figures
    assert {trace.name for trace in curves.data if trace.mode == "lines"} == {"en", "de"}
    assert [trace.name.split(",")[0] for trace in plane.data[:2]] == ["pictures", "en"]


@pytest.mark.parametrize("broken", [b"not a model", None])
def test_a_broken_model_is_told_in_one_line(shapes: dataset.Dataset, broken: bytes | None) -> None:
    path = KEY.path(translation.models_folder(shapes), ("en", "de"))
    path.write_bytes(broken if broken is not None else path.read_bytes()[:-100])
    at = page()
    assert not at.exception
    (error,) = at.error
    assert "en\\+de\\.safetensors" in error.value and "train it again" in error.value and "\n" not in error.value
    assert "Chance" in table(at, "R@1")["model"].tolist()
    healthy(at.selectbox(key="pivot trained").set_value(VSE).run())


def test_a_point_on_the_map_shows_its_item(shapes: dataset.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    clicks: dict[str, Any] = {}

    def chart(figure: Any, **options: Any) -> Event:
        clicks.setdefault(options["key"], (figure, options.get("on_select")))
        return Event()

    monkeypatch.setattr(st, "plotly_chart", chart)
    healthy(page(text="red cow"))
    found = index_of(shapes)
    shown = search.plane(found, found.keys("test"), "en")
    ((figure, on_select),) = [value for key, value in clicks.items() if key.startswith("pivot map")]
    number = len(shown.kinds) - 1
    event = {"selection": {"points": [{"customdata": number}]}}
    assert pivot_search.point(event, shown) == shown.items[number]
    for other in ([], [{"x": 1.0}], [{"customdata": 9999}]):
        assert pivot_search.point({"selection": {"points": other}}, shown) == ""
    (key,) = [key for key in clicks if key.startswith("pivot map")]
    state: dict[str, Any] = {key: event}
    monkeypatch.setattr(st, "session_state", state)
    looked_at: list[str] = []
    monkeypatch.setattr(pivot_search, "pick", looked_at.append)
    on_select()
    assert looked_at[0] == found.picture(found.corpus.item[shown.items[number]])
    groups = [trace for trace in figure.data if trace.name and ", n = " in trace.name]
    assert sorted(place for trace in groups for place in trace.customdata) == list(range(len(shown.kinds)))


def test_figures_escape_texts_and_mark_what_is_chosen() -> None:
    shown = search.Plane(
        ("pictures", "en", "de"), ("a", "a", "b"), ("<b>x</b>", "<i>y</i>", "z"), np.eye(3, 2, dtype=np.float32),
        0.5, 2, {"pictures": np.zeros(2), "en": np.zeros(2), "de": np.zeros(2)}, np.eye(2),
    )  # fmt: skip
    chart = pivot_figures.plane(shown, ("en", "de"), "a", np.array([[0.5, 0.5]], np.float32))
    names = [trace.name for trace in chart.data if trace.name]
    assert names == ["pictures, n = 1", "en, n = 1", "de, n = 1", "the chosen item", "the text"]
    said = [text for trace in chart.data for text in trace.hovertext or ()]
    assert said and not any("<" in text for text in said)
    assert list(chart.data[4].customdata) == [0, 1]
    assert [trace.name for trace in pivot_figures.plane(shown, ("en", "de")).data] == names[:3]
    colours = [trace.marker.color for trace in chart.data[:3]]
    assert colours == [pivot_figures.PICTURES, *figures.LANGUAGE_COLOURS]


def test_the_curve_marks_the_epoch_that_is_kept(built: dataset.Dataset) -> None:
    known = about.stored(KEY.path(translation.models_folder(built), ("en", "de"))).about
    chart = pivot_figures.curves({"en+de": known}, ("en", "de"))
    loss, kept, recall, best = chart.data
    assert list(loss.y) == [one.loss for one in known.curve] and list(recall.y) == [one.recall for one in known.curve]
    assert list(kept.x) == list(best.x) == [known.best + 1] and best.y[0] == known.curve[known.best].recall


def test_other_pages_do_not_load_torch() -> None:
    modules = ", ".join(f"pages._ui.pivot_{part}" for part in ("figures", "load", "results", "search", "words"))
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr
