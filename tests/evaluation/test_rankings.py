"""Scores and rankings: computed once, found again, and never stale."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import dataset, pictures, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation import image_methods, rankings, stored_scores
from cldi_core.evaluation import ranker as ranker_module
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import CONTROL, IMAGES, Ranker, Work
from cldi_core.features import shards
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS, SINKHORN, find_method
from cldi_core.scoring.scores import score_all
from tests import ranked
from tests.conftest import BACKBONE, LEXICON, picture

COLUMNS = ["query", "word", "pos", "same_spelled", "rank", "right", "right_score", "winner", "winner_score"]


RANKED = [*METHODS, *CONTROLS]
RANKERS = {name: rankers.RANKERS[name] for name in RANKED}
WHOLE = (7, 9)  # words of the tiny data set


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were computed, in order; of a part of the words with the part's size."""
    done: list[str] = []
    original = image_methods.score_all

    def counting(source: ImageSets, target: ImageSets, methods: list[str], *args: object, **options: object) -> object:
        shape = (len(source), len(target))
        done.extend(name if shape == WHOLE else f"{name} {shape[0]}×{shape[1]}" for name in methods)
        return original(source, target, methods, *args, **options)

    monkeypatch.setattr(image_methods, "score_all", counting)
    return done


def again(pair: Pair) -> Pair:
    """The same pair, opened anew from disk."""
    return open_pair(Dataset(pair.dataset.path), pair.backbone, pair.name)


def files(pair: Pair, folder: str) -> list[str]:
    return sorted(path.name for path in (pair.dataset.path / folder).rglob("*") if path.is_file())


def test_a_pair_joins_words_pictures_and_features(pair: Pair) -> None:
    assert pair.languages == ("en", "de")
    assert pair.source.words == ("dog", "hat", "hand", "ghost", "run", "red", "big")
    assert pair.target.words == ("Hund", "Köter", "Hut", "Hand", "Geist", "laufen", "rennen", "rot", "groß")
    assert pair.rows.tolist() == list(range(7))
    assert pair.gold == ((0, 1), (2,), (3,), (4,), (5, 6), (7,), (8,))
    assert pair.target_pos["Köter"] == "N" and pair.target_pos["rennen"] == "V"


def test_words_under_two_parts_of_speech_share_their_pictures(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("red", "rot", "N"), wordlists.Row("run", "Hund", "A")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert pair.rows[pair.find("red.N")] == pair.rows[pair.find("red.A")]
    assert pair.target_pos["rot"] == "AN" and pair.target_pos["Hund"] == "NA"
    assert pair.gold[pair.find("run.A")] == (0,)


def test_words_are_found_by_id_word_or_part_of_speech(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("red", "Rot", "N")])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    ids = [query.id for query in pair.queries]
    assert ids[pair.find("red")] == "red.N"
    assert ids[pair.find("red", "A")] == ids[pair.find("red.A")] == "red.A"
    assert ids[pair.find("run")] == "run.V"
    for word in ("runn", "run.N", ""):
        with pytest.raises(UnknownNameError, match="unknown word"):
            pair.find(word)


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
    for change in (_other_picture, _other_list):
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


def test_right_answers_are_those_of_today_after_a_partial_rescoring(pair: Pair) -> None:
    """A changed picture and a changed list at once: the words that are not computed again have new answers too."""
    ranked.rankings(pair, ["avgmax"])
    _other_picture(pair.dataset.path)
    rows = [replace(row, target="Hund") if row.english == "big" else row for row in LEXICON]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    frame = ranked.rankings(again(pair), ["avgmax"])["avgmax"].set_index("word")
    assert frame.loc["big", "right"] == "Hund"
    own = ranked.scores(again(pair), ["avgmax"])["avgmax"][again(pair).source.row("big")]
    column = again(pair).target.row("Hund")
    assert frame.loc["big", "rank"] == 1 + (own > own[column] + 1e-6).sum()


