"""Cached loading of what is made of stored evidence: the stories and the table of all words of a pair."""

from __future__ import annotations

import pandas as pd

from cldi_core.insight import word_table
from cldi_core.insight.stories import Told
from cldi_core.insight.stories import stories as find_stories

from . import load


@load.cached(resource=True, max_entries=60, also=load.EVIDENCE, spinner=load.SPINNER)
def all_words(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
    """``word_table.table`` under one method; not to be changed, and ``None`` where there is no evidence."""
    frame = load.evidence(name, backbone, pair, method)
    return None if frame is None else word_table.table(frame)


@load.cached(max_entries=60, also=load.EVIDENCE, spinner=load.SPINNER)
def stories(name: str, backbone: str, pair: str, method: str) -> list[Told] | None:
    """The stories of a pair under one method; ``None`` where there is no evidence."""
    frame = load.evidence(name, backbone, pair, method)
    return None if frame is None else find_stories(load.pair_of(name, backbone, pair), frame)
