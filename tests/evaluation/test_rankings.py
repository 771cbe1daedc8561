"""Rankings: what became of every query, computed once, found again, and never stale."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset, pictures, storage, wordlists
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from tests import ranked
from tests.conftest import LEXICON, picture
from tests.evaluation.conftest import RANKED, RANKERS, again, files, other_picture

COLUMNS = ["query", "word", "pos", "same_spelled", "rank", "right", "right_score", "winner", "winner_score"]


def test_right_answers_are_those_of_today_after_a_partial_rescoring(pair: Pair) -> None:
    """A changed picture and a changed list at once: the words that are not computed again have new answers too."""
    ranked.rankings(pair, ["avgmax"])
    other_picture(pair.dataset.path)
    rows = [row._replace(target="Hund") if row.source == "big" else row for row in LEXICON]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    frame = ranked.rankings(again(pair), ["avgmax"])["avgmax"].set_index("word")
    assert frame.loc["big", "right"] == "Hund"
    own = ranked.scores(again(pair), ["avgmax"])["avgmax"][again(pair).source.row("big")]
    column = again(pair).target.row("Hund")
    assert frame.loc["big", "rank"] == 1 + (own > own[column] + 1e-6).sum()


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
    assert str(caught.value).startswith(f"{told}; free some space in {str(pair.dataset.path)!r}")
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
