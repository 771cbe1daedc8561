"""What ``check --deep`` finds of stored scores, ranks and features, one fault at a time."""

from __future__ import annotations

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
from cldi_core.insight.health import Finding, findings
from tests import ranked
from tests.conftest import BACKBONE, build_small

NAMES = ["avgmax", "maxmax", "knn-c", "avgmax+isf", "rrf=avgmax,maxmax", "identity"]


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
