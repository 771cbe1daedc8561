"""The sentences about why a word came out as it did, on the Word page and in its report: plain text, from facts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from cldi_core.data.counting import counted, have
from cldi_core.data.dataset import POS
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling
from cldi_core.insight.changes import Change
from cldi_core.insight.explanation import Explanation, shown_rank
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Hub, Place, Story

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# What the numbers of the first step mean: name → title and definition.
PLACES = {
    "pictures": ("Pictures", "of the word; few pictures give each of them much weight"),
    "dispersion": ("Dispersion", "mean distance (1 − cosine) between two pictures of the word, 0 to 2"),
    "ceiling": ("Ceiling", "MRR with which half of the word's pictures find the other half among the candidates"),
    "best_cosine": ("Best cosine", "of a picture of the word and one of the right answer, −1 to 1"),
}


def number(value: float, digits: int = 3) -> str:
    """``"0.714"``; ``"–"`` for nan."""
    return "–" if np.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """``"+0.021"``; ``"–"`` for nan."""
    text = number(value, digits)
    return text if text.startswith(("−", "–")) else f"+{text}"


def digits(values: Iterable[float]) -> int:
    """How many digits numbers need that are shown beside each other: 3, and more where all are small."""
    largest = max((abs(value) for value in values if not np.isnan(value)), default=0.0)
    return 3 if largest == 0 or largest >= 0.004 else min(1 - math.floor(math.log10(largest)), 9)


def badge(found: Explanation) -> str:
    """What became of a word in a few characters: ``"missed, #460 of 774"``."""
    if np.isnan(found.rank):
        return "no pictures"
    return f"{found.outcome}, #{shown_rank(found.rank)} of {found.ranked}"


def changed(before: Explanation, now: Explanation) -> str:
    """What a visitor's change has done: ``"rank 460 → 3 · winner Feier → feiern"``."""
    ranks = f"rank {shown_rank(before.rank)} → {shown_rank(now.rank)}"
    winners = [one.winner.word if one.winner else "nothing" for one in (before, now)]
    winner = f"winner {winners[0]} → {winners[1]}" if winners[0] != winners[1] else f"the winner stays {winners[0]}"
    return f"{ranks} · {winner}"


def tied(count: int) -> str:
    """``"Six words tie for first."``; nothing where one word is first."""
    if count < 2:
        return ""
    named = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{named.capitalize()} words tie for first."


def role(found: Explanation, word: str) -> str:
    """What the wrong candidate of the board is to the reader."""
    rival = found.rival
    if rival is None or rival.word != word:
        return "candidate you chose"
    if found.shared:
        return "tied with the right answer"
    return "winner" if rival.rank <= 1 else "runner-up"


def percentile(place: Place, letter: str) -> str:
    """``"82 % of 111 verbs have at most this"``; nothing where nothing is known."""
    if np.isnan(place.percentile) or place.n == 0:
        return ""
    kind = counted(place.n, POS[letter], "others" if letter == "X" else "")
    return f"{place.percentile:.0%} of {kind} {have(place.n)} at most this".replace("%", " %")


def place(name: str, known: Place) -> str:
    """One number of the first step."""
    return f"{known.value:.0f}" if name == "pictures" and not np.isnan(known.value) else number(known.value, 2)


def ceiling(known: Ceiling | None, pictures: int) -> str:
    """How well a word finds itself."""
    if known is None:
        few = "it takes at least two pictures" if pictures < 2 else "no ceilings are stored for this pair"
        return f"Its ceiling is not known: {few}."
    return (
        f"With half of its own pictures the word finds its other half at rank {shown_rank(known.rank)} of "
        f"{known.candidates} (median of {known.splits} splits, AVGMAX): that tells whether its pictures hold together, "
        "not whether the other language shows the same."
    )


def lacks(story: Story) -> list[str]:
    """What is wrong with a word's pictures, a sentence each."""
    found = []
    if story.lacking:
        what = "picture has" if story.lacking == 1 else "pictures have"
        found.append(f"{story.lacking} more {what} no features, so no method sees them.")
    if story.placeholders:
        what = "picture is" if len(story.placeholders) == 1 else "pictures are"
        found.append(f"{len(story.placeholders)} {what} shared by so many words that nothing can be told by it.")
    return found


def label(one: Group) -> str:
    """What a group of pictures shows, and that it is known from titles alone; empty where nothing is known."""
    return f"{one.label} (from titles)" if one.from_titles else one.label


def group(one: Group) -> str:
    """What a group of pictures would do alone."""
    if not one.would_choose:
        return ""
    rank = "" if np.isnan(one.rank) else f"; the right answer would be #{shown_rank(one.rank)}"
    return f"alone would choose {one.would_choose}{rank}"


def corrections(one: Attributed | None) -> str:
    """What no picture has done for a score."""
    if one is None:
        return "–"
    if not one.parts:
        return "none"
    shown = digits(value for _, value in one.parts)
    return ", ".join(f"{signed(value, shown)} {name}" for name, value in one.parts)


def hub(known: Hub, word: str) -> str:
    """Whether the rival is near everything."""
    return (
        f"“{word}” is among the ten best candidates of {known.top10} of {counted(known.n, 'word')}, of "
        f"{known.top10_csls} after CSLS; it wins {known.wins} of them wrongly."
    )


def cause(one: Cause) -> str:
    """How often missed and found words have a cause."""
    return f"{one.missed} of {one.missed_of} missed {one.among}, {one.found} of {one.found_of} found ones"


def named(one: Change) -> str:
    """What is changed, and whose pictures."""
    return f"{one.change} of the right answer" if one.side == "target" else one.change


def change(one: Change) -> str:
    """What becomes of the word with a change: ``"rank 3, winner Feier"``."""
    if one.rank <= 1:
        said = "the right answer wins"
    elif one.right:
        said = f"rank {shown_rank(one.rank)}: the right answer shares the first place"
    else:
        said = f"rank {shown_rank(one.rank)}" + (f", winner {one.winner}" if one.winner else "")
    return said if one.exact else f"{said} (fewer may do: they were left out one after the other)"
