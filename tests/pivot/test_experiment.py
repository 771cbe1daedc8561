"""Experiments: what is trained, and the ranks that are kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset, storage
from cldi_core.errors import DatasetError
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.pivot import evaluation, experiment, kept, sources, translation
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.experiment import BESIDE, PERMUTED, RANKS, WORDS, Experiment
from cldi_core.pivot.kept import Kept
from cldi_core.pivot.models import MODELS, Key
from tests import pivot_data
from tests.conftest import BACKBONE
from tests.pivot_data import OPTIONS

FEW = ("vse", "pivot-sym", "parallel-sym")


def tried(folder: Path, corpus: Corpus | None = None, **changed: object) -> Experiment:
    given = {
        "pair": "en-de",
        "holdout": "items",
        "models": FEW,
        "seeds": (0,),
        "options": replace(OPTIONS, word_dim=4, epochs=1),
    }
    return Experiment(corpus=corpus or pivot_data.corpus(), folder=folder, **{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("shared", [True, False])
def test_every_model_is_trained_with_its_controls(tmp_path: Path, shared: bool) -> None:
    keys = tried(tmp_path, pivot_data.corpus(shared=shared), models=tuple(MODELS), seeds=(0, 4)).keys
    plain = [name for name in MODELS if shared or not name.startswith("parallel")]
    expected = {(name, seed, False) for name in plain for seed in (0, 4)}
    expected |= {(name, seed, True) for name in PERMUTED if name in plain for seed in (0, 4)}
    assert {(key.model, key.seed, key.permuted) for key in keys} == expected and len(keys) == len(expected)
    assert {(key.backbone, key.pair, key.holdout) for key in keys} == {("made-up", "en-de", "items")}
    assert any(key.permuted for key in keys), "no model is without its control"


def test_an_experiment_is_trained_once(tmp_path: Path) -> None:
    told: list[str] = []
    one = tried(tmp_path)
    models = experiment.train(one, report=lambda label, *rest: told.append(label))
    assert list(models) == one.keys and len(told) == 2 + 2 * 2  # VSE is two spaces, the others have a control
    experiment.train(one, report=lambda *given: pytest.fail("it is there"))
    experiment.train(replace(one, models=(*FEW, "oe")), report=lambda label, *rest: told.append(label))
    assert set(told[6:]) == {"OE en", "OE de"}
    seconds = experiment.seconds(tmp_path, [*one.keys, replace(one.keys[0], model="pivot-asym")], ("en", "de"))
    assert set(seconds) == {*FEW, "pivot-sym-permuted", "parallel-sym-permuted"}
    for key, model in models.items():
        assert seconds[key.model + "-permuted" * key.permuted] == pytest.approx(model.seconds)


def test_ranks_hold_every_model_and_control(tmp_path: Path) -> None:
    one = tried(tmp_path, seeds=(0, 1))
    models = experiment.train(one)
    frame = experiment.ranks(one, models.values())
    assert tuple(frame.columns) == (*evaluation.COLUMNS, *kept.DIGESTS) and set(frame["seed"]) == {0, 1}
    names = {*FEW, "pivot-sym-permuted", "parallel-sym-permuted", "ridge", "spelling", "identity"}
    for seed in (0, 1):
        own = frame[frame["seed"] == seed]
        assert set(own["model"]) == names and set(own["item"]) == set(one.corpus.split(seed).test)
    assert set(frame["task"][frame["model"] == "spelling"]) == {"text→text"}
    vse = models[Key("made-up", "en-de", "vse")]
    taken = experiment.seconds(tmp_path, one.keys, one.corpus.languages)
    for name in taken:
        own = [model.seconds for key, model in models.items() if key.name == name]
        assert len(own) == 2 and taken[name] == pytest.approx(sum(own) / 2), "the mean over seeds"
    assert (frame["unknown"] == 0).all() and set(vse.spaces["en"].vocabularies["en"].words) >= set(pivot_data.COLOURS)


def test_ranks_of_another_corpus_are_refused(tmp_path: Path) -> None:
    one = tried(tmp_path, models=("pivot-sym",))
    models = experiment.train(one)
    fewer = replace(one.corpus, items=one.corpus.items[:-1])
    for other in (fewer, replace(one.corpus, backbone="other")):
        with pytest.raises(DatasetError, match="PIVOT-SYM of seed 0 was trained on"):
            experiment.ranks(replace(one, corpus=other), models.values())


def records(model: str, seed: int, ranks: list[float], out: list[bool], pos: str = "N") -> pd.DataFrame:
    """Ranks of some words under a model."""
    words = [f"{pos}{number}" for number in range(len(ranks))]
    queries = [f"{word}.{pos}" for word in words]
    about = {"model": model, "seed": seed, "pos": pos}
    frame = pd.DataFrame({"query": queries, "word": words, "rank": ranks, "held_out": out})
    return frame.assign(unknown=frame["word"].str.endswith("1"), **about)


def test_a_table_of_words_never_mixes_held_out_words_with_others() -> None:
    frame = pd.concat(
        [
            records("a", 0, [1, 2, 4, 50], [True, False, True, False]),
            records("a", 1, [2, 1, 8, 1], [False, True, True, False]),
            records("b", 0, [1, 1, 1, 1], [True, False, True, False]),
            records("b", 0, [3, 5], [False, False], "A"),
        ],
        ignore_index=True,
    )
    every = {(one["model"], one["setting"]): one for one in experiment.word_table(frame, held_out=False)}
    out = {(one["model"], one["setting"]): one for one in experiment.word_table(frame, held_out=True)}
    assert set(every) == {("a", "ALL"), ("a", "NN"), ("b", "ALL"), ("b", "NN"), ("b", "ADJ")}
    assert set(out) == {("a", "ALL"), ("a", "NN"), ("b", "ALL"), ("b", "NN")}
    means = [np.mean([1, 1 / 2, 1 / 4, 1 / 50]), np.mean([1 / 2, 1, 1 / 8, 1])]
    assert every["a", "ALL"]["mrr"] == pytest.approx(np.mean(means))
    assert every["a", "ALL"]["n"] == 4 and every["a", "ALL"]["seeds"] == 2
    assert out["a", "ALL"]["mrr"] == pytest.approx(np.mean([np.mean([1, 1 / 4]), np.mean([1, 1 / 8])]))
    assert out["a", "ALL"]["p@1"] == pytest.approx(0.5) and out["a", "ALL"]["n"] == 3
    assert every["b", "ALL"]["mrr"] == pytest.approx(np.mean([1, 1, 1, 1, 1 / 3, 1 / 5]))
    assert every["a", "ALL"]["unknown"] == 1 / 4 and out["a", "ALL"]["unknown"] == 1 / 4
    assert every["b", "ADJ"]["p@10"] == 1 and every["b", "ADJ"]["n"] == 2
    for record in (*every.values(), *out.values()):
        for name in ("mrr", "p@1", "p@10"):
            assert np.isnan(record[f"{name}_low"]) and np.isnan(record[f"{name}_high"]), "four words are too few"


def test_intervals_of_words_are_over_words_and_seeds() -> None:
    """Under one seed all words are found at once, under the other none: what varies is which seeds are drawn."""
    frame = pd.concat([records("a", 0, [1] * 30, [True] * 30), records("a", 1, [100] * 30, [True] * 30)])
    every, _ = experiment.word_table(frame, held_out=True)
    assert (every["p@1"], every["p@1_low"], every["p@1_high"], every["n"]) == (0.5, 0, 1, 30)


def test_words_without_a_rank_are_not_counted() -> None:
    frame = records("a", 0, [1, float("nan"), 2], [False] * 3)
    (every, nouns) = experiment.word_table(frame, held_out=False)
    assert every["mrr"] == nouns["mrr"] == pytest.approx(0.75)
    assert every["n"] == nouns["n"] == 2, "the mean is over two words"
    assert experiment.word_table(frame, held_out=True) == []


def seen(one: Experiment, name: str = RANKS) -> dict[tuple[str, int], list[float]]:
    frame = storage.whole_frame(one.path(name))
    assert frame is not None
    return {key: own["rank"].tolist() for key, own in frame.groupby(["model", "seed"])}


def ranked_as(one: Experiment, *rows: tuple[str, int, list[float]], name: str = RANKS) -> pd.DataFrame:
    """Ranks of some models and seeds, with the digests of what is there now."""
    about = {"task": "text→text", "language": "en→de", "draw": 0, "candidates": 9, "words": 1, "item": "red cow"}
    frames = [records(model, seed, ranks, [True] * len(ranks)).assign(**about) for model, seed, ranks in rows]
    return one.marked(pd.concat(frames, ignore_index=True), one.words if name == WORDS else None)


def test_ranks_of_other_models_and_seeds_stay(tmp_path: Path) -> None:
    one = tried(tmp_path)
    assert storage.whole_frame(one.path(RANKS)) is None and one.kept(RANKS) == Kept(None, {})
    experiment.keep(one, RANKS, ranked_as(one, ("a", 0, [1, 2]), ("b", 0, [3])))
    experiment.keep(one, RANKS, ranked_as(one, ("a", 1, [5.5])))
    assert seen(one) == {("a", 0): [1, 2], ("a", 1): [5.5], ("b", 0): [3]}
    experiment.keep(one, RANKS, ranked_as(one, ("a", 0, [9]), ("c", 1, [7])))
    assert seen(one) == {("a", 0): [9], ("a", 1): [5.5], ("b", 0): [3], ("c", 1): [7]}
    experiment.keep_new(one, RANKS, ranked_as(one, ("a", 0, [1]), ("d", 1, [8])))
    assert seen(one) == {("a", 0): [9], ("a", 1): [5.5], ("b", 0): [3], ("c", 1): [7], ("d", 1): [8]}, "a stands"
    before = one.path(RANKS).stat().st_ino
    experiment.keep_new(one, RANKS, ranked_as(one, ("a", 0, [1]), ("d", 1, [2])))
    assert one.path(RANKS).stat().st_ino == before, "nothing is new"
    experiment.keep(one, WORDS, ranked_as(one, ("a", 0, [4]), name=WORDS))
    assert seen(one, WORDS) == {("a", 0): [4]} and len(seen(one)) == 5
    one.path(RANKS).write_bytes(b"PAR1 cut")
    assert storage.whole_frame(one.path(RANKS)) is None
    experiment.keep(one, RANKS, ranked_as(one, ("a", 0, [4])))
    assert seen(one) == {("a", 0): [4]}, "what cannot be read is replaced"


def test_ranks_are_kept_where_the_models_are(tmp_path: Path) -> None:
    paths = {
        tried(tmp_path, **changed).path(name)  # type: ignore[arg-type]
        for changed in ({}, {"holdout": "words"}, {"pair": "en-fr"})
        for name in (RANKS, WORDS)
    }
    assert len(paths) == 6 and tmp_path / "made-up" / "en-de" / "items" / RANKS in paths


def assert_alike(records: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """The same names and numbers; ranks are kept as float32."""
    for ours, theirs in zip(records, others, strict=True):
        for name, value in ours.items():
            same = (
                value == theirs[name] if isinstance(value, str) else value == pytest.approx(theirs[name], nan_ok=True)
            )
            assert same, (name, value, theirs[name])


def test_the_table_of_kept_ranks_is_that_of_fresh_ones(tmp_path: Path) -> None:
    one = tried(tmp_path, models=("pivot-sym",))
    frame = experiment.ranks(one, experiment.train(one).values())
    experiment.keep(one, RANKS, frame)
    fresh, stored = (evaluation.table(given) for given in (frame, storage.whole_frame(one.path(RANKS))))
    assert len(fresh) == len(stored) == 3 * 6 + 2 * 2
    assert_alike(fresh, stored)


@pytest.fixture
def pair(data: Path) -> Pair:
    """A data set with a model of two seeds."""
    made = pivot_data.build(data / "made")
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    one = tried(translation.models_folder(made), corpus, holdout="words", models=("pivot-sym", "vse"), seeds=(0, 1))
    experiment.train(one)
    return open_pair(dataset.Dataset(made.path), BACKBONE, "en-de")


def test_words_are_ranked_by_models_and_controls_alike(pair: Pair) -> None:
    frame = experiment.word_ranks(pair, ("pivot-sym", "vse", "oe"), (0, 1, 7))
    groups = dict(iter(frame.groupby(["model", "seed"])))
    names = ("pivot-sym", "vse", *(one.name for one in BESIDE))
    assert set(groups) == {(name, seed) for name in names for seed in (0, 1)}, "OE and seed 7 are not trained"
    for (name, seed), own in groups.items():
        assert own["query"].tolist() == [query.id for query in pair.queries]
        assert set(own["query"][own["held_out"]]) == translation.held_out(pair, "pivot-sym", seed)
        known = translation.stored(pair, "vse", int(str(seed)))["en"].vocabularies["en"].words
        assert own["unknown"].tolist() == [word not in known for word in own["word"]]
        assert own.set_index("query")["rank"].isna().to_dict() == {
            query.id: query.word == "ghost" and name != "spelling" for query in pair.queries
        }
    expected = rankings.ranked(pair, translation.scores(pair, "pivot-sym", 1))["rank"]
    np.testing.assert_array_equal(groups["pivot-sym", 1]["rank"], expected)
    held = experiment.word_table(frame, held_out=True)
    assert {record["model"] for record in held} == set(names) and all(record["n"] >= 1 for record in held)
    corpus = sources.of_dataset(pair.dataset, BACKBONE, "en-de")
    one = tried(translation.models_folder(pair.dataset), corpus, holdout="words", dataset=pair.dataset)
    experiment.keep(one, WORDS, one.marked(frame, one.words))
    assert_alike(held, experiment.word_table(storage.whole_frame(one.path(WORDS)), held_out=True))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (RANKS, "seed model task language item draw rank candidates words unknown"),
        (WORDS, "seed model query word pos rank held_out unknown"),
    ],
)
def test_ranks_stand_with_all_of_their_columns_only(tmp_path: Path, name: str, columns: str) -> None:
    one = tried(tmp_path)
    whole = ranked_as(one, ("a", 0, [1, 2]), name=name)[[*columns.split(), *kept.DIGESTS]]
    one.path(name).parent.mkdir(parents=True)
    whole.to_parquet(one.path(name))
    found = one.kept(name)
    assert found.frame is not None and len(found.frame) == 2 and found.stale == {}
    for column in columns.split():
        whole.drop(columns=column).to_parquet(one.path(name))
        named = {} if column in ("model", "seed") else {"a": (0,)}
        assert one.kept(name) == Kept(None, named), column
