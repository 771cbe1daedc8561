"""Scores and rankings: computed once, found again, and never stale."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import controls, dataset, features, lists, pictures, runs, store
from cldi_core.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.scores import METHODS
from tests.conftest import BACKBONE, LEXICON, picture

COLUMNS = ["query", "word", "pos", "same_spelled", "rank", "right", "right_score", "winner", "winner_score"]


@pytest.fixture
def pair(small: Dataset) -> runs.Pair:
    return runs.open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were computed, in order."""
    done: list[str] = []
    original = runs.score_all

    def counting(source: object, target: object, methods: list[str]) -> object:
        done.extend(methods)
        return original(source, target, methods)

    monkeypatch.setattr(runs, "score_all", counting)
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
    rows = [*LEXICON, lists.Row("red", "rot", "N"), lists.Row("run", "Hund", "A")]
    lists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = runs.open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert pair.rows[pair.find("red.N")] == pair.rows[pair.find("red.A")]
    assert pair.target_pos["rot"] == "AN" and pair.target_pos["Hund"] == "NA"
    assert pair.gold[pair.find("run.A")] == (0,)


def test_words_are_found_by_id_word_or_part_of_speech(small: Dataset) -> None:
    lists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, lists.Row("red", "Rot", "N")])
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
    assert computed == list(METHODS) == list(first)
    second = runs.scores(again(pair), METHODS)
    assert len(computed) == len(METHODS)
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
    dataset.write_words(path, [row for row in rows if row[1] != "hat"] + [("en", "hat", 0, picture("cross").id)])


def _other_feature(path: Path) -> None:
    shard = next(path.glob("features/*/*"))
    ids, matrix, meta = features.read_shard(shard)
    changed = matrix.copy()
    changed[0] *= -1
    features.write_shard(shard, ids, changed, meta)


def _other_list(path: Path) -> None:
    lists.write_list(path / "lexicon" / "en-de.tsv", [*LEXICON, lists.Row("dog", "Wauwau", "N")])


@pytest.mark.parametrize("change", [_other_picture, _other_feature, _other_list])
def test_stale_scores_are_never_read(
    pair: runs.Pair, computed: list[str], change: Callable[[Path], None], tmp_path: Path
) -> None:
    runs.rankings(pair, ["avgmax", "knn"])
    assert computed == ["avgmax", "knn"]
    change(pair.dataset.path)
    found = runs.rankings(again(pair), ["avgmax"])["avgmax"]
    assert computed == ["avgmax", "knn", "avgmax"]
    fresh = runs._ranked(again(pair), runs.score_all(again(pair).source, again(pair).target, ["avgmax"])["avgmax"])
    pd.testing.assert_frame_equal(found, fresh, check_dtype=False)
    assert [name.split("-")[0] for name in files(pair, "scores")] == ["avgmax", "knn"], "the old file is gone"


def test_another_right_answer_changes_ranks_but_needs_no_new_scores(pair: runs.Pair, computed: list[str]) -> None:
    before = runs.rankings(pair, ["avgmax"])["avgmax"]
    row = int(before["rank"].argmax())
    lost = before.loc[row]
    assert lost["rank"] > 2
    rows = [*LEXICON, lists.Row(lost["word"], lost["winner"], lost["pos"])]
    lists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    after = runs.rankings(again(pair), ["avgmax"])["avgmax"]
    assert computed == ["avgmax"]
    assert after["right"][row] == lost["winner"] and after["rank"][row] < 2


def test_cleaning_up_leaves_other_methods_alone(pair: runs.Pair, computed: list[str]) -> None:
    runs.scores(pair, ["knn", "knn-c"])
    _other_picture(pair.dataset.path)
    runs.scores(again(pair), ["knn"])
    kept = files(pair, "scores")
    assert len(kept) == 2 and runs.score_path(pair, "knn-c").name in kept


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"junk" * 100])
def test_broken_scores_are_computed_again(pair: runs.Pair, computed: list[str], content: bytes) -> None:
    expected = runs.scores(pair, ["avgmax"])["avgmax"]
    runs.score_path(pair, "avgmax").write_bytes(content)
    np.testing.assert_array_equal(runs.scores(pair, ["avgmax"])["avgmax"], expected)
    runs.scores(pair, ["avgmax"])
    assert computed == ["avgmax", "avgmax"], "repaired, so not computed a third time"


def test_scores_of_another_shape_or_type_are_computed_again(pair: runs.Pair, computed: list[str]) -> None:
    for wrong in (np.zeros((7, 8), np.float32), np.zeros((7, 9))):
        store.save_matrix(runs.score_path(pair, "avgmax"), wrong)
        assert np.nanmax(runs.scores(pair, ["avgmax"])["avgmax"]) > 0
    assert computed == ["avgmax", "avgmax"]


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

    monkeypatch.setattr(store, "write", refuse)
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
    lists.write_list(new.path / "lexicon" / "en-de.tsv", LEXICON)
    pictures.write_shards(new.path / "images", [picture("sun")])
    ids = [picture("sun").id]
    features.write_shard(new.path / "features" / "b" / "x.safetensors", ids, np.ones((1, 4)), {})
    frame = runs.rankings(runs.open_pair(new, "b", "en-de"), ["avgmax", "knn-c"])["knn-c"]
    assert frame["rank"].isna().all() and frame["winner"].isna().all()
