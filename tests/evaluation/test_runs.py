"""Scores and rankings: computed once, found again, and never stale."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset, pictures, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation import controls, runs, stored_scores
from cldi_core.features import shards
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score_all
from tests.conftest import BACKBONE, LEXICON, picture

COLUMNS = ["query", "word", "pos", "same_spelled", "rank", "right", "right_score", "winner", "winner_score"]


WHOLE = (7, 9)  # words of the tiny data set


@pytest.fixture
def pair(small: Dataset) -> runs.Pair:
    return runs.open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were computed, in order; of a part of the words with the part's size."""
    done: list[str] = []
    original = stored_scores.score_all

    def counting(source: ImageSets, target: ImageSets, methods: list[str], *args: object, **options: object) -> object:
        shape = (len(source), len(target))
        done.extend(name if shape == WHOLE else f"{name} {shape[0]}×{shape[1]}" for name in methods)
        return original(source, target, methods, *args, **options)

    monkeypatch.setattr(stored_scores, "score_all", counting)
    return done


def again(pair: runs.Pair) -> runs.Pair:
    """The same pair, opened anew from disk."""
    return runs.open_pair(Dataset(pair.dataset.path), pair.backbone, pair.name)


def files(pair: runs.Pair, folder: str) -> list[str]:
    return sorted(path.name for path in (pair.dataset.path / folder).rglob("*") if path.is_file())


def test_a_pair_joins_words_pictures_and_features(pair: runs.Pair) -> None:
    assert pair.languages == ("en", "de")
    assert pair.source.words == ("dog", "hat", "hand", "ghost", "run", "red", "big")
    assert pair.target.words == ("Hund", "Köter", "Hut", "Hand", "Geist", "laufen", "rennen", "rot", "groß")
    assert pair.rows.tolist() == list(range(7))
    assert pair.gold == ((0, 1), (2,), (3,), (4,), (5, 6), (7,), (8,))
    assert pair.target_pos["Köter"] == "N" and pair.target_pos["rennen"] == "V"


def test_words_under_two_parts_of_speech_share_their_pictures(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("red", "rot", "N"), wordlists.Row("run", "Hund", "A")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = runs.open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert pair.rows[pair.find("red.N")] == pair.rows[pair.find("red.A")]
    assert pair.target_pos["rot"] == "AN" and pair.target_pos["Hund"] == "NA"
    assert pair.gold[pair.find("run.A")] == (0,)


def test_words_are_found_by_id_word_or_part_of_speech(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("red", "Rot", "N")])
    pair = runs.open_pair(Dataset(small.path), BACKBONE, "en-de")
    ids = [query.id for query in pair.queries]
    assert ids[pair.find("red")] == "red.N"
    assert ids[pair.find("red", "A")] == ids[pair.find("red.A")] == "red.A"
    assert ids[pair.find("run")] == "run.V"
    for word in ("runn", "run.N", ""):
        with pytest.raises(UnknownNameError, match="unknown word"):
            pair.find(word)


def test_scores_are_computed_once(pair: runs.Pair, computed: list[str]) -> None:
    first = runs.scores(pair, METHODS)
    assert computed == [name for name, method in METHODS.items() if not method.bases]
    assert list(first) == list(METHODS)
    second = runs.scores(again(pair), METHODS)
    assert len(computed) == sum(not method.bases for method in METHODS.values())
    for name, matrix in first.items():
        assert matrix.dtype == np.float32 and matrix.shape == (7, 9)
        np.testing.assert_array_equal(second[name], matrix)
        assert np.isnan(second[name][3]).all() and np.isnan(second[name][:, 4]).all()


def test_only_what_is_missing_is_computed(pair: runs.Pair, computed: list[str]) -> None:
    runs.scores(pair, ["avgmax"])
    assert list(runs.scores(pair, ["knn", "avgmax", "maxmax"])) == ["knn", "avgmax", "maxmax"]
    assert computed == ["avgmax", "knn", "maxmax"]


