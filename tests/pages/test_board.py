"""The board: what the component is given, and that what it sends back can do no harm."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight.explanation import Candidate
from cldi_core.insight.story import Attributed, Share
from pages._ui import board, component, told, what_if
from pages._ui.foreign import plain
from tests.conftest import BACKBONE
from tests.insight.test_explanation import NAN, case
from tests.pages.conftest import Shown, Url
from tests.pages.hostile import CORPUS, build_hostile


@pytest.fixture
def pair(small: Dataset) -> Pair:
    st.cache_data.clear()
    st.cache_resource.clear()
    return open_pair(small, BACKBONE, "en-de")


def sides(pair: Pair, **changes: Any) -> board.Sides:
    """The word “run” between “Hund” and its right answer “rennen”."""
    ids, dog, right = (tuple(pair.source.word_ids("run")), *map(tuple, map(pair.target.word_ids, ("Hund", "rennen"))))
    rival = Candidate("Hund", 1, 0.6, False, "N", len(dog))
    answer = Candidate("rennen", 2, 0.5, True, "V", len(right))
    found = replace(case(2), word="run", candidates=(rival, answer), gold=(answer,), pictures=len(ids))
    parts = tuple(
        Attributed(word, score, tuple(Share(key, own[0], one, one / 3) for key, one in zip(ids, cosines, strict=True)),
                   (("hub", score - sum(cosines) / 3),))
        for word, own, score, cosines in (("Hund", dog, 0.6, (0.2, 0.9, 0.4)), ("rennen", right, 0.5, (0.5, 0.3, 0.4)))
    )  # fmt: skip
    made = board.Sides("small", pair, found, what_if.Trial(), rival, answer, (parts[0], parts[1]))
    return replace(made, **changes)


def without(one: Attributed | None, key: str) -> Attributed:
    assert one is not None
    return replace(one, pictures=tuple(share for share in one.pictures if share.id != key))


def test_a_row_for_each_picture_sorted_by_what_it_does_for_the_rival(pair: Pair) -> None:
    drawn = board.data(sides(pair))
    ids = tuple(pair.source.word_ids("run"))
    assert [row["id"] for row in drawn["rows"]] == [ids[1], ids[2], ids[0]]
    assert [row["difference"] for row in drawn["rows"]] == ["+0.200", "+0.000", "−0.100"]
    assert [row["bar"] for row in drawn["rows"]] == pytest.approx([1, 0, -0.5])
    first = drawn["rows"][0]
    assert (first["rival"]["cosine"], first["rival"]["share"], first["rival"]["nearer"]) == (
        "0.90",
        "share 0.300",
        True,
    )
    assert (first["right"]["cosine"], first["right"]["nearer"]) == ("0.30", False)
    assert not any(row[side]["nearer"] for row in drawn["rows"][1:2] for side in ("rival", "right")), "they tie"
    assert drawn["note"] == "sorted by what each does for Hund more than for rennen"


def test_the_columns_and_the_footer(pair: Pair) -> None:
    drawn = board.data(sides(pair))
    assert [(one["role"], one["word"]) for one in drawn["columns"]] == [
        ("source word · en", "run"), ("winner · de", "Hund"), ("right answer ✓ · de", "rennen")
    ]  # fmt: skip
    assert drawn["columns"][1]["facts"].startswith("#1 · noun · ") and drawn["columns"][2]["facts"].startswith("#2")
    values = {line["label"]: line["values"] for line in drawn["footer"]}
    assert values["score"] == ["0.600", "0.500"]
    assert values["votes: pictures nearer to it"] == ["1 of 3 pictures", "1 of 3 pictures"]
    assert values["correction"] == ["+0.100 hub", "+0.100 hub"]


def test_a_picture_left_out_stays_where_it_was(pair: Pair) -> None:
    whole = sides(pair)
    order = tuple(row["id"] for row in board.data(whole)["rows"])
    left = order[0]
    parts = (without(whole.parts[0], left), without(whole.parts[1], left))
    drawn = board.data(replace(whole, trial=what_if.Trial((left,)), parts=parts, order=order))
    assert tuple(row["id"] for row in drawn["rows"]) == order
    assert [row["out"] for row in drawn["rows"]] == [True, False, False]
    assert (drawn["rows"][0]["difference"], drawn["rows"][0]["rival"], drawn["rows"][0]["why"]) == (
        "",
        None,
        "left out",
    )
    assert {line["label"]: line["values"] for line in drawn["footer"]}["votes: pictures nearer to it"][
        0
    ] == "0 of 2 pictures"
    assert drawn["note"] == "in the order that they had with all pictures"


def test_the_last_picture_of_either_side_stays_in(pair: Pair) -> None:
    whole = sides(pair)
    ids, right = whole.source, whole.target
    assert len(ids) == 3 and len(right) == 2
    parts = (without(without(whole.parts[0], ids[0]), ids[1]), without(without(whole.parts[1], ids[0]), ids[1]))
    drawn = board.data(replace(whole, trial=what_if.Trial(ids[:2], right[:1]), parts=parts))
    locked = {row["id"]: bool(row["locked"]) for row in drawn["rows"]}
    assert locked == {ids[0]: False, ids[1]: False, ids[2]: True}
    assert [(one["out"], bool(one["locked"])) for one in drawn["strip"]] == [(True, False), (False, True)]


def test_those_beyond_the_first_n_say_so(pair: Pair) -> None:
    whole = sides(pair)
    drawn = board.data(replace(whole, trial=what_if.Trial(first=2)))
    beyond = next(row for row in drawn["rows"] if row["id"] == whole.source[2])
    assert (beyond["out"], beyond["why"], beyond["locked"]) == (True, *["not among the first 2"] * 2)


def test_where_no_picture_was_compared_the_sets_stand_side_by_side(pair: Pair) -> None:
    whole = sides(pair)
    drawn = board.data(replace(whole, parts=(None, None), found=replace(whole.found, learned=True)))
    assert [row["id"] for row in drawn["rows"]] == list(whole.source)
    assert [row["right"]["id"] for row in drawn["rows"] if row["right"]] == list(whole.target)
    assert all(row["locked"] and not row["difference"] for row in drawn["rows"]) and drawn["footer"] == []
    assert all(one["locked"] for one in drawn["strip"]) and "compares no pictures" in drawn["note"]


def test_words_without_pictures_or_rivals(pair: Pair) -> None:
    whole = sides(pair)
    ghost = Candidate("Geist", NAN, NAN, True, "N", 0)
    drawn = board.data(replace(whole, rival=None, answer=ghost, parts=(None, None)))
    assert drawn["columns"][1]["word"] == "–" and "no rank" in drawn["columns"][2]["facts"]
    assert drawn["strip"] == [] and all(row["rival"] is row["right"] is None for row in drawn["rows"])
    empty = board.data(replace(whole, found=replace(whole.found, word="ghost"), parts=(None, None)))
    assert empty["rows"] == [] and empty["nothing"] == "There are no pictures."


def test_a_picture_opens_with_what_is_known_of_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sides(pair)
    key = whole.source[1]
    many = told.Known("a hare", "CC0-1.0", "Noto", "Ann", "http://x.example", ("run (en)", "Hase (de)"), 4)
    monkeypatch.setattr(told, "known", lambda name, ids: dict.fromkeys(ids, many))
    one = board.data(whole)["pictures"][key]
    assert one["url"].startswith("data:image/webp;base64,") and one["name"] == "a hare"
    assert dict(one["facts"]) == {
        "Licence": "CC0-1.0", "From": "Noto, Ann", "Page": "http://x.example",
        "Words that have it": "run (en), Hase (de), and 4 more",
    }  # fmt: skip
    assert [match["text"] for match in one["matches"]] == ["Hund, cosine 0.90", "rennen, cosine 0.30"]
    back = board.data(whole)["pictures"][whole.parts[0].pictures[0].match]["matches"]
    assert [match["text"] for match in back] == ["run, cosine 0.90", "run, cosine 0.40", "run, cosine 0.20"]


def test_every_picture_of_the_board_is_handed_over_and_no_other(pair: Pair) -> None:
    drawn = board.data(sides(pair))
    shown = {row["id"] for row in drawn["rows"]} | {one["id"] for one in drawn["strip"]}
    shown |= {row[side]["id"] for row in drawn["rows"] for side in ("rival", "right")}
    assert set(drawn["pictures"]) == shown
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn, "plain values"


@pytest.mark.parametrize(("large", "size", "rows"), [(False, 52, 4), (True, 120, 3)])
def test_an_audience_sees_large_pictures(pair: Pair, large: bool, size: int, rows: int) -> None:
    drawn = board.data(sides(pair), large=large)
    assert (drawn["size"], drawn["per_page"]) == (size, rows)


def mounted(monkeypatch: pytest.MonkeyPatch, made: board.Sides) -> Callable[[], None]:
    """The board, drawn; what it calls when something is clicked."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(board, "_mount", lambda **given: calls.append(given))
    board.show(made)
    (call,) = calls
    assert call["key"] == board.KEY and call["data"] == board.data(made)
    changed: Callable[[], None] = call["on_toggle_change"]
    return changed


