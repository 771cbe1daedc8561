"""The sentences about judgements: plain text, made from the core's facts."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from cldi_core.data import counting
from cldi_core.data.dataset import POS
from cldi_core.data.judgement_tables import LeftOut
from cldi_core.data.judgements import ACCEPTABLE, Judgement

LISTED = 10  # lines of a table that were not taken, named at most


def lift(value: float) -> str:
    """A rise of an MRR, below 1, in two significant digits: ``".0083"``."""
    digits = 2 if value <= 0 else max(2, 1 - math.floor(math.log10(value)))
    return f"{value:.{digits}f}".removeprefix("0")


def reason(rise: float, methods: int, of: int, pos: str, n: int) -> str:
    """Why a candidate is to be judged now.

    Args:
        rise: the mean rise of the MRR; methods, of: those under which it wins, and all; n: queries of the POS.
    """
    mean = "on average " if methods > 1 else ""
    under = f"under {methods} of {of} methods" if of > 1 else "under the only method that is scored"
    what = f"the MRR of {POS[pos]}s by {lift(rise)} {mean}{under}"
    return f"If it were acceptable, that would lift {what} (n = {counting.counted(n, POS[pos])})."


def counted(given: Sequence[Judgement], pairs: Collection[str]) -> str:
    """``"12 judgements of en-de: 9 acceptable, 3 wrong"``."""
    own = [one for one in given if one.pair in pairs]
    accepted = len([one for one in own if one.verdict == ACCEPTABLE])
    where = next(iter(pairs)) if len(pairs) == 1 else f"{len(pairs)} pairs"
    many = "judgement" if len(own) == 1 else "judgements"
    return f"{len(own)} {many} of {where}: {accepted} acceptable, {len(own) - accepted} wrong"


def taken(name: str, count: int, replaced: int, left_out: Sequence[LeftOut]) -> list[str]:
    """What became of a table that was taken in, line by line; those that were not taken are named, and counted."""
    lines = [f"{counting.counted(count, 'judgement')} taken for {name}, {replaced} in place of earlier ones."]
    lines += [f"Not taken: line {one.line}: {one.reason}: {one.text}" for one in left_out[:LISTED]]
    if len(left_out) > LISTED:
        lines.append(f"… and not taken: {counting.counted(len(left_out) - LISTED, 'more line')}.")
    return lines