def _other_picture(path: Path) -> None:
    rows = list(Dataset(path).words.itertuples(index=False, name=None))
    dataset.write_words(path, [row for row in rows if row[1] != "hat"] + [("en", "hat", 0, picture("ring").id)])


def _other_feature(path: Path) -> None:
    shard = next(path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(shard)
    changed = matrix.copy()
    changed[0] *= -1
    shards.write_shard(shard, ids, changed, meta)


def _other_list(path: Path) -> None:
    wordlists.write_list(path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("dog", "Wauwau", "N")])


@pytest.mark.parametrize("change", [_other_picture, _other_feature, _other_list])
def test_stale_scores_are_never_read(pair: runs.Pair, change: Callable[[Path], None], tmp_path: Path) -> None:
    names = list(METHODS)
    runs.rankings(pair, names)
    change(pair.dataset.path)
    found = runs.rankings(again(pair), names)
    fresh = score_all(again(pair).source, again(pair).target, names)
    for name in names:
        pd.testing.assert_frame_equal(found[name], runs.ranked(again(pair), fresh[name]), check_dtype=False, atol=1e-6)
    assert files(pair, "scores") == sorted(f"{name}.safetensors" for name in names), "one file each, the new one"


def test_another_right_answer_changes_ranks_but_needs_no_new_scores(pair: runs.Pair, computed: list[str]) -> None:
    before = runs.rankings(pair, ["avgmax"])["avgmax"]
    row = int(before["rank"].argmax())
    lost = before.loc[row]
    assert lost["rank"] > 2
    rows = [*LEXICON, wordlists.Row(lost["word"], lost["winner"], lost["pos"])]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    after = runs.rankings(again(pair), ["avgmax"])["avgmax"]
    assert computed == ["avgmax"]
    assert after["right"][row] == lost["winner"] and after["rank"][row] < 2


def test_one_changed_picture_recomputes_one_word(pair: runs.Pair, computed: list[str]) -> None:
    """A source word's row; and where others' scores depend on it, what does."""
    runs.scores(pair, METHODS)
    computed.clear()
    _other_picture(pair.dataset.path)
    found = runs.scored(again(pair), METHODS)
    assert computed == [f"{name} 1×9" for name, method in METHODS.items() if not method.bases]
    assert found["avgmax"].computed == 9 and found["avgmax+csls"].computed == 63


def test_one_changed_candidate_recomputes_one_column(pair: runs.Pair, computed: list[str]) -> None:
    """Votes depend on all candidates, so those are counted again."""
    names = ["avgmax", "sinkhorn", "knn"]
    before = runs.scores(pair, names)
    computed.clear()
    rows = list(Dataset(pair.dataset.path).words.itertuples(index=False, name=None))
    dataset.write_words(pair.dataset.path, [row for row in rows if row[1] != "Hut" or row[2] == 1])
    after = runs.scores(again(pair), names)
    assert computed == ["avgmax 7×1", "sinkhorn 7×1", "knn"]
    column = pair.target.row("Hut")
    others = [other for other in range(9) if other != column]
    np.testing.assert_allclose(after["avgmax"][:, others], before["avgmax"][:, others], atol=1e-7)
    assert (after["avgmax"][:, column] != before["avgmax"][:, column]).any()


def test_a_change_in_another_language_changes_nothing(pair: runs.Pair, computed: list[str]) -> None:
    runs.rankings(pair, ["avgmax", "knn"])
    computed.clear()
    words = list(Dataset(pair.dataset.path).words.itertuples(index=False, name=None))
    dataset.write_words(pair.dataset.path, [*words, ("fr", "chien", 0, picture("sun").id)])
    assert list(runs.stored_rankings(again(pair), ["avgmax", "knn"])) == ["avgmax", "knn"]
    runs.scores(again(pair), ["avgmax", "knn"])
    assert computed == []


