"""Stored scores: computed once, found again, never stale, and of a part of the words where that suffices."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import dataset, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import image_methods, rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import Work
from cldi_core.features import shards
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS, SINKHORN
from cldi_core.scoring.scores import score_all
from tests import ranked
from tests.conftest import BACKBONE, LEXICON, picture
from tests.evaluation.conftest import RANKERS, again, files, other_picture


def test_scores_are_computed_once(pair: Pair, computed: list[str]) -> None:
    first = ranked.scores(pair, METHODS)
    assert computed == [name for name, method in METHODS.items() if not method.bases]
    assert list(first) == list(METHODS)
    second = ranked.scores(again(pair), METHODS)
    assert len(computed) == sum(not method.bases for method in METHODS.values())
    for name, matrix in first.items():
        assert matrix.dtype == np.float32 and matrix.shape == (7, 9)
        np.testing.assert_array_equal(second[name], matrix)
        assert np.isnan(second[name][3]).all() and np.isnan(second[name][:, 4]).all()


def test_only_what_is_missing_is_computed(pair: Pair, computed: list[str]) -> None:
    ranked.scores(pair, ["avgmax"])
    assert list(ranked.scores(pair, ["knn", "avgmax", "maxmax"])) == ["knn", "avgmax", "maxmax"]
    assert computed == ["avgmax", "knn", "maxmax"]


def _other_feature(path: Path) -> None:
    shard = next(path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(shard)
    changed = matrix.copy()
    changed[0] *= -1
    shards.write_shard(shard, ids, changed, meta)


def _other_list(path: Path) -> None:
    wordlists.write_list(path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("dog", "Wauwau", "N")])


@pytest.mark.parametrize("change", [other_picture, _other_feature, _other_list])
def test_stale_scores_are_never_read(pair: Pair, change: Callable[[Path], None], tmp_path: Path) -> None:
    names = list(METHODS)
    ranked.rankings(pair, names)
    change(pair.dataset.path)
    found = ranked.rankings(again(pair), names)
    fresh = score_all(again(pair).source, again(pair).target, names)
    for name in names:
        pd.testing.assert_frame_equal(
            found[name], rankings.ranked(again(pair), fresh[name]), check_dtype=False, atol=1e-6
        )
    assert files(pair, "scores") == sorted(f"{name}.safetensors" for name in names), "one file each, the new one"


@pytest.mark.parametrize("order", [list(METHODS), list(METHODS)[::-1], ["rrf"], ["maxmax", "avgmax+isf", "rrf"]])
def test_what_was_scored_before_does_not_show(pair: Pair, order: list[str], tmp_path: Path) -> None:
    """Scores after a partial rescoring, asked for in any order, are those of a data set that was never scored."""
    ranked.rankings(pair, order)
    for change in (other_picture, _other_list):
        change(pair.dataset.path)
        fresh = shutil.copytree(pair.dataset.path, tmp_path / f"fresh {change.__name__}")
        for folder in ("scores", "rankings"):
            shutil.rmtree(fresh / folder)
        clean = open_pair(Dataset(fresh), BACKBONE, "en-de")
        for name in order:
            one, other = ranked.scored(again(pair), [name])[name], ranked.scored(clean, [name])[name]
            np.testing.assert_array_equal(one.matrix, other.matrix, err_msg=name)
            assert one.key == other.key
        mine, theirs = ranked.rankings(again(pair), order), ranked.rankings(clean, order)
        for name in order:
            pd.testing.assert_frame_equal(mine[name], theirs[name], check_dtype=False)


def test_the_error_of_transport_is_kept_and_handed_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SINKHORN, "iterations", 2)
    first = ranked.scored(pair, ["sinkhorn", "rrf=avgmax,sinkhorn", "avgmax"])
    assert first["sinkhorn"].error == first["rrf=avgmax,sinkhorn"].error > 1e-3 and first["avgmax"].error == 0
    assert ranked.scored(again(pair), ["sinkhorn"])["sinkhorn"].error == first["sinkhorn"].error
    frames = ranked.rankings(again(pair), ["sinkhorn", "avgmax"])
    assert frames["sinkhorn"].attrs["error"] == first["sinkhorn"].error and frames["avgmax"].attrs["error"] == 0
    assert ranked.stored_rankings(again(pair), ["sinkhorn"])["sinkhorn"].attrs["error"] == first["sinkhorn"].error
    other_picture(pair.dataset.path)
    part = ranked.scored(again(pair), ["sinkhorn"])["sinkhorn"]
    assert part.computed == 9 and part.error >= first["sinkhorn"].error, "what was kept may be the worst"


def test_one_changed_picture_recomputes_one_word(pair: Pair, computed: list[str]) -> None:
    """A source word's row; and where others' scores depend on it, what does."""
    ranked.scores(pair, METHODS)
    computed.clear()
    other_picture(pair.dataset.path)
    found = ranked.scored(again(pair), METHODS)
    assert computed == [f"{name} 1×9" for name, method in METHODS.items() if not method.bases]
    assert found["avgmax"].computed == 9 and found["avgmax+csls"].computed == 63


def test_one_changed_candidate_recomputes_one_column(pair: Pair, computed: list[str]) -> None:
    """Votes depend on all candidates, so those are counted again."""
    names = ["avgmax", "sinkhorn", "knn"]
    before = ranked.scores(pair, names)
    computed.clear()
    rows = list(Dataset(pair.dataset.path).words.itertuples(index=False, name=None))
    dataset.write_words(pair.dataset.path, [row for row in rows if row[1] != "Hut" or row[2] == 1])
    after = ranked.scores(again(pair), names)
    assert computed == ["avgmax 7×1", "sinkhorn 7×1", "knn"]
    column = pair.target.row("Hut")
    others = [other for other in range(9) if other != column]
    np.testing.assert_allclose(after["avgmax"][:, others], before["avgmax"][:, others], atol=1e-7)
    assert (after["avgmax"][:, column] != before["avgmax"][:, column]).any()


def test_a_change_in_another_language_changes_nothing(pair: Pair, computed: list[str]) -> None:
    ranked.rankings(pair, ["avgmax", "knn"])
    computed.clear()
    words = list(Dataset(pair.dataset.path).words.itertuples(index=False, name=None))
    dataset.write_words(pair.dataset.path, [*words, ("fr", "chien", 0, picture("sun").id)])
    assert list(ranked.stored_rankings(again(pair), ["avgmax", "knn"])) == ["avgmax", "knn"]
    ranked.scores(again(pair), ["avgmax", "knn"])
    assert computed == []


def test_the_device_is_kept(pair: Pair) -> None:
    scored = ranked.scored(pair, ["avgmax", "cnn-mean"])
    assert scored["avgmax"].device == "cpu" and scored["avgmax"].seconds > 0
    frames = ranked.rankings(pair, ["avgmax"], scored)
    stored = ranked.stored_rankings(again(pair), ["avgmax"])["avgmax"]
    assert stored.attrs == frames["avgmax"].attrs
    key = rankers.ranker("avgmax").full_key(pair)
    assert {name: stored.attrs[name] for name in ("key", "device", "error")} == {
        "key": key, "device": "cpu", "error": 0}  # fmt: skip


def test_composed_scores_come_from_stored_ones(pair: Pair, computed: list[str]) -> None:
    ranked.scored(pair, ["maxmax"])
    found = ranked.scored(again(pair), ["maxmax+csls", "rrf=maxmax,cnn-max"])
    assert computed == ["maxmax", "cnn-max"]
    expected = score_all(pair.source, pair.target, list(found))
    for name, one in found.items():
        np.testing.assert_array_equal(one.matrix, expected[name])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"junk" * 100])
def test_broken_scores_are_computed_again(pair: Pair, computed: list[str], content: bytes) -> None:
    expected = ranked.scores(pair, ["avgmax"])["avgmax"]
    stored_scores.path_of(pair, "avgmax").write_bytes(content)
    np.testing.assert_array_equal(ranked.scores(pair, ["avgmax"])["avgmax"], expected)
    ranked.scores(pair, ["avgmax"])
    assert computed == ["avgmax", "avgmax"], "repaired, so not computed a third time"


MISFITS: dict[str, Callable[[dict[str, np.ndarray], dict[str, str]], object]] = {
    "fewer columns than words": lambda tensors, meta: tensors.update(scores=np.zeros((7, 8), np.float32)),
    "fewer rows than words": lambda tensors, meta: tensors.update(scores=np.zeros((6, 9), np.float32)),
    "another precision": lambda tensors, meta: tensors.update(scores=np.zeros((7, 9))),
    "shorter keys of source words": lambda tensors, meta: tensors.update(source_keys=np.zeros((7, 8), np.uint8)),
    "shorter keys of candidates": lambda tensors, meta: tensors.update(target_keys=np.zeros((9, 8), np.uint8)),
    "keys that are no bytes": lambda tensors, meta: tensors.update(target_keys=np.zeros((9, 16), np.float16)),
    "no keys": lambda tensors, meta: tensors.pop("target_keys"),
    "no scores": lambda tensors, meta: tensors.pop("scores"),
    **{f"no {name}": lambda tensors, meta, name=name: meta.pop(name)
       for name in ("key", "recipe", "device", "error")},
    "no number of an error": lambda tensors, meta: meta.update(error="small"),
}  # fmt: skip


@pytest.mark.parametrize("misfit", [*MISFITS, "an older file, without a checksum", "another checksum"])
def test_scores_that_do_not_fit_are_computed_again(pair: Pair, computed: list[str], misfit: str) -> None:
    """Also such as are under a checksum that fits them."""
    ranked.scores(pair, ["avgmax"])
    path = stored_scores.path_of(pair, "avgmax")
    tensors, meta = storage.map_tensors(path)
    arrays = {name: tensor.copy() for name, tensor in tensors.items()}
    about = {name: value for name, value in meta.items() if name != "checksum"}
    MISFITS.get(misfit, lambda tensors, meta: None)(arrays, about)
    seal = storage.checksum(arrays, about)
    sealed = {} if "without" in misfit else {"checksum": "0" * len(seal) if misfit == "another checksum" else seal}
    storage.save_tensors(path, arrays, about | sealed)
    assert stored_scores.read(path) is None
    assert np.nanmax(ranked.scores(pair, ["avgmax"])["avgmax"]) > 0
    assert computed == ["avgmax"] * 2
    ranked.scores(again(pair), ["avgmax"])
    assert computed == ["avgmax"] * 2, "what is written again fits"


def test_what_is_read_back_is_what_was_kept(pair: Pair) -> None:
    """Every part of the record but how it came about, in which two runs differ."""
    kept = ranked.scored(pair, ["sinkhorn"])["sinkhorn"]
    found = stored_scores.read(stored_scores.path_of(pair, "sinkhorn"))
    assert found is not None and found.found and not kept.found
    for name in ("matrix", "source_keys", "target_keys"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
    for name in ("key", "recipe", "device", "error"):
        assert getattr(found, name) == getattr(kept, name)
    assert (found.seconds, found.computed) == (0, 0) and kept.seconds > 0 and kept.computed == 63


@pytest.mark.parametrize("changed", [False, True], ids=["all words", "one word"])
def test_progress_and_device_reach_the_pass(pair: Pair, monkeypatch: pytest.MonkeyPatch, changed: bool) -> None:
    told: list[tuple[int, int]] = []
    if changed:
        ranked.scores(pair, ["avgmax", "maxmax"])
        other_picture(pair.dataset.path)
        pair = again(pair)
    asked: list[dict] = []
    original = image_methods.score_all

    def spy(source: ImageSets, target: ImageSets, names: list[str], **options: object) -> object:
        asked.append({"names": names, **options})
        return original(source, target, names, **{**options, "device": "cpu"})

    monkeypatch.setattr(image_methods, "score_all", spy)
    own = [RANKERS[name] for name in ("avgmax", "maxmax")]
    note = lambda done, total: told.append((done, total))  # noqa: E731
    stored_scores.scored(pair, own, "cpu", note)
    assert [one["names"] for one in asked] == [["avgmax", "maxmax"]], "one pass for both"
    count = 1 if changed else sum(len(set(pair.source.word_ids(word))) for word in pair.source.words)
    assert asked[0]["device"] == "cpu" and told[-1] == (count, count)
    _other_feature(pair.dataset.path)
    made = stored_scores.scored(again(pair), [*own, RANKERS["avgmax+csls"]], "cuda", note)
    assert asked[-1]["device"] == "cuda" and {one.device for one in made.values()} == {"cuda"}
    assert {one.computed for one in made.values()} == {63}, "a graphics card takes over nothing"


def test_words_may_come_go_and_change_places(pair: Pair, computed: list[str]) -> None:
    """What was scored of a word is found wherever it stood, and nothing of a word that is gone."""
    before = ranked.scores(pair, ["avgmax", "cnn-mean"])
    rows = [row for row in LEXICON[::-1] if row.source != "hat" and row.target != "Köter"]
    rows.append(wordlists.Row("hand", "Ring", "N"))
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    words = list(Dataset(pair.dataset.path).words.itertuples(index=False, name=None))
    words = [row for row in words if row[1] != "big"] + [("en", "big", 0, picture("ring").id)]
    dataset.write_words(pair.dataset.path, [*words, ("de", "Ring", 0, picture("ring").id)])
    computed.clear()
    now = again(pair)
    found = ranked.scored(now, ["avgmax", "cnn-mean"])
    assert len(now.source) == 6 and len(now.target) == 8
    assert computed == ["avgmax 1×8", "cnn-mean 1×8", "avgmax 5×1", "cnn-mean 5×1"]
    assert found["avgmax"].computed == 8 + 5
    fresh = score_all(now.source, now.target, list(found))
    for name, one in found.items():
        np.testing.assert_array_equal(one.matrix, fresh[name])
        kept = one.matrix[now.source.row("run"), now.target.row("rot")]
        assert kept == before[name][pair.source.row("run"), pair.target.row("rot")]


def test_the_error_after_a_partial_rescoring_is_the_larger_one(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of what was kept, or that of what was computed."""
    monkeypatch.setitem(SINKHORN, "iterations", 3)
    one = ranked.scored(pair, ["sinkhorn"])["sinkhorn"]
    other_picture(pair.dataset.path)
    now, ranker = again(pair), RANKERS["sinkhorn"]
    part = ranker.together(Work(now.of_words(["hat"]), [ranker]))["sinkhorn"].error
    for kept in (part / 2, 2 * part):
        stale = {"sinkhorn": replace(one, error=kept)}
        made = stored_scores.computed(now, [ranker], stale=stale)["sinkhorn"]
        assert made.error == max(part, kept) and made.computed == 9
    assert stored_scores.computed(now, [ranker])["sinkhorn"].error >= part
