"""Trained spaces on disk: read as they were written, or refused in one line.  And options that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cldi_core.data import storage
from cldi_core.errors import CldiError, DatasetError
from cldi_core.pivot import about, checkpoint, training
from cldi_core.pivot.about import About, Epoch
from cldi_core.pivot.models import ENCODERS, MODELS, TrainingOptions, find_model
from cldi_core.pivot.space import Space
from tests import pivot_data
from tests.pivot_data import LANGUAGES, OPTIONS

CURVE = (Epoch(2.5, 0.25, 1.0), Epoch(1.5, 0.5, 2.0))
Change = Callable[[dict[str, Any], dict[str, np.ndarray]], object]


def made(options: TrainingOptions = OPTIONS, model: str = "pivot-asym") -> tuple[Space, About]:
    """A space with its first weights."""
    corpus = pivot_data.corpus()
    split = corpus.split(0)
    space = training.begin(corpus, split, find_model(model), LANGUAGES, options, "cpu").space
    known = About(
        model, LANGUAGES, options, corpus.name, corpus.digest, "made-up", True, split, CURVE, 1, 2.0, "it was ended"
    )
    return space, known


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a space."""
    file = tmp_path / "en+de.safetensors"
    checkpoint.write_checkpoint(file, *made())
    return file


def error_of(path: Path, read: Callable[[Path], object] = checkpoint.read_checkpoint) -> str:
    with pytest.raises(DatasetError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message and path.name in message and "python -m cldi_core pivot train" in message
    return message


def change(path: Path, how: Change) -> None:
    """Change what a file says of itself, or its tensors."""
    arrays, meta = storage.map_tensors(path)
    tensors, known = {name: np.array(array) for name, array in arrays.items()}, json.loads(meta["pivot"])
    how(known, tensors)
    storage.save_tensors(path, tensors, {"pivot": json.dumps(known)})


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_space_is_read_as_it_was_written(tmp_path: Path, encoder: str) -> None:
    options = replace(OPTIONS, encoder=encoder, margin=0.3, swapped=True)
    space, known = made(options)
    checkpoint.write_checkpoint(tmp_path / "a", space, known)
    found, told = checkpoint.read_checkpoint(tmp_path / "a")
    assert told == known and told.options.margin == 0.3 and told.curve == CURVE
    assert found.languages == LANGUAGES and found.dim == pivot_data.DIM and found.model is MODELS["pivot-asym"]
    assert {language: one.words for language, one in found.vocabularies.items()} == {
        language: one.words for language, one in space.vocabularies.items()
    }
    for name, tensor in found.state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, space.state_dict()[name], rtol=1e-3, atol=1e-6)
    texts = ["a red cow", "zebra", ""]
    torch.testing.assert_close(found.of_texts(texts, "en"), space.eval().of_texts(texts, "en"), atol=1e-3, rtol=1e-2)


def test_what_is_known_needs_no_tensors(path: Path) -> None:
    found = about.stored(path)
    assert found.about == made()[1] and found.dim == pivot_data.DIM
    assert set(found.vocabularies) == set(LANGUAGES) and "red" in found.vocabularies["en"].words
    learned = [array for name, array in found.tensors.items() if "weight" in name]
    assert len(learned) > 3 and all(array.dtype == np.float16 for array in learned)


def test_the_digest_stands_for_the_tensors_and_options(tmp_path: Path, path: Path) -> None:
    space, known = made()
    checkpoint.write_checkpoint(tmp_path / "same", space, replace(known, seconds=99.0))
    with torch.no_grad():
        space.pictures.project.bias += 0.01
    checkpoint.write_checkpoint(tmp_path / "moved", space, known)
    checkpoint.write_checkpoint(tmp_path / "told", made()[0], replace(known, options=replace(OPTIONS, swapped=True)))
    first, *others = (about.stored(one).digest for one in (path, *(tmp_path / n for n in ("same", "moved", "told"))))
    assert others[0] == first and len({first, *others}) == 3


