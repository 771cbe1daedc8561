"""What pages show of the data, kept before anybody asks: the first page's while the browser starts, and what the Word
page opens with while its reader looks at the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cldi_core.errors import CldiError
from cldi_core.evaluation import paper, tables

from . import data_load, evidence_load, glossary, load, story_cards, told, view, walk


def first_page() -> None:
    """Find what the first page shows to who comes without a link, in the order in which it is drawn.

    What is wrong with the data is left for the page to say.
    """
    _find(_overview)


def word_page() -> None:
    """Find what the Word page tells of the word that it opens with; as ``first_page``."""
    _find(_word)


def _find(what: Callable[[view.View], object]) -> None:
    """Find something of the view that is shown to who comes without a link."""
    try:
        with load.one_run():
            if names := load.names():
                current = view.resolve({}, view.View(pos=""), names, load.choices(names[0]))[0]
                if current.pair and current.backbone:
                    what(current)
    except CldiError:
        return


def _word(current: view.View) -> None:
    here = (current.dataset, current.backbone, current.pair, current.method)
    among = walk.of(*here, current.pos, current.show)
    if among.ids:
        told.story(*here, walk.first(among))


def _overview(current: view.View) -> None:
    here = (current.dataset, current.backbone, current.pair, current.method)
    glossary.of(current, "csls")
    story_cards.fetch(current.dataset, evidence_load.stories(*here) or [])
    evidence_load.all_words(*here)
    found(current)
    data_load.counts(current.dataset)


def found(current: view.View) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The pairs alike to that of a view, and the figures of the paper's methods in them (``load.table``)."""
    pairs = load.opened(current.dataset).alike(current.pair)
    ways, group = tuple(paper.TABLE_2), tables.group_of(pairs)
    return pairs, load.table(current.dataset, current.backbone, pairs, ways=ways, group=group)
