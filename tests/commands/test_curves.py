"""``learning-curve``: what it prints is what it keeps."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cldi_core.commands.main import app
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import learning
from tests.conftest import BACKBONE

ASKED = ["learning-curve", "--dataset", "small", "--pair", "en-de", "--method", "avgmax", "--method", "maxmax"]


def test_it_prints_what_it_keeps(small: Dataset) -> None:
    told = CliRunner().invoke(app, [*ASKED, "--draws", "2", "--seed", "3", "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["draws"], found["seed"]) == (2, 3)
    pair = open_pair(small, BACKBONE, "en-de")
    curve = learning.stored_curve(pair)
    assert curve is not None and curve.attrs["seeds"] == {"avgmax": 3, "maxmax": 3}
    own = [one for one in found["curve"] if (one["method"], one["setting"]) == ("maxmax", "ALL")]
    assert [one["pictures"] for one in own] == [1, 2, "all"]
    for one in own:
        size = 0 if one["pictures"] == "all" else one["pictures"]
        rows = curve[(curve["method"] == "maxmax") & (curve["size"] == size)]
        assert one["mrr"] == pytest.approx(rows["mrr"].mean()) and one["p@1"] == pytest.approx(rows["p1"].mean())
        assert (one["kept_all_source"], one["kept_all_target"]) == learning.kept_whole(pair)[size]
    again = CliRunner().invoke(app, [*ASKED, "--draws", "2", "--seed", "3"])
    assert again.exit_code == 0 and f"en-de maxmax, MRR by pictures per word: 1: {own[0]['mrr']:.2f}" in again.stdout
