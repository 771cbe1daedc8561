"""The sentences that people read about image pivoting: plain text, made from the core's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cldi_core.data.counting import counted
from cldi_core.evaluation.tables import interval_of
from cldi_core.features import backbones
from cldi_core.insight.explanation import shown_rank
from cldi_core.insight.finding import some
from cldi_core.pivot import models
from cldi_core.pivot.models import Key

from . import figures

if TYPE_CHECKING:
    from cldi_core.pivot.certainty import Certainty, Described, Examples, Reading
    from cldi_core.pivot.search import Index, Plane
    from cldi_core.pivot.standings import Margin

HELD_OUT = {"items": "random items held out", "words": "all items of some words held out"}
SCOPES = {"test": "Held-out items", "all": "All items"}
HALF = 0.5
LISTED = 5  # words that are told of one by one
SIDES = {"more": "finds more than", "less": "finds less than", "alike": "is not told apart from"}


def label(key: Key) -> str:
    """``"PIVOT-SYM · random items held out · seed 0"``."""
    return f"{models.find_model(key.model).label} · {HELD_OUT[key.holdout]} · seed {key.seed}"


def missing(pair: str, title: str, elsewhere: Sequence[str], lacks: str) -> str:
    """No model has been trained for a pair.

    Args:
        elsewhere: what there are models for; lacks: the file of descriptions, where it is not there.
    """
    there = f" There are models for {', '.join(elsewhere)}: choose those in the sidebar." if elsewhere else ""
    needs = f" It needs descriptions of what the pictures show, in {lacks}." if lacks else ""
    return f"No model has been trained yet for {pair} of {title} with this backbone.{there}{needs}"


def about(key: Key, found: Index, records: Sequence[dict[str, Any]]) -> str:
    """What the model was trained on, and how well it does in one figure.

    Args:
        records: of ``standings.standing``, for its seed, from the text to the picture.
    """
    known, corpus, pair = found.model.any, found.corpus, key.pair
    counts = " and ".join(f"{len(corpus.part(known.split.train, one))} in {one}" for one in corpus.languages)
    epochs = [f"{len(one.curve)} epochs (number {one.best + 1} is kept)" for one in found.spaces.values()]
    line = (
        f"{found.model.model.label}, trained on {known.corpus} ({pair}, {backbones.label(known.backbone)}) with "
        f"{HELD_OUT[key.holdout]}: {counted(len(known.split.train), 'item')}, described {counts}, "
        f"{'some' if known.shared else 'none'} in both. Seed {key.seed}, {' and '.join(epochs)}, "
        f"{found.model.seconds:.0f} s."
    )
    stopped = f" It ended early: {known.stopped}" if known.stopped else ""
    return f"{line}{stopped} {_headline(key, records)}"


def _headline(key: Key, records: Sequence[dict[str, Any]]) -> str:
    found = next((one for one in records if one["model"] == key.model), None)
    if found is None:
        return "It has not been tested yet."
    return (
        f"On n = {counted(found['n'], 'item')} that it never saw, R@10 from the description in {found['language']} to "
        f"the picture is {figures.interval_text(interval_of(found, 'r@10'))} (95 % interval over items; "
        f"chance {found['r@10_chance']:.2f})."
    )


def read(reading: Reading, language: str) -> str:
    """What training read of a text's words."""
    known = {word: count for word, count in reading.counts.items() if count}
    every = f"{reading.known:,} different words in {language}"
    if not known:
        return f"Training read {every}, and none of this text."
    if len(known) <= LISTED:
        (first, count), *others = known.items()
        told = [f"“{first}” in {count} of {reading.items} descriptions", *(f"“{one}” in {n}" for one, n in others)]
        return f"Training read {every}: {', '.join(told)}."
    rarest = min(known, key=known.__getitem__)
    return (
        f"Training read {every}, and of this text {len(known)} of {len(reading.counts)}: the rarest, “{rarest}”, in "
        f"{known[rarest]} of {reading.items} descriptions."
    )


def unread(found: Index, words: Sequence[str]) -> str:
    """Words that training has never read, and what becomes of them."""
    hashed = found.model.any.options.encoder == "bag"
    how = "only spelling (n-grams) counts for such words" if hashed else "all such words count as one and the same"
    return f"Never read: {some(words)}; {how}."


def here(described: Described, scope: str) -> str:
    """Whether there is an item that is described with a text, and where the nearest of them is."""
    items = f"{described.of:,} {'held-out items' if scope == 'test' else 'items'}"
    if not described.here:
        more = f", {described.everywhere} of all items" if described.everywhere and scope != "all" else ""
        verb = "is" if described.everywhere == 1 else "are"
        elsewhere = f"{more} {verb}" if more else ""
        return f"Described with it: none of {items}{elsewhere}. So descriptions can't tell whether an answer is right."
    nearest = "it is" if described.here == 1 else "the nearest of them is"
    return f"Described with it: {described.here} of {items}; {nearest} at place {shown_rank(described.rank)}."