def test_the_error_of_transport_is_kept_and_handed_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SINKHORN, "iterations", 2)
    first = ranked.scored(pair, ["sinkhorn", "rrf=avgmax,sinkhorn", "avgmax"])
    assert first["sinkhorn"].error == first["rrf=avgmax,sinkhorn"].error > 1e-3 and first["avgmax"].error == 0
    assert ranked.scored(again(pair), ["sinkhorn"])["sinkhorn"].error == first["sinkhorn"].error
    frames = ranked.rankings(again(pair), ["sinkhorn", "avgmax"])
    assert frames["sinkhorn"].attrs["error"] == first["sinkhorn"].error and frames["avgmax"].attrs["error"] == 0
    assert ranked.stored_rankings(again(pair), ["sinkhorn"])["sinkhorn"].attrs["error"] == first["sinkhorn"].error
    _other_picture(pair.dataset.path)
    part = ranked.scored(again(pair), ["sinkhorn"])["sinkhorn"]
    assert part.computed == 9 and part.error >= first["sinkhorn"].error, "what was kept may be the worst"


def test_another_right_answer_changes_ranks_but_needs_no_new_scores(pair: Pair, computed: list[str]) -> None:
    before = ranked.rankings(pair, ["avgmax"])["avgmax"]
    row = int(before["rank"].argmax())
    lost = before.loc[row]
    assert lost["rank"] > 2
    rows = [*LEXICON, wordlists.Row(lost["word"], lost["winner"], lost["pos"])]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    after = ranked.rankings(again(pair), ["avgmax"])["avgmax"]
    assert computed == ["avgmax"]
    assert after["right"][row] == lost["winner"] and after["rank"][row] < 2


def test_one_changed_picture_recomputes_one_word(pair: Pair, computed: list[str]) -> None:
    """A source word's row; and where others' scores depend on it, what does."""
    ranked.scores(pair, METHODS)
    computed.clear()
    _other_picture(pair.dataset.path)
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


def test_a_ranker_gives_the_same_scores_alone_and_together(pair: Pair) -> None:
    together = ranked.scores(pair, RANKERS)
    for name, ranker in RANKERS.items():
        np.testing.assert_allclose(ranker.scores(pair), together[name], atol=1e-6, err_msg=name)


