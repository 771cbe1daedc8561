"""What the Word page tells, as it is computed and kept: the story of a word, also one that a visitor has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pandas as pd

from cldi_core import rankers
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.insight import explanation, verdicts, what_if
from cldi_core.insight import story as stories
from cldi_core.insight.causes import Cause
from cldi_core.insight.compared import Compared
from cldi_core.insight.depicted import names
from cldi_core.insight.elsewhere import Elsewhere
from cldi_core.insight.explanation import Explanation
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Asking, Attributed, Story
from cldi_core.insight.what_if import Edit
from cldi_core.scoring import Scores
from cldi_core.scoring.word_facts import TargetFacts, facts_of

from . import load

NEAREST = 3  # pictures of each candidate of the table
OWNERS = 8  # words named of those that have a picture
SEEN = 20_000  # pictures of which it is kept what is known, half a kilobyte each
# Words that are kept as they are told, as many as the demo has: a class looks at the same.  What they are computed
# from, ten times as much of each, is kept of the last ones, which somebody may be changing.
TOLD, ASKED = 800, 24
EVIDENCE = (*load.SCORES, "evidence/*/*/*")  # and scores, of which a word's row is read

Here = tuple[str, str, str, str, str]  # data set, backbone, pair, method, query


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


@load.cached(resource=True, max_entries=12, also=load.SCORES)
def whole(name: str, backbone: str, pair: str, method: str) -> Scores | None:
    """The stored scores of all words under a method; not to be changed."""
    return stored_scores.whole_of(load.pair_of(name, backbone, pair), rankers.ranker(method))


@load.cached(resource=True, max_entries=4)
def facts(name: str, backbone: str, pair: str) -> TargetFacts:
    """What depends on the candidates of a pair alone."""
    return TargetFacts(load.pair_of(name, backbone, pair).target)


@load.cached(resource=True, max_entries=ASKED, also=load.SCORES, spinner=load.SPINNER)
def _asking(name: str, backbone: str, pair: str, method: str, query: str, edit: Edit) -> Asking | None:
    """A query as a visitor has changed it, with its scores; ``None`` where only scores of all words would tell."""
    opened, ranker = load.pair_of(name, backbone, pair), rankers.ranker(method)
    number = opened.find(query)
    word = opened.queries[number].word

    def bases(base: Ranker) -> Scores | None:
        return whole(name, backbone, pair, base.name)

    now = edited(opened, query, edit)
    same = facts(name, backbone, pair) if now.target is opened.target else None
    known = facts_of(now.source, now.target, word, same)
    stored = None if edit else whole(name, backbone, pair, method)
    # A copy: a part of what is mapped would hold all of it.
    row = stored[opened.source.row(word)].copy() if stored is not None else None
    row = what_if.edited(opened, ranker, word, edit, bases, known) if row is None else row
    made_from = what_if.edited_bases(opened, ranker, word, edit, bases, known)
    if row is None or made_from is None:
        return None
    return Asking(now, number, ranker, row, made_from, facts=known)


@load.cached(resource=True, max_entries=TOLD, also=load.SCORES)
def explained(name: str, backbone: str, pair: str, method: str, query: str, edit: Edit) -> Explanation | None:
    """What became of a query, without the pictures that a visitor leaves out.

    Of a method that needs no other word for it, the scores of this word are computed if none are stored; ``None`` where
    only scores of all words would tell.
    """
    asking = _asking(name, backbone, pair, method, query, edit)
    if asking is None:
        return None
    return explanation.explain(asking.pair, asking.number, asking.row, learned=rankers.is_trained(method))


@load.cached(resource=True, max_entries=2 * TOLD, also=load.SCORES)
def attributed(
    name: str, backbone: str, pair: str, method: str, query: str, candidate: str, edit: Edit
) -> Attributed | None:
    """A candidate's score taken apart; ``None`` where no picture made it."""
    asking = _asking(name, backbone, pair, method, query, edit)
    return None if asking is None else stories.attributed(asking, candidate)


@load.cached(resource=True, max_entries=12, also=load.EVIDENCE)
def _compared(name: str, backbone: str, pair: str, method: str) -> Compared | None:
    """All words, to be set against each other; ``None`` where no evidence is stored."""
    known = load.evidence(name, backbone, pair, method)
    return None if known is None else Compared(known, load.ceilings(name, backbone, pair))


@load.cached(resource=True, max_entries=TOLD, also=load.EVIDENCE)
def judged(name: str, backbone: str, pair: str, method: str, query: str) -> tuple[tuple[Cause, ...], str]:
    """The causes that hold of a query, and the verdict; nothing where no evidence is stored."""
    known = _compared(name, backbone, pair, method)
    return ((), "") if known is None else verdicts.judged(load.pair_of(name, backbone, pair), known, query)