def sure(certainty: Certainty, described: Described) -> str:
    """How often texts like one that was asked found an item that is described with them."""
    kind = "names and keywords" if certainty.short else "longer descriptions"
    words = {"all": "all of whose words", "some": "some of whose words", "none": "none of whose words"}[certainty.part]
    what = f"{kind} of held-out items {words} training read"
    if not certainty.n:
        return f"How sure it is has not been measured: there are no {what}."
    between = f"{certainty.low:.2f} to {certainty.high:.2f}"
    line = (
        f"Of n = {certainty.n} {what}, with a nearest picture about as near ({between}), {certainty.count} had the "
        f"nearest picture's item described with them: {figures.interval_text(certainty.right)}."
    )
    return line if described.here else f"{line} Each of those had such an item here, as this text has not."


def grade(certainty: Certainty) -> str:
    """The same in a few words, by the half of all cases that the whole interval lies in."""
    if not certainty.n:
        return "Not measured"
    low, high = certainty.right.low, certainty.right.high
    return f"Texts like it: {'mostly right' if low > HALF else 'mostly wrong' if high < HALF else 'uncertain'}"


def examples(found: Examples, scope: str) -> str:
    """What a good and a bad text show, and how ordinary they are."""
    if found.good is None and found.bad is None:
        return ""
    told = [f"Good: its own picture is first of {found.good.candidates:,}"] if found.good else []
    told += [f"bad: its own is at place {shown_rank(found.bad.rank)}"] if found.bad else []
    share, names = figures.interval_text(found.first), counted(found.first.n, "name")
    whose = "held-out items" if scope == "test" else "all items, most of which training has seen,"
    return (
        f"{'; '.join(told).capitalize()}. The extremes of {names} of {whose} whose words training read: "
        f"{share} have their own picture first; the median place is {found.median:g}."
    )


def left_out(stale: Mapping[str, Sequence[int]]) -> str:
    """What is kept of models and is not shown: label of a model or control → seeds."""
    names = "; ".join(f"{name} (seed {', '.join(map(str, seeds))})" for name, seeds in stale.items())
    return (
        "Not shown, because they were measured on other descriptions, pictures or features than those of now, on "
        f"another split, or with a model that was trained anew since: {names}."
    )


def verdict(key: Key, margins: Sequence[Margin] | None) -> str:
    """Whether a model beats its baselines."""
    name = models.find_model(key.model).label
    if margins is None:
        return f"{name} has not been tested here yet."
    if not margins:
        return f"There is no baseline beside {name} here."
    said: dict[str, list[str]] = {}
    for one in margins:
        bounds = one.recall.bounds(lambda value, _: f"{value:+.2f}")
        said.setdefault(SIDES[one.side], []).append(f"{one.label} ({one.recall.value:+.2f} {bounds})")
    parts = "; it ".join(f"{side} {', '.join(rivals)}" for side, rivals in said.items())
    return f"R@{margins[0].k}: {name} {parts}."


def footnote(record: dict[str, Any], holdout: str) -> str:
    """What the table of one task rests on."""
    return (
        f"n: items that training never saw ({HELD_OUT[holdout]}); {counted(round(record['candidates']), 'candidate')}; "
        "95 % bootstrap intervals over items and seeds together; each seed has a split of its own. Words unknown: the "
        "share of the words of these descriptions that do not occur in training. VSE, OE and ridge regression know "
        "one language at a time; spelling and identity look at no picture; with pictures permuted, training saw each "
        "item beside another one's picture."
    )


def curves(found: Index) -> str:
    """What the curves of training show."""
    sizes = len(found.model.any.split.validation)
    return (
        f"Loss is the mean of a batch; recall the mean of R@1, R@5 and R@10, both directions, on {sizes} validation "
        "items. The diamond is the epoch that is kept."
    )


def plane(found: Index, shown: Plane, language: str) -> str:
    """What the map shows, and what it does not."""
    items = shown.kinds.count("pictures")
    whose = "" if found.model.model.bilingual else f" This is the space of {language}; the other language has its own."
    return (
        f"{items} of {counted(shown.total, 'item')}, one picture each · PCA: the two directions hold {shown.share:.0%} "
        f"of the variance, so near on the map is a hint only; the lists above come from the space itself. Pictures and "
        f"each language are centred apart. Click a point to look at its item.{whose}"
    )
