"""The Play page without a browser: a game from its start to its tables, and what is kept of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core import rankers
from cldi_core.data import answers
from cldi_core.data.dataset import Dataset
from cldi_core.insight import people, play
from pages._ui import play_load
from tests.pages_data import build_wide, button, healthy, open_page, pair_of, texts, unescaped, view_of

NAME = "Ada [x](http://y.example) <b>$a$"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A data set without scores."""
    return build_wide(tmp_path_factory.mktemp("data") / "wide")


@pytest.fixture
def data(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    """It alone, without answers."""
    st.cache_data.clear()
    monkeypatch.setenv("CLDI_DATA", str(made.path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    yield made
    folder = made.path / answers.FOLDER
    if folder.is_dir():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


def start(name: str = NAME, **params: str) -> AppTest:
    at = healthy(open_page("play", **params))
    at.text_input(key="play-name").set_value(name)
    return healthy(button(at, "Start").click().run())


def choose(at: AppTest, place: int) -> AppTest:
    return healthy(at.button(key=f"play-option-{place}").click().run())


def on(at: AppTest) -> AppTest:
    return healthy(at.button(key="play-next").click().run())


def rounds(made: Dataset, seed: int, letters: str = "NVA") -> tuple[play.Round, ...]:
    return play.game(pair_of(made), [rankers.ranker(name) for name in play.SIX], seed, letters)


def test_a_game_from_its_start_to_its_tables(data: Dataset) -> None:
    at = start(seed="7", pos="A")
    game = rounds(data, 7, "A")
    assert len(game) == 4, "there are four adjectives"
    for number, shown in enumerate(game, 1):
        assert f"Round {number} of 4" in unescaped(texts(at))
        at = choose(at, shown.right if number % 2 else 9)
        said = unescaped(texts(at))
        assert f"Round {number} of 4 · {'Right' if number % 2 or shown.right == 9 else 'Wrong'}" in said
        assert shown.answer in said and all(word in said for word in shown.options)
        at = on(at)
    kept = answers.read(data.path)
    assert [one.number for one in kept.answers] == list(range(1, 5)) and kept.players == {NAME: 4}
    assert [(one.query, one.options, one.right) for one in kept.answers] == [
        (one.query, one.options, one.answer) for one in game
    ]
    right = sum(one.hit for one in kept.answers)
    own, listed, shares, behind, players = (one.value for one in at.dataframe)
    hits = [
        {name: one.hit for name, one in play.machine(pair_of(data), shown.options, shown.answer, rows).items()}
        for shown in game
        for rows in [play.scores_of(pair_of(data), [rankers.ranker(name) for name in play.SIX], shown.word)]
    ]
    lines = people.compared(kept.answers, hits)
    assert own["all"].tolist() == [f"{line.right:.3g} of 4" for line in lines if line.setting == "ALL"]
    assert own[""].tolist()[:3] == ["you", "chance", "AVGMAX"] and own["all"][0] == f"{right} of 4"
    assert listed["you chose"].tolist() == [one.chosen for one in kept.answers]
    assert shares[""].tolist() == ["people", *own[""].tolist()[1:]] and len(behind) == len(shares) - 1
    assert shares.columns[1] == "all, n = 4 (4 words)" and players["player"].tolist() == [NAME]
    assert f"{right} of 4 right, {NAME}" in unescaped(texts(at))
    (link,) = [one.value for one in at.main.code]
    assert "seed=7" in link and "Ada" not in link


def test_what_is_hidden_is_not_on_the_page_before_the_choice(data: Dataset) -> None:
    at = start("", seed="3", pos="N")
    (shown, *_) = rounds(data, 3, "N")
    assert len(at.button) == 11
    pictures = " ".join(str(one.proto) for one in at.get("image"))
    page = " ".join([texts(at), *(one.label for one in at.button), pictures])
    assert "the hidden word, picture 1 of" in pictures and "set 0, picture 1 of 1" in pictures
    hidden = {word for word in (shown.word, shown.query, *shown.options) if word.isalpha() or "|" in word}
    assert hidden and not any(word in unescaped(page) for word in hidden)
    assert not any(key in page for ids in (shown.pictures, *shown.sets) for key in ids)


def test_a_game_goes_on_where_its_player_left_it(data: Dataset) -> None:
    at = choose(start(seed="7"), 0)
    assert "Round 1 of 10" in texts(at)
    at = start(f" {NAME} \t", seed="7")
    assert "Round 2 of 10" in texts(at)
    assert "Round 1 of 10" in texts(start("Bob", seed="7"))
    assert "Round 1 of 10" in texts(start(NAME, seed="8"))
    assert answers.read(data.path).players == {NAME: 1}


def test_without_a_name_nothing_is_kept(data: Dataset) -> None:
    at = on(choose(start("\u200b ", seed="7"), 0))
    assert "Round 2 of 10" in texts(at) and not (data.path / answers.FOLDER).exists()


def test_where_nothing_can_be_written_the_game_goes_on_and_says_so(data: Dataset) -> None:
    (data.path / answers.FOLDER).write_text("no folder")
    at = choose(start(seed="7"), 0)
    (warning,) = at.main.warning
    assert unescaped(warning.value).startswith("This answer is not kept: ") and "cannot be written to" in warning.value
    at = on(at)
    assert "Round 2 of 10" in texts(at) and not at.main.warning


@pytest.mark.parametrize("seed", ["<script>alert(1)</script>", "-" + "9" * 5000])
def test_any_seed_of_a_link_is_a_game(data: Dataset, seed: str) -> None:
    at = healthy(open_page("play", seed=seed))
    assert at.text_input(key="play-seed").value == str(play.seed_of(seed))
    at = healthy(button(at, "Start").click().run())
    assert "Round 1 of" in texts(at) and view_of(at)["seed"] == str(play.seed_of(seed))


def test_the_start_card_chooses_words_and_seed(data: Dataset) -> None:
    at = healthy(open_page("play"))
    at.text_input(key="play-seed").set_value("class 7b")
    at.button_group(key="play-pos").set_value(["V"])
    at = healthy(button(at, "Start").click().run())
    assert (view_of(at)["seed"], view_of(at)["pos"]) == (str(play.seed_of("class 7b")), "V")
    assert "Round 1 of 5" in texts(at)
    at = healthy(at.button(key="play-stop").click().run())
    assert "seed" not in view_of(at) and button(at, "Start")
    at = healthy(button(at, "Start").click().run())
    assert view_of(at)["seed"].isdecimal()


def test_answers_are_deleted(data: Dataset) -> None:
    for name in (NAME, "Bob"):
        choose(start(name, seed="7"), 0)
    at = healthy(open_page("play"))
    at.selectbox(key="play-delete").set_value(NAME)
    at = healthy(button(at, "Delete").click().run())
    assert answers.read(data.path).players == {"Bob": 1}
    assert at.dataframe[-1].value["player"].tolist() == ["Bob"]


def test_answers_do_not_empty_the_caches_of_other_pages(data: Dataset) -> None:
    before = Dataset(data.path).stamp()
    choose(start(seed="7"), 0)
    assert Dataset(data.path).stamp() == before


def test_the_chosen_method_plays_too_where_it_looks_at_pictures(data: Dataset) -> None:
    assert play_load.ways("sinkhorn") == (*play.SIX, "sinkhorn")
    assert play_load.ways("knn") == play_load.ways("identity") == play_load.ways("pivot-sym") == play.SIX
    at = choose(start("", seed="7", method="avgmax-sym"), 0)
    assert "AVGMAX, both ways" in unescaped(texts(at)) or "all methods" in texts(at)
    assert "AVGMAX + CSLS" not in texts(choose(start("", seed="7", method="avgmax+csls"), 0)), "it needs all words"


def test_a_damaged_file_is_said_in_one_line(data: Dataset) -> None:
    Path(answers.path_of(data.path)).mkdir(parents=True)
    at = start("Bob", seed="7")
    assert "Round 1 of 10" in texts(at)
    at = healthy(open_page("play"))
    assert "cannot be read" in at.main.warning[0].value
