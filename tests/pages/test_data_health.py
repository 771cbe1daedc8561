"""The Data page on health: suspects with their pictures, and a click that leaves them out."""

from __future__ import annotations

import pytest
import streamlit as st

from cldi_core.data import left_out, permissions
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item
from cldi_core.insight import hygiene, likeness
from cldi_core.insight.hygiene import Suspect
from pages._ui import data_left_out, data_suspects, data_words
from tests.pages_data import button, healthy, open_page, texts, unescaped


@pytest.fixture(autouse=True)
def _nothing_cached(small: Dataset) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def test_each_suspect_has_a_click_and_all_of_a_kind_have_one(small: Dataset) -> None:
    found = hygiene.found(hygiene.known(small), "en-de")["few"]
    at = healthy(open_page("data", section="health", suspects="few"))
    (kinds,) = [one for one in at.main.get("button_group") if one.key == "suspects"]
    assert f"({len(found)})" in kinds.options[list(hygiene.KINDS).index("few")]
    clicks = [one for one in at.main.button if one.label == "Leave out"]
    assert len(clicks) == min(len(found), data_suspects.PAGE) and data_words.LEAVING[True] in unescaped(texts(at))
    first = Item(language=found[0].words[0][0], word=found[0].words[0][1])
    at = healthy(clicks[0].click().run())
    assert [(one.item, one.reason) for one in left_out.left_out(small)] == [(first, "check: few")]
    assert "1 item left out" in unescaped(texts(at)) and data_words.STALE in texts(at)
    assert found[0] not in hygiene.found(hygiene.known(Dataset(small.path)), "en-de")["few"]
    healthy(button(at, "Leave them out").click().run())
    assert hygiene.found(hygiene.known(Dataset(small.path)), "en-de")["few"] == []


def test_pictures_are_left_out_under_all_words(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    key = small.members("en")["dog"][0]
    one = Suspect("placeholder", (("en", "dog"), ("de", "Hund")), (key,), (Item(key),), ("look",))
    monkeypatch.setattr(hygiene, "found", lambda *given: {name: [] for name in hygiene.KINDS} | {"placeholder": [one]})
    at = healthy(open_page("data", section="health"))
    assert "en dog, de Hund · by look" in unescaped(texts(at))
    healthy(button(at, "Leave out").click().run())
    assert [own.item for own in left_out.left_out(small)] == [Item(picture=key)]


def test_what_was_not_compared_is_said_with_the_command_that_does_it(small: Dataset) -> None:
    at = healthy(open_page("data", section="health"))
    assert data_words.NOT_COMPARED in unescaped(texts(at))
    likeness.make(small)
    at = healthy(at.run())
    assert data_words.NOT_COMPARED not in unescaped(texts(at))


def test_nothing_is_left_out_where_nobody_may(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(permissions.VARIABLE, "1")
    at = healthy(open_page("data", section="health", suspects="few"))
    assert not [one for one in at.main.button if one.label.startswith(("Leave", "Take"))]
    before = sorted(small.path.rglob("*"))
    data_left_out.leave_out("small", [Item(language="en", word="dog")], "x")
    data_left_out.take_back("small", [])
    assert sorted(small.path.rglob("*")) == before


def test_words_are_counted_by_language_and_part_of_speech(small: Dataset) -> None:
    at = healthy(open_page("data", section="health"))
    (table,) = [frame.value for frame in at.dataframe if "part of speech" in frame.value]
    rows = {(row[0], row[1]): tuple(row[2:]) for row in table.to_numpy().tolist()}
    assert rows["en", "noun"] == (4, 3, 5) and rows["en", "verb"] == (1, 1, 3) and rows["de", "adjective"][:2] == (2, 2)


def test_many_words_are_named_and_the_others_counted() -> None:
    one = Suspect("placeholder", tuple(("en", f"w{number}") for number in range(20)), ("a" * 32, "b" * 32), ())
    said = data_words.suspect(one)
    assert said.startswith("en w0, en w1") and said.endswith("and 12 more words · 2 pictures")
