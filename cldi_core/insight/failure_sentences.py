"""What a gap comes to, in one sentence made of its numbers by rules.

A number is different from 0 where its interval, as it is written, lies on one side of it.  The rules, the first that
fits:

1. ``"few"``: there is no interval, as one kind has too few words.
2. ``"no gap"``: before is not different from 0.
3. ``"none"``: what the predictors take of the gap (before less after) is not different from 0.
4. ``"larger"``: they take less than nothing: with them held, the gap is larger than before.
5. ``"all"``: they take some, and after is not different from 0.  That is no proof that nothing is left: the interval of
   after says how much may be.
6. ``"more"``: they take more than all: with them held, the gap is the other way round.
7. ``"part"``: they take some, and some is left.

Where one kind is never found, or always, the gap in P(found) has no other way to go than that of the other kind, and
depths of ranks are told in its place.  "Accounts for" is of a model, never of a cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight.failure_gap import Gap
from cldi_core.insight.failure_matching import Matched

DIGITS = {"found": 1, "log_rank": 2}  # decimals of points and of factors


@dataclass(frozen=True)
class Sentence:
    """What one part of speech's gap comes to.

    Attributes:
        pos: "V" or "A"; outcome: what is told, ``"found"`` or ``"log_rank"``.
        verdict: the rule that fits; text: plain.
    """

    pos: str
    outcome: str
    verdict: str
    text: str


def sentence(found: Gap, rank: Gap, matched: Matched) -> Sentence:
    """The sentence of one part of speech.

    Args:
        found, rank: its gaps in P(found) and in log₁₀ rank.
    """
    gap, first = found, ""
    if not found.is_told and found.of and found.noun_of:
        gap = rank
        first = f"{_counted(found)} ({_counted(found, nouns=True)}), so depths of ranks are told here. "
    kind = verdict(gap)
    text = first + RULES[kind].format(**_parts(gap))
    if kind == "no gap" and (way := side(gap.after, gap.outcome)):
        held = _signed(gap.after, way)
        text += f" With what is known of the words held, {_told(gap, held, way)}."
    if kind in ("all", "part", "more"):
        text += _largest(gap)
    return Sentence(gap.pos, gap.outcome, kind, text + _matching(gap, matched))


def verdict(gap: Gap) -> str:
    """The rule that a gap fits."""
    if gap.before.why:
        return "few"
    way = side(gap.before, gap.outcome)
    if not way:
        return "no gap"
    taken = way * side(gap.explained, gap.outcome)
    if taken <= 0:
        return "larger" if taken else "none"
    left = way * side(gap.after, gap.outcome)
    return {0: "all", 1: "part", -1: "more"}[left]


def side(interval: Interval, outcome: str) -> int:
    """1 or -1 where an interval lies above or below 0 as it is written, 0 elsewhere and where there is none."""
    if interval.why:
        return 0
    low, high = (amount(bound, outcome) for bound in (interval.low, interval.high))
    level = 1.0 if outcome == "log_rank" else 0.0
    return int(round(low, DIGITS[outcome]) > level) - int(round(high, DIGITS[outcome]) < level)


def amount(value: float, outcome: str) -> float:
    """A difference as it is written: of P(found) in percentage points, of log₁₀ rank as a factor."""
    return float(10**value) if outcome == "log_rank" else 100 * value


def written(interval: Interval, outcome: str) -> str:
    """``"34.2 [28.0, 40.1]"`` in points, or ``"2.87 [2.40, 3.42]"`` times."""
    digits = DIGITS[outcome]

    def number(value: float, _: int) -> str:
        return f"{round(amount(value, outcome), digits) + 0.0:.{digits}f}".replace("-", "−")

    return interval.text(number)


def _signed(interval: Interval, way: int) -> Interval:
    """The other way round where ``way`` is -1."""
    if way >= 0:
        return interval
    return replace(interval, value=-interval.value, low=-interval.high, high=-interval.low)


def _told(gap: Gap, interval: Interval, way: int) -> str:
    """``"verbs are found 34.2 [28.0, 40.1] points less often than nouns"``; the interval is of that size."""
    kind, size = f"{POS[gap.pos]}s", written(interval, gap.outcome)
    if gap.outcome == "found":
        return f"{kind} are found {size} points {'more' if way > 0 else 'less'} often than nouns"
    return f"the right answers of {kind} stand {size} times as {'deep' if way > 0 else 'high'} as those of nouns"


def _parts(gap: Gap) -> dict[str, str]:
    # Of what is not different from 0 the way is that of the number itself.
    way = side(gap.before, gap.outcome) or (1 if gap.before.value > 0 else -1)
    before, after, taken = (_signed(one, way) for one in (gap.before, gap.after, gap.explained))
    told, share = _told(gap, before, way), written(taken, gap.outcome)
    size = f"{amount(before.value, gap.outcome):.{DIGITS[gap.outcome]}f}"
    by_points = gap.outcome == "found"
    return {
        "told": told,
        "Told": told[0].upper() + told[1:],
        "takes": f"{share} of the {size} points" if by_points else f"a factor of {share} of the {size}",
        "rest": f"{written(after, gap.outcome)} {'points' if by_points else 'times'}",
        "n": str(gap.before.n),
        "Kinds": f"{POS[gap.pos].capitalize()}s",
    }


TAKES = "what is known of the words accounts for {takes}"
RULES: Mapping[str, str] = {
    "few": "{Kinds}: too few words to tell a gap; the smaller kind has n = {n}.",
    "no gap": "There is no gap to explain, as far as can be told: {told}.",
    "none": f"None of this explains the gap: {{told}}, and {TAKES}; {{rest}} remain when it is held.",
    "larger": "{Told}, and with what is known of the words held the gap is larger: {rest}.",
    "all": f"{{Told}}; {TAKES} and, as far as can be told, for all of it: the {{rest}} that remain when it is held "
    "cannot be told from none.",
    "more": f"{{Told}}; {TAKES}, more than all of it: with it held, the difference is the other way round ({{rest}}).",
    "part": f"{{Told}}; {TAKES}, and {{rest}} remain when it is held.",
}


def _largest(gap: Gap) -> str:
    """Which predictor takes the most, where its own interval excludes 0."""
    way = side(gap.before, gap.outcome)
    known = [part for part in gap.parts if side(part.interval, gap.outcome) == way]
    if not known:
        return " No single predictor takes a part of it that is different from 0."
    most = max(known, key=lambda part: way * part.interval.value)
    unit = " points" if gap.outcome == "found" else " times"
    return f" The largest part is the {most.label}: {written(_signed(most.interval, way), gap.outcome)}{unit}."


def _matching(gap: Gap, matched: Matched) -> str:
    if matched.why or gap.before.why:
        return ""
    interval = matched.found if gap.outcome == "found" else matched.log_rank
    way = 1 if interval.value > 0 else -1
    on = " and ".join(matched.on) if len(matched.on) < 3 else f"{', '.join(matched.on[:-1])} and {matched.on[-1]}"
    told = _told(gap, _signed(interval, way), way)
    of = matched.matched + matched.unmatched
    return (
        f" Against nouns of the same {on}, {told} ({matched.matched} of {of} {POS[gap.pos]} queries have such nouns)."
    )


def _counted(gap: Gap, *, nouns: bool = False) -> str:
    found, of = (gap.noun_found, gap.noun_of) if nouns else (gap.found, gap.of)
    kind = "nouns" if nouns else f"{POS[gap.pos]}s"
    if found in (0, of):
        return f"{'None' if not found else 'All'} of the {of} {kind} {'is' if not found else 'are'} found"
    return f"{found} of {of} {kind} are"
