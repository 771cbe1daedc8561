"""All words of a pair asked of one after the other: the same as each asked alone."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.errors import UnknownNameError
from cldi_core.insight import causes, ceiling
from cldi_core.insight.compared import Compared
from tests.evidence_data import FOUND, frame_of

ROWS = (
    {"right_things": 3, "rival_things": 4, "pos": "N", "best_right": math.nan},
    {"rank": math.nan, "pictures": 0},
    {"same_pictures": True, "common": 6},
    {"right_things": 2, "dispersion": 0.1, **FOUND},
)


def test_each_word_has_the_causes_that_it_has_alone() -> None:
    frame = frame_of(*ROWS)
    compared = Compared(frame)
    for query in frame["query"]:
        assert compared.causes(query) == causes.causes(frame, query), query
    assert any(compared.causes(query) for query in frame["query"])
    with pytest.raises(UnknownNameError):
        compared.causes("nope.V")


def test_a_word_stands_among_those_of_its_kind() -> None:
    frame = frame_of(*ROWS)
    ceilings = pd.DataFrame(
        [("w", 0.25, 8.0, 8, 100), ("v", math.nan, math.nan, 0, 100)], columns=list(ceiling.COLUMNS)
    )
    frame.loc[5, "word"] = "v"
    compared, verbs = Compared(frame, ceilings), frame[frame["pos"] == "V"]
    np.testing.assert_array_equal(compared.values("dispersion", "V"), np.sort(verbs["dispersion"]))
    assert list(compared.values("best_right", "N")) == [], "not known of the one noun"
    assert list(compared.values("ceiling", "V")) == [0.25] * (len(verbs) - 1), "the MRR, of words that have one"
    assert compared.typical("V") == verbs.loc[verbs["rank"] <= 1, "best_right"].median()
    assert math.isnan(compared.typical("N")) and math.isnan(compared.typical("A"))
    assert compared.ceiling("w") == ceiling.Ceiling(0.25, 8.0, 8, 100) and compared.ceiling("v") is None
    assert compared.row(frame["query"][2])["common"] == 6
