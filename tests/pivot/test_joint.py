"""A trained space read without torch gives what it gives with torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cldi_core.data import storage
from cldi_core.errors import DatasetError
from cldi_core.pivot import joint, trained
from cldi_core.pivot.models import Key
from tests.pivot_data import DIM, KEY, OPTIONS, corpus

TEXTS = ["red cow", "the small blue sun of the north", "", "?!", "zebra", "red red cow"]


@pytest.mark.parametrize("encoder", ["bag", "gru"])
@pytest.mark.parametrize(
    ("model", "swapped"), [("pivot-sym", False), ("pivot-asym", False), ("pivot-asym", True), ("oe", False)]
)
def test_every_number_is_that_of_the_network(tmp_path: Path, encoder: str, model: str, swapped: bool) -> None:
    made, key = corpus(), replace(KEY, model=model)
    trained.train(made, key, replace(OPTIONS, encoder=encoder, swapped=swapped, epochs=2), tmp_path)
    expected = trained.open_trained(tmp_path, key, made.languages)
    found = joint.open_read(tmp_path, key, made.languages)
    assert (found.about, found.key, found.seconds) == (expected.about, expected.key, expected.seconds)
    joint.check_fits(found, made)
    features = np.random.default_rng(0).standard_normal((7, DIM)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    for language in made.languages:
        one, other = found.spaces[language], expected.spaces[language]
        assert (one.dim, one.languages, one.vocabularies) == (other.dim, other.languages, other.vocabularies)
        texts, pictures = other.text_rows(TEXTS, language), other.picture_rows(features)
        close(one.text_rows(TEXTS, language), texts)
        close(one.picture_rows(features), pictures)
        close(one.texts_with_pictures(texts, pictures), other.texts_with_pictures(texts, pictures))
        close(one.texts_with_texts(texts, texts[:2]), other.texts_with_texts(texts, texts[:2]))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == np.float32 and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_block_of_differences_is_as_good_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = np.random.default_rng(0).random((2, 9, 5)).astype(np.float32)
    expected = [
        [-sum(max(0.0, float(b) - float(a)) ** 2 for a, b in zip(x, y, strict=True)) for y in right] for x in left
    ]
    for block in (1, 100, 1 << 17):
        monkeypatch.setattr(joint, "BLOCK", block)
        np.testing.assert_allclose(joint.order(left, right), expected, atol=1e-6)


@pytest.mark.parametrize("wrong", ["missing", "shape", "nan"])
def test_tensors_that_do_not_fit_are_named(tmp_path: Path, wrong: str) -> None:
    made = corpus()
    trained.train(made, KEY, replace(OPTIONS, epochs=1), tmp_path)
    (path,) = {KEY.path(tmp_path, own) for own in [made.languages]}
    tensors, (_, meta) = load_file(path), storage.map_tensors(path)
    name = "pictures.project.bias"
    if wrong == "missing":
        del tensors[name]
    else:
        tensors[name] = tensors[name][1:] if wrong == "shape" else np.full_like(tensors[name], np.nan)
    save_file(tensors, path, meta)
    with pytest.raises(DatasetError, match="does not fit its vocabulary or options: pictures") as told:
        joint.open_read(tmp_path, KEY, made.languages)
    assert "\n" not in str(told.value)


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no trained model"):
        joint.open_read(tmp_path, Key("lite", "en-de", "pivot-sym", "items", 0), ("en", "de"))


def test_what_pages_import_of_image_pivoting_has_no_torch() -> None:
    code = """if 1:
        import sys
        from cldi_core.pivot import certainty, experiment, joint, scorers, search, sources, standings, translation
        print("torch" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
