"""The words of the field where they are first used on a page: a sentence, and an example from the data."""

from __future__ import annotations

from dataclasses import replace

from cldi_core import rankers
from cldi_core.errors import CldiError
from cldi_core.features import backbones
from cldi_core.insight import glossary, hubs
from cldi_core.insight.evidence import CSLS

from . import curve_load, load, view
from .foreign import safe

STORED = tuple(dict.fromkeys((*load.EVIDENCE, *curve_load.HUBS)))


def of(current: view.View, *names: str) -> str:
    """What ``help=`` of a widget, a heading or a column says: terms of ``glossary.TERMS``, each in a line of its own.

    Examples are of the chosen pair, method, backbone and word, and made of what is stored alone.
    """
    # What is not of the word stays as it is from word to word, and is not made again.
    word = current.word if any(glossary.TERMS[name].of_word for name in names) else ""
    try:
        told = _texts(current.dataset, current.backbone, current.pair, current.method, word, names)
    except CldiError:  # whatever is wrong with the data, the page says so where it needs them
        told = glossary.texts(None, names)
    return "\n\n".join(f"**{safe(glossary.TERMS[name].label)}**: {safe(told[name])}" for name in names)


@load.cached(resource=True, max_entries=500, also=STORED)
def _texts(name: str, backbone: str, pair: str, method: str, word: str, names: tuple[str, ...]) -> dict[str, str]:
    facts = _facts(name, backbone, pair, method)
    return glossary.texts(facts and replace(facts, query=word), names)


@load.cached(resource=True, max_entries=60, also=STORED)
def _facts(name: str, backbone: str, pair: str, method: str) -> glossary.Facts | None:
    """What examples are made of, of no word yet."""
    if not (pair and backbone):
        return None
    here, plain = (name, backbone, pair), hubs.uncorrected(method)
    records = load.table(*here[:2], (pair,), ways=(method,), group=pair)
    return glossary.Facts(
        load.pair_of(*here),
        backbones.label(backbone),
        rankers.label(method),
        rankers.label(plain),
        rankers.ranker(method).ranks_all,
        "",
        load.rankings(*here, method),
        next((record for record in records if record["setting"] == "ALL"), None),
        load.evidence(*here, method),
        curve_load.hubs(*here, plain),
        curve_load.hubs(*here, f"{plain}{CSLS}") if rankers.exists(f"{plain}{CSLS}") else None,
    )
