"""Made-up evidence of words, for tests of what is chosen and shown of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

PLAIN = {
    "texts": False, "corrected": False, "rank": 400.0, "rival_pos": "N", "right_score": 0.5, "rival_score": 0.7,
    "tied": False, "pictures": 10, "right_pictures": 6, "rival_pictures": 6, "dispersion": 0.4,
    "right_dispersion": 0.3, "known": True, "things": 8, "right_things": 6, "rival_things": 1, "shown_right": 8,
    "shown_rival": 2, "astray": 0, "nearer_right": 5, "nearer_rival": 5, "best_right": 0.95, "best_rival": 0.95,
    "copies_right": 0, "copies_rival": 0, "common": 0, "same_pictures": False, "rival_top10": 10, "right_top10": 9,
    "rival_top10_csls": 10, "rival_place": 99, "rival_wins": 1, "n_words": 99, "n_candidates": 100,
}  # fmt: skip
OWNED = {"right_things": 1, "rival_things": 7}
FOUND = {"rank": 1.0, "right_score": 0.7, "rival_score": 0.5}


def evidence_of(rows: dict[str, dict[str, Any]], others: int = 20) -> pd.DataFrame:
    """Evidence of some queries (``"run.V"`` → what is not ``PLAIN`` of it), as ``evidence`` has it.

    Args:
        others: how many words there are besides of each part of speech, which are missed, and as many that are found:
            nothing can be told of them.
    """
    told: dict[str, dict[str, Any]] = dict(rows)
    for letter in "NVA":
        for number in range(others):
            told[f"missed{number}.{letter}"] = {}
            told[f"found{number}.{letter}"] = {**FOUND, "pictures": 3}  # too few for a story
    records = []
    for query, own in told.items():
        word, pos = query.rsplit(".", 1)
        names = {"query": query, "word": word, "pos": pos, "right": f"{word}-right", "rival": f"{word}-rival"}
        records.append({**names, **PLAIN, **own})
    frame = pd.DataFrame(records)
    frame.attrs = {"pair": "en-de"}
    return frame