def test_precision_and_device_are_kept(pair: runs.Pair, computed: list[str]) -> None:
    fast = runs.scored(pair, ["avgmax", "cnn-mean"], "fast")
    assert {name: one.precision for name, one in fast.items()} == {"avgmax": "fast", "cnn-mean": "exact"}
    assert fast["avgmax"].device == "cpu" and fast["avgmax"].seconds > 0
    frames = runs.rankings(pair, ["avgmax"], fast)
    assert runs.stored_rankings(again(pair), ["avgmax"])["avgmax"].attrs == frames["avgmax"].attrs
    assert frames["avgmax"].attrs["precision"] == "fast" and frames["avgmax"].attrs["device"] == "cpu"
    computed.clear()
    assert runs.scored(again(pair), ["avgmax"])["avgmax"].precision == "fast"
    assert computed == []
    assert runs.scored(again(pair), ["avgmax"], "exact")["avgmax"].precision == "exact"
    assert runs.scored(again(pair), ["avgmax"], "fast")["avgmax"].precision == "exact", "better than asked for"
    assert computed == ["avgmax"]


def test_composed_scores_come_from_exact_ones(pair: runs.Pair, computed: list[str]) -> None:
    runs.scored(pair, ["maxmax"], "fast")
    found = runs.scored(again(pair), ["maxmax+csls", "rrf=maxmax,cnn-max"], "fast")
    assert computed == ["maxmax", "maxmax", "cnn-max"]
    expected = score_all(pair.source, pair.target, list(found))
    for name, one in found.items():
        assert one.precision == "exact"
        np.testing.assert_array_equal(one.matrix, expected[name])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"junk" * 100])
def test_broken_scores_are_computed_again(pair: runs.Pair, computed: list[str], content: bytes) -> None:
    expected = runs.scores(pair, ["avgmax"])["avgmax"]
    runs.score_path(pair, "avgmax").write_bytes(content)
    np.testing.assert_array_equal(runs.scores(pair, ["avgmax"])["avgmax"], expected)
    runs.scores(pair, ["avgmax"])
    assert computed == ["avgmax", "avgmax"], "repaired, so not computed a third time"


def test_scores_that_do_not_fit_are_computed_again(pair: runs.Pair, computed: list[str]) -> None:
    runs.scores(pair, ["avgmax"])
    path = runs.score_path(pair, "avgmax")
    tensors, meta = storage.map_tensors(path)
    good = {name: tensor.copy() for name, tensor in tensors.items()}
    wrong: list[tuple[dict[str, np.ndarray], dict[str, str]]] = [
        (good | {"scores": np.zeros((7, 8), np.float32)}, meta),
        (good | {"scores": np.zeros((7, 9))}, meta),
        (good | {"source_keys": np.zeros((7, 8), np.uint8), "target_keys": np.zeros((9, 8), np.uint8)}, meta),
        ({"scores": good["scores"]}, meta),
        (good, meta | {"version": "1"}),
        (good, {name: value for name, value in meta.items() if name != "key"}),
        (good, meta | {"seconds": "soon"}),
    ]
    for tensors, about in wrong:
        storage.save_tensors(path, tensors, about)
        assert np.nanmax(runs.scores(pair, ["avgmax"])["avgmax"]) > 0
    assert computed == ["avgmax"] * 8


def test_rankings_are_computed_once_and_broken_ones_again(pair: runs.Pair, computed: list[str]) -> None:
    first = runs.rankings(pair, ["avgmax"])["avgmax"]
    for path in pair.dataset.path.glob("scores/*/*/*"):
        path.unlink()
    pd.testing.assert_frame_equal(runs.rankings(again(pair), ["avgmax"])["avgmax"], first)
    assert computed == ["avgmax"]
    (stored,) = pair.dataset.path.glob("rankings/*/*/*")
    stored.write_bytes(b"PAR1")
    pd.testing.assert_frame_equal(runs.rankings(again(pair), ["avgmax"])["avgmax"], first)
    assert computed == ["avgmax", "avgmax"]


