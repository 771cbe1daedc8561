"""What the pages keep of a data set: until one of its files changes, and for each function apart."""

from __future__ import annotations

import math
import os
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data import listing
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import provenance
from cldi_core.insight import dispersions, health
from cldi_core.insight.what_if import Edit
from pages._ui import load, told
from tests import ranked
from tests.conftest import BACKBONE, build_small
from tests.pages_data import build_wide, healthy, open_page, texts, unescaped, view_of

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


def test_what_is_scored_meanwhile_is_seen(small: Dataset) -> None:
    """By another process, while the pages run: also when it is scored anew."""
    pair, here = open_pair(small, BACKBONE, "en-de"), ("small", BACKBONE)

    def seen() -> list[object]:
        return [
            load.rankings(*here, "en-de", "avgmax"),
            load.table(*here, ["en-de"], ways=["avgmax", "maxmax"]),
            load.against(*here, ["en-de"], ways=["avgmax", "maxmax"]),
            None if math.isnan(load.noun_gap(*here, ["en-de"], "avgmax", "V").value) else "gap",
            told.explained(*here, "en-de", "avgmax+csls", "run.V", Edit()),
        ]

    assert seen() == [None, [], [], None, None]
    ranked.rankings(pair, ["avgmax", "maxmax", "avgmax+csls"])
    found = seen()
    assert found[0] is not None and found[1] and found[2] and found[3] and found[4] is not None
    for file in (small.path / "rankings").rglob("*.parquet"):
        file.unlink()
    assert seen()[:4] == [None, [], [], None]


def test_a_change_behind_a_table_is_seen_in_it(small: Dataset) -> None:
    pair, here = open_pair(small, BACKBONE, "en-de"), ("small", BACKBONE, ["en-de"])
    ranked.rankings(pair, ["avgmax", "maxmax"])
    ways = ["avgmax", "maxmax", "cnn-max"]
    assert {record["method"] for record in load.table(*here, ways=ways)} == {"avgmax", "maxmax"}
    assert {record["method"] for record in load.against(*here, ways=ways)} == {"maxmax"}
    ranked.rankings(pair, ["cnn-max", "knn"])
    assert {record["method"] for record in load.table(*here, ways=ways)} == set(ways)
    more = [*ways, "knn"]
    assert {record["method"] for record in load.against(*here, ways=more)} == {"maxmax", "cnn-max"}, "KNN has no MRR"


def test_the_noun_gap_leaves_out_words_spelled_alike(small: Dataset) -> None:
    pair, here = open_pair(small, BACKBONE, "en-de"), ("small", BACKBONE, ["en-de"], "knn", "V")
    frame = ranked.rankings(pair, ["knn"])["knn"]
    alike = frame[frame["same_spelled"]]
    assert set(alike["pos"]) == {"N"} and len(alike) < (frame["pos"] == "N").sum()
    every, without = (
        (1 / rows.loc[rows["pos"] == "N", "rank"]).mean() - (1 / rows.loc[rows["pos"] == "V", "rank"]).mean()
        for rows in (frame, frame[~frame["same_spelled"]])
    )
    assert every != pytest.approx(without)
    assert load.noun_gap(*here).value == pytest.approx(every)
    assert load.noun_gap(*here, same_spelled=False).value == pytest.approx(without)


