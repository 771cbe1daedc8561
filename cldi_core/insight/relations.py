"""How a candidate is related to a word and to its right answers: what may make it right after all, or a near miss."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from cldi_core.data import wordlists, wordnet_senses
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.data.queries import Query
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import Pair

SHOWN = 3  # other words that are named; the rest are counted
KINDS = (
    "right",
    "same things",
    "things in common",
    "pictures in common",
    "right for a synonym",
    "WordNet",
    "right for another word",
    "same spelling",
    "part of speech",
)


@dataclass(frozen=True)
class Relation:
    """One thing that a candidate has to do with a word or a right answer.

    Attributes:
        kind: one of ``KINDS``.
        text: one plain sentence with the numbers; words in it are as the data set has them, so they are hostile.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Other:
    """Another source word that a candidate is a right answer of.

    Attributes:
        shared: how many of the asked word's right answers are its own too, of how many.
        wordnet: what it is to the asked word (``wordnet_senses.RELATIONS``); ``""``: nothing, or no WordNet is at hand.
    """

    word: str
    shared: int
    of: int
    wordnet: str


def relations(pair: Pair, number: int, candidate: str, right: str = "") -> tuple[Relation, ...]:
    """What a candidate has to do with the word of query ``number``, in the order of ``KINDS``.

    - ``"right"``: it is a right answer.
    - ``"same things"``: how many of the things that the word's pictures depict its own depict too, and those of the
      right answer; only where some do, and where things are known.
    - ``"things in common"``, ``"pictures in common"``: with the right answer; pictures also with the word itself.
    - ``"right for a synonym"``: it is a right answer of another source word that has a right answer in common with
      this one, or stands in the same WordNet synset.
    - ``"WordNet"``: it is a right answer of a word that is related to this one in another way.
    - ``"right for another word"``: of words without any of these relations.
    - ``"same spelling"``: as the source word (``wordlists.is_same_spelled``).
    - ``"part of speech"``: always: that of the candidate and that of the query.

    Args:
        right: the right answer to set it beside; by default the first one in the word list.

    Raises:
        UnknownNameError: a word that is no candidate of the pair.
    """
    query = pair.queries[number]
    right = right or query.right[0]
    pair.target.row(candidate), pair.target.row(right)
    found: list[Relation] = []
    if candidate in query.right:
        found.append(Relation("right", f"{_quoted(candidate)} is a right answer of {_quoted(query.word)}"))
    found += _things(pair, query, candidate, right)
    found += _pictures(pair, query, candidate, right)
    found += _other_words(query, candidate, other_words(pair, query, candidate))
    if wordlists.is_same_spelled(query.word, candidate):
        found.append(
            Relation("same spelling", f"{_quoted(candidate)} is spelled as the source word {_quoted(query.word)}")
        )
    found.append(_part_of_speech(pair, query, candidate))
    return tuple(found)


def other_words(pair: Pair, query: Query, candidate: str) -> tuple[Other, ...]:
    """The other source words of the pair that a candidate is a right answer of, in the order of the word list.

    Right answers and WordNet relations are those of the words in any part of speech.
    """
    own, english = pair.right[query.word], pair.languages[0] == "en"
    return tuple(
        Other(word, len(own & pair.right[word]), len(own), _wordnet(word, query.word) if english else "")
        for word in pair.right_of.get(candidate, ())
        if word != query.word
    )


def _wordnet(one: str, other: str) -> str:
    # A WordNet that is named and broken is told of where senses are counted; here it is as if there were none.
    with suppress(DatasetError):
        senses = wordnet_senses.installed()
        return "" if senses is None else senses.related(one, other)
    return ""


def _things(pair: Pair, query: Query, candidate: str, right: str) -> list[Relation]:
    source, target = pair.concepts
    word = source[pair.source.row(query.word)]
    own, answer = (target[pair.target.row(each)] for each in (candidate, right))
    found = []
    if word & own:
        text = f"of the {_counted(word, 'thing')} that {_quoted(query.word)} shows, {_quoted(candidate)} shows "
        beside = f" and {_quoted(right)} {len(word & answer)}" if candidate != right else ""
        found.append(Relation("same things", f"{text}{len(word & own)}{beside}"))
    if candidate != right and own & answer:
        text = f"of the {_counted(answer, 'thing')} that {_quoted(right)} shows, {_quoted(candidate)} shows "
        found.append(Relation("things in common", f"{text}{len(own & answer)}, and {len(own)} in all"))
    return found


def _pictures(pair: Pair, query: Query, candidate: str, right: str) -> list[Relation]:
    own = set(pair.target.word_ids(candidate))
    others = [(right, set(pair.target.word_ids(right)))] if candidate != right else []
    others.append((query.word, set(pair.source.word_ids(query.word))))
    return [
        Relation(
            "pictures in common",
            f"of the {_counted(other, 'picture')} of {_quoted(word)}, {_quoted(candidate)} has {len(own & other)}, "
            f"and {len(own)} in all",
        )
        for word, other in others
        if own & other
    ]


def _other_words(query: Query, candidate: str, others: Iterable[Other]) -> list[Relation]:
    """The relations by way of other source words, each word under the first kind that it fits."""
    by_kind: dict[str, list[Other]] = {"right for a synonym": [], "WordNet": [], "right for another word": []}
    for one in others:
        synonym = one.shared or one.wordnet == wordnet_senses.SAME
        by_kind["right for a synonym" if synonym else "WordNet" if one.wordnet else "right for another word"].append(
            one
        )
    found = []
    for kind, members in by_kind.items():
        if members:
            named = "; ".join(_told(one, query.word) for one in members[:SHOWN])
            more = len(members) - SHOWN
            rest = f"; and {more} more" if more > 0 else ""
            found.append(Relation(kind, f"{_quoted(candidate)} is a right answer of {named}{rest}"))
    return found


def _told(one: Other, word: str) -> str:
    reasons = []
    if one.shared:
        own = "the right answer" if one.of == 1 else f"{one.shared} of the {one.of} right answers"
        reasons.append(f"which has {own} of {_quoted(word)} too")
    if one.wordnet:
        reasons.append(f"{_PHRASES[one.wordnet].format(word=_quoted(word))} in WordNet")
    return ", ".join([_quoted(one.word), *reasons])


# What one word is to the other, after its name.
_PHRASES = {
    wordnet_senses.SAME: "in a synset with {word}",
    wordnet_senses.HYPERNYM_OF: "a hypernym of {word}",
    wordnet_senses.HYPONYM_OF: "a hyponym of {word}",
    wordnet_senses.DERIVATION: "derivationally related to {word}",
    wordnet_senses.OPPOSITE: "an antonym of {word}",
    wordnet_senses.SISTERS: "with a hypernym that {word} has too",
}


def _part_of_speech(pair: Pair, query: Query, candidate: str) -> Relation:
    letters = pair.target_pos[candidate]
    listed, asked = " and ".join(POS[letter] for letter in letters), POS[query.pos]
    of_list = f"listed as {listed}" if candidate in pair.listed else "in no list"
    told = f"{_quoted(candidate)} is {of_list}, {_quoted(query.word)} is asked as {asked}"
    if {query.pos, *letters} <= set(CLASSES):
        told += f": {'the same part of speech' if query.pos in letters else 'another part of speech'}"
    return Relation("part of speech", told)


def _quoted(word: str) -> str:
    return f"“{word}”"


def _counted(members: Collection[str], what: str) -> str:
    """``"1 thing"``, ``"6 things"``."""
    return f"{len(members)} {what}{'' if len(members) == 1 else 's'}"
