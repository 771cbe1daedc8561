"""Ranks that are kept: what was measured on another corpus, split, word list or training never stands beside others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset, storage, wordlists
from cldi_core.data.descriptions import FILE
from cldi_core.features import shards
from cldi_core.insight import health
from cldi_core.pivot import experiment, kept, report, sources, trained, translation
from cldi_core.pivot.experiment import RANKS, WORDS, Experiment
from cldi_core.pivot.models import Key
from tests import pivot_data
from tests.conftest import BACKBONE
from tests.pivot_data import OPTIONS

pytestmark = pytest.mark.usefixtures("decoding_here")

QUICK = replace(OPTIONS, word_dim=4, epochs=1)
CONTROLS = {"ridge", "spelling", "identity"}
Change = Callable[[Path], None]


def tried(path: Path, *models: str, holdout: str = "words") -> Experiment:
    """What is tried of a data set as it is now."""
    made = dataset.Dataset(path)
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    folder = translation.models_folder(made)
    return Experiment(corpus, "en-de", holdout, models or ("vse", "pivot-sym"), (0,), QUICK, folder, dataset=made)


def measure(one: Experiment) -> None:
    """Train, test and keep."""
    models = experiment.train(one)
    experiment.keep(one, RANKS, experiment.ranks(one, models.values()))
    words = experiment.words(one)
    if words is not None:
        experiment.keep(one, WORDS, words)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose models were trained and tested."""
    made = pivot_data.build(tmp_path_factory.mktemp("origin") / "made")
    measure(tried(made.path))
    return made.path


@pytest.fixture
def made(origin: Path, data: Path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(origin, data / "made"))


def describe(path: Path) -> None:
    file = path / FILE
    file.write_text(file.read_text("utf-8").replace("rot|Kuh", "rot|Rind"), "utf-8")


def describe_less(path: Path) -> None:
    file = path / FILE
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("red cow")), "utf-8")


def extract_again(path: Path) -> None:
    """One picture's features are other numbers."""
    (file,) = (path / "features" / BACKBONE).glob("*.safetensors")
    ids, matrix, meta = shards.read_shard(file)
    changed = np.array(matrix)
    changed[3] += 0.01
    shards.write_shard(file, list(ids), changed, {name: meta[name] for name in meta if name != "digest"})


def ask_less(path: Path) -> None:
    file = path / "lexicon" / "en-de.tsv"
    _, rows = wordlists.read_list(file)
    wordlists.write_list(file, [row for row in rows if row.pos == "A"])  # which words are held out together


@pytest.mark.parametrize("change", [describe, describe_less, extract_again, ask_less])
def test_what_was_measured_of_something_else_is_left_out_and_named(made: Path, change: Change) -> None:
    before = tried(made).kept(RANKS)
    assert before.frame is not None and before.stale == {}
    assert set(before.frame["model"]) == {"vse", "pivot-sym", "pivot-sym-permuted", *CONTROLS}
    words = tried(made).kept(WORDS)
    assert words.frame is not None and words.stale == {}
    change(made)
    after, words = tried(made).kept(RANKS), tried(made).kept(WORDS)
    assert after.frame is None and set(after.stale) == set(before.frame["model"]), "controls depend on it too"
    assert words.frame is None and "avgmax" in words.stale and after.stale["ridge"] == (0,)
    found = report.of(tried(made))
    assert found["results"] == [] and "words" not in found and set(found["left_out"]) >= {"vse", "ridge", "avgmax"}
    text = report.text(found)
    assert "measured on another corpus, split or training than what is there now: " in text and "vse seed 0" in text
    assert "pivot train --dataset made --pair en-de --backbone efficientnet-lite0 --holdout words" in text


def test_a_word_list_that_changes_no_split_counts_for_words_alone(made: Path) -> None:
    file = made / "lexicon" / "en-de.tsv"
    _, rows = wordlists.read_list(file)
    wordlists.write_list(file, [row._replace(pos="N") for row in rows])  # ids of the queries, and nothing else
    assert tried(made).kept(RANKS).stale == {} and tried(made).kept(WORDS).frame is None


def test_a_model_that_was_trained_anew_has_no_ranks_and_the_others_keep_theirs(made: Path) -> None:
    one = tried(made)
    key = Key(BACKBONE, "en-de", "pivot-sym", "words")
    trained.train(one.corpus, key, replace(QUICK, rate=0.5), one.folder)
    found = tried(made).kept(RANKS)
    assert found.stale == {"pivot-sym": (0,)} and found.frame is not None
    assert set(found.frame["model"]) == {"vse", "pivot-sym-permuted", *CONTROLS}
    words = tried(made).kept(WORDS)
    assert words.stale == {"pivot-sym": (0,)} and words.frame is not None
    shutil.rmtree(key.path(one.folder, ("en", "de")).parent)
    assert tried(made).kept(RANKS).stale == {}, "of a model that is not there only corpus and split can be compared"


def test_what_no_longer_stands_is_dropped_when_something_is_measured(made: Path) -> None:
    describe(made)
    measure(tried(made, "pivot-asym"))
    frame = storage.whole_frame(tried(made).path(RANKS))
    assert frame is not None and set(frame["model"]) == {"pivot-asym", *CONTROLS} and frame["corpus"].nunique() == 1


def pivoting(made: Path) -> list[health.Finding]:
    return [one for one in health.findings(dataset.Dataset(made), deep=True) if one.area == "image pivoting"]


@pytest.mark.parametrize("lost", kept.DIGESTS)
def test_ranks_without_digests_as_older_versions_wrote_them_do_not_stand(made: Path, lost: str) -> None:
    for name in (RANKS, WORDS):
        path = tried(made).path(name)
        older = pd.read_parquet(path).drop(columns=lost)
        older.attrs = {}
        older.to_parquet(path)
        found = tried(made).kept(name)
        assert found.frame is None and found.stale["vse"] == (0,)


