"""Models of a data set: trained once, gone on with after an interruption, and kept when a later training fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cldi_core.data import storage
from cldi_core.errors import CldiError, DatasetError, UnknownNameError
from cldi_core.pivot import losses, models, trained, training
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.models import MODELS, Key, TrainingOptions
from cldi_core.pivot.trained import Trained
from cldi_core.pivot.training import TrainingError
from tests import pivot_data
from tests.pivot_data import KEY, LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
BATCHES = 3  # of an epoch: 20 items, 8 at a time
OPTIONS = replace(pivot_data.OPTIONS, word_dim=4, epochs=6)


class InterruptionError(Exception):
    """An interruption."""


def train(
    folder: Path, key: Key = KEY, options: TrainingOptions = OPTIONS, corpus: Corpus | None = None, **rest: object
) -> Trained:
    return trained.train(corpus or pivot_data.corpus(), key, options, folder, **rest)  # type: ignore[arg-type]


def path_of(folder: Path, key: Key = KEY) -> Path:
    return key.path(folder, MODELS[key.model].spaces(LANGUAGES)[0])


def tensors(folder: Path, key: Key = KEY) -> dict[str, np.ndarray]:
    """All numbers of a model's files."""
    paths = [key.path(folder, own) for own in MODELS[key.model].spaces(LANGUAGES)]
    return {f"{path.name}/{name}": array for path in paths for name, array in storage.map_tensors(path)[0].items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The numbers of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    train(folder)
    return tensors(folder)


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], name)


def differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return any(one[name].shape != other[name].shape or (one[name] != other[name]).any() for name in one)


def counted(folder: Path, **rest: object) -> int:
    """Train; how many epochs it took."""
    told: list[int] = []
    train(folder, report=lambda label, done, total, last: told.append(done), **rest)
    return len(told)


def test_a_state_goes_that_a_killed_training_left_when_it_had_stored_its_model(tmp_path: Path) -> None:
    train(tmp_path)
    path = path_of(tmp_path)
    state, before = path.with_suffix(models.STATE), path.read_bytes()
    state.write_bytes(b"what it went on from")
    assert counted(tmp_path) == 0 and not state.exists() and path.read_bytes() == before


def interrupted(epoch: int) -> Callable[..., None]:
    def report(label: str, done: int, total: int, last: object) -> None:
        if done == epoch:
            raise InterruptionError

    return report


