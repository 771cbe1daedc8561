"""What explains failure on the demos: a table of both, and the figures of the sentences beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cldi_core import rankers
from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.insight import confidence, learning, winners
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.failure import Failure, of_evidence

from .causes import METHOD, evidence
from .form import percent, short, table
from .results import Set

ALL_PAIRS = "all five pairs"
SHOWN = (ALL_PAIRS, "en-de", "en-es", "en-fr", "en-it", "en-ru")


@cache
def explained(one: Set, pairs: str = ALL_PAIRS) -> Failure:
    """What explains failure in one pair, or in all together."""
    names = list(one.pairs) if pairs == ALL_PAIRS else [pairs]
    return of_evidence([(evidence(one.pairs[name]), one.pairs[name]) for name in names], METHOD)


@cache
def lost(one: Set, pairs: str = ALL_PAIRS) -> tuple[winners.Flow, ...]:
    """Who beats whom in one pair, or in all together."""
    names = list(one.pairs) if pairs == ALL_PAIRS else [pairs]
    return winners.flows(winners.together([winners.table(evidence(one.pairs[n]), one.pairs[n]) for n in names]))


def verbs(easy: Set, hard: Set) -> Iterator[str]:
    """Verbs less nouns before and after, matched, on unseen words, and who beats them."""
    head = ["", "verbs found", "before", "all else held", "matched", "AUC: POS", "AUC: all but POS", "AUC: all"]
    rows = [[*head, "missed verbs that lose to a noun", "more than by chance"]]
    for one, title in ((easy, "demo"), (hard, "demo-hard")):
        for pairs in SHOWN:
            own, flow = explained(one, pairs), _to_nouns(one, pairs)
            gap = own.gaps["V", "found"]
            told = [points(gap.before), points(gap.after), points(own.matched["V"].found)]
            areas = [auc.interval.text(short) for auc in own.aucs]
            beaten = [f"{percent(flow.share.value)} % of {flow.of}", points(flow.excess)]
            found = f"{gap.found} of {gap.of}"
            rows.append([f"{title}, {pairs}", found, *(told if gap.is_told else ["–"] * 3), *areas, *beaten])
    yield from table(*rows)


def figures(easy: Set, hard: Set) -> Iterator[tuple[str, str]]:
    """The figures of the sentences."""
    own, tough = explained(easy), explained(hard)
    gap, hard_gap = own.gaps["V", "found"], tough.gaps["V", "found"]
    yield "verb-gap", points(gap.before, -1)
    yield "verb-gap-explained", points(gap.explained, -1)
    yield "verb-gap-left", points(gap.after, -1)
    yield "verb-gap-matched", points(own.matched["V"].found, -1)
    parts = {part.name: part.interval for part in gap.parts}
    for name in ("dispersion", "senses", "right_pictures"):
        yield f"part-{name}", points(parts[name], -1)
    yield "hard-verb-gap", points(hard_gap.before, -1)
    yield "hard-verb-gap-left", points(hard_gap.after, -1)
    yield "hard-verb-gap-matched", points(tough.matched["V"].found, -1)
    yield "auc", own.aucs[-1].interval.text(short)
    yield "auc-pos", own.aucs[0].interval.text(short)
    yield "auc-adds", own.adds.text(lambda value, _: short(value, digits=3))
    flow, hard_flow = _to_nouns(easy, ALL_PAIRS), _to_nouns(hard, ALL_PAIRS)
    yield "to-nouns", flow.share.text(lambda value, _: percent(value))
    yield "to-nouns-excess", points(flow.excess)
    yield "hard-to-nouns-excess", points(hard_flow.excess)
    for letter, name in (("N", "nouns"), ("V", "verbs")):
        first, last = (_point(easy, letter, size) for size in (1, learning.ALL))
        yield f"curve-{name}", f"{first.text(short)} to {last.text(short)}"
    for name in ("margin", "dispersion"):
        for setting in ("ALL", "VB"):
            yield f"area-{name}-{setting.lower()}", _area(easy, name, setting).text(lambda v, n: short(v, "+", n))


def points(found: Interval, sign: int = 1) -> str:
    """``"−30.0 [−34.5, −25.3]"``, percentage points; with ``sign`` -1 the other way round: ``"30.0 [25.3, 34.5]"``."""
    low, high = sorted((sign * found.low, sign * found.high)) if not found.why else (found.low, found.high)
    turned = Interval(sign * found.value, low, high, found.n)
    return turned.text(lambda value, _: percent(value, digits=3))


def _to_nouns(one: Set, pairs: str) -> winners.Flow:
    return next(flow for flow in lost(one, pairs) if flow.pos == "V" and flow.rival_pos == "N")


def _point(one: Set, letter: str, size: int) -> Interval:
    curve = learning.stored_curve(one.pairs["en-de"])
    if curve is None:
        raise CldiError(f"{one.name} has no learning curve of en-de; run: python -m cldi_core learning-curve")
    setting = {"N": "NN", "V": "VB"}[letter]
    found = (point for point in learning.points(curve, METHOD) if (point.size, point.setting) == (size, setting))
    return next(found).mrr


def _area(one: Set, name: str, setting: str) -> Interval:
    """The area under risk–coverage less that of a random order, en-de."""
    pair = one.pairs["en-de"]
    knn = stored_rankings(pair, [rankers.ranker("knn")])["knn"]
    return confidence.area(confidence.answers(evidence(pair), stored_ceilings(pair), knn), name, setting).difference
