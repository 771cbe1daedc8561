"""What is made ahead for pages: dispersions by word, what explains scores, maps; and whether anything lacks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import layout
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item, leave_out, take_back
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import shards
from cldi_core.insight import ceiling, dispersions, evidence, health, hubs, maps, prepared, preparing
from cldi_core.scoring.feature_rows import FeatureRows
from tests.conftest import BACKBONE, picture, write_features

pytestmark = pytest.mark.usefixtures("no_umap")


@pytest.fixture
def no_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "project", lambda dataset, backbone, **how: {"words": "kept"})


def keep(dataset: Dataset, **how: bool) -> int:
    return dispersions.keep_dispersions(dataset, BACKBONE, [open_pair(dataset, BACKBONE, "en-de")], **how)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of features were read, each time."""
    read: list[int] = []
    plain = FeatureRows.__getitem__

    def noted(self: FeatureRows, key: object) -> np.ndarray:
        found = plain(self, key)
        read.append(found.shape[0] if found.ndim == 2 else 1)
        return found

    monkeypatch.setattr(FeatureRows, "__getitem__", noted)
    return read


def test_stored_dispersions_are_those_that_would_be_computed(small: Dataset, unread: list[int]) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    assert unread == [], "opening a pair reads no features"
    expected = dispersions.dispersions(pair)
    assert keep(small) > 0 and keep(small) == 0 and keep(small, force=True) > 0
    unread.clear()
    pd.testing.assert_frame_equal(dispersions.dispersions(pair), expected)
    turned = dispersions.dispersions(open_pair(small, BACKBONE, "de-en"))
    assert unread == [] and len(turned), "the same words asked the other way"


def test_only_words_whose_pictures_changed_are_measured_again(small: Dataset, unread: list[int]) -> None:
    keep(small)
    leave_out(small, [item := Item(picture("square").id, "en", "hand")])
    changed = Dataset(small.path)
    pair = open_pair(changed, BACKBONE, "en-de")
    unread.clear()
    found = dispersions.dispersions(pair).set_index("word")
    assert sum(unread) == 1 and np.isnan(found.loc["hand", "dispersion"]), "the one picture that is left"
    take_back(changed, [item])
    write_features(small.path, dim=6)
    assert keep(Dataset(small.path)) > 5, "other features, other keys"


def test_damaged_ones_are_as_if_not_there_and_check_names_them(small: Dataset) -> None:
    keep(small)
    path = dispersions.path_of(small, BACKBONE)
    assert layout.part_of(path.relative_to(small.path).as_posix()) == "dispersions"
    frame = pd.read_parquet(path)
    frame["dispersion"] += 0.5
    frame.to_parquet(path, index=False)
    pair = open_pair(small, BACKBONE, "en-de")
    assert not (dispersions.dispersions(pair)["dispersion"] > 2).any()
    (found,) = [one for one in health.findings(small, deep=True) if one.area == "dispersions"]
    assert "not what was written" in found.text and "prepare" in found.next_step


def test_many_pictures_are_not_measured_while_somebody_waits(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispersions, "AT_ONCE", 100)
    pair = open_pair(small, BACKBONE, "en-de")
    assert dispersions.at_hand(pair) is None
    keep(small)
    assert dispersions.at_hand(pair) is not None


@pytest.mark.usefixtures("no_maps")
def test_everything_that_lacks_is_made_and_nothing_else(small: Dataset) -> None:
    method = rankers.ranker("avgmax")
    pair = open_pair(small, BACKBONE, "en-de")
    assert preparing.prepare(small, BACKBONE).unscored == ["en-de"]
    rankings.rankings(pair, [method], stored_scores.scored(pair, [method]))
    told: list[str] = []
    made = preparing.prepare(
        small, BACKBONE, stages=lambda what, unit: told.append(what) or preparing.untold(what, unit)
    )
    assert (made.explained, made.ceilings, made.unscored) == ({"en-de": ["avgmax"]}, ["en-de"], [])
    assert told == ["measuring dispersions", "explaining en-de", "measuring the ceilings of en-de"]
    assert evidence.stored_evidence(pair, [method]) and hubs.stored_hubs(pair, [method])
    assert ceiling.stored_ceilings(pair) is not None
    again = preparing.prepare(small, BACKBONE)
    assert (again.dispersions, again.explained, again.ceilings) == (0, {}, [])


def test_maps_read_the_features_that_are_open(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of files that are mapped twice is in memory twice."""
    opened: list[shards.Features] = []
    plain = shards.open_features
    monkeypatch.setattr(shards, "open_features", lambda *given: opened.append(plain(*given)) or opened[-1])
    monkeypatch.setattr(maps, "project", lambda *given, **how: {"given": (how["loaded"], [*opened])})
    loaded, before = preparing.prepare(small, BACKBONE).maps["given"]
    assert before == [loaded]


@pytest.mark.usefixtures("no_maps")
def test_what_lacks_is_told_by_the_files_alone(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepared.lacking(small) == (), "it is small"
    monkeypatch.setattr(prepared, "AT_ONCE", 10)
    monkeypatch.setattr(shards, "open_features", lambda *given: pytest.fail("opened"))
    assert prepared.lacking(small) == (BACKBONE,)
    monkeypatch.undo()
    monkeypatch.setattr(prepared, "AT_ONCE", 10)
    preparing.prepare(small, BACKBONE)
    assert prepared.lacking(small) == ()
    (small.path / "words.parquet").touch()
    assert prepared.lacking(small) == (BACKBONE,), "a file changed"
    monkeypatch.setattr("cldi_core.data.storage.is_writable", lambda folder: False)
    assert prepared.lacking(small) == ()
