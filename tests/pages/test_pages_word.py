"""The Word page of a complete data set: its board, what a visitor tries, and the presentation."""

from __future__ import annotations

import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.stored_scores import row_of
from cldi_core.insight import explanation
from tests import oracles
from tests.conftest import BACKBONE
from tests.pages_data import MANY, board_of, button, healthy, open_page, pair_of, texts, unescaped, view_of

pytestmark = pytest.mark.usefixtures("wide")


def test_all_pictures_of_a_word_are_on_the_board() -> None:
    drawn = board_of(open_page("word", word="dog.N"))
    assert len(drawn["rows"]) == MANY and all(row["rival"] and row["right"] for row in drawn["rows"])
    assert len(drawn["strip"]) == 1 and drawn["per_page"] == 4


def test_what_is_tried_is_in_the_url_and_for_nobody_else(wide: Dataset) -> None:
    ids = wide.members("en")["shake"]
    at = healthy(open_page("word", word="shake.V", without=ids[0][:8]))
    assert [row["id"] for row in board_of(at)["rows"] if row["out"]] == [ids[0]]
    assert (
        "rank 17 →" in unescaped(texts(at)) and "1 of 2 pictures" in texts(at) and view_of(at)["without"] == ids[0][:8]
    )
    assert board_of(healthy(at.run())) == board_of(healthy(open_page("word", word="shake.V", without=ids[0][:8])))
    other = healthy(open_page("word", word="shake.V"))
    assert not any(row["out"] for row in board_of(other)["rows"]) and "rank 17 →" not in unescaped(texts(other))
    at = healthy(at.sidebar.selectbox(key="method").set_value("cnn-max").run())
    assert view_of(at)["without"] == ids[0][:8], "another method is tried with the same pictures"
    at = healthy(button(at, "All pictures").click().run())
    assert "without" not in view_of(at) and not any(row["out"] for row in board_of(at)["rows"])


def test_what_is_tried_ranks_as_if_scored_from_scratch(wide: Dataset) -> None:
    pair, ids = pair_of(wide), wide.members("en")["shake"]
    at = healthy(open_page("word", word="shake.V", without=ids[0][:8]))
    kept = [pair.source["shake"][place] for place, key in enumerate(pair.source.word_ids("shake")) if key != ids[0]]
    row = {word: oracles.avgmax(kept, list(pair.target[word])) for word in pair.target.words if len(pair.target[word])}
    table = at.dataframe[0].value
    assert table["score"].tolist() == pytest.approx([row[word] for word in table["candidate"]], abs=1e-5)


def test_the_right_answer_whose_pictures_are_left_out_stays_on_the_board(small: Dataset) -> None:
    """Also where another right answer is the better one then."""
    pair = open_pair(small, BACKBONE, "en-de")
    row = row_of(pair, rankers.ranker("avgmax"), "run")
    assert row is not None
    best = explanation.explain(pair, pair.find("run"), row).gold[0].word
    ids = pair.target.word_ids("rennen")
    at = healthy(open_page("word", dataset="small", word="run.V", candidate="rennen", without=f"t{ids[0][:8]}"))
    assert best in ("rennen", "laufen")
    assert board_of(at)["columns"][2]["word"] == "rennen"
    assert [one["out"] for one in board_of(at)["strip"]] == [True, False]
    at = healthy(open_page("word", dataset="small", word="run.V", without=f"t{pair.target.word_ids(best)[0][:8]}"))
    assert board_of(at)["columns"][2]["word"] == best


@pytest.mark.parametrize("value", ["../../etc/passwd", "<script>", "t", "zzzzzzzz", "0" * 3000, "\x00", ",,,"])
def test_a_bad_wish_is_passed_over(value: str) -> None:
    at = healthy(open_page("word", word="shake.V", without=value, first=value, k=value, present=value))
    assert not any(row["out"] for row in board_of(at)["rows"])
    assert not any(evil in texts(at) for evil in ("script", "passwd"))


def test_a_presentation_has_large_pictures_and_no_sidebar() -> None:
    at = healthy(open_page("word", word="shake.V", present="1"))
    assert board_of(at)["size"] == 120 and not at.sidebar.selectbox
    at = healthy(button(at, "Next").click().run())
    assert view_of(at)["present"] == "1" and view_of(at)["word"] != "shake.V"
    at = healthy(button(at, "End").click().run())
    assert "present" not in view_of(at) and at.sidebar.selectbox and board_of(at)["size"] == 52
