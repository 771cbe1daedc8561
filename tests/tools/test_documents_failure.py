"""What docs/RESULTS.md says of all words together, against what is shipped and by other means."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.insight import learning
from tools.documents import failure
from tools.documents.causes import evidence
from tools.documents.results import Set


@pytest.fixture(scope="module")
def sets() -> tuple[Set, Set]:
    return Set("demo"), Set("demo-hard")


def shares(one: Set) -> list[tuple[float, float]]:
    """Of each pair the share of nouns and of verbs that are found."""
    frames = [evidence(pair).dropna(subset="rank") for pair in one.pairs.values()]
    return [tuple((own.loc[own["pos"] == pos, "rank"] <= 1).mean() for pos in "NV") for own in frames]


def test_a_part_of_the_gap_is_explained_and_most_is_not(sets: tuple[Set, Set]) -> None:
    gap = failure.explained(sets[0]).gaps["V", "found"]
    assert -0.4 < min(verbs - nouns for nouns, verbs in shares(sets[0])) < gap.before.value
    assert gap.before.value < max(verbs - nouns for nouns, verbs in shares(sets[0])) < -0.2
    assert gap.explained.high < 0 and gap.after.high < 0, "a part, and something is left"
    assert gap.after.value < 0.5 * gap.before.value, "most of it"
    parts = {part.name: part.interval for part in gap.parts}
    assert sum(part.value for part in parts.values()) == pytest.approx(gap.before.value - gap.after.value)
    assert parts["dispersion"].high < 0 and parts["senses"].high < 0, "both guesses of the paper take some of it"
    assert gap.parts[0].name == "right_pictures" and gap.parts[0].interval.high < 0
    (dispersion,) = [one for one in failure.explained(sets[0]).found.coefficients if one.label == "dispersion"]
    assert dispersion.interval.low > 0, "words whose pictures differ more are found more often"
    frames = [evidence(pair).dropna(subset="dispersion") for pair in sets[0].pairs.values()]
    means = [[own.loc[own["pos"] == pos, "dispersion"].mean() for pos in "NV"] for own in frames]
    assert all(nouns > verbs for nouns, verbs in means), "and pictures of verbs differ less"
    assert failure.explained(sets[0]).matched["V"].found.high < gap.after.value


def test_few_verbs_are_found_in_the_hard_mode(sets: tuple[Set, Set]) -> None:
    gap = failure.explained(sets[1]).gaps["V", "found"]
    assert (gap.found, gap.of) == (3, 103) and gap.after.low < 0 < gap.after.high


def test_part_of_speech_adds_little_and_something(sets: tuple[Set, Set]) -> None:
    told = failure.explained(sets[0])
    pos, others, every = (auc.interval for auc in told.aucs)
    assert 0.5 < pos.high < others.low and told.adds.low > 0 and told.adds.high < 0.05
    assert every.value - others.value == pytest.approx(told.adds.value)


def test_missed_verbs_lose_to_nouns_more_often_than_by_chance(sets: tuple[Set, Set]) -> None:
    for one in sets:
        flow = next(flow for flow in failure.lost(one) if (flow.pos, flow.rival_pos) == ("V", "N"))
        frames = [evidence(pair) for pair in one.pairs.values()]
        lost = [frame[(frame["pos"] == "V") & (frame["rank"] > 1) & ~frame["tied"]] for frame in frames]
        nouns = np.concatenate([own["rival_pos"] == "N" for own in lost])
        assert abs(nouns.mean() - flow.share.value) < 0.02 and flow.excess.low > 0


def test_more_pictures_help_nouns_more_and_confidence_is_the_margin(sets: tuple[Set, Set]) -> None:
    curve = learning.stored_curve(sets[0].pairs["en-de"])
    assert curve is not None
    gaps = learning.gaps(curve, "avgmax")
    assert gaps[1].high < gaps[learning.ALL].low
    told = dict(failure.figures(*sets))
    assert told["area-margin-all"].startswith("−") and told["area-margin-vb"].startswith("−")
    assert told["area-dispersion-all"].startswith("+") and "−" not in told["area-dispersion-all"]
