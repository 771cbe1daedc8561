"""The one list of everything that ranks."""

from __future__ import annotations

import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation.ranker import with_bases
from cldi_core.pivot.models import MODELS
from cldi_core.scoring import methods
from cldi_core.scoring.methods import METHODS
from tests.conftest import BACKBONE

KINDS = (rankers.IMAGES, rankers.TRAINED, rankers.CONTROL)


def test_the_list_holds_methods_models_and_controls_once_each() -> None:
    by_kind = {kind: [name for name, one in rankers.RANKERS.items() if one.kind == kind] for kind in KINDS}
    assert by_kind == {
        rankers.IMAGES: list(METHODS),
        rankers.TRAINED: list(MODELS),
        rankers.CONTROL: ["spelling", "identity"],
    }
    assert len(rankers.RANKERS) == len(METHODS) + len(MODELS) + 2, "no name is two things"


@pytest.mark.parametrize("name", rankers.RANKERS)
def test_each_says_what_it_is(name: str) -> None:
    one = rankers.ranker(name)
    assert one.name == name and one.label and one.formula and one.source
    assert one.about.endswith(".") and one.bounds[0] < one.bounds[1]
    assert len({other.label for other in rankers.RANKERS.values()}) == len(rankers.RANKERS)


def test_composed_methods_bring_their_bases() -> None:
    one = rankers.ranker("rrf=avgmax,avgmax+csls,sinkhorn")
    names = [base.name for base in with_bases([one])]
    assert names.index("avgmax") < names.index("avgmax+csls") < names.index(one.name) and len(set(names)) == len(names)
    assert [base.depth for base in with_bases([one])] == [0, 1, 0, 2]
    deep = rankers.ranker("rrf=avgmax+csls,cnn-mean+isf")
    found = with_bases([deep, rankers.ranker("cnn-mean")])
    assert [base.name for base in found] == ["avgmax", "avgmax+csls", "cnn-mean", "cnn-mean+isf", deep.name], (
        "and theirs"
    )


@pytest.mark.parametrize("name", ["", "avgmaxx", "spelling+csls", "pivot-sym+csls", "../avgmax", "rrf=avgmax"])
def test_unknown_names_are_refused_in_one_line(name: str) -> None:
    assert not rankers.exists(name)
    with pytest.raises(UnknownNameError, match="choose from: avgmax, maxmax") as caught:
        rankers.ranker(name)
    assert "\n" not in str(caught.value) and "+csls" in str(caught.value)


def test_what_is_offered_can_rank(small: Dataset) -> None:
    """Nothing is trained here: models are listed and not offered."""
    there = [one.name for one in rankers.available(small, BACKBONE, "en-de")]
    assert there == [*METHODS, "spelling", "identity"]
    assert [one.name for one in rankers.available(small, BACKBONE, "en-de", rankers.CONTROL)] == there[-2:]
    assert rankers.offered(small, BACKBONE, "en-de") == methods.offered()
    assert all(rankers.exists(name) for name in methods.offered())
