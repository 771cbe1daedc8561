"""A table of all words of a pair under one method: what became of each, and what may have kept it from being found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cldi_core.insight import causes, explanation
from cldi_core.insight.cause_texts import KINDS

if TYPE_CHECKING:
    import pandas as pd

NONE = "none"  # of a covered word of which no single cause stands out
UNCOVERED = "uncovered"  # of a word without a rank: it, or each of its right answers, has no pictures
LABELS = {name: kind.label for name, kind in causes.CAUSES.items()} | {
    NONE: "no single cause stands out",
    UNCOVERED: "no pictures to compare",
}
NOT_FIRST = "not first"  # any outcome but "found"
OUTCOMES = ("all", NOT_FIRST, *explanation.OUTCOMES)
COLUMNS = (
    "query", "word", "pos", "right", "outcome", "rank", "margin", "cause", "rival", "rival_pos", "dispersion",
    "pictures", "right_pictures", "ceiling",
)  # fmt: skip


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each query, in the order of the evidence, with the columns ``COLUMNS``.

    Args:
        frame: ``evidence``, with ceilings where they are known (``causes.with_ceilings``).

    Columns:

    - query, word, pos, right, rank, rival, rival_pos, dispersion, pictures, right_pictures: those of ``evidence``.
    - outcome: as ``explanation.outcome``; margin: the right answer's score less that of the best wrong candidate,
      float32, nan where one has none; ceiling: nan where it is not known.
    - cause: the strongest if it stands out, by name, of a found word the one that it overcame; else ``NONE`` or
      ``UNCOVERED``.
    """
    known = causes.leading(frame).set_index("query")["cause"].reindex(frame["query"]).to_numpy()
    covered = frame["rank"].notna().to_numpy()
    made = frame.assign(
        outcome=frame["rank"].map(explanation.outcome).astype(str),
        margin=frame["right_score"] - frame["rival_score"],
        cause=np.where(covered, np.where(known == "", NONE, known), UNCOVERED).astype(object),
        ceiling=frame.get("ceiling", np.nan),
    )
    return made[list(COLUMNS)].reset_index(drop=True)


def select(
    rows: pd.DataFrame, letters: str = "NVAX", outcome: str = "all", cause: str = "", find: str = ""
) -> pd.DataFrame:
    """Some rows of ``table``, the best rank first and words without a rank last.

    Args:
        letters: parts of speech; outcome: one of ``OUTCOMES``; cause: one of ``LABELS``, ``""`` for any.
        find: is part of the word, the right answer or the best wrong one, in any case; spaces around it don't count.
    """
    kept = rows["pos"].isin(list(letters))
    if outcome == NOT_FIRST:
        kept &= rows["outcome"] != "found"
    elif outcome != "all":
        kept &= rows["outcome"] == outcome
    if cause:
        kept &= rows["cause"] == cause
    if asked := find.strip().casefold():
        words = rows["word"] + "\n" + rows["right"] + "\n" + rows["rival"]
        kept &= words.map(lambda text: asked in text.casefold()).astype(bool)
    return rows[kept].sort_values(["rank", "query"])


def by_cause(rows: pd.DataFrame) -> pd.DataFrame:
    """How many words of each part of speech are not first with which cause: pos, cause, label, words, of, share, found,
    found_of.

    ``words`` of the ``of`` words that are not first have the cause, ``share`` of them; ``found`` of the ``found_of``
    words that are first have it all the same.  In the order of the parts of speech, then of ``LABELS``; what no word
    that is not first has is left out.

    Args:
        rows: of ``table``.
    """
    import pandas as pd

    records = []
    for pos in KINDS:
        own = rows[rows["pos"] == pos]
        first = own["outcome"] == "found"
        lost, won = own.loc[~first, "cause"].value_counts(), own.loc[first, "cause"].value_counts()
        for cause, label in LABELS.items():
            if count := int(lost.get(cause, 0)):
                of, found_of = int((~first).sum()), int(first.sum())
                records.append((pos, cause, label, count, of, count / of, int(won.get(cause, 0)), found_of))
    columns = ["pos", "cause", "label", "words", "of", "share", "found", "found_of"]
    return pd.DataFrame(records, columns=columns)


def sentence(rows: pd.DataFrame) -> str:
    """For how many words a single cause stands out, by part of speech, and for how many of those that are found.

    Args:
        rows: of ``table``.
    """
    lost, won = [], []
    for pos, (_, kind) in KINDS.items():
        own = rows[(rows["pos"] == pos) & (rows["outcome"] != "uncovered")]
        named, first = ~own["cause"].isin([NONE, UNCOVERED]), own["outcome"] == "found"
        if (~first).any():
            lost.append(f"{(named & ~first).sum()} of {(~first).sum()} {kind}")
        if first.any():
            won.append(f"{(named & first).sum()} of {first.sum()} {kind}")
    if not lost and not won:
        return "No word has pictures on both sides."
    if not lost:
        return "Every word that has pictures is found: its right answer is first."
    told = f"A single cause stands out for {_listed(lost)} whose right answer is not first"
    return f"{told}; of those found, {_listed(won)} have one all the same." if won else f"{told}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
