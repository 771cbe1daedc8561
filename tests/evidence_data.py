"""Evidence by hand: a word of which no cause holds, and frames of such words."""

from __future__ import annotations

from typing import Any

import pandas as pd

# A word of which nothing holds: its right answer has all of its things, its rival none.
PLAIN: dict[str, Any] = {
    "word": "w", "pos": "V", "texts": False, "corrected": False, "rank": 2.0, "right": "R", "rival": "X",
    "rival_pos": "V", "right_score": 0.5, "rival_score": 0.6, "tied": False, "dispersion": 0.3, "right_dispersion": 0.3,
    "pictures": 10, "right_pictures": 6, "rival_pictures": 6, "known": True, "things": 6, "right_things": 6,
    "rival_things": 0, "shown_right": 10, "shown_rival": 0, "astray": 0, "nearer_right": 8, "nearer_rival": 2,
    "best_right": 0.9, "best_rival": 0.9, "copies_right": 0, "copies_rival": 0, "common": 0, "same_pictures": False,
    "rival_top10": 10, "right_top10": 10, "rival_top10_csls": 10, "rival_place": 50, "rival_wins": 0, "n_words": 100,
    "n_candidates": 100, "margin": 0.1,
}  # fmt: skip
FOUND = {"rank": 1.0}


def frame_of(*rows: dict[str, Any], missed: int = 12, found: int = 12, pos: str = "V") -> pd.DataFrame:
    """Evidence: the rows given, then plain words of a part of speech, missed and found ones, of en-de."""
    plain = [{}] * missed + [FOUND] * found
    lines = [{**PLAIN, **row} for row in rows] + [{**PLAIN, "pos": pos, **row} for row in plain]
    frame = pd.DataFrame(lines)
    frame.insert(0, "query", [f"{number}.{row['pos']}" for number, row in enumerate(lines)])
    frame.attrs = {"pair": "en-de"}
    return frame
