"""In which order candidates are worth a judgement: those first that would move the figures most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from cldi_core.data.judgements import Key

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("query", "word", "pos", "candidate", "moves", "rise", "methods", "of", "n")


def order(
    pair: str,
    frames: Mapping[str, pd.DataFrame],
    judged: Collection[Key],
    closed: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """The wrong winners of missed words, the one whose acceptance would move the figures most first.

    A missed word is one whose right answer is not first.  If the candidate that wins it were acceptable, its 1/rank
    would become 1, and the MRR of its part of speech would rise by (1 − 1/rank) / n under that method, n being the
    covered queries of that part of speech; where several wrong candidates share the first place it would rise by less.
    Only first places are counted, because nothing else is stored: an acceptable candidate in second place moves a
    method's figures too, if the right answer is deeper.

    Args:
        pair: its name, ``"en-de"``.
        frames: method → rankings, with what was judged so far.
        judged: the keys of the judgements so far, with either verdict: these candidates are out.
        closed: method → queries that are not asked under it, because its rankings lack what was judged of them; they
            count in n all the same.

    Returns:
        Columns query, word, pos, candidate, moves (the sum of the rises over the methods that it wins), rise (their
        mean), methods (how many these are), of (how many there are) and n (the smallest n of these methods).  The
        largest ``moves`` first, ties by query and candidate.
    """
    import pandas as pd

    missed = []
    for method, frame in frames.items():
        n = frame["rank"].notna().groupby(frame["pos"]).sum()
        rows = frame[(frame["rank"] > 1) & (frame["winner"] != frame["right"])]
        rows = rows[~rows["query"].isin(list((closed or {}).get(method, ())))]
        rows = rows.assign(n=rows["pos"].map(n).astype(float))
        missed.append(rows.assign(moves=(1 - 1 / rows["rank"]) / rows["n"]))
    if not missed:
        return pd.DataFrame(columns=list(COLUMNS))
    every = pd.concat(missed)
    keys = every.rename(columns={"winner": "candidate"}).groupby(["query", "word", "pos", "candidate"], as_index=False)
    found = keys.agg(moves=("moves", "sum"), rise=("moves", "mean"), methods=("moves", "size"), n=("n", "min"))
    found = found.assign(of=len(frames), n=found["n"].astype(int))
    out = [(pair, *key) in judged for key in zip(found["word"], found["pos"], found["candidate"], strict=True)]
    found = found[~np.array(out, bool)]
    # Rounded for the order alone: the same rises, added in another order, are not to be told apart.
    found = found.assign(rounded=found["moves"].round(12))
    found = found.sort_values(["rounded", "query", "candidate"], ascending=[False, True, True])
    made: pd.DataFrame = found[list(COLUMNS)].reset_index(drop=True)
    return made
