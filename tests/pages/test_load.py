"""What the pages keep of a data set: until one of its files changes, and for each function apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from pages._ui import load

calls: list[tuple[object, ...]] = []


@load.cached(max_entries=4)
def one(name: str, number: int, *, words: tuple[str, ...] = ()) -> list[int]:
    """The first."""
    calls.append(("one", name, number, words))
    return [number]


@load.cached(resource=True, max_entries=4, also=("rankings/*",))
def other(name: str, number: int) -> list[int]:
    """The second, which asks the first."""
    calls.append(("other", name, number))
    return one(name, number)


@pytest.fixture(autouse=True)
def fresh(small: Dataset) -> None:
    """Nothing is kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()
    calls.clear()


def change(path: Path) -> None:
    """Write a file anew, so that its time differs."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(path.read_text("utf-8") if path.is_file() else "")
    os.utime(path, ns=(1, len(calls) + 10**9))


def test_results_are_kept_by_their_arguments() -> None:
    assert one("small", 1) == one("small", 1) == [1] and one("small", 2) == [2]
    assert one("small", 1, words=("a",)) == [1]
    assert calls == [("one", "small", 1, ()), ("one", "small", 2, ()), ("one", "small", 1, ("a",))]


def test_each_function_has_results_of_its_own() -> None:
    assert other("small", 1) == one("small", 1) == [1]
    assert [call[0] for call in calls] == ["other", "one"]
    assert (one.__name__, one.__doc__, other.__module__) == ("one", "The first.", __name__)


def test_a_resource_is_shared_and_data_are_copied() -> None:
    assert other("small", 1) is other("small", 1)
    one("small", 1).append(9)
    assert one("small", 1) == [1]


def test_a_change_of_the_data_set_ends_what_is_kept(small: Dataset) -> None:
    for number in range(3):
        one("small", 1)
        assert len(calls) == number + 1
        change(small.path / "senses.tsv")


def test_further_files_count_only_where_they_are_named(small: Dataset) -> None:
    other("small", 1)
    change(small.path / "rankings" / "new")
    assert other("small", 1) == one("small", 1)
    assert [call[0] for call in calls] == ["other", "one", "other"]


def test_files_are_looked_at_once_in_a_run(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp, looks = Dataset.stamp, []
    monkeypatch.setattr(Dataset, "stamp", lambda self, *patterns: looks.append(patterns) or stamp(self, *patterns))
    with load.one_run():
        with load.one_run():
            one("small", 1)
        one("small", 2)
        change(small.path / "senses.tsv")
        one("small", 1)
        assert (len(looks), len(calls)) == (1, 2), "the page is of one state of the files"
    one("small", 1)
    assert (len(looks), len(calls)) == (2, 3)
    looks.clear()
    load.pair_of("small", "efficientnet-lite0", "en-de")
    assert len(looks) == 1, "what a result rests on is of the same files"


def test_tables_of_several_pairs_show_what_can_rank_them_all(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is trained for one pair has no average."""
    both, one_alone = rankers.ranker("avgmax"), rankers.ranker("pivot-sym")

    def available(dataset: Dataset, backbone: str, pair: str) -> list[rankers.Ranker]:
        return [both, one_alone] if pair == "en-de" else [both]

    monkeypatch.setattr(rankers, "available", available)
    assert load.ways("small", "any", ["en-de"]) == ["avgmax", "pivot-sym"]
    assert load.ways("small", "any", ["en-de", "en-fr"]) == load.ways("small", "any", ["en-fr"]) == ["avgmax"]
