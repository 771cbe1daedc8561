"""Scoring and learning curves on a cluster of two nodes: as here to the last bit, whoever is killed.

What blocks and draws are worth is tested without a cluster (``tests/evaluation/test_ray_scoring.py``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError
from cldi_core.evaluation import ray_scoring, stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.ray_scoring import BlockScorer, pieces_of, scoring_on
from cldi_core.features import ray_cluster
from cldi_core.insight import learning, ray_curves
from cldi_core.insight.ray_curves import DrawScorer, curves_on
from tests.conftest import BACKBONE, build_small
from tests.ray.workers import Noted, done

pytest.importorskip("ray", reason="Ray is an optional extra")

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("en-de", "de-en")
METHODS = ("avgmax", "knn", "sinkhorn", "avgmax+csls")
BLOCK = 3  # pictures of a block: the seven source words of the tiny data set become five blocks
SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from tests.ray.test_nodes import scored_there

if __name__ == "__main__":
    folder, notes, address = sys.argv[1:]
    scored_there(Path(folder), Path(notes), address, free=3)
"""


def scored_there(folder: Path, notes: Path, address: str, kill: bool = False, free: int | None = None) -> list[str]:
    """Score both directions of the tiny data set on a cluster, in small blocks; the methods that were found."""
    ray_scoring.PICTURES = BLOCK
    ray_scoring.BlockScorer = partial(Noted, str(notes), BlockScorer, kill, free)
    small, ways = Dataset(folder), [rankers.ranker(name) for name in METHODS]
    try:
        opened = partial(open_pair, small, BACKBONE)
        with scoring_on(str(folder), BACKBONE, NAMES, opened, address=address) as scored:
            found = {name: scored(opened(name), ways, must_keep=True) for name in NAMES}
    finally:
        ray_scoring.BlockScorer = BlockScorer
    return [name for one in found.values() for name, how in one.items() if how.found]


def matrices(folder: Path) -> dict[str, bytes]:
    """What is stored, to the last bit."""
    found = {}
    for path in sorted(folder.glob("scores/*/*/*.safetensors")):
        one = stored_scores.read_whole(path)
        assert one is not None
        found[f"{path.parent.name}/{path.stem}"] = one.matrix.tobytes() + one.key.encode()
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What scoring in this process stores."""
    small = build_small(tmp_path_factory.mktemp("here") / "small")
    for name in NAMES:
        stored_scores.scored(open_pair(small, BACKBONE, name), [rankers.ranker(one) for one in METHODS])
    return matrices(small.path)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def blocks(small: Dataset) -> int:
    """How many blocks both directions have."""
    return sum(len(ray_scoring.spans(open_pair(small, BACKBONE, name).source, BLOCK)) for name in NAMES)


def test_scores_are_those_made_here_though_an_actor_is_killed(
    nodes: str, small: Dataset, notes: Path, expected: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    """The block that it was at is done by another one, no other is done twice, and both nodes are at work."""
    assert scored_there(small.path, notes, nodes, kill=True) == []
    assert matrices(small.path) == expected
    made = done(notes)
    assert len(made) == blocks(small) and (notes / "killed").read_text() not in {pid for _, pid in made}
    assert len({node for node, _ in made}) == 2
    assert not list(small.path.rglob(".pieces")), "nothing is left of the blocks"
    assert capfd.readouterr() == ("", "")
    assert len(scored_there(small.path, notes, nodes)) == len(expected), "all of it is there already"
    assert len(done(notes)) == len(made)


def test_what_a_killed_driver_had_is_not_done_again(
    nodes: str, small: Dataset, notes: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    script = tmp_path / "scoring.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script), str(small.path), str(notes), nodes], env=environment) as driver:
        while (kept := len(list(small.path.rglob(".pieces/*.safetensors")))) < 3:
            assert driver.poll() is None, "it is killed before it is done"
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
    assert kept == 3 and matrices(small.path) == {} and len(done(notes)) == 3
    scored_there(small.path, notes, nodes)
    assert matrices(small.path) == expected
    assert len(done(notes)) == blocks(small), "each block was done once"
    assert not list(small.path.rglob(".pieces"))


def test_learning_curves_are_those_made_here_whoever_is_killed(
    nodes: str, small: Dataset, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An actor is killed, and the driver ends after the first figures."""
    monkeypatch.setattr(learning, "SIZES", (1, 2))
    here = build_small(tmp_path / "here")
    methods, draws = ("avgmax", "knn"), 3
    alone = learning.keep_curve(open_pair(here, BACKBONE, "en-de"), methods, draws=draws)
    monkeypatch.setattr(ray_curves, "DrawScorer", partial(Noted, str(notes), DrawScorer, True, None))
    pair = open_pair(small, BACKBONE, "en-de")

    class EndedError(Exception):
        pass

    def ended(done: int, total: int) -> None:
        raise EndedError

    with curves_on(str(small.path), BACKBONE, address=nodes) as there, pytest.raises(EndedError):
        learning.keep_curve(pair, methods, draws=draws, progress=ended, elsewhere=there)
    kept = len(list(small.path.rglob(".pieces/*.safetensors")))
    before = done(notes)
    assert 0 < kept <= len(before) and (notes / "killed").read_text() not in {pid for _, pid in before}
    with curves_on(str(small.path), BACKBONE, address=nodes) as there:
        found = learning.keep_curve(pair, methods, draws=draws, elsewhere=there)
    pd.testing.assert_frame_equal(found, alone, check_exact=True)
    files = [sorted((one.path / "curves").rglob("*.parquet")) for one in (here, small)]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert len(done(notes)) - len(before) == 2 * draws + 1 - kept
    assert not list(small.path.rglob(".pieces"))


