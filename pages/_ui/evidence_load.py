"""Cached loading of what is made of stored evidence, and what is said where there is none."""

from __future__ import annotations

import pandas as pd

from cldi_core import rankers
from cldi_core.features import backbones
from cldi_core.insight import word_table
from cldi_core.insight.stories import SLOTS, Slots, Told
from cldi_core.insight.stories import stories as find_stories

from . import draw, load, view


@load.cached(resource=True, max_entries=60, also=load.EVIDENCE, spinner=load.SPINNER)
def all_words(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
    """``word_table.table`` under one method; not to be changed, and ``None`` where there is no evidence."""
    frame = load.evidence(name, backbone, pair, method)
    return None if frame is None else word_table.table(frame)


@load.cached(max_entries=60, also=load.EVIDENCE, spinner=load.SPINNER)
def stories(name: str, backbone: str, pair: str, method: str, slots: Slots = SLOTS) -> list[Told] | None:
    """The stories of a pair under one method (``stories.stories``); ``None`` where there is no evidence."""
    frame = load.evidence(name, backbone, pair, method)
    return None if frame is None else find_stories(load.pair_of(name, backbone, pair), frame, slots)


def missing(current: view.View, what: str) -> None:
    """Says that there is no evidence under the chosen method, and what makes it.

    Args:
        what: follows from that, as the beginning of a sentence.
    """
    way = f"{rankers.label(current.method)} with {backbones.label(current.backbone)}"
    options = ("--pair", current.pair, "--backbone", current.backbone, "--method", current.method)
    draw.empty(
        f"{what}: for {current.pair} nothing is stored yet of why {way} finds or misses each word.",
        load.command(current.dataset, "score", *options),
    )
