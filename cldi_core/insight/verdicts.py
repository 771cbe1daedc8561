"""Verdicts: one or two plain sentences on why a word was missed, or found, made of its causes and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import depicted
from cldi_core.insight.cause_texts import Row, quoted, rival_of
from cldi_core.insight.causes import CAUSES, FEW, STANDS, Cause
from cldi_core.insight.compared import Compared
from cldi_core.insight.evidence import Things, things

STRONG = 0.8
LISTED = 3  # things that are named; the others are counted
NONE = "No single cause stands out."
ABOUT_THINGS = ("owned elsewhere", "other things")


def judged(pair: Pair, compared: Compared, query: str) -> tuple[tuple[Cause, ...], str]:
    """The causes that hold of a query (``causes.causes``), and the verdict with its things named.

    Args:
        compared: all words of the pair under the method; query: its id.
    """
    found, row = compared.causes(query), compared.row(query)
    concepts, ids = pair.dataset.pictures.concepts, pair.source.word_ids(row["word"])
    named = {concepts.get(key, ""): name for key, name in depicted.names(pair.dataset, ids).items()}
    return found, verdict(found, row, things(pair, row), named)


def verdict(
    causes: Sequence[Cause], row: Row, things: Things | None = None, names: Mapping[str, str] | None = None
) -> str:
    """Why a word came out as it did, in plain text that holds words of the data set as they are.

    Args:
        causes: of the query (``causes.causes``); row: its evidence.
        things: what its pictures depict (``evidence.things``); names: of things, for people.  With both, a few of the
            things are named that the right answer does not show.
    """
    if row["rank"] <= 1:
        return _found(row)
    first = next(iter(causes), None)
    if not row["rank"] > 1:
        return first.text if first is not None else NONE
    if first is not None and first.found_of < FEW:
        return f"Too few {first.among} were found ({first.found_of}) to tell what the missed ones have in common."
    if first is None or first.strength < STANDS:
        return f"{NONE} The method compares the words as texts, not as pictures." if row["texts"] else NONE
    text = first.text
    if first.cause in ABOUT_THINGS and things is not None and names:
        text = _naming(text, things, names)
    return f"{text} {sign(first)}"


def sign(cause: Cause) -> str:
    """How much a cause says, in words and counts: ``"A strong sign: 33 of 90 missed verbs of en-de have it, …"``."""
    have = "has" if cause.missed == 1 else "have"
    missed = f"{cause.missed} of {cause.missed_of} missed {cause.among} {have} it"
    if cause.cause in CAUSES and CAUSES[cause.cause].certain:
        return f"{missed[0].upper()}{missed[1:]}, and no found word can."
    how = "A strong sign" if cause.strength >= STRONG else "A sign"
    return f"{how}: {missed}, {cause.found or 'none'} of {cause.found_of} found ones."


def _naming(text: str, things: Things, names: Mapping[str, str]) -> str:
    """The sentence with a few of the things that the right answer does not show."""
    missing = [names[thing] for thing in things.all if thing not in things.right and names.get(thing)]
    if not missing:
        return text
    more = len(set(things.all) - set(things.right)) - len(missing[:LISTED])
    listed = ", ".join(missing[:LISTED]) + (f" and {more} more" if more else "")
    return f"{text.removesuffix('.')} (not {listed})."


def _found(row: Row) -> str:
    """What a found word's right answer has on the best wrong candidate, as counts."""
    right = quoted(row["right"])
    if not row["rival"]:
        return f"Found: {right} is first, and no wrong candidate has pictures."
    rival = rival_of(row)
    if row["texts"]:
        return f"Found: {right} is first, before {rival}. The method compares the words as texts, not as pictures."
    text = f"Found: {right} is first, before {rival}. {_nearer(row)}"
    if not row["right_things"] + row["rival_things"]:  # nothing is known, or nothing that would tell
        return f"{text}."
    whole, name = "one thing" if row["things"] == 1 else f"{row['things']} things", quoted(row["rival"])
    return f"{text}; of the {whole} depicted, {right} shows {row['right_things']}, {name} {row['rival_things']}."


def _nearer(row: Row) -> str:
    """How many of a word's pictures are nearer to which of the two, without a full stop."""
    word, right, rival = (quoted(row[name]) for name in ("word", "right", "rival"))
    own, other, whole = row["nearer_right"], row["nearer_rival"], row["pictures"]
    if whole == 1:
        how = f"nearer to {right} than to {rival}" if own else f"nearer to {rival} than to {right}" if other else ""
        return f"The one picture of {word} is {how or f'as near to {right} as to {rival}'}"
    both = whole - own - other
    rest = f", {both} as near to both" if both else ""
    be = "is" if own == 1 else "are"
    return (
        f"Of the {whole} pictures of {word}, {own or 'none'} {be} nearer to {right}, {other or 'none'} to {rival}{rest}"
    )
