"""Tables of what kept words from being found, made of the stored evidence."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cldi_core import rankers
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.errors import CldiError
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import causes
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.evidence import stored_evidence

from .form import table
from .results import Set

METHOD = "avgmax"


def evidence(pair: Pair) -> pd.DataFrame:
    """The stored evidence of a pair under AVGMAX, with ceilings; nothing is computed."""
    frame = stored_evidence(pair, [rankers.ranker(METHOD)]).get(METHOD)
    if frame is None:
        command = f"python -m cldi_core score --dataset {pair.dataset.name} --backbone {pair.backbone}"
        raise CldiError(f"{pair.dataset.name} has no fitting evidence for {pair.name}; run: {command}")
    return causes.with_ceilings(frame, stored_ceilings(pair))


def named(easy: Set, hard: Set) -> Iterator[str]:
    """The share of missed and of found words that have a cause which stands out, by pair and part of speech."""
    kinds = [POS[letter] for letter in CLASSES]
    head = ["", *(f"missed {kind}s" for kind in kinds), *(f"found {kind}s" for kind in kinds)]
    rows = [head]
    for one, title in ((easy, "demo"), (hard, "demo-hard")):
        for name, pair in one.pairs.items():
            found = causes.leading(evidence(pair))
            rows.append([f"{title} {name}", *_shares(found, missed=True), *_shares(found, missed=False)])
    yield from table(*rows)


def _shares(found: pd.DataFrame, *, missed: bool) -> list[str]:
    """``"69 of 90"`` for each part of speech."""
    own = found[(found["rank"] > 1) == missed]
    shown = []
    for letter in CLASSES:
        words = own[own["pos"] == letter]
        shown.append(f"{int((words['cause'] != '').sum())} of {len(words)}" if len(words) else "–")
    return shown


def by_cause(easy: Set) -> Iterator[str]:
    """How many verbs and nouns of en-de have which cause as their strongest, of the missed and of the found."""
    counted = causes.summary(evidence(easy.pairs["en-de"])).set_index(["pos", "cause"])
    rows = [["strongest cause", "missed verbs", "found verbs", "missed nouns", "found nouns"]]
    for name in [*causes.CAUSES, ""]:
        own = [counted.loc[(pos, name)] if (pos, name) in counted.index else None for pos in "VN"]
        if any(one is not None for one in own):
            label = next(one["label"] for one in own if one is not None)
            rows.append([label, *(str(0 if one is None else one[what]) for one in own for what in ("words", "found"))])
    yield from table(*rows)
