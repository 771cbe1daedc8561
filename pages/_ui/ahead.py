"""What the first page shows of the data: kept before anybody asks for it, while the first browser starts."""

from __future__ import annotations

from typing import Any

from cldi_core.errors import CldiError
from cldi_core.evaluation import paper, tables

from . import data_load, evidence_load, glossary, load, story_cards, view


def first_page() -> None:
    """Find what the first page shows to who comes without a link, in the order in which it is drawn.

    What is wrong with the data is left for the page to say.
    """
    try:
        with load.one_run():
            if names := load.names():
                _of(view.resolve({}, view.View(pos=""), names, load.choices(names[0]))[0])
    except CldiError:
        return


def _of(current: view.View) -> None:
    if not (current.pair and current.backbone):
        return
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