def test_ranks_that_are_not_what_was_written_do_not_count(made: Path) -> None:
    path = tried(made).path(RANKS)
    frame = storage.whole_frame(path)
    assert frame is not None
    frame.loc[3, "rank"] = 1.0 if frame["rank"][3] != 1 else 2.0
    frame.to_parquet(path)  # with the checksum of what was there
    assert storage.whole_frame(path) is None and tried(made).kept(RANKS).frame is None
    (found,) = pivoting(made)
    assert (found.level, found.area) == ("error", "image pivoting") and "'ranks.parquet'" in found.text


def test_a_deep_check_names_ranks_of_another_corpus(made: Path) -> None:
    assert pivoting(made) == []
    describe(made)
    found = pivoting(made)
    assert [one.level for one in found] == ["warning", "warning"] and "vse (seed 0)" in found[0].text
    assert found[0].next_step.endswith("--holdout words")


def test_ranks_of_version_0_1_are_named(tmp_path: Path) -> None:
    old = Path(shutil.copytree(Path(__file__).parents[1] / "fixtures" / "v0.1", tmp_path / "old"))
    found = tried(old).kept(RANKS)
    assert found.frame is None and set(found.stale) >= {"pivot-sym", "ridge"}
    models = [trained.open_trained(tried(old).folder, Key(BACKBONE, "en-de", "pivot-sym", "words"), ("en", "de"))]
    one = tried(old, "pivot-sym")
    experiment.keep_new(one, RANKS, experiment.ranks(one, models))  # its model has a digest, and fits
    again = tried(old).kept(RANKS)
    assert again.frame is not None and again.stale == {} and "pivot-sym" in set(again.frame["model"])


def test_a_table_of_something_else_is_no_table_of_ranks(made: Path) -> None:
    path = tried(made).path(RANKS)
    for frame in (pd.DataFrame({"a": [1]}), None):
        frame.to_parquet(path) if frame is not None else path.write_bytes(b"PAR1 cut")
        assert tried(made).kept(RANKS) == kept.Kept(None, {})


def test_the_key_of_ranks_names_corpus_split_and_words(made: Path) -> None:
    one = tried(made)
    corpus = one.corpus
    swapped = replace(corpus, fixed=replace(corpus.split(0), train=corpus.split(0).test, test=corpus.split(0).train))
    keys = [
        kept.key_of(corpus, 0, "items"),
        kept.key_of(corpus, 1, "items"),
        kept.key_of(corpus, 0, "words"),
        kept.key_of(corpus, 0, "words", one.words),
        kept.key_of(replace(corpus, source="other"), 0, "items"),
        kept.key_of(swapped, 0, "items"),
    ]
    rows = dataset.Dataset(made).words[["language", "word", "position", "id"]].itertuples(index=False, name=None)
    dataset.write_words(made, list(rows)[1:])  # a word loses a picture
    keys.append(kept.key_of(corpus, 0, "words", tried(made).words))
    assert len(set(keys)) == len(keys) and keys[0] == kept.key_of(tried(made).corpus, 0, "items")


def test_each_row_has_the_digests_of_its_own_seed_and_model(tmp_path: Path) -> None:
    corpus = pivot_data.corpus(fixed=False)
    where = Key(corpus.backbone, "en-de", "", "items")
    keys = [Key(corpus.backbone, "en-de", "vse", "items", 1), Key(corpus.backbone, "en-de", "pivot-sym", "items", 0)]
    keys.append(replace(keys[1], permuted=True))
    own = {(key.name, key.seed): trained.train(corpus, key, QUICK, tmp_path) for key in keys}
    rows = [(name, seed) for seed in (1, 0) for name in ("ridge", "pivot-sym", "pivot-sym-permuted", "vse", "ridge")]
    frame = pd.DataFrame(rows, columns=["model", "seed"], index=[3 * number % 10 for number in range(10)])
    found = kept.digests(frame, tmp_path, corpus, where)
    assert found.index.equals(frame.index) and set(kept.DIGESTS) <= set(found.columns)
    assert list(zip(found["model"], found["seed"], strict=True)) == rows
    assert found["corpus"].tolist() == [kept.key_of(corpus, seed, "items") for _, seed in rows]
    assert [bool(one) for one in found["trained"]] == [row in own for row in rows]
    assert found["trained"].nunique() == 1 + len(own), "each model has one of its own"


@pytest.mark.parametrize("column", ["model", "seed", *kept.DIGESTS, "rank"])
def test_rows_that_lack_something_are_named_by_seed_where_they_can_be(tmp_path: Path, column: str) -> None:
    corpus = pivot_data.corpus()
    frame = pd.DataFrame(
        {"model": ["a", "b", "a", "a"], "seed": [3, 0, 0, 3], "rank": 1.0, "corpus": "x", "trained": ""}
    )
    where = Key(corpus.backbone, "en-de", "", "items")
    lacking = frame.drop(columns=column)
    found = kept.standing(lacking, tmp_path, corpus, where, ("rank",))
    named = {} if column in ("model", "seed") else {"a": (0, 3), "b": (0,)}
    assert found == kept.Kept(None, named)
    assert kept.standing(frame[["model", "seed"]], tmp_path, corpus, where, ()).stale == {"a": (0, 3), "b": (0,)}
    standing = frame.assign(corpus=[kept.key_of(corpus, 0, "items")] * 3 + ["x"])
    found = kept.standing(standing, tmp_path, corpus, where, ("rank",))
    assert found.frame is not None and found.frame.equals(standing.iloc[:3]) and found.stale == {"a": (3,)}
