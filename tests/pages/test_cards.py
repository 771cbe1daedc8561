"""Cards: what the component is given, and that what it sends back can do no harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import streamlit as st

from pages._ui import cards, component, view
from pages._ui.cards import Act, Card
from pages._ui.foreign import plain
from tests.pages.hostile import CORPUS

PICTURE = ("data:image/webp;base64,AAAA", "a hand")
CARDS = (
    Card("hand", "2 of 3", (PICTURE,), "alone", (Act("Only", {"without": "a"}), Act("Not", None, "It is all."))),
    Card(text="rank 3", acts=(Act("KNN", {"method": "knn"}),)),
)


def test_what_is_drawn() -> None:
    assert cards.data(CARDS, cards.GRID) == {
        "layout": "grid",
        "cards": [
            {"title": "hand", "more": "2 of 3", "pictures": [{"url": PICTURE[0], "alt": "a hand"}], "text": "alone",
             "acts": [{"label": "Only", "why": "", "off": False}, {"label": "Not", "why": "It is all.", "off": True}]},
            {"title": "", "more": "", "pictures": [], "text": "rank 3",
             "acts": [{"label": "KNN", "why": "", "off": False}]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("text", CORPUS)
def test_texts_are_drawn_as_plain_ones(text: str) -> None:
    (card,) = cards.data([Card(text, text, ((PICTURE[0], text),), text, (Act(text, {}, text),))], cards.LINES)["cards"]
    found = (card["title"], card["more"], card["text"], card["pictures"][0]["alt"], *card["acts"][0].values())
    assert found[:-1] == (plain(text),) * 6
    json.dumps(card)


def test_the_script_writes_text_and_shows_encoded_pictures_alone() -> None:
    script = (component.HERE / "cards.js").read_text("utf-8")
    assert "textContent" in script and not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval", script)
    assert script.count(".src =") == 1 and ".filter(shown)" in script
    style = (component.HERE / "cards.css").read_text("utf-8")
    assert "url(" not in style and "@import" not in style


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ([0, 0], {"without": "a"}), ([1, 0], {"method": "knn"}), ((1, 0), {"method": "knn"}), ([0, 1], None),
        ([0, 2], None), ([2, 0], None), ([-1, 0], None), ([0, -1], None), ([0], None), ([0, 0, 0], None), (None, None),
        ("00", None), ({"0": 0}, None), ([0.0, 0], None), (["0", "0"], None), ([[0], 0], None), ([10**30, 0], None),
    ],
)  # fmt: skip
def test_a_click_is_looked_up_among_what_was_offered(sent: Any, found: Any) -> None:
    offers = tuple(tuple(act.changes for act in card.acts) for card in CARDS)
    assert cards.offered(offers, sent) == found


def test_a_click_changes_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted: dict[str, Any] = {}
    monkeypatch.setattr(cards, "_mount", lambda **options: mounted.update(options))
    monkeypatch.setattr(st, "session_state", {"changes": {"act": [1, 0]}})
    asked: list[dict[str, str]] = []
    monkeypatch.setattr(view, "go", lambda **changes: asked.append(changes))
    cards.show("changes", CARDS, cards.LINES)
    assert mounted["data"] == cards.data(CARDS, cards.LINES) and mounted["key"] == "changes"
    held = [cell.cell_contents for cell in mounted["on_act_change"].__closure__]
    assert "data:" in repr(mounted["data"]) and "data:" not in repr(held), "a window keeps no pictures until a click"
    mounted["on_act_change"]()
    assert asked == [{"method": "knn"}]
    for nothing in ({"act": None}, {}, {"act": [0, 1]}):
        st.session_state["changes"] = nothing
        mounted["on_act_change"]()
    assert len(asked) == 1