def test_no_room_and_other_data_end_it_in_one_line(
    nodes: str, small: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    with (
        pytest.raises(CldiError, match=r"^no machine of the Ray cluster has room for an actor; it needs 1 GPU$"),
        scoring_on(str(small.path), BACKBONE, (), lambda name: pair, device="cuda", address=nodes),
    ):
        pass
    other = build_small(tmp_path / "other")
    rows = [row for row in other.words.itertuples(index=False, name=None) if row[1] != "hat"]
    pd.DataFrame(rows, columns=list(other.words.columns)).to_parquet(other.path / "words.parquet")
    with (
        pytest.raises(DatasetError, match=r"finds other words, pictures or features of en-de in .*other") as caught,
        scoring_on(str(other.path), BACKBONE, (), lambda name: pair, address=nodes) as scored,
    ):
        scored(pair, [rankers.ranker("avgmax")])
    assert "\n" not in str(caught.value) and capfd.readouterr() == ("", "")
    assert not list(pieces_of(pair).folder.glob("*"))


def test_a_piece_that_takes_every_actor_down_ends_it(nodes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an error of the work itself is told as it is, at once."""
    monkeypatch.setattr(ray_cluster, "TRIES", 2)  # each costs the start of a process
    with ray_cluster.joined(nodes), ray_cluster.Pool(make, (), "the test") as pool:
        answers = [pool.submit(piece) for piece in (2, 0, 5, -1)]
        assert answers[0].result() == 4 and answers[2].result() == 10
        with pytest.raises(CldiError, match=r"^the test on the Ray cluster failed \(.*kept: run this again$"):
            answers[1].result()
        with pytest.raises(CldiError, match=r"^the test on the Ray cluster failed \(.*it is below 0.*\)"):
            answers[3].result()
        assert pool.submit(7).result() == 14, "the others go on"


def make() -> type[int]:
    return twice  # type: ignore[return-value]


def twice(piece: int) -> int:
    if not piece:
        os.kill(os.getpid(), signal.SIGKILL)
    if piece < 0:
        raise ValueError("it is below 0")
    return 2 * piece
