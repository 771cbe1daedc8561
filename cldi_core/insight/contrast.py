"""Two candidates side by side: what each picture of the source word has done for one more than for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cldi_core.data.counting import counted
from cldi_core.insight.explanation import Candidate, Explanation
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    from cldi_core.insight.story import Attributed, Share

RIVAL, RIGHT = "rival", "right"


@dataclass(frozen=True)
class Contrast:
    """One picture of the source word between two candidates.

    Attributes:
        id: of the picture.
        rival, right: what it has done for each; ``None`` where a score was not taken apart, or the picture left out.
        difference: the rival's share less the right answer's; nan where one of them is not known.
        bar: the same as a part of the largest difference among the pictures, in [-1, 1]; 0 where it is not known.
        nearer: ``RIVAL`` or ``RIGHT``, whichever has a picture with the higher cosine; nothing where they tie.
    """

    id: str
    rival: Share | None
    right: Share | None
    difference: float
    bar: float
    nearer: str


@dataclass(frozen=True)
class Step:
    """One step from the right answer's score to the rival's: a picture (its id) or a correction (its name)."""

    name: str
    picture: bool
    value: float


def contrasts(rival: Attributed | None, right: Attributed | None, pictures: Sequence[str]) -> tuple[Contrast, ...]:
    """All pictures of the source word, those first that have done most for the rival, and last those not compared.

    Args:
        pictures: their ids, in the order of the set, also of those that are left out.
    """
    shares = [{} if one is None else {share.id: share for share in one.pictures} for one in (rival, right)]
    pairs = [(key, shares[0].get(key), shares[1].get(key)) for key in pictures]
    differences = [_less(one, other) for _, one, other in pairs]
    largest = max((abs(value) for value in differences if not np.isnan(value)), default=0.0)
    found = [
        Contrast(key, one, other, value, 0.0 if np.isnan(value) or largest <= TIE else value / largest,
                 _nearer(one, other))
        for (key, one, other), value in zip(pairs, differences, strict=True)
    ]  # fmt: skip
    compared = {one.id: one.rival is not None or one.right is not None for one in found}
    return tuple(
        sorted(
            found, key=lambda one: (not compared[one.id], -one.difference if one.difference == one.difference else 0)
        )
    )


def _less(rival: Share | None, right: Share | None) -> float:
    return float("nan") if rival is None or right is None else rival.share - right.share


def _nearer(rival: Share | None, right: Share | None) -> str:
    if rival is None or right is None or abs(rival.cosine - right.cosine) <= TIE:
        return ""
    return RIVAL if rival.cosine > right.cosine else RIGHT


def steps(rival: Attributed, right: Attributed, most: int = 12) -> tuple[Step, ...]:
    """What leads from the right answer's score to the rival's: its values sum to the difference of the two scores.

    First the pictures, what has done most for the rival before the others; then the corrections of each name.

    Args:
        most: how many pictures have a step of their own, those that differ most; the others share one.
    """
    ids = [share.id for share in rival.pictures]
    found = contrasts(rival, right, ids)
    own = {one.id for one in sorted(found, key=lambda one: -abs(one.difference))[:most]}
    made = [Step(one.id, True, one.difference) for one in found if one.id in own]
    rest = [one.difference for one in found if one.id not in own]
    if rest:
        made.append(Step(counted(len(rest), "other picture"), False, sum(rest)))
    ours, theirs = dict(rival.parts), dict(right.parts)
    made += [Step(name, False, ours.get(name, 0.0) - theirs.get(name, 0.0)) for name in dict.fromkeys([*ours, *theirs])]
    return tuple(made)


def difference(rival: Attributed, right: Attributed) -> float:
    """How much higher the rival's score is."""
    return rival.score - right.score


def behind(found: Explanation, shown: Sequence[Candidate]) -> list[float]:
    """How far the score of each candidate is below the first one's, at least 0; nan without a score."""
    first = _first(found)
    return [max(first - one.score, 0.0) if not np.isnan(one.score) else float("nan") for one in shown]


def tied_first(found: Explanation) -> int:
    """How many candidates share the first place: 1 where there is one winner, 0 where none is ranked."""
    with np.errstate(invalid="ignore"):  # nan is not tied
        return int(np.count_nonzero(_first(found) - found.scores <= TIE))


def _first(found: Explanation) -> float:
    """The highest score; nan where there is none."""
    known = found.scores[~np.isnan(found.scores)]
    return float(known.max()) if len(known) else float("nan")