def test_a_rerun_opens_no_data_set_and_looks_at_the_files_of_the_shown_one_alone(
    small: Dataset, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        build_small(data / f"other{number}")
    at = healthy(open_page("word", dataset="small", word="dog.N"))
    opened: list[str] = []
    looked: list[str] = []
    make, scan = Dataset.__init__, os.scandir
    monkeypatch.setattr(Dataset, "__init__", lambda self, path: opened.append(path.name) or make(self, path))
    monkeypatch.setattr(os, "scandir", lambda *given: looked.append(str(*given)) or scan(*given))
    at = healthy(at.run())
    assert opened == []
    assert not [folder for folder in looked if "other" in folder]
    # Each folder of the shown one at most once for each pattern of its stamp and of what is scored meanwhile.
    assert 0 < len(looked) <= 60
    (data / "other1" / "dataset.toml").write_text('title = "Changed"\n', "utf-8")
    at = healthy(at.run())
    assert "other1" in opened and "Changed" in at.sidebar.selectbox(key="dataset").options
    opened.clear()
    (small.path / "senses.tsv").write_text("dog\t9\n", "utf-8")
    at = healthy(at.run())
    assert opened == ["small"] and "9 WordNet senses" in texts(at)


def test_titles_that_are_alike_are_told_apart(small: Dataset, data: Path) -> None:
    build_small(data / "twin")
    build_wide(data / "wide")
    assert load.titles() == {"small": "Small (small)", "twin": "Small (twin)", "wide": "Wide *set*"}


def test_those_that_cannot_be_opened_are_named_beside_the_others(small: Dataset, data: Path) -> None:
    for number in range(7):
        (data / f"a{number} http:__x.example :smile:").mkdir()
        (data / f"a{number} http:__x.example :smile:" / "dataset.toml").write_text("broken = [", "utf-8")
    at = healthy(open_page("overview"))
    assert view_of(at)["dataset"] == "small" == load.names()[0]
    lines = [unescaped(line.value) for line in at.sidebar.warning]
    assert len(lines) == 6 and lines[-1] == "2 more data sets cannot be opened."
    assert lines[0].startswith("a0 http:__x.example :smile:: dataset.toml of 'a0 http:__x.example :smile:' cannot be")
    assert ":smile:" not in at.sidebar.warning[0].value
    shutil.rmtree(small.path)
    at = open_page("overview")
    assert len(at.error) == 1 and len(at.sidebar.selectbox(key="dataset").options) == 7


def test_tables_of_several_pairs_show_what_can_rank_them_all(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is trained for one pair has no average."""
    both, one_alone = rankers.ranker("avgmax"), rankers.ranker("pivot-sym")

    def available(dataset: Dataset, backbone: str, pair: str) -> list[rankers.Ranker]:
        return [both, one_alone] if pair == "en-de" else [both]

    monkeypatch.setattr(rankers, "available", available)
    assert load.ways("small", "any", ["en-de"]) == ["avgmax", "pivot-sym"]
    assert load.ways("small", "any", ["en-de", "en-fr"]) == load.ways("small", "any", ["en-fr"]) == ["avgmax"]


def test_the_data_set_that_was_asked_for_is_first_then_the_demo_and_what_is_broken_is_last(
    small: Dataset, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alpha", "demo", "zeta"):
        shutil.copytree(small.path, data / name)
    (data / "aaa").mkdir()
    (data / "aaa" / "dataset.toml").write_text("broken = [", "utf-8")
    assert load.names() == ["demo", "alpha", "small", "zeta", "aaa"]
    monkeypatch.setenv("CLDI_DATASET", str(data / "zeta"))
    first, *others = load.names()
    assert load.opened(first).path == data / "zeta" and others[0] == "demo" and others[-1] == "aaa"
    shutil.rmtree(data / "demo")
    assert load.names()[1:] == [name for name in others if name != "demo"]


def test_a_data_set_whose_file_is_gone_is_none_any_more(small: Dataset, data: Path) -> None:
    file = small.path / "dataset.toml"
    assert listing.statuses() == {"small": (small.path, file.stat().st_size, file.stat().st_mtime_ns)}
    assert load.names() == ["small"]
    file.unlink()
    assert listing.statuses() == {} and load.names() == []


def frames_of(small: Dataset, ways: list[str]) -> dict[str, pd.DataFrame]:
    return ranked.rankings(open_pair(small, BACKBONE, "en-de"), ways)


def test_a_table_is_of_all_words_unless_asked_otherwise(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = frames_of(small, ["avgmax", "maxmax"])
    here = ("small", BACKBONE, ["en-de"])
    ways = ["avgmax", "maxmax"]
    records = {same: tables.table({"en-de": frames}, same_spelled=same) for same in (True, False)}
    assert records[True] != records[False]
    pd.testing.assert_frame_equal(pd.DataFrame(load.table(*here, ways=ways)), pd.DataFrame(records[True]))
    asked = load.table(*here, ways=ways, same_spelled=False)
    pd.testing.assert_frame_equal(pd.DataFrame(asked), pd.DataFrame(records[False]))
    assert {one["method"] for one in load.table(*here)} == set(ways), "of all methods, those that are scored"
    never = frozenset({"dog.N", "run.V"})
    monkeypatch.setattr(load, "never_seen", lambda *given: never)
    alone = tables.table({"en-de": tables.only(frames, never)})
    asked = load.table(*here, ways=ways, unseen_alone=True)
    pd.testing.assert_frame_equal(pd.DataFrame(asked), pd.DataFrame(alone))


def test_what_is_above_another_method_is_of_the_words_that_were_asked_for(small: Dataset) -> None:
    frames = frames_of(small, ["avgmax", "maxmax", "cnn-max"])
    here = ("small", BACKBONE, ["en-de"])
    for same in (True, False):
        for base in ("avgmax", "maxmax"):
            wanted = tables.against({"en-de": frames}, base, same_spelled=same)
            found = load.against(*here, base, same_spelled=same)
            pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted))
    assert load.against(*here, "knn") == [], "it is not scored"


def test_the_error_of_a_method_is_its_largest(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def frame(error: float | None) -> pd.DataFrame:
        made = pd.DataFrame()
        made.attrs |= {} if error is None else {"error": error}
        return made

    frames = {
        "en-de": {"sinkhorn": frame(0.1), "avgmax": frame(None), "rrf": frame(0.0)},
        "en-fr": {"sinkhorn": frame(0.3), "avgmax": frame(None), "rrf": frame(0.2)},
        "en-it": {"sinkhorn": frame(0.2), "avgmax": frame(None), "rrf": frame(0.0)},
    }
    monkeypatch.setattr(load, "complete", lambda *given: frames)
    assert load.errors("small", BACKBONE, ["any"], ["any"]) == {"sinkhorn": 0.3, "rrf": 0.2}
    monkeypatch.setattr(load, "complete", lambda *given: {})
    assert load.errors("small", BACKBONE, ["none"], ["any"]) == {}


def test_chance_is_the_mean_over_pairs(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "pair_of", lambda name, backbone, pair: pair)
    monkeypatch.setattr(tables, "chance", {"en-de": 0.1, "en-fr": 0.3, "en-it": 0.2}.__getitem__)
    assert load.chance("small", BACKBONE, ["en-de", "en-fr", "en-it"]) == pytest.approx(0.2)
    assert load.chance("small", BACKBONE, ["en-fr"]) == pytest.approx(0.3)


def test_what_the_core_says_of_a_data_set_is_handed_on(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    pd.testing.assert_frame_equal(load.dispersions("small", BACKBONE, "en-de"), dispersions.dispersions(pair))
    assert load.findings("small") == health.findings(small)
    assert load.provenance_of("small", BACKBONE) == provenance.provenance_of(small, BACKBONE)
    assert load.choices("small") == {
        "pair": ["en-de", "de-en"],
        "backbone": [BACKBONE],
        "learned": [],
        "pos": ["N", "V", "A"],
    }
    every = load.unranked("small", BACKBONE, "en-de")
    assert [(query.id, query.word, query.pos) for query in pair.queries] == [
        *every.drop(columns="rank").itertuples(index=False, name=None)
    ]
    assert every["rank"].isna().all() and len(every)


def test_a_word_of_a_learned_method_is_explained_as_a_text(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    frames_of(small, ["avgmax"])
    monkeypatch.setattr(rankers, "is_trained", lambda name: False)
    assert told.explained("small", BACKBONE, "en-de", "avgmax", "dog.N", Edit()).learned is False
    st.cache_resource.clear()
    monkeypatch.setattr(rankers, "is_trained", lambda name: True)
    assert told.explained("small", BACKBONE, "en-de", "avgmax", "dog.N", Edit()).learned is True


def test_commands_are_quoted_for_a_shell(small: Dataset) -> None:
    line = load.command("small", "pivot train", "--backbone", "my net", "it's")
    assert shlex.split(line)[-4:] == ["small", "--backbone", "my net", "it's"]
    assert line.startswith("python -m cldi_core pivot train --dataset small --backbone 'my net'")
