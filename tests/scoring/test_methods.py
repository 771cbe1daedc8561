"""The registry: names, composed names, and what is made from what."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import UnknownNameError
from cldi_core.scoring import methods
from cldi_core.scoring.hubness import csls, fuse, inverted_softmax
from cldi_core.scoring.methods import CORRECTIONS, METHODS, find_method
from cldi_core.scoring.scores import score, score_all
from tests.scoring.test_scores import S, T, sets_of

PAPER = ["avgmax", "maxmax", "cnn-mean", "cnn-max", "knn", "knn-c"]


def test_the_papers_methods_come_first() -> None:
    assert list(METHODS)[:6] == PAPER
    assert all(METHODS[name] is find_method(name) for name in METHODS)


@pytest.mark.parametrize("name", [name for name in METHODS if "+" not in name])
def test_every_method_can_be_corrected_for_hubness(name: str) -> None:
    source, target = sets_of(S), sets_of(T)
    base = score(source, target, name)
    np.testing.assert_array_equal(score(source, target, f"{name}+csls"), csls(base))
    np.testing.assert_array_equal(score(source, target, f"{name}+isf"), inverted_softmax(base))
    for correction in CORRECTIONS:
        made = find_method(f"{name}+{correction}")
        assert made.bases == (name,) and METHODS[name].label in made.label and METHODS[name].label in made.formula


def test_chosen_methods_are_fused() -> None:
    source, target = sets_of(S), sets_of(T)
    name = "rrf=avgmax+csls,sinkhorn,knn"
    found = score_all(source, target, [name, "knn", "sinkhorn", "avgmax+csls"])
    assert list(found) == [name, "knn", "sinkhorn", "avgmax+csls"]
    np.testing.assert_allclose(found[name], fuse([found[base] for base in find_method(name).bases]), atol=1e-7)
    assert find_method(name).label == "fusion of AVGMAX + CSLS, Optimal transport, KNN"
    assert find_method("rrf").bases == ("avgmax", "maxmax", "cnn-mean", "cnn-max")


@pytest.mark.parametrize(
    "name",
    ["", "avg", "avgmax+", "+csls", "avgmax+csls+csls", "avgmax+isf+csls", "avgmax+CSLS", "rrf=", "rrf=avgmax",
     "rrf=avgmax,avgmax", "rrf=avgmax,x", "rrf=avgmax,,knn", "rrf=rrf=avgmax,knn", "../avgmax+csls", "x+csls",
     "rrf=avgmax,../x", "avgmax\n", "rrf=avgmax,knn+csls,"],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    """Names become those of files, so nothing but registered names can be part of one."""
    with pytest.raises(UnknownNameError, match="unknown method"):
        find_method(name)


def test_an_unknown_name_tells_how_names_are_composed() -> None:
    with pytest.raises(UnknownNameError, match=r"avgmax\+csls, avgmax\+isf.*rrf=avgmax,cnn-mean"):
        find_method("cls")


def test_bases_come_before_what_is_made_of_them() -> None:
    names = [method.name for method in methods.with_bases(["rrf=avgmax+csls,knn", "avgmax"])]
    assert names == ["avgmax", "avgmax+csls", "knn", "rrf=avgmax+csls,knn"]


def test_what_lists_offer_exists() -> None:
    offered = methods.offered()
    assert set(METHODS) <= set(offered) and len(set(offered)) == len(offered)
    assert {find_method(name).name for name in offered} == set(offered)
    assert find_method("maxmax+csls").label == "MAXMAX + CSLS"
