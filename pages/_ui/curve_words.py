"""The sentences under hubs, learning curves and risk–coverage: plain text, made of the numbers alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight.confidence import CONFIDENCES, Area
from cldi_core.insight.hubs import Hubness, less_skewed
from cldi_core.insight.learning import ALL

from .figures import interval_text


def hubness(label: str, found: Hubness) -> str:
    """How uneven the places are under one method."""
    if not found.candidates or math.isnan(found.tenth):
        return f"Under {label} no candidate stands in anybody's first ten."
    return (
        f"Under {label} the tenth of the candidates with the most places has {found.tenth:.0%} of all places in the "
        f"words' first ten; {found.never_n} of {found.candidates} stand in nobody's. The skewness of N₁₀ is "
        f"{interval_text(found.skewness)} over {counted(found.words, 'word')}."
    )


def of_pictures(found: Interval | None) -> str:
    """Whether candidates with many pictures are hubs."""
    if found is None or math.isnan(found.value):
        return ""
    how = {
        1: "Candidates with more pictures stand in more of them",
        -1: "Candidates with more pictures stand in fewer of them",
        0: "Whether candidates with more pictures stand in more of them cannot be told",
    }[found.side()]
    return f"{how}: Spearman's ρ {interval_text(found)}, n = {counted(found.n, 'candidate')}."


def corrected(before: Hubness, after: Hubness, gained: Interval | None) -> str:
    """What CSLS does to hubs, and to the MRR."""
    less = less_skewed(before, after)
    told = f"With CSLS the skewness is {interval_text(after.skewness)}"
    if less.side():
        how = "less, so the places are spread more evenly" if less.side() == 1 else "less: they are spread less evenly"
        told += f", {interval_text(less)} {how}."
    else:
        told += "; whether that is less cannot be told."
    if gained is None or math.isnan(gained.value):
        return told
    how = {1: "rises", -1: "falls", 0: "changes"}[gained.side()]
    sure = "" if gained.side() else ", which is no finding"
    return f"{told} The MRR {how} by {interval_text(gained)} (n = {gained.n}){sure}."


def learning(label: str, growth: Mapping[str, Interval], size: int) -> str:
    """What the last step of a learning curve adds, from ``size`` pictures to all: part of speech → how much."""
    parts, verdicts = [], {letter: one.side() for letter, one in growth.items()}
    for letter, one in growth.items():
        how = {1: "better with all of them", -1: "worse with all of them", 0: "no difference that can be told"}
        parts.append(f"{POS[letter]}s {how[verdicts[letter]]} ({interval_text(one)}, n = {one.n})")
    told = f"All pictures against at most {size} of each word, MRR under {label}: {'; '.join(parts)}."
    if not any(side == 1 for side in verdicts.values()):
        told += " More pictures than that did not help."
    return told


def gap(label: str, gaps: Mapping[int, Interval]) -> str:
    """How far nouns are above verbs with few pictures and with all."""
    first = min((size for size in gaps if size != ALL), default=ALL)
    few, last = gaps[first], gaps[ALL]
    if math.isnan(few.value) or math.isnan(last.value) or first == ALL:
        return ""
    told = f"Nouns are above verbs by {interval_text(few)} with {_pictures(first)}, by {interval_text(last)} with all"
    if few.why or last.why:
        return f"{told}; the words are too few to compare the two (n = {min(few.n, last.n)})."
    if last.low > few.high:
        return f"{told}: with more pictures verbs fall further behind."
    if last.high < few.low:
        return f"{told}: with more pictures verbs come nearer."
    return f"{told}; whether more pictures change the gap cannot be told."


def _pictures(size: int) -> str:
    return "one picture of each word" if size == 1 else f"{size} pictures of each word"


def sure(areas: Sequence[Area]) -> str:
    """Which confidences tell found words from missed ones better than chance, over all words."""
    own = [one for one in areas if one.setting == "ALL"]
    better, worse, unclear = ([one for one in own if one.difference.side() == side] for side in (-1, 1, 0))
    if not own:
        return "Nothing is known of how sure an answer is."
    if all(one.difference.why for one in own):
        return f"Whether one of these tells found from missed words better than chance cannot be told (n = {own[0].n})."
    told = [
        f"Better than chance at telling found from missed words: {_listed(better)}."
        if better
        else "None of these tells found from missed words better than chance."
    ]
    if worse:
        told.append(f"Worse than chance, so that the surer are more often wrong: {_listed(worse)}.")
    if unclear and better:
        told.append(f"Not to be told from chance: {_listed(unclear)}.")
    return " ".join(told)


def within(areas: Sequence[Area]) -> str:
    """Which confidences are better than chance within each part of speech: one that only drops verbs is in none."""
    parts = []
    for setting, letters in SETTINGS.items():
        own = [one for one in areas if one.setting == setting]
        if len(letters) == 1 and own:
            better = [CONFIDENCES[one.confidence].label for one in own if one.difference.side() == -1]
            parts.append(f"{POS[letters[0]]}s (n = {own[0].n}): {' and '.join(better) or 'none'}")
    return f"Better than chance within a part of speech – {'; '.join(parts)}." if parts else ""


def _listed(areas: Sequence[Area]) -> str:
    """Each with its difference from chance, and the words that is measured on."""
    parts = []
    for one in areas:
        area = f"area {interval_text(one.difference)} from chance, n = {counted(one.difference.n, 'word')}"
        parts.append(f"{CONFIDENCES[one.confidence].label} ({area})")
    return "; ".join(parts)
