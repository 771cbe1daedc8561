"""What ``check --deep`` finds of stored scores, ranks and features, one fault at a time."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import audit, rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import health_pictures
from cldi_core.insight.health import Finding, findings
from tests import ranked
from tests.conftest import BACKBONE, build_small

NAMES = ["avgmax", "maxmax", "knn-c", "avgmax+isf", "rrf=avgmax,maxmax", "identity"]


@pytest.fixture(autouse=True)
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a deep check says of pictures is tested in ``test_health``; to decode them it starts processes each time."""
    monkeypatch.setattr(health_pictures, "decode", lambda *given: [])


@pytest.fixture(scope="module")
def scored_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data set with everything scored and ranked."""
    small = build_small(tmp_path_factory.mktemp("audit") / "small")
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), NAMES)
    return small.path


@pytest.fixture
def pair(scored_once: Path, tmp_path: Path) -> Pair:
    """Its pair, of a copy that a test may damage."""
    return open_pair(Dataset(Path(shutil.copytree(scored_once, tmp_path / "small"))), BACKBONE, "en-de")


def again(pair: Pair) -> Pair:
    return open_pair(Dataset(pair.dataset.path), pair.backbone, pair.name)


def errors(pair: Pair, *, deep: bool = True) -> list[Finding]:
    return [one for one in findings(Dataset(pair.dataset.path), deep=deep) if one.level == "error"]


def without_scores(pair: Pair) -> None:
    """As the shipped data sets are: rankings alone."""
    for path in pair.dataset.path.glob("scores/*/*/*"):
        path.unlink()


def scores_file(pair: Pair, name: str, change: Callable[[np.ndarray], object], *, sealed: bool) -> None:
    """Change a score matrix on disk; ``sealed``: under a checksum that fits."""
    path = stored_scores.path_of(pair, name)
    tensors, meta = storage.map_tensors(path)
    arrays = {key: tensor.copy() for key, tensor in tensors.items()}
    change(arrays["scores"])
    about = {key: value for key, value in meta.items() if key != "checksum"}
    seal = storage.checksum(arrays, about) if sealed else meta["checksum"]
    storage.save_tensors(path, arrays, {**about, "checksum": seal})


def rankings_file(pair: Pair, name: str, change: Callable[[pd.DataFrame], object], *, sealed: bool) -> None:
    path = rankings.path_of(pair, name)
    frame = storage.read_frame(path)
    change(frame)
    if sealed:
        storage.write_frame(path, frame)
    else:
        frame.to_parquet(path, index=False)


def flip_a_sign(path: Path, what: str) -> None:
    """Turn the first number of a safetensors file that is not 0 into its opposite, in place: the highest bit."""
    tensor = storage.map_tensors(path)[0][what]
    number = int(np.flatnonzero(np.nan_to_num(tensor.reshape(-1)))[0])
    data = bytearray(path.read_bytes())
    data[data.find(tensor.tobytes()) + (number + 1) * tensor.itemsize - 1] ^= 0x80
    path.write_bytes(data)


def set_first(frame: pd.DataFrame) -> None:
    frame["rank"] = frame["rank"].where(frame["rank"].isna(), 1.0)


@pytest.mark.parametrize("stored", [True, False], ids=["with scores", "without scores"])
def test_what_was_computed_passes(pair: Pair, stored: bool) -> None:
    if not stored:
        without_scores(pair)
    assert list(audit.differences(again(pair), rankers.ranker)) == []
    assert errors(pair) == []


@pytest.mark.parametrize("name", ["avgmax", "avgmax+isf"])
def test_one_flipped_bit_of_scores_is_named(pair: Pair, name: str) -> None:
    path = stored_scores.path_of(pair, name)
    flip_a_sign(path, "scores")
    assert errors(pair, deep=False) == []
    (found,) = errors(pair)
    assert found.area == "scores" and "checksum does not fit" in found.text
    assert f"scores/{BACKBONE}/en-de/{name}.safetensors" in found.text and "\n" not in found.text
    assert str(path) in found.next_step and f"--pair en-de --backbone {BACKBONE} --method {name}" in found.next_step


def test_damaged_scores_are_computed_again(pair: Pair) -> None:
    before = ranked.scores(pair, ["avgmax"])["avgmax"].copy()
    flip_a_sign(stored_scores.path_of(pair, "avgmax"), "scores")
    one = ranked.scored(again(pair), ["avgmax"])["avgmax"]
    assert not one.found
    np.testing.assert_array_equal(one.matrix, before)
    assert errors(pair) == [], "what is written again is whole"


@pytest.mark.parametrize("what", ["seconds", "error", "device"])
def test_what_is_said_of_scores_is_under_the_checksum(pair: Pair, what: str) -> None:
    path = stored_scores.path_of(pair, "avgmax")
    tensors, meta = storage.map_tensors(path)
    storage.save_tensors(path, {name: one.copy() for name, one in tensors.items()}, {**meta, what: "7"})
    assert stored_scores.read(path) is None
    assert len(errors(pair)) == 1


@pytest.mark.parametrize("name", ["avgmax", "avgmax+isf", "rrf=avgmax,maxmax", "identity"])
def test_ranks_set_to_1_are_named_and_not_believed(pair: Pair, name: str) -> None:
    before = ranked.rankings(pair, [name])[name]
    rankings_file(pair, name, set_first, sealed=False)
    (found,) = errors(pair)
    assert found.area == "rankings" and "checksum does not fit" in found.text and f"{name}.parquet" in found.text
    assert ranked.stored_rankings(again(pair), [name]) == {}
    pd.testing.assert_frame_equal(ranked.rankings(again(pair), [name])[name], before, check_dtype=False)
    assert errors(pair) == []


@pytest.mark.parametrize("stored", [True, False], ids=["with scores", "without scores"])
@pytest.mark.parametrize("name", NAMES)
def test_ranks_under_a_fitting_checksum_are_made_again(pair: Pair, name: str, stored: bool) -> None:
    """A file that is whole and under the right key, and wrong."""
    if not stored:
        without_scores(pair)
    rankings_file(pair, name, set_first, sealed=True)
    (found,) = errors(pair)
    assert found.area == "rankings" and "is at rank" in found.text and "not 1 (" in found.text


@pytest.mark.parametrize("column", ["right", "winner", "right_score", "winner_score", "same_spelled", "pos"])
def test_every_column_is_compared(pair: Pair, column: str) -> None:
    def change(frame: pd.DataFrame) -> None:
        kind = frame[column].dtype.kind
        values = {"b": ~frame["same_spelled"], "f": frame["rank"] * 0 + 0.123}
        frame[column] = values.get(kind, "Geist")

    rankings_file(pair, "avgmax", change, sealed=True)
    assert [found.area for found in errors(pair)] == ["rankings"]


@pytest.mark.parametrize("name", NAMES)
def test_scores_under_a_fitting_checksum_are_computed_again(pair: Pair, name: str) -> None:
    scores_file(pair, name, lambda scores: np.negative(scores, out=scores), sealed=True)
    areas = [found.area for found in errors(pair) if f"/{name}." in found.text]
    assert "scores" in areas


def test_a_file_of_another_method_is_not_believed(pair: Pair) -> None:
    """As where somebody copies one over another."""
    source, target = (stored_scores.path_of(pair, name) for name in ("avgmax", "maxmax"))
    expected = ranked.scores(pair, ["maxmax"])["maxmax"].copy()
    target.write_bytes(source.read_bytes())
    rankings.path_of(pair, "maxmax").write_bytes(rankings.path_of(pair, "avgmax").read_bytes())
    assert ranked.stored_rankings(again(pair), ["maxmax"]) == {}
    np.testing.assert_array_equal(ranked.scores(again(pair), ["maxmax"])["maxmax"], expected)


def test_a_damaged_row_of_features_is_named(pair: Pair) -> None:
    (path,) = pair.dataset.path.glob("features/*/*.safetensors")
    flip_a_sign(path, "features")
    ids = shards.read_shard(path)[0]
    found = errors(pair)[0]
    assert found.area == "features" and path.name in found.text and "1 rows are not what was written" in found.text
    assert ids[0] in found.text and "--force" in found.next_step


def test_older_shards_without_digests_of_rows_are_looked_at_as_a_whole(pair: Pair) -> None:
    (path,) = pair.dataset.path.glob("features/*/*.safetensors")
    tensors, meta = storage.map_tensors(path)
    arrays = {name: tensor.copy() for name, tensor in tensors.items() if name != "digests"}
    storage.save_tensors(path, arrays, meta)
    assert shards.damage(path) == ""
    arrays["features"][3, 2] *= -1
    storage.save_tensors(path, arrays, meta)
    assert "its digest does not fit" in shards.damage(path)


def test_what_is_stale_or_of_nobody_is_no_finding(pair: Pair) -> None:
    path = stored_scores.path_of(pair, "avgmax")
    path.with_stem("of-nobody").write_bytes(b"junk")
    rows = (pair.dataset.path / "lexicon" / "en-de.tsv").read_text("utf-8")
    (pair.dataset.path / "lexicon" / "en-de.tsv").write_text(rows + "dog\tWauwau\tN\n", "utf-8")
    assert errors(pair) == []


def made_up(pair: Pair, **scores: float) -> np.ndarray:
    """Scores of "hat": 0.9, 0.8, … in the order of the candidates, but for those given; 0 for all other words."""
    matrix = np.where(pair.target.sizes > 0, 0.0, np.nan) * np.ones((len(pair.source), 1))
    matrix[pair.source.sizes == 0] = np.nan
    row = np.where(pair.target.sizes > 0, 0.9 - 0.1 * np.arange(len(pair.target)), np.nan)
    for word, value in scores.items():
        row[pair.target.row(word)] = value
    matrix[pair.source.row("hat")] = row
    return matrix


def said(pair: Pair, matrix: np.ndarray, slack: float = audit.ROUNDING, **changed: object) -> str:
    """What is said of rankings that follow from scores, but for what is changed in the line of "hat"."""
    frame = rankings.ranked(pair, matrix)
    for column, value in changed.items():
        frame.loc[frame["word"] == "hat", column] = value
    return audit._misranked(pair, matrix, frame, slack)


def test_a_line_that_does_not_follow_is_named_with_what_it_should_be(pair: Pair) -> None:
    matrix = made_up(pair)
    assert said(pair, matrix) == ""
    told = "'hat.N' is at rank 3 (Hut; winner Hund), not 2 (Hut; winner Hund), when its ranks are made again"
    assert said(pair, matrix, rank=2.0) == told
    for changed in (
        {"rank": 4.0}, {"rank": np.nan}, {"rank": 2.5}, {"right": "Hand"}, {"right": "nobody"}, {"winner": "Köter"},
        {"winner": "nobody"}, {"winner": None}, {"word": "cap"}, {"pos": "V"}, {"same_spelled": True},
        {"right_score": 0.7 + 3e-6}, {"winner_score": 0.9 - 3e-6}, {"right": "Hand", "right_score": 0.6},
        {"winner": "Köter", "winner_score": 0.8},
    ):  # fmt: skip
        assert said(pair, matrix, **changed).startswith("'hat.N' is at rank 3 (Hut; winner Hund), not "), changed


def test_what_rounding_can_do_is_no_finding(pair: Pair) -> None:
    """Scores may be off by the slack, and those that are then within 1e-6 of each other may tie, or change places."""
    near, far = 0.7 + 2.5e-6, 0.7 + 4e-6  # Köter's, beside Hut's .7: 1e-6 is a tie, 2e-6 the slack
    assert said(pair, made_up(pair), right_score=0.7 + 1e-6, winner_score=0.9 - 1e-6) == ""
    for rank, of_near, of_far in ((3.0, True, True), (2.5, True, False), (2.0, True, False), (1.0, False, False)):
        assert (said(pair, made_up(pair, Köter=near), rank=rank) == "") == of_near
        assert (said(pair, made_up(pair, Köter=far), rank=rank) == "") == of_far
    for score, held in ((0.7 - 2.5e-6, True), (0.7 - 4e-6, False)):
        for rank in (3.5, 4.0):
            assert (said(pair, made_up(pair, Köter=0.85, Hand=score), rank=rank) == "") == held
    first = made_up(pair, Hund=0.7 + 2.5e-6, Köter=0.1)
    assert said(pair, first, rank=1.0, winner="Hut", winner_score=0.7) == ""
    assert said(pair, first, 1e-7, rank=1.0, winner="Hut", winner_score=0.7) != ""


def test_another_right_answer_may_stand_only_where_it_is_as_good(pair: Pair) -> None:
    """“dog” has two: Hund and Köter."""
    matrix = made_up(pair)
    matrix[0] = np.where(np.isnan(matrix[0]), np.nan, 0.1)
    for better, held in ((0.6 + 2.5e-6, True), (0.6 + 4e-6, False)):
        matrix[0, [0, 1]] = better, 0.6
        frame = rankings.ranked(pair, matrix)
        frame.loc[0, ["right", "right_score"]] = "Köter", 0.6
        assert (audit._misranked(pair, matrix, frame, audit.ROUNDING) == "") == held


def test_lines_are_compared_by_their_queries(pair: Pair) -> None:
    matrix = made_up(pair)
    frame = rankings.ranked(pair, matrix)
    wrong = "its queries are not those of the word list"
    assert audit._misranked(pair, matrix, frame[::-1].reset_index(drop=True), audit.ROUNDING) == ""
    assert audit._misranked(pair, matrix, frame[1:], audit.ROUNDING) == wrong
    assert audit._misranked(pair, matrix, pd.concat([frame, frame[:1]]), audit.ROUNDING) == wrong
    part = pair.of_words(["hat", "run"])
    rows = [pair.source.row(word) for word in part.source.words]
    assert audit._misranked(part, matrix[rows], frame, audit.ROUNDING) == "", "of some words, the others may stand"


def test_what_cannot_be_ranked_has_no_rank(pair: Pair) -> None:
    frame, matrix = rankings.ranked(pair, made_up(pair)), made_up(pair)
    ghost = frame.index[frame["word"] == "ghost"][0]
    assert np.isnan(frame.loc[ghost, "rank"])
    frame.loc[ghost, "rank"] = 2.0
    assert audit._misranked(pair, matrix, frame, audit.STEPS).startswith("'ghost.N' is at rank nan")


def test_scores_that_differ_are_counted_and_the_first_is_named(pair: Pair) -> None:
    part = pair.of_words(["dog", "hat"])
    fresh = made_up(pair)[[pair.source.row(word) for word in part.source.words]]
    assert audit._off(part, fresh, fresh, 0.0) == ""
    stored = fresh.copy()
    stored[1, [2, 3]] += 0.25
    told = "2 of 18 scores that were computed again differ: 'hat' and 'Hut' score 0.7000, not 0.9500"
    assert audit._off(part, stored, fresh, 0.1) == told and audit._off(part, stored, fresh, 0.3) == ""
    stored = fresh.copy()
    stored[0, 4] = 0.1  # a score where there can be none
    assert audit._off(part, stored, fresh, 1.0).startswith("1 of 18")
    stored[0, 4], stored[0, 0] = np.nan, np.nan
    assert audit._off(part, stored, fresh, 1.0).startswith("1 of 18")


@pytest.mark.parametrize(
    ("name", "held", "wrong"),
    [("avgmax", 1e-6, 4e-6), ("identity", 5e-4, 2e-3), ("knn-c", 5e-4, 2e-3), ("avgmax+isf", 5e-4, 2e-3)],
)
def test_scores_may_be_off_by_rounding_and_no_more(pair: Pair, name: str, held: float, wrong: float) -> None:
    """What hangs on votes and ranks, or on another library, may be off by more."""
    path = stored_scores.path_of(pair, name)
    for off, found in ((held, False), (wrong - held, True)):

        def shift(scores: np.ndarray, off: float = off) -> None:
            scores += np.float32(off)

        scores_file(pair, name, shift, sealed=True)
        assert (path in [one.path for one in audit.differences(again(pair), rankers.ranker)]) == found


def test_transport_may_be_off_by_what_it_had_not_settled(pair: Pair) -> None:
    scored, transport = ranked.scored(pair, ["avgmax"])["avgmax"], rankers.ranker("sinkhorn")
    assert audit._slack(transport, scored) == audit.ROUNDING
    assert audit._slack(transport, dataclasses.replace(scored, error=0.01)) == 0.01
    others = [audit._slack(rankers.ranker(name), scored) for name in ("knn", "spelling", "rrf")]
    assert others == [audit.STEPS] * 3


def test_five_words_with_pictures_are_looked_at(pair: Pair) -> None:
    chosen = audit._sample(pair)
    assert len(chosen) == len(set(chosen)) == 5 and "ghost" not in chosen
    assert chosen == [word for word in pair.source.words if word in chosen] == audit._sample(again(pair))
    few = pair.of_words(["ghost", "red", "big"])
    assert audit._sample(few) == ["red", "big"]
    assert audit._sample(pair.of_words(["ghost"])) == ["ghost"], "where none has any, others will do"


def test_a_file_that_cannot_be_read_hides_no_other(pair: Pair) -> None:
    """Each is named by its path and its ranker, and what is broken for one method is not for the next."""
    rankings.path_of(pair, "avgmax").write_bytes(b"PAR1")
    stored_scores.path_of(pair, "maxmax").write_bytes(b"junk")
    rankings_file(pair, "identity", set_first, sealed=True)
    found = {one.path: one for one in audit.differences(again(pair), rankers.ranker)}
    places = [
        rankings.path_of(pair, "avgmax"),
        rankings.path_of(pair, "identity"),
        stored_scores.path_of(pair, "maxmax"),
    ]
    assert sorted(found) == sorted(places)
    assert [found[path].ranker for path in places] == ["avgmax", "identity", "maxmax"]
    assert found[places[0]].text.startswith("it cannot be read (") and "is at rank" in found[places[1]].text


@pytest.mark.parametrize("folder", ["scores", "rankings"])
def test_scores_without_rankings_are_looked_at_and_the_other_way_round(pair: Pair, folder: str) -> None:
    shutil.rmtree(pair.dataset.path / ("rankings" if folder == "scores" else "scores"))
    if folder == "scores":
        scores_file(pair, "maxmax", lambda scores: np.negative(scores, out=scores), sealed=True)
    else:
        rankings_file(pair, "maxmax", set_first, sealed=True)
    assert [(found.area, "maxmax" in found.text) for found in errors(pair)] == [(folder, True)]