def test_a_read_only_folder_only_warns(
    pair: runs.Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path, save: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(storage, "write", refuse)
    found = runs.rankings(pair, ["avgmax", "spelling"])
    assert list(found) == ["avgmax", "spelling"]
    assert files(pair, "rankings") == files(pair, "scores") == []
    assert "scores of en-de are not kept" in caplog.text and "rankings of en-de are not kept" in caplog.text


@pytest.mark.parametrize("name", ["avgmaxx", "../avgmax", "AVGMAX", "a\x00b", ""])
def test_unknown_methods(pair: runs.Pair, name: str) -> None:
    for call in (runs.scores, runs.rankings):
        with pytest.raises(UnknownNameError, match="choose from: avgmax, maxmax"):
            call(pair, ["avgmax", name])


def test_unknown_pairs_and_backbones(small: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="language pair 'en-fr'"):
        runs.open_pair(small, BACKBONE, "en-fr")
    with pytest.raises(UnknownNameError, match="extract --dataset small --backbone vgg19"):
        runs.open_pair(small, "vgg19", "en-de")


def literal(pair: runs.Pair, matrix: np.ndarray) -> list[tuple[object, ...]]:
    """What the frame should hold, looked up one query at a time."""
    rows: list[tuple[object, ...]] = []
    for query in pair.queries:
        scores = dict(zip(pair.target.words, matrix[pair.source.words.index(query.word)].tolist(), strict=True))
        known = {word: score for word, score in scores.items() if not math.isnan(score)}
        right = {word: score for word, score in known.items() if word in query.right}
        if right:
            best = max(right, key=lambda word: right[word])
            higher = sum(score > right[best] for score in known.values())
            rank = higher + (1 + sum(score == right[best] for score in known.values())) / 2
        else:
            best, rank = query.right[0], math.nan
        winner = max(known, key=lambda word: known[word]) if known else None
        rows.append((query.id, query.word, query.pos, query.word == "hand", rank, best, right.get(best, math.nan),
                     winner, known[winner] if winner else math.nan))  # fmt: skip
    return rows


@pytest.mark.parametrize("method", [*METHODS, *controls.CONTROLS])
def test_rankings_against_a_literal_loop(pair: runs.Pair, method: str) -> None:
    frame = runs.rankings(pair, [method])[method]
    assert list(frame.columns) == COLUMNS
    if method in METHODS:
        matrix = runs.scores(pair, [method])[method]
    else:
        matrix = controls.CONTROLS[method].compute(pair.dataset, "en-de", pair.source.words, pair.target.words)
    expected = pd.DataFrame(literal(pair, matrix), columns=COLUMNS)
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False, rtol=1e-6)


def test_rankings_read_from_disk_are_those_that_were_computed(pair: runs.Pair) -> None:
    names = [*METHODS, *controls.CONTROLS]
    first = runs.rankings(pair, names)
    second = runs.rankings(again(pair), names)
    for name in names:
        pd.testing.assert_frame_equal(first[name], second[name], check_dtype=False)
        assert second[name]["same_spelled"].dtype == bool


def test_a_data_set_without_any_picture_ranks_nothing(data: Path) -> None:
    new = dataset.create(data / "new")
    wordlists.write_list(new.path / "lexicon" / "en-de.tsv", LEXICON)
    pictures.write_shards(new.path / "images", [picture("sun")])
    ids = [picture("sun").id]
    shards.write_shard(new.path / "features" / "b" / "x.safetensors", ids, np.ones((1, 4)), {})
    frame = runs.rankings(runs.open_pair(new, "b", "en-de"), ["avgmax", "knn-c"])["knn-c"]
    assert frame["rank"].isna().all() and frame["winner"].isna().all()
