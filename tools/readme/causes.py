"""Tables of what kept words from being found, made of the stored evidence."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cldi_core import rankers
from cldi_core.data.dataset import POS
from cldi_core.errors import CldiError
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import causes
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.evidence import stored_evidence

from .form import table
from .results import Set

METHOD = "avgmax"


def leading(pair: Pair) -> pd.DataFrame:
    """Of every covered query under AVGMAX its strongest cause (``causes.leading``); nothing is computed."""
    frame = stored_evidence(pair, [rankers.ranker(METHOD)]).get(METHOD)
    if frame is None:
        command = f"python -m cldi_core score --dataset {pair.dataset.name} --backbone {pair.backbone}"
        raise CldiError(f"{pair.dataset.name} has no fitting evidence for {pair.name}; run: {command}")
    return causes.leading(causes.with_ceilings(frame, stored_ceilings(pair)))


def named(easy: Set, hard: Set) -> Iterator[str]:
    """The share of missed and of found words that have a cause which stands out, by pair and part of speech."""
    kinds = list(POS.values())
    head = ["", *(f"missed {kind}s" for kind in kinds), *(f"found {kind}s" for kind in kinds)]
    rows = [head]
    for one, title in ((easy, "demo"), (hard, "demo-hard")):
        for name, pair in one.pairs.items():
            found = leading(pair)
            rows.append([f"{title} {name}", *_shares(found, missed=True), *_shares(found, missed=False)])
    yield from table(*rows)


def _shares(found: pd.DataFrame, *, missed: bool) -> list[str]:
    """``"69 of 90"`` for each part of speech."""
    own = found[(found["rank"] > 1) == missed]
    shown = []
    for letter in POS:
        words = own[own["pos"] == letter]
        shown.append(f"{int((words['cause'] != '').sum())} of {len(words)}" if len(words) else "–")
    return shown


def by_cause(easy: Set) -> Iterator[str]:
    """How many verbs and nouns of en-de have which cause as their strongest, of the missed and of the found."""
    found = leading(easy.pairs["en-de"])
    rows = [["strongest cause", "missed verbs", "found verbs", "missed nouns", "found nouns"]]
    for name in [*causes.CAUSES, ""]:
        counts = [
            int(((found["pos"] == letter) & (found["cause"] == name) & ((found["rank"] > 1) == missed)).sum())
            for letter in "VN"
            for missed in (True, False)
        ]
        if any(counts):
            label = causes.CAUSES[name].label if name else "no single cause stands out"
            rows.append([label, *map(str, counts)])
    yield from table(*rows)