@load.cached(resource=True, max_entries=TOLD, also=load.EVIDENCE)
def rival(name: str, backbone: str, pair: str, method: str, query: str) -> str:
    """The best wrong candidate of a query as it is stored; ``""`` where there is none, or nothing is stored."""
    known = _compared(name, backbone, pair, method)
    return "" if known is None else str(known.row(query)["rival"])


@load.cached(resource=True, max_entries=TOLD, also=EVIDENCE, spinner=load.SPINNER)
def story(name: str, backbone: str, pair: str, method: str, query: str) -> Story | None:
    """What is told of a query as it is stored; ``None`` where only scores of all words would tell."""
    asking = _asking(name, backbone, pair, method, query, Edit())
    if asking is None:
        return None

    found = explained(name, backbone, pair, method, query, Edit())
    sides = [one.word for one in (found.rival, found.gold[0]) if one is not None] if found else []
    return stories.tell(
        replace(
            asking,
            ceilings=load.ceilings(name, backbone, pair),
            compared=_compared(name, backbone, pair, method),
            elsewhere=_elsewhere(name, backbone, pair, method).changes(query),
            found=found,
            apart={word: attributed(name, backbone, pair, method, query, word, Edit()) for word in sides},
        )
    )


@load.cached(resource=True, max_entries=12, also=load.RANKINGS)
def _elsewhere(name: str, backbone: str, pair: str, method: str) -> Elsewhere:
    """What is stored of all words under other methods, backbones and pairs."""

    def frames(backbone: str, pair: str, method: str) -> pd.DataFrame | None:
        return load.rankings(name, backbone, pair, method)

    return Elsewhere(load.opened(name), backbone, pair, method, frames)


@load.cached(resource=True, max_entries=100, also=load.SCORES)
def groups(
    name: str, backbone: str, pair: str, method: str, query: str, number: int
) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The pictures of a word and those of its right answer in so many groups."""
    asking = _asking(name, backbone, pair, method, query, Edit())
    found = explained(name, backbone, pair, method, query, Edit())
    return ((), ()) if asking is None or found is None else stories.grouped(asking, found.gold[0].word, number)


@load.cached(resource=True, max_entries=TOLD, also=load.SCORES)
def nearest(
    name: str, backbone: str, pair: str, method: str, query: str, edit: Edit, words: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """Of each of some candidates the ids of the pictures that made its score, the most alike first.

    Those of the set as it is stored where no picture made it.
    """
    opened = edited(load.pair_of(name, backbone, pair), query, edit)
    word, learned = opened.queries[opened.find(query)].word, rankers.is_trained(method)
    made = (
        opened.target.word_ids(one)
        if learned
        else [match.target for match in explanation.matches(opened, word, one, method)]
        for one in words
    )
    return tuple(tuple(map(_same, list(dict.fromkeys(own))[:NEAREST])) for own in made)


@lru_cache(SEEN)
def _same(text: str) -> str:
    """One object for all texts that are alike: ids and words come up again with each word that is kept."""
    return text


def edited(pair: Pair, query: str, edit: Edit) -> Pair:
    """The pair in which a visitor's pictures are left out; the pair itself where there are none."""
    word = pair.queries[pair.find(query)].word
    return what_if.edited_pair(pair, word, edit) if edit.source or edit.target else pair


@load.cached(resource=True, max_entries=4)
def _seen(name: str) -> dict[str, Known]:
    """What is known of the pictures that were looked at, which words share; filled by ``known``."""
    return {}


def known(name: str, ids: Sequence[str]) -> dict[str, Known]:
    """What is known of some pictures: id → record.

    Args:
        name: of the data set.
    """
    seen = _seen(name)
    found = {key: one for key in ids if (one := seen.get(key)) is not None}
    missing = [key for key in ids if key not in found]
    if missing:
        found |= _known(name, missing)
        if len(seen) > SEEN:
            seen.clear()
        seen |= found
    return {key: found[key] for key in ids}


def _known(name: str, ids: Sequence[str]) -> dict[str, Known]:
    opened = load.opened(name)
    columns, called = opened.pictures.known(ids), names(opened, ids)
    owners = {language: opened.stored_members(language).owners.of(ids) for language in opened.pictured}
    found = {}
    for key in dict.fromkeys(ids):
        words = tuple(_same(f"{word} ({language})") for language, own in owners.items() for word in own.get(key, ()))
        licence, origin, author, page = (
            str(columns.get(key, {}).get(column, "")) for column in ("licence", "provider", "author", "page")
        )
        found[key] = Known(called[key], licence, origin, author, page, words[:OWNERS], max(len(words) - OWNERS, 0))
    return found
