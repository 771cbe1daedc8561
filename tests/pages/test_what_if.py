"""What a visitor tries: read from the URL, bounded, and never anything that leaves a word without a picture."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from cldi_core.insight.what_if import Edit
from pages._ui import view, what_if
from pages._ui.what_if import Trial
from tests.insight.test_explanation import MILK, case
from tests.pages.conftest import Shown, Url

SOURCE = tuple(f"{number:08x}{'a' * 24}" for number in range(6))
TARGET = tuple(f"{number:08x}{'b' * 24}" for number in range(4, 8))  # two begin as pictures of the word do
EVIL = ("../../etc", "<script>", "T00000004", "0000000", "000000000", "t", "é", "\x00", "0" * 5000, "t0000000z")


@pytest.fixture(autouse=True)
def visitor(shown: Shown) -> None:
    """A visitor who looks at a word."""
    st.session_state["view"] = view.View("small", "en-de", word="shake.V")


def test_pictures_of_both_sides_are_told_apart(url: Url) -> None:
    url["without"] = f"t{TARGET[0][:8]},{SOURCE[5][:8]},{SOURCE[1][:8]}"
    found = what_if.read(SOURCE, TARGET)
    assert found == Trial((SOURCE[1], SOURCE[5]), (TARGET[0],)), "in the order of the sets"
    assert what_if.written(found.source, found.target) == f"{SOURCE[1][:8]},{SOURCE[5][:8]},t{TARGET[0][:8]}"
    assert found.edit(SOURCE, "schütteln") == Edit((SOURCE[1], SOURCE[5]), (TARGET[0],), "schütteln")


def test_nothing_asked_is_no_edit(url: Url) -> None:
    assert what_if.read(SOURCE, TARGET) == Trial()
    assert Trial().edit(SOURCE, "schütteln") == Edit()


@pytest.mark.parametrize("value", EVIL)
def test_what_is_no_picture_is_passed_over_and_counted(url: Url, value: str) -> None:
    url["without"] = f"{value},{SOURCE[2][:8]}"
    found = what_if.read(SOURCE, TARGET)
    if len(value) < 1000:
        assert (found.source, found.target, found.ignored) == ((SOURCE[2],), (), 1)
    else:
        assert (found.source, found.target) == ((), ()), "a parameter of any length is cut"


def test_a_list_is_bounded(url: Url) -> None:
    many = tuple(f"{number:08x}{'c' * 24}" for number in range(200))
    url["without"] = ",".join(key[:8] for key in many)
    found = what_if.read(many, ())
    assert len(found.source) == what_if.MOST and found.ignored > 0
    assert len(what_if.written(many, many).split(",")) == what_if.MOST


@pytest.mark.parametrize(
    ("first", "kept", "ignored"),
    [("3", 3, 0), ("5", 5, 0), ("", None, 0), *((bad, None, 1) for bad in ("6", "0", "-1", "²", "1e3", "03"))],
)
def test_the_first_n_pictures(url: Url, first: str, kept: int | None, ignored: int) -> None:
    url["first"] = first
    found = what_if.read(SOURCE, TARGET)
    assert (found.first, found.ignored) == (kept, ignored)
    assert found.edit(SOURCE, "x") == Edit(SOURCE[kept:] if kept else ())


def test_the_number_of_groups_is_no_edit(url: Url) -> None:
    url["k"] = "3"
    assert what_if.read(SOURCE, TARGET).groups == 3 and what_if.read(SOURCE, TARGET).edit(SOURCE, "x") == Edit()
    url["k"] = "13"
    assert (what_if.read(SOURCE, TARGET).groups, what_if.read(SOURCE, TARGET).ignored) == (None, 1)


def test_no_word_is_left_without_a_picture(url: Url) -> None:
    url["without"] = what_if.written(SOURCE, ())
    assert (what_if.read(SOURCE, TARGET).source, what_if.read(SOURCE, TARGET).ignored) == ((), 6)
    url["without"] = what_if.written((), TARGET)
    assert (what_if.read(SOURCE, TARGET).target, what_if.read(SOURCE, TARGET).ignored) == ((), 4)
    url |= {"without": what_if.written(SOURCE[:2], ()), "first": "2"}
    found = what_if.read(SOURCE, TARGET)
    assert (found.source, found.first) == ((), 2), "those beyond the first are out as well"


def test_a_click_leaves_a_picture_out_and_takes_it_in_again(url: Url) -> None:
    what_if.toggle(Trial(), "source", SOURCE[2])
    assert url["without"] == SOURCE[2][:8]
    what_if.toggle(Trial((SOURCE[2],)), "target", TARGET[0])
    assert url["without"] == f"{SOURCE[2][:8]},t{TARGET[0][:8]}"
    what_if.toggle(Trial((SOURCE[2],), (TARGET[0],)), "source", SOURCE[2])
    assert url["without"] == f"t{TARGET[0][:8]}"
    what_if.toggle(Trial((), (TARGET[0],)), "target", TARGET[0])
    assert "without" not in url


@pytest.mark.parametrize(
    ("side", "key"), [("other", SOURCE[0]), ("source", "../x"), ("source", ""), ("", ""), ("source", "A" * 32)]
)
def test_what_no_board_would_send_changes_nothing(url: Url, side: str, key: str) -> None:
    what_if.toggle(Trial(), side, key)
    assert url == {}


def test_a_group_alone_or_without_it(url: Url) -> None:
    trial = Trial((SOURCE[0],), (TARGET[1],), first=3)
    assert what_if.only(trial, "source", SOURCE, SOURCE[:2]) == {
        "without": what_if.written(SOURCE[2:], (TARGET[1],)), "first": ""
    }  # fmt: skip
    assert what_if.only(trial, "target", TARGET, TARGET[:1]) == {
        "without": what_if.written((SOURCE[0],), TARGET[1:]), "first": ""
    }  # fmt: skip
    many = tuple(f"{number:032x}" for number in range(100))
    assert what_if.only(Trial(), "source", many, many[:5]) is None, "more than a URL holds"


def test_the_word_ends_what_was_tried_and_the_method_does_not(url: Url) -> None:
    url |= {"without": "00000001", "first": "3", "k": "2", "present": "1"}
    view.go(method="knn")
    assert {name: url.get(name) for name in ("without", "first", "k")} == {
        "without": "00000001",
        "first": "3",
        "k": "2",
    }
    view.go(word="run.V")
    assert not {"without", "first", "k"} & set(url) and url["present"] == "1"


def said(shown: Shown) -> str:
    return str(shown.of("markdown")[-1])


def bar(shown: Shown, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(st, "number_input", lambda *given, **options: shown.call("number_input", *given, **options))
    before = case(40, others=(MILK,), pictures=6)
    what_if.bar(trial, SOURCE, before, case(2, others=(MILK,), pictures=5))
    return shown.widget("reset")


def test_the_bar_says_what_has_changed(shown: Shown, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    url |= {"without": "00000001", "first": "3", "k": "2"}
    reset = bar(shown, Trial((SOURCE[1],), (TARGET[0],), None, None, 2), monkeypatch)
    for part in ("5 of 6 pictures", "1 left out of schütteln", "rank 40 → 2", "2 wishes of the link"):
        assert part in said(shown)
    assert not reset["disabled"]
    reset["on_click"](**reset["kwargs"])
    assert not {"without", "first", "k"} & set(url)


def test_the_bar_of_an_untouched_word(shown: Shown, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bar(shown, Trial(), monkeypatch)["disabled"] and "rank 40" not in said(shown)
    first = shown.widget("try-first")
    assert (first["min_value"], first["max_value"]) == (1, 5)
    st.session_state["try-first"] = 3
    first["on_change"]()
    assert url["first"] == "3"
    st.session_state["try-first"] = None
    first["on_change"]()
    assert "first" not in url
