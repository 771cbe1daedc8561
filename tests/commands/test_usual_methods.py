"""What is scored and shown where nobody names a method: nothing that takes long, unless it is there."""

from __future__ import annotations

import pytest

from cldi_core import rankers
from cldi_core.commands import scoring
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import forecast as forecasting
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.rankings import rankings
from cldi_core.scoring.methods import METHODS
from pages._ui import draw
from tests.commands.conftest import Run, strict
from tests.conftest import BACKBONE

USUAL = [name for name in METHODS if name != "sinkhorn"]


def shown(small: Dataset) -> set[str]:
    return {one.name for one in rankers.shown(open_pair(small, BACKBONE, "en-de"))}


def test_optimal_transport_over_all_candidates_is_asked_for_by_name(small: Dataset) -> None:
    assert [one.name for one in rankers.usual(small, BACKBONE, "en-de")] == USUAL
    assert shown(small) == set(USUAL)


def test_what_stands_in_gives_way_to_what_is_scored(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    rankings(pair, [rankers.ranker("sinkhorn")])
    assert shown(small) == set(METHODS) - {"sinkhorn-short"}
    rankings(pair, [rankers.ranker("sinkhorn-short")])
    assert shown(small) == set(METHODS), "both are there"


def test_score_says_what_takes_long_before_it_begins(run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"best matches": 130.0, "Optimal transport": 3600.0}
    monkeypatch.setattr(forecasting, "forecast", lambda work: parts)
    asked = ("score", "--dataset", "small", "--json", "--method", "avgmax", "--method", "sinkhorn")
    code, out, err = run(*asked)
    assert code == 0 and [one["method"] for one in strict(out)["scored"]] == ["avgmax", "sinkhorn"]
    assert err == (
        "en-de: about 1 h 0 min (best matches 2 min, Optimal transport 1 h 0 min); "
        "most of it is left out without --method 'sinkhorn'\n"
    )
    assert run(*asked)[::2] == (0, ""), "there is nothing to compute"
    parts.update(dict.fromkeys(parts, scoring.LONG / 3))
    assert run("score", "--dataset", "small", "--method", "maxmax")[2] == "", "a few seconds are nothing to speak of"


def test_a_plain_score_leaves_it_out_and_no_page_misses_it(
    run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = strict(run("score", "--dataset", "small", "--json")[1])["scored"]
    assert [one["method"] for one in scored] == USUAL
    told: list[str] = []
    monkeypatch.setattr(draw, "empty", lambda text, *more: told.append(text))
    draw.unscored("small", BACKBONE, scored)
    exact = [{"method": name} for name in METHODS if name != "sinkhorn-short"]
    draw.unscored("small", BACKBONE, exact)
    assert told == []
    draw.unscored("small", BACKBONE, scored[1:-1])
    assert len(told) == 1 and "AVGMAX, Rank fusion" in told[0]
