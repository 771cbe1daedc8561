"""Temporary: the records of the contract, and a slow way to fill them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.scoring.imagesets import ImageSets


@dataclass(frozen=True)
class Change:
    """What would have changed the rank of a word."""

    change: str
    kind: str
    side: str
    pictures: tuple[str, ...]
    rank: float
    winner: str
    exact: bool


@dataclass(frozen=True)
class Edit:
    """What a visitor tries."""

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    candidate: str = ""
    k: int | None = None


def _without(sets: ImageSets, word: str, ids: tuple[str, ...]) -> ImageSets:
    every = np.arange(len(sets.words))
    members, offsets = [], [0]
    for row in every:
        own = sets.members[sets.offsets[row] : sets.offsets[row + 1]]
        if sets.words[row] == word:
            names = sets.word_ids(word)
            own = own[[name not in ids for name in names]]
        members.append(own)
        offsets.append(offsets[-1] + len(own))
    return ImageSets(sets.words, sets.features, np.concatenate(members), np.array(offsets), sets.ids, finite=True)


def edited_pair(pair: Pair, query: str, edit: Edit) -> Pair:
    """The pair of an edit."""
    word = pair.queries[pair.find(query)].word
    source = _without(pair.source, word, edit.source) if edit.source else pair.source
    target = _without(pair.target, edit.candidate, edit.target) if edit.target else pair.target
    return replace(pair, source=source, target=target)


def edited(pair: Pair, ranker: Ranker, query: str, edit: Edit) -> NDArray[np.float32] | None:
    """The row of a word."""
    changed = edited_pair(pair, query, edit)
    word = pair.queries[pair.find(query)].word
    return None if ranker.row is None else ranker.row(changed, word)
