"""What could be tried, as cards: a title, some pictures, a text, and what a click asks for.

A component of our own, as a page of Streamlit's elements for the same took half of what the next word takes the server.
It is given data and draws them as text; what it sends back is looked up among what was offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from . import view
from .component import component
from .foreign import plain

GRID, LINES = "grid", "lines"
_mount = component("cards", '<div class="cards"></div>')


@dataclass(frozen=True)
class Act:
    """What a click on a card asks for.

    Attributes:
        changes: of the URL's parameters; ``None``: it cannot be asked for, for the reason ``why``.
    """

    label: str
    changes: Mapping[str, str] | None
    why: str = ""


@dataclass(frozen=True)
class Card:
    """One card; all texts are shown as they are, but for what ``plain`` changes.

    Attributes:
        more: follows the title; pictures: data URLs, each with its alternative text; acts: at its end, or at the
            beginning of a line.
    """

    title: str = ""
    more: str = ""
    pictures: tuple[tuple[str, str], ...] = ()
    text: str = ""
    acts: tuple[Act, ...] = ()


def show(key: str, cards: Sequence[Card], layout: str = GRID) -> None:
    """Draw cards side by side, or as lines; a click changes the URL.

    Args:
        key: told apart from others on the page.
    """

    # No more than what can be asked for is held until a click: each window would hold the pictures.
    offers = tuple(tuple(act.changes for act in card.acts) for card in cards)

    def clicked() -> None:
        sent = st.session_state[key].get("act")
        changes = offered(offers, sent)
        if changes is not None:
            view.go(**changes)

    _mount(key=key, data=data(cards, layout), on_act_change=clicked)


def offered(offers: Sequence[Sequence[Mapping[str, str] | None]], sent: object) -> Mapping[str, str] | None:
    """What a click asks for that a page in a browser has told of; ``None`` where that was not offered.

    Args:
        offers: of each card what its acts ask for.
    """
    match sent:
        case [int(card), int(act)] if 0 <= card < len(offers) and 0 <= act < len(offers[card]):
            return offers[card][act]
    return None


def data(cards: Sequence[Card], layout: str) -> dict[str, Any]:
    """What the component draws: plain texts and pictures, nothing else."""
    return {
        "layout": layout,
        "cards": [
            {
                "title": plain(card.title),
                "more": plain(card.more),
                "pictures": [{"url": url, "alt": plain(alt)} for url, alt in card.pictures],
                "text": plain(card.text),
                "acts": [
                    {"label": plain(act.label), "why": plain(act.why), "off": act.changes is None} for act in card.acts
                ],
            }
            for card in cards
        ],
    }