def test_whatever_is_such_a_record_is_scored_kept_and_found(pair: Pair) -> None:
    """Evaluation asks no more of a ranker than its record says."""
    asked: list[str] = []

    def by_length(own: Pair) -> np.ndarray:
        asked.append(own.name)
        return -np.abs(np.subtract.outer([*map(len, own.source.words)], [*map(len, own.target.words)])).astype("f4")

    own = Ranker("length", "Length", "By letters.", "", "", CONTROL, key=lambda pair: "k", scores=by_length)
    first = rankings.rankings(pair, [own])["length"]
    assert first["rank"][pair.find("hand")] == 2, "Hand, Hund and groß have four letters"
    assert stored_scores.scored(again(pair), [own])["length"].found
    pd.testing.assert_frame_equal(rankings.stored_rankings(again(pair), [own])["length"], first, check_dtype=False)
    assert asked == ["en-de"]
    other = dataclasses.replace(own, key=lambda pair: "other")
    assert rankings.stored_rankings(pair, [other]) == {} and not stored_scores.scored(pair, [other])["length"].found
    assert asked == ["en-de"] * 2


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
    "keys that are no bytes": lambda tensors, meta: tensors.update(target_keys=np.zeros((9, 16), np.int8)),
    "no keys": lambda tensors, meta: tensors.pop("target_keys"),
    "no scores": lambda tensors, meta: tensors.pop("scores"),
    **{f"no {name}": lambda tensors, meta, name=name: meta.pop(name)
       for name in ("key", "recipe", "device", "seconds", "computed", "error")},
    "no number of seconds": lambda tensors, meta: meta.update(seconds="soon"),
    "half a score computed": lambda tensors, meta: meta.update(computed="1.5"),
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
    """Every part of the record; a file that is only copied as it is holds too."""
    kept = ranked.scored(pair, ["sinkhorn"])["sinkhorn"]
    found = stored_scores.read(stored_scores.path_of(pair, "sinkhorn"))
    assert found is not None and found.found and not kept.found
    for name in ("matrix", "source_keys", "target_keys"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
    for name in ("key", "recipe", "device", "seconds", "computed", "error"):
        assert getattr(found, name) == getattr(kept, name)


def test_rankings_are_computed_once_and_broken_ones_again(pair: Pair, computed: list[str]) -> None:
    first = ranked.rankings(pair, ["avgmax"])["avgmax"]
    for path in pair.dataset.path.glob("scores/*/*/*"):
        path.unlink()
    pd.testing.assert_frame_equal(ranked.rankings(again(pair), ["avgmax"])["avgmax"], first)
    assert computed == ["avgmax"]
    (stored,) = pair.dataset.path.glob("rankings/*/*/*")
    stored.write_bytes(b"PAR1")
    pd.testing.assert_frame_equal(ranked.rankings(again(pair), ["avgmax"])["avgmax"], first)
    assert computed == ["avgmax", "avgmax"]


def test_a_read_only_folder_only_warns(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path, save: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(storage, "write", refuse)
    found = ranked.rankings(pair, ["avgmax", "spelling"])
    assert list(found) == ["avgmax", "spelling"]
    assert files(pair, "rankings") == files(pair, "scores") == []
    assert "scores of en-de are not kept" in caplog.text and "rankings of en-de are not kept" in caplog.text


@pytest.mark.parametrize("name", ["avgmaxx", "../avgmax", "AVGMAX", "a\x00b", ""])
def test_unknown_methods(pair: Pair, name: str) -> None:
    for call in (ranked.scores, ranked.rankings):
        with pytest.raises(UnknownNameError, match="choose from: avgmax, maxmax"):
            call(pair, ["avgmax", name])


def test_unknown_pairs_and_backbones(small: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="language pair 'en-fr'"):
        open_pair(small, BACKBONE, "en-fr")
    with pytest.raises(UnknownNameError, match="extract --dataset small --backbone vgg19"):
        open_pair(small, "vgg19", "en-de")


def literal(pair: Pair, matrix: np.ndarray) -> list[tuple[object, ...]]:
    """What the frame should hold, looked up one query at a time."""
    rows: list[tuple[object, ...]] = []
    for query in pair.queries:
        scores = dict(zip(pair.target.words, matrix[pair.source.words.index(query.word)].tolist(), strict=True))
        known = {word: score for word, score in scores.items() if not math.isnan(score)}
        right = {word: score for word, score in known.items() if word in query.right}
        if right:
            best = max(right, key=lambda word: right[word])
            above = sum(score > right[best] + 1e-6 for score in known.values())
            tied = sum(abs(score - right[best]) <= 1e-6 for score in known.values())
            rank = above + (tied + 1) / (sum(score >= right[best] - 1e-6 for score in right.values()) + 1)
        else:
            best, rank = query.right[0], math.nan
        first = [word for word, score in known.items() if score >= max(known.values()) - 1e-6]
        winner = best if best in first else next(iter(first), None)
        rows.append((query.id, query.word, query.pos, query.word == "hand", rank, best, right.get(best, math.nan),
                     winner, known[winner] if winner else math.nan))  # fmt: skip
    return rows


@pytest.mark.parametrize("method", RANKED)
def test_rankings_against_a_literal_loop(pair: Pair, method: str) -> None:
    frame = ranked.rankings(pair, [method])[method]
    assert list(frame.columns) == COLUMNS
    matrix = ranked.scores(pair, [method])[method]
    expected = pd.DataFrame(literal(pair, matrix), columns=COLUMNS)
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False, rtol=1e-6)


def test_rankings_read_from_disk_are_those_that_were_computed(pair: Pair) -> None:
    names = RANKED
    first = ranked.rankings(pair, names)
    second = ranked.rankings(again(pair), names)
    for name in names:
        pd.testing.assert_frame_equal(first[name], second[name], check_dtype=False)
        assert second[name]["same_spelled"].dtype == bool


def test_a_data_set_without_any_picture_ranks_nothing(data: Path) -> None:
    new = dataset.create(data / "new")
    wordlists.write_list(new.path / "lexicon" / "en-de.tsv", LEXICON)
    pictures.write_shards(new.path / "images", [picture("sun")])
    ids = [picture("sun").id]
    shards.write_shard(new.path / "features" / "b" / "x.safetensors", ids, np.ones((1, 4)), {})
    frame = ranked.rankings(open_pair(new, "b", "en-de"), ["avgmax", "knn-c"])["knn-c"]
    assert frame["rank"].isna().all() and frame["winner"].isna().all()


def _refuse(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """The disk takes no file of these names (without their ends)."""
    original = storage.write

    def write(path: Path, *given: object, **named: object) -> object:
        if path.stem in names:
            raise OSError(28, "No space left on device", str(path))
        return original(path, *given, **named)

    monkeypatch.setattr(storage, "write", write)


@pytest.mark.parametrize("folder", ["scores", "rankings"])
def test_what_must_be_kept_and_cannot_be_is_named_and_the_rest_is_kept(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, folder: str
) -> None:
    own = [RANKERS[name] for name in ("avgmax", "maxmax", "cnn-max", "spelling")]
    if folder == "rankings":
        stored_scores.scored(pair, own, must_keep=True)
    _refuse(monkeypatch, "maxmax", "spelling")
    call = stored_scores.scored if folder == "scores" else rankings.rankings
    assert list(call(pair, own)) == [one.name for one in own]
    assert files(pair, folder) == sorted(f"{name}.{END[folder]}" for name in ("avgmax", "cnn-max"))
    told = f"{folder} of en-de are not kept: maxmax, spelling (No space left on device)"
    assert caplog.messages == [told]
    with pytest.raises(DatasetError) as caught:
        call(again(pair), own, must_keep=True)
    assert str(caught.value).startswith(f"{told}; make room in {str(pair.dataset.path)!r}")
    assert caplog.messages == [told], "what is raised is not logged as well"


END = {"scores": "safetensors", "rankings": "parquet"}


def test_scores_at_hand_are_ranked_and_no_others_are_computed(pair: Pair, computed: list[str]) -> None:
    one = ranked.scored(pair, ["avgmax"])["avgmax"]
    ready = {"avgmax": replace(one, matrix=-one.matrix, device="elsewhere", error=0.25)}
    computed.clear()
    found = ranked.rankings(pair, ["maxmax", "avgmax"], ready)
    assert list(found) == ["maxmax", "avgmax"] and computed == ["maxmax"]
    pd.testing.assert_frame_equal(found["avgmax"], rankings.ranked(pair, -one.matrix))
    assert (found["avgmax"].attrs["device"], found["avgmax"].attrs["error"]) == ("elsewhere", 0.25)
    other = {"avgmax": replace(one, device="nowhere")}
    assert ranked.rankings(pair, ["avgmax"], other)["avgmax"].attrs["device"] == "elsewhere", "it was kept"


@pytest.mark.parametrize("folder", ["scores", "rankings"])
def test_what_cannot_rank_a_pair_hides_nothing_that_can(pair: Pair, folder: str) -> None:
    def refuse(own: Pair) -> str:
        raise DatasetError("no")

    first = RANKERS["avgmax"]
    rankings.rankings(pair, [first])
    never = dataclasses.replace(first, name="never", key=refuse)
    assert list(rankings.stored_rankings(pair, [never, first])) == ["avgmax"]
    with pytest.raises(DatasetError, match="no"):
        (stored_scores.scored if folder == "scores" else rankings.rankings)(pair, [first, never])


@pytest.mark.parametrize("changed", [False, True], ids=["all words", "one word"])
def test_progress_and_device_reach_the_pass(pair: Pair, monkeypatch: pytest.MonkeyPatch, changed: bool) -> None:
    told: list[tuple[int, int]] = []
    if changed:
        ranked.scores(pair, ["avgmax", "maxmax"])
        _other_picture(pair.dataset.path)
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
    rows = [row for row in LEXICON[::-1] if row.english != "hat" and row.target != "Köter"]
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
    _other_picture(pair.dataset.path)
    now, ranker = again(pair), RANKERS["sinkhorn"]
    part = ranker.together(Work(now.of_words(["hat"]), [ranker]))["sinkhorn"].error
    for kept in (part / 2, 2 * part):
        stale = {"sinkhorn": replace(one, error=kept)}
        made = stored_scores.computed(now, [ranker], stale=stale)["sinkhorn"]
        assert made.error == max(part, kept) and made.computed == 9
    assert stored_scores.computed(now, [ranker])["sinkhorn"].error >= part


def test_a_pair_of_some_words_keeps_all_candidates(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("red", "Hut", "N")])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    part = pair.of_words(["red", "dog"])
    assert part.source.words == ("red", "dog") and part.target is pair.target
    asked = [(query.id, part.source.words[row], [part.target.words[column] for column in right])
             for query, row, right in zip(part.queries, part.rows, part.gold, strict=True)]  # fmt: skip
    assert asked == [("dog.N", "dog", ["Hund", "Köter"]), ("red.A", "red", ["rot"]), ("red.N", "red", ["Hut"])]
    assert part.key != pair.key and part.index == {"dog.N": 0, "red.A": 1, "red.N": 2}
    for name in ("avgmax", "cnn-max"):
        whole = RANKERS[name].scores(pair)
        np.testing.assert_array_equal(RANKERS[name].scores(part), whole[[pair.source.row(w) for w in ("red", "dog")]])


def test_a_part_of_speech_may_be_left_open(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("red", "Hut", "V"), wordlists.Row("red", "Hund", "N")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    ids = [query.id for query in pair.queries]
    for pos, expected in (("", "N"), ("VA", "V"), ("AV", "A"), ("N", "N")):
        assert ids[pair.find("red", pos)] == f"red.{expected}"
    with pytest.raises(UnknownNameError, match="dog"):
        pair.find("dog", "VA")


def test_what_shares_nothing_is_scored_one_by_one(pair: Pair) -> None:
    made = ranker_module.one_by_one(Work(pair, [RANKERS["spelling"], RANKERS["identity"]], device="cuda"))
    assert list(made) == ["spelling", "identity"]
    for name, one in made.items():
        np.testing.assert_array_equal(one.matrix, RANKERS[name].scores(pair))
        assert (one.device, one.computed, one.error, one.found) == ("cpu", 63, 0, False) and one.seconds > 0
        assert one.key == RANKERS[name].full_key(pair) and one.recipe == RANKERS[name].recipe
        assert [keys.tolist() for keys in (one.source_keys, one.target_keys)] == [k.tolist() for k in pair.keys]


@pytest.mark.parametrize("name", [*METHODS, "knn+csls", "rrf=avgmax+isf,maxmax"])
def test_an_image_method_as_a_ranker_is_what_its_record_says(name: str) -> None:
    method = find_method(name)
    one = image_methods.ranker_of(method)
    for field in ("name", "label", "about", "formula", "source", "bounds", "by_row", "ranks_all"):
        assert getattr(one, field) == getattr(method, field), field
    assert one.kind == IMAGES and [base.name for base in one.bases] == list(method.bases)
    assert (one.row is None) == bool(method.bases)
    assert one.depth == (1 + max(base.depth for base in one.bases) if one.bases else 0)


def test_what_a_ranker_does_not_say_of_itself() -> None:
    """Scores as of cosines, of each word by itself, for every pair."""
    own = Ranker("x", "X", "", "", "", CONTROL, key=lambda pair: "", scores=lambda pair: np.zeros((1, 1)))
    assert (own.bounds, own.by_row, own.ranks_all, own.row, own.bases, own.depth) == ((-1, 1), True, True, None, (), 0)
    assert own.available(None, "", "") is True and own.together is None and own.parameters == {}