@pytest.mark.parametrize(
    "sent",
    [
        None, "x", 3, [], {}, {"side": "source"}, {"side": "x", "id": "a" * 32}, {"side": ["source"], "id": {"a": 1}},
        {"side": "source", "id": "../../etc"}, {"side": "source", "id": "a" * 100_000},
    ],
)  # fmt: skip
def test_what_the_browser_sends_is_trusted_with_nothing(
    shown: Shown, url: Url, pair: Pair, monkeypatch: pytest.MonkeyPatch, sent: Any
) -> None:
    changed = mounted(monkeypatch, sides(pair))
    st.session_state[board.KEY] = {"toggle": sent}
    changed()
    assert "without" not in url


def test_a_click_leaves_a_picture_out(shown: Shown, url: Url, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sides(pair)
    changed = mounted(monkeypatch, made)
    st.session_state[board.KEY] = {"toggle": {"side": "source", "id": made.source[1]}}
    changed()
    assert url["without"] == made.source[1][:8]
    st.session_state[board.KEY] = {"toggle": {"side": "target", "id": made.target[0]}}
    changed()
    assert url["without"] == f"t{made.target[0][:8]}"


def test_missing_pictures_are_told_with_the_command_that_looks_for_them(
    shown: Shown, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sides(pair)
    monkeypatch.setattr(board.load, "thumbnails", lambda name, ids: dict.fromkeys(ids[1:], "data:image/webp;base64,x"))
    mounted(monkeypatch, made)
    (line,) = shown.of("caption")
    assert line.startswith(rf"Missing or broken\: 1 of the {len(board.data(made)['pictures'])} pictures here")


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_names_are_data(pair: Pair, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    known = told.Known(text, text, text, text, text, (text,), 0)
    monkeypatch.setattr(told, "known", lambda name, ids: dict.fromkeys(ids, known))
    drawn = board.data(sides(pair))
    assert {one["name"] for one in drawn["pictures"].values()} == {plain(text)}
    assert {re.sub(r"^data:image/webp;base64,.*", "", one["url"]) for one in drawn["pictures"].values()} == {""}


def test_the_script_writes_text_and_never_markup() -> None:
    script = (component.HERE / "board.js").read_text("utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch("):
        assert word not in script
    style = (component.HERE / "board.css").read_text("utf-8")
    assert not re.findall(r"https?:", script) and not re.findall(r"url\(|@import|https?:", style), (
        "nothing from elsewhere"
    )


def test_a_hostile_data_set_has_a_board(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_hostile(tmp_path / "hostile")
    monkeypatch.setenv("CLDI_DATA", str(tmp_path))
    st.cache_data.clear()
    st.cache_resource.clear()
    (backbone,) = made.backbones
    pair = open_pair(made, backbone, "en-de")
    word = pair.queries[0].word
    answer = Candidate(pair.queries[0].right[0], 2, 0.5, True, "N", 1)
    found = replace(case(2), word=word, gold=(answer,), candidates=(answer,))
    drawn = board.data(board.Sides("hostile", pair, found, what_if.Trial(), None, answer, (None, None)))
    assert drawn["columns"][0]["word"] == plain(word) and math.isfinite(len(drawn["rows"]))
    json.dumps(drawn, allow_nan=False)
