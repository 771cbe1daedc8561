"""The registry: names, composed names, and what is made from what."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import UnknownNameError
from cldi_core.scoring import methods
from cldi_core.scoring.hubness import csls, fuse, inverted_softmax
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import CORRECTIONS, METHODS, find_method
from cldi_core.scoring.scores import score, score_all
from tests.scoring.test_scores import S, T, sets_of

PAPER = ["avgmax", "maxmax", "cnn-mean", "cnn-max", "knn", "knn-c"]


def test_the_papers_methods_come_first() -> None:
    assert list(METHODS)[:6] == PAPER
    assert list(METHODS)[6:] == [
        "avgmax-sym", "avgmax-typical", "sinkhorn", "sinkhorn-short", "avgmax+csls", "avgmax+isf", "cnn-mean+csls",
        "cnn-mean+isf", "rrf",
    ]  # fmt: skip
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
    plain = [name for name in METHODS if "+" not in name]
    assert offered == [way for name in plain for way in (name, f"{name}+csls", f"{name}+isf")]


def some_words(n: int, seed: int) -> ImageSets:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 6, n)
    return ImageSets.from_arrays([f"w{word}" for word in range(n)], [rng.normal(size=(size, 4)) for size in sizes])


@pytest.mark.parametrize("name", [*METHODS, "knn+csls", "maxmax+isf", "rrf=cnn-max,avgmax-sym"])
def test_a_record_says_on_what_a_score_depends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether other source words and other candidates change a score: some are left out."""
    monkeypatch.setitem(methods.SHORT, "k", 2)
    method, source, target = find_method(name), some_words(6, 1), some_words(9, 2)
    whole = score(source, target, name)
    of_some_words = score(source.select(source.words[:3]), target, name)
    of_some_candidates = score(source, target.select(target.words[:4]), name)
    by_row = np.allclose(of_some_words, whole[:3], atol=1e-6)
    assert method.by_row == by_row
    assert method.local == (by_row and np.allclose(of_some_candidates, whole[:, :4], atol=1e-6))


@pytest.mark.parametrize("name", [*METHODS, "knn-c+csls", "rrf=avgmax,maxmax", "rrf=avgmax,maxmax,cnn-mean"])
def test_scores_reach_their_bounds_and_stay_within(name: str) -> None:
    """Equal pictures and opposite ones, of a language with itself."""
    method, x = find_method(name), np.eye(3, dtype=np.float32)
    sets = ImageSets.from_arrays(list("abcd"), [x[:1], -x[:1], x[1:2], -x[1:2]])
    found = score(sets, sets, name)
    low, high = method.bounds
    assert low <= found.min() and found.max() <= high
    if method.bases and "+" in name:
        assert method.bounds == (-np.inf, np.inf) and (found.min() < -1 or found.max() > 1)
    else:
        assert found.max() == pytest.approx(high, abs=1e-5)
        if not method.bases and not method.votes and not method.after:
            assert found.min() == pytest.approx(low, abs=1e-5)


@pytest.mark.parametrize("name", ["knn", "knn-c", "knn+csls", "knn-c+isf"])
def test_votes_name_one_answer_and_so_does_what_corrects_them(name: str) -> None:
    assert not find_method(name).ranks_all
    assert all(METHODS[other].ranks_all for other in METHODS if not other.startswith("knn"))


def test_a_fusion_is_named_by_what_it_fuses_only_where_that_was_chosen() -> None:
    assert METHODS["rrf"].label == "Rank fusion"
    assert find_method("rrf=avgmax,maxmax,cnn-mean,cnn-max").label.startswith("fusion of AVGMAX, MAXMAX, ")
    assert "{AVGMAX, MAXMAX, CNN-MEAN, CNN-MAX}" in METHODS["rrf"].formula
    best = fuse([np.eye(4)] * 4).max()  # first in all four
    assert METHODS["rrf"].bounds == (0, pytest.approx(best)) and best == pytest.approx(4 / 61)
    assert find_method("rrf=avgmax,knn").bounds == (0, pytest.approx(best / 2))