def states(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.state.safetensors"))


@pytest.mark.parametrize("name", ["vse", "pivot-asym"])
@pytest.mark.parametrize("permuted", [False, True])
def test_a_trained_model_is_found_again(tmp_path: Path, name: str, permuted: bool) -> None:
    key, told = Key("made-up", "en-de", name, permuted=permuted), []
    made = train(tmp_path, key, replace(OPTIONS, seed=5), report=lambda *done: told.append(done))
    found = trained.open_trained(tmp_path, key, LANGUAGES)
    assert found.about == made.about and set(found.spaces) == set(LANGUAGES) and found.model is MODELS[name]
    about = found.any
    assert about.options == replace(OPTIONS, seed=0, permuted=permuted), "the key decides seed, holdout and permuted"
    assert (about.corpus, about.backbone, about.shared, about.stopped) == ("made up", "made-up", True, "")
    assert about.split == pivot_data.corpus().split(0) and about.digest == pivot_data.corpus().digest
    assert len(about.curve) == 6 and [done[1:3] for done in told[:6]] == [(number, 6) for number in range(1, 7)]
    assert (found.spaces["en"] is found.spaces["de"]) == MODELS[name].bilingual
    labels = ["PIVOT-ASYM en+de"] if MODELS[name].bilingual else ["VSE en", "VSE de"]
    suffix = " (pictures permuted)" if permuted else ""
    assert list(dict.fromkeys(done[0] for done in told)) == [label + suffix for label in labels]
    different = {id(one): one.seconds for one in found.about.values()}
    assert found.seconds == pytest.approx(sum(different.values())) and len(different) == len(labels)
    assert states(tmp_path) == [], "nothing is left to go on from"


def test_a_model_on_disk_ranks_as_it_did_when_it_was_best(tmp_path: Path) -> None:
    corpus, model = pivot_data.corpus(), train(tmp_path)
    recall = training.Validation(corpus, corpus.split(0).validation, LANGUAGES, 0).recall(model.spaces["en"])
    assert recall == pytest.approx(model.any.curve[model.any.best].recall, abs=0.02), "float16 costs next to nothing"
    assert not model.spaces["en"].training


@pytest.mark.parametrize("name", ["pivot-sym", "parallel-asym"])
def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, name: str) -> None:
    for folder, seed, drawn in (("one", 0, 1), ("two", 0, 2), ("other", 1, 1)):
        torch.manual_seed(drawn)
        train(tmp_path / folder, replace(KEY, model=name, seed=seed))
    first, second, third = (
        tensors(tmp_path / folder, replace(KEY, model=name, seed=seed))
        for folder, seed in (("one", 0), ("two", 0), ("other", 1))
    )
    assert_same(first, second)
    assert differ(first, third)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pivot-sym", OPTIONS),
        ("pivot-asym", OPTIONS),
        ("oe", OPTIONS),
        ("parallel-sym", replace(OPTIONS, permuted=True, average=0.0)),
        ("pivot-asym", replace(OPTIONS, encoder="gru", patience=3)),
    ],
)
def test_an_interrupted_training_ends_as_it_would_have(
    tmp_path: Path, name: str, options: TrainingOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = replace(KEY, model=name, permuted=options.permuted)
    whole = train(tmp_path / "whole", key, options)
    monkeypatch.setattr(training, "KEEP_EVERY", -1)
    for epoch in (1, 3, 5):  # in the first there is no state yet
        with pytest.raises(InterruptionError):
            train(tmp_path / "parts", key, options, report=interrupted(epoch))
        assert len(states(tmp_path / "parts")) == (epoch > 1) and not path_of(tmp_path / "parts", key).exists()
    told: list[int] = []
    again = train(tmp_path / "parts", key, options, report=lambda label, done, *rest: told.append(done))
    assert told[0] == 5, "four epochs were kept"
    assert_same(tensors(tmp_path / "whole", key), tensors(tmp_path / "parts", key))
    for one, other in zip(whole.any.curve, again.any.curve, strict=True):
        assert (one.loss, one.recall) == (other.loss, other.recall)
    assert again.any.best == whole.any.best and states(tmp_path / "parts") == []
    assert [one.seconds for one in again.any.curve] == sorted(one.seconds for one in again.any.curve)


KILLED = """
import sys, time
from pathlib import Path
from cldi_core.pivot import trained, training
from tests import pivot_data
from tests.pivot import test_trained as test_pivot_trained
training.KEEP_EVERY = -1
def report(label, done, total, last):
    if done == 4:
        print("waiting", flush=True)
        time.sleep(60)
trained.train(pivot_data.corpus(), pivot_data.KEY, test_pivot_trained.OPTIONS, Path(sys.argv[1]), report=report)
"""


def test_a_killed_training_ends_as_it_would_have(tmp_path: Path, whole: dict[str, np.ndarray]) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and len(states(tmp_path / "killed")) == 1
    assert not path_of(tmp_path / "killed").exists()
    assert counted(tmp_path / "killed") == 3, "three epochs were kept"
    assert_same(whole, tensors(tmp_path / "killed"))


@pytest.mark.parametrize("left", [0, 200, 0.3, 0.99])
def test_a_truncated_state_is_as_none(
    tmp_path: Path, left: float, whole: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", -1)
    with pytest.raises(InterruptionError):
        train(tmp_path / "parts", report=interrupted(3))
    (state,) = states(tmp_path / "parts")
    data = state.read_bytes()
    state.write_bytes(data[: int(left * len(data)) if left < 1 else int(left)])
    assert counted(tmp_path / "parts") == 6
    assert_same(whole, tensors(tmp_path / "parts"))


@pytest.mark.parametrize("what", ["best", "curve", "no-best", "no-moments", "shape"])
def test_a_broken_state_is_as_none(
    tmp_path: Path, what: str, whole: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", -1)
    with pytest.raises(InterruptionError):
        train(tmp_path / "parts", report=interrupted(3))
    (path,) = states(tmp_path / "parts")
    arrays, meta = storage.map_tensors(path)
    kept = {name: np.array(array) for name, array in arrays.items()}
    if what in ("best", "curve"):
        meta[what] = "nothing"
    else:
        lost = {"no-best": "best/", "no-moments": "adam/", "shape": "averaged/pictures.mean"}[what]
        kept = {name: array for name, array in kept.items() if not name.startswith(lost)}
        kept |= {lost: np.ones(3, np.float32)} if what == "shape" else {}
    storage.save_tensors(path, kept, meta)
    assert counted(tmp_path / "parts") == 6
    assert_same(whole, tensors(tmp_path / "parts"))


def test_a_state_of_another_training_is_not_gone_on_from(
    tmp_path: Path, whole: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", -1)
    with pytest.raises(InterruptionError):
        train(tmp_path / "parts", options=replace(OPTIONS, rate=0.01), report=interrupted(3))
    assert counted(tmp_path / "parts") == 6
    assert_same(whole, tensors(tmp_path / "parts"))


def test_what_was_trained_the_same_way_is_not_trained_again(tmp_path: Path) -> None:
    assert counted(tmp_path) == 6
    before = path_of(tmp_path).stat().st_mtime_ns
    assert counted(tmp_path) == 0 and path_of(tmp_path).stat().st_mtime_ns == before
    assert counted(tmp_path, force=True) == 6 and path_of(tmp_path).stat().st_mtime_ns > before
    assert counted(tmp_path, options=replace(OPTIONS, rate=0.01)) == 6
    assert counted(tmp_path, options=replace(OPTIONS, rate=0.01)) == 0
    changed = replace(pivot_data.corpus(), source="other features")
    assert counted(tmp_path, options=replace(OPTIONS, rate=0.01), corpus=changed) == 6


def test_another_split_is_another_training(tmp_path: Path) -> None:
    corpus = pivot_data.corpus()
    assert corpus.fixed and counted(tmp_path, corpus=corpus) == 6
    fixed = replace(corpus.fixed, train=corpus.fixed.test, test=corpus.fixed.train)
    turned = replace(corpus, fixed=fixed)
    assert counted(tmp_path, corpus=turned) == 6
    assert trained.open_trained(tmp_path, KEY, LANGUAGES).any.split == fixed


@pytest.mark.parametrize("left", [0, 0.5])
def test_a_broken_model_is_trained_anew(tmp_path: Path, left: float) -> None:
    train(tmp_path)
    expected = {name: np.array(array) for name, array in tensors(tmp_path).items()}
    data = path_of(tmp_path).read_bytes()
    path_of(tmp_path).write_bytes(data[: int(left * len(data)) if left < 1 else int(left)])
    assert counted(tmp_path) == 6, "as the message about such a file advises"
    assert_same(tensors(tmp_path), expected)


def failing(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """From this epoch on the loss is no number."""
    calls, real = [], losses.pivot

    def pivot(*given: object, **rest: object) -> torch.Tensor:
        calls.append(1)
        return real(*given, **rest) * (float("nan") if len(calls) > BATCHES * (epoch - 1) else 1)  # type: ignore[arg-type]

    monkeypatch.setattr(losses, "pivot", pivot)


def error_of(folder: Path, **rest: object) -> str:
    with pytest.raises(TrainingError) as caught:
        train(folder, **rest)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_loss_that_is_no_number_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, 3)
        message = error_of(tmp_path)
    assert "the loss of PIVOT-SYM became nan in epoch 3" in message and "--rate" in message and "is kept" in message
    about = trained.open_trained(tmp_path, KEY, LANGUAGES).any
    assert "became nan in epoch 3" in about.stopped and len(about.curve) == 2 and about.best in (0, 1)
    short = train(tmp_path / "short", options=replace(OPTIONS, epochs=2))
    assert short.any.best == about.best
    assert_same(tensors(tmp_path), tensors(tmp_path / "short"))
    assert counted(tmp_path) == 6, "it is trained anew"
    assert trained.open_trained(tmp_path, KEY, LANGUAGES).any.stopped == ""


def test_a_loss_that_is_no_number_leaves_what_was_trained_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path)
    before = path_of(tmp_path).read_bytes()
    with monkeypatch.context() as patch:
        failing(patch, 3)
        message = error_of(tmp_path, options=replace(OPTIONS, rate=0.01))
    assert "what was trained before stands" in message and "is kept" not in message
    assert path_of(tmp_path).read_bytes() == before


def nan_in(part: str) -> Corpus:
    """The corpus with a number of one item's pictures that is none."""
    corpus = pivot_data.corpus()
    matrix = corpus.features.copy()
    matrix[list(corpus.item[getattr(corpus.split(0), part)[0]].pictures), 0] = np.nan
    return replace(corpus, features=matrix)


def test_broken_features_of_training_are_told_in_one_line(tmp_path: Path) -> None:
    message = error_of(tmp_path, corpus=nan_in("train"))
    assert "became nan in epoch 1" in message and "look for broken features" in message
    assert not path_of(tmp_path).exists() and counted(tmp_path) == 6


def test_broken_features_of_validation_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CldiError):
        train(tmp_path, corpus=nan_in("validation"))
    assert not path_of(tmp_path).exists()


@pytest.mark.parametrize("rate", [1e5, 1e30])
def test_a_rate_that_is_far_too_large_leaves_what_was_trained_before(tmp_path: Path, rate: float) -> None:
    train(tmp_path)
    before = path_of(tmp_path).read_bytes()
    message = error_of(tmp_path, options=replace(OPTIONS, rate=rate, batch=100, epochs=3))
    assert "became too large in epoch 1" in message and path_of(tmp_path).read_bytes() == before
    assert trained.open_trained(tmp_path, KEY, LANGUAGES).any.stopped == ""


def test_pictures_that_hardly_differ_can_be_trained_on(tmp_path: Path) -> None:
    corpus = pivot_data.corpus()
    matrix = np.float32(0.25) + np.float32(2e-6) * corpus.features
    made = train(tmp_path, corpus=replace(corpus, features=matrix))
    assert all(torch.isfinite(one).all() for one in made.spaces["en"].state_dict().values())


def test_what_was_not_trained_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no trained model .* python -m cldi_core pivot train"):
        trained.open_trained(tmp_path, KEY, LANGUAGES)
    with pytest.raises(UnknownNameError, match="unknown model 'clip'; choose from: vse, oe"):
        train(tmp_path, replace(KEY, model="clip"))
    with pytest.raises(DatasetError, match="--holdout items"):
        train(tmp_path, replace(KEY, holdout="words"))


def test_trainings_of_one_folder_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.05)
    with (
        storage.lock(path_of(tmp_path).parent, "another training"),
        pytest.raises(DatasetError, match="another training"),
    ):
        train(tmp_path)
    assert counted(tmp_path) == 6


def test_only_what_is_trained_is_available(tmp_path: Path) -> None:
    def found(holdout: str = "items", pair: str = "en-de") -> list[tuple[str, int]]:
        keys = models.trained_keys(tmp_path, "made-up", pair, LANGUAGES, holdout)
        return [(key.model, key.seed) for key in keys]

    assert found() == []
    for key in (replace(KEY, seed=11), replace(KEY, seed=2), replace(KEY, model="oe")):
        train(tmp_path, key, replace(OPTIONS, epochs=1))
    train(tmp_path, replace(KEY, seed=3, permuted=True), replace(OPTIONS, epochs=1))
    assert found() == [("oe", 0), ("pivot-sym", 2), ("pivot-sym", 11)], "no controls"
    assert found("words") == found(pair="en-fr") == []
    replace(KEY, model="oe").path(tmp_path, ("de",)).unlink()
    (path_of(tmp_path).parent.parent / "seed-x").mkdir()
    assert {name for name, _ in found()} == {"pivot-sym"}, "both of its spaces are needed"
