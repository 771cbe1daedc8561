"""Cached loading of what is not clean, and of the figures without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cldi_core.evaluation import tables
from cldi_core.insight import clean

from . import load


@load.cached(max_entries=20, spinner=load.SPINNER)
def suspected(name: str, backbone: str, pair: str) -> clean.Suspected:
    """What of a pair is not clean."""
    return clean.of_pair(load.pair_of(name, backbone, pair))


@load.cached(max_entries=20, also=load.RANKINGS, spinner=load.SPINNER)
def clean_table(
    name: str, backbone: str, pairs: Sequence[str], ways: Sequence[str], *, same_spelled: bool, group: str | None
) -> list[dict[str, Any]]:
    """As ``load.table``, of clean words alone."""
    frames = load.complete(name, backbone, pairs, ways)
    kept = {pair: tables.only(own, suspected(name, backbone, pair).kept) for pair, own in frames.items()}
    return tables.table(kept, same_spelled=same_spelled, group=group)
