"""What the Word page tells, as it is computed and kept: the story of a word, also one that a visitor has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cldi_core import rankers
from cldi_core.data import descriptions
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import explanation, what_if
from cldi_core.insight import story as stories
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Story
from cldi_core.insight.what_if import Edit

from . import load

OWNERS = 8  # words named of those that have a picture


@dataclass(frozen=True)
class Known:
    """What is known of a picture: plain text, "" where nothing is.

    Attributes:
        name: what it depicts or is called; owners: words that have it, at most ``OWNERS``; more: how many others do.
    """

    name: str
    licence: str
    origin: str
    author: str
    page: str
    owners: tuple[str, ...]
    more: int


@load.cached(resource=True, max_entries=200, also=load.SCORES, spinner=load.SPINNER)
def story(name: str, backbone: str, pair: str, method: str, query: str) -> Story | None:
    """What is told of a query as it is stored; ``None`` where only scores of all words would tell."""
    opened = load.pair_of(name, backbone, pair)
    ranked = load.rankings(name, backbone, pair, method)
    return stories.story(opened, rankers.ranker(method), query, ranked)


@load.cached(resource=True, max_entries=200, also=load.SCORES)
def explained(name: str, backbone: str, pair: str, method: str, query: str, edit: Edit) -> Explanation | None:
    """The ranking of a query without the pictures that a visitor leaves out; ``None`` where it cannot be tried."""
    opened = load.pair_of(name, backbone, pair)
    row = what_if.edited(opened, rankers.ranker(method), query, edit)
    if row is None:
        return None
    now, number = edited(opened, query, edit), opened.find(query)
    return explanation.explain(now, number, row, None, learned=rankers.is_trained(method))


@load.cached(resource=True, max_entries=400, also=load.SCORES)
def attributed(
    name: str, backbone: str, pair: str, method: str, query: str, candidate: str, edit: Edit
) -> Attributed | None:
    """A candidate's score taken apart; ``None`` where no picture made it."""
    opened = load.pair_of(name, backbone, pair)
    return stories.attributed(opened, rankers.ranker(method), query, candidate, edit)


@load.cached(resource=True, max_entries=100, also=load.SCORES)
def groups(
    name: str, backbone: str, pair: str, method: str, query: str, number: int
) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The pictures of a word and those of its right answer in so many groups."""
    opened = load.pair_of(name, backbone, pair)
    return stories.grouped(opened, rankers.ranker(method), query, number)


def edited(pair: Pair, query: str, edit: Edit) -> Pair:
    """The pair in which a visitor's pictures are left out; the pair itself where there are none."""
    return what_if.edited_pair(pair, query, edit) if edit.source or edit.target else pair


@load.cached(resource=True, max_entries=12)
def _owners(name: str) -> Mapping[str, tuple[str, ...]]:
    """Picture id → the words that have it, with their language."""
    found: dict[str, list[str]] = {}
    table = load.opened(name).words
    for language, word, key in zip(table["language"], table["word"], table["id"], strict=True):
        found.setdefault(key, []).append(f"{word} ({language})")
    return {key: tuple(dict.fromkeys(words)) for key, words in found.items()}


@load.cached(resource=True, max_entries=12)
def _names(name: str) -> Mapping[str, str]:
    """Concept → its English name, of data sets that describe what their pictures depict."""
    path = load.opened(name).path / descriptions.FILE
    rows = descriptions.read_concepts(path) if path.is_file() else []
    return {row.concept: row.name for row in rows if row.language == "en" and row.name}


@load.cached(resource=True, max_entries=12)
def _columns(name: str) -> Mapping[str, Mapping[str, str]]:
    """Column → picture id → text: many times as fast to ask as a table."""
    table = load.opened(name).pictures.table
    wanted = [column for column in ("concept", "title", "licence", "provider", "author", "page") if column in table]
    return {column: dict(zip(table.index, table[column].astype(str), strict=True)) for column in wanted}


def concept_name(name: str, concept: str) -> str:
    """What a thing that pictures depict is called; the thing itself where nobody says."""
    return _names(name).get(concept, concept)


def known(name: str, ids: Sequence[str]) -> dict[str, Known]:
    """What is known of some pictures: id → record.

    Args:
        name: of the data set.
    """
    columns, owners = _columns(name), _owners(name)

    def text(column: str, key: str) -> str:
        value = columns.get(column, {}).get(key, "")
        return "" if value in ("nan", "None") else value

    found = {}
    for key in dict.fromkeys(ids):
        title = text("title", key) or concept_name(name, text("concept", key))
        words = owners.get(key, ())
        found[key] = Known(
            title, text("licence", key), text("provider", key), text("author", key), text("page", key),
            words[:OWNERS], max(len(words) - OWNERS, 0),
        )  # fmt: skip
    return found
