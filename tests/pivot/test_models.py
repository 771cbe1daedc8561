"""The six models, what they may be trained with, and where trained ones are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.errors import UnknownNameError
from cldi_core.pivot.models import MODELS, PRESETS, Key, TrainingOptions, find_model, trained_keys

LANGUAGES = ("en", "de")


def test_the_models_are_those_of_the_paper() -> None:
    """Gella et al. 2017, sections 3 and 4: margins of 0.2 for cosine and 0.05 for order, two baselines."""
    assert {name: (one.similarity, one.margin, one.bilingual, one.parallel) for name, one in MODELS.items()} == {
        "vse": ("cosine", 0.2, False, False),
        "oe": ("order", 0.05, False, False),
        "pivot-sym": ("cosine", 0.2, True, False),
        "pivot-asym": ("order", 0.05, True, False),
        "parallel-sym": ("cosine", 0.2, True, True),
        "parallel-asym": ("order", 0.05, True, True),
    }
    assert all(find_model(name) is one and one.name == name for name, one in MODELS.items())
    with pytest.raises(UnknownNameError, match="unknown model 'clip'"):
        find_model("clip")


def test_the_preset_of_multi30k_is_the_papers() -> None:
    preset = PRESETS["multi30k"]
    assert (preset.encoder, preset.word_dim, preset.joint_dim, preset.batch, preset.clip) == ("gru", 300, 1024, 128, 2)
    assert (preset.average, preset.margin, preset.hardest, preset.swapped) == (0, None, False, False)
    assert PRESETS["demo"] == TrainingOptions()


def test_numbers_at_their_borders() -> None:
    least = TrainingOptions("gru", 1, 1, 1e-9, 2, 1e-9, 1, 1, 0.0, 1e-9)
    assert (least.batch, least.margin, replace(least, margin=None).margin) == (2, 1e-9, None)
    assert replace(least, average=0.999).average == 0.999
    with pytest.raises(UnknownNameError, match="batch = 1 cannot be trained with; expected at least 2 items"):
        replace(least, batch=1)
    with pytest.raises(UnknownNameError, match="average = 1 cannot be trained with"):
        replace(least, average=1)


def test_a_key_names_files_and_is_named_by_tables(tmp_path: Path) -> None:
    key = Key("vgg19", "en-de", "vse", "words", 3)
    control = replace(key, permuted=True)
    assert (key.name, control.name) == ("vse", "vse-permuted")
    for one in (key, control):
        assert Key.named(one.name, "vgg19", "en-de", "words", 3) == one
    folder = tmp_path / "vgg19" / "en-de" / "words" / "vse-permuted" / "seed-3"
    assert control.paths(tmp_path, LANGUAGES) == [folder / "en.safetensors", folder / "de.safetensors"]
    assert replace(control, model="oe").path(tmp_path, LANGUAGES).name == "en+de.safetensors"
    pivot = Key("vgg19", "en-de", "pivot-sym")
    assert pivot.paths(tmp_path, LANGUAGES) == [
        tmp_path / "vgg19" / "en-de" / "items" / "pivot-sym" / "seed-0" / "en+de.safetensors"
    ]


def test_trained_models_are_those_whose_files_are_all_there(tmp_path: Path) -> None:
    """By model in the order of the six, then by seed; not controls, half of a model, or folders of other names."""
    there = [Key("b", "en-de", name, "items", seed) for name, seed in (("pivot-sym", 0), ("vse", 11), ("vse", 2))]
    others = [replace(there[0], permuted=True), *(replace(there[0], **change) for change in (
        {"backbone": "c"}, {"pair": "en-fr"}, {"holdout": "words"}))]  # fmt: skip
    for key in (*there, *others):
        for path in key.paths(tmp_path, LANGUAGES):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    half = Key("b", "en-de", "oe").path(tmp_path, ("en",))
    half.parent.mkdir(parents=True)
    half.touch()
    for name in ("seed-x", "seed-", "seed--1", "other", "seed-²"):
        path = there[0].path(tmp_path, LANGUAGES)
        (path.parents[1] / name).mkdir()
        (path.parents[1] / name / path.name).touch()
    found = trained_keys(tmp_path, "b", "en-de", LANGUAGES)
    assert found == [there[2], there[1], there[0]] and all(key.is_trained(tmp_path, LANGUAGES) for key in found)
    assert trained_keys(tmp_path, "b", "en-de", LANGUAGES, "words") == [replace(there[0], holdout="words")]
    assert trained_keys(tmp_path / "none", "b", "en-de", LANGUAGES) == []
    assert not Key("b", "en-de", "oe").is_trained(tmp_path, LANGUAGES)