@pytest.mark.parametrize("left", [0, 5, 8, 60, 0.1, 0.5, 0.9, -1])
def test_a_truncated_file_is_refused(path: Path, left: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data)) if 0 < left < 1 else int(left)])
    for read in (checkpoint.read_checkpoint, about.stored):
        assert "cannot be read" in error_of(path, read)


@pytest.mark.parametrize("data", [b"x", b"PK\x03\x04" * 50, b"\x00" * 64, b"\xff" * 64, b"\x02" + b"\x00" * 7 + b"{}"])
def test_a_file_of_another_kind_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert "cannot be read" in error_of(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        assert "there is no trained model" in error_of(path)


def test_other_tensors_with_metadata_of_their_own_are_refused(path: Path) -> None:
    storage.save_tensors(path, {"a": np.ones(3, np.float32)}, {})
    assert "cannot be read" in error_of(path)
    for text in ("", "[]", "null", "3", "[" * 100_000, '{"version": 1}'):
        storage.save_tensors(path, {"a": np.ones(3, np.float32)}, {"pivot": text})
        assert "cannot be read" in error_of(path)


CHANGES: dict[str, tuple[Change, str]] = {
    "another word": (lambda known, _: known["words"]["en"].__setitem__(0, "zebra"), "another vocabulary"),
    "another order": (lambda known, _: known["words"]["de"].reverse(), "another vocabulary"),
    "one word more": (lambda known, _: known["words"]["en"].append("zebra"), "another vocabulary"),
    "one language less": (lambda known, _: known["words"].pop("de"), "another vocabulary"),
    "another version": (lambda known, _: known.update(version=about.VERSION + 1), "expected 1"),
    "no options": (lambda known, _: known["about"].pop("options"), "cannot be read"),
    "unknown option": (lambda known, _: known["about"]["options"].update(depth=3), "cannot be read"),
    "unknown encoder": (lambda known, _: known["about"]["options"].update(encoder="bert"), "unknown encoder 'bert'"),
    "nonsense option": (lambda known, _: known["about"]["options"].update(rate="fast"), "cannot be read"),
    "no split": (lambda known, _: known["about"].update(split=None), "cannot be read"),
    "no dim": (lambda known, _: known.update(dim="many"), "cannot be read"),
    "another dim": (lambda known, _: known.update(dim=15), "pictures.mean is of shape (16,), expected (15,)"),
    "another size": (lambda known, _: known["about"]["options"].update(joint_dim=8), "expected (8,"),
    "another shape": (
        lambda _, tensors: tensors.update({"pictures.project.bias": np.zeros((4, 4), np.float16)}),
        "pictures.project.bias is of shape (4, 4), expected (16,) finite numbers",
    ),
    "no tensor": (lambda _, tensors: tensors.pop("pictures.mean"), "pictures.mean is missing, expected (16,)"),
    "nan": (lambda _, tensors: tensors["pictures.scale"].fill(np.nan), "pictures.scale"),
    "infinite": (lambda _, tensors: tensors["pictures.scale"].fill(np.inf), "expected (1,) finite numbers"),
    "negative dim": (lambda known, _: known.update(dim=-1), ""),
    "half a number": (lambda known, _: known["about"]["options"].update(joint_dim=15.5), ""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_space_that_does_not_fit_its_file_is_refused(path: Path, name: str) -> None:
    how, what = CHANGES[name]
    change(path, how)
    assert what in error_of(path)


def test_an_unknown_model_is_refused(path: Path) -> None:
    change(path, lambda known, _: known["about"].update(model="clip"))
    with pytest.raises(CldiError) as caught:
        checkpoint.read_checkpoint(path)
    assert "'clip'" in str(caught.value) and "\n" not in str(caught.value)


def test_the_margin_is_the_models_unless_given() -> None:
    assert made()[0].margin == 0.05 and made(replace(OPTIONS, margin=0.3))[0].margin == 0.3
