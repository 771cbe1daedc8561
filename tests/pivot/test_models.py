"""The six models, what they may be trained with, and where trained ones are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cldi_core.errors import CldiError, UnknownNameError
from cldi_core.pivot import about
from cldi_core.pivot.models import MODELS, PRESETS, Key, TrainingOptions, find_model, trained_keys
from cldi_core.pivot.similarity import SIMILARITIES

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("en", "de")


def test_the_six_models_are_the_papers() -> None:
    assert list(MODELS) == ["vse", "oe", "pivot-sym", "pivot-asym", "parallel-sym", "parallel-asym"]
    for name, model in MODELS.items():
        order = name in ("oe", "pivot-asym", "parallel-asym")
        assert (model.similarity, model.margin) == (("order", 0.05) if order else ("cosine", 0.2))
        assert model.similarity in SIMILARITIES and model.parallel == name.startswith("parallel")
        assert model.name == name and model.label == name.upper()
        alone = name in ("vse", "oe")
        assert model.spaces(["en", "de"]) == ([("en",), ("de",)] if alone else [("en", "de")])
    with pytest.raises(UnknownNameError, match="unknown model 'VSE'; choose from: vse, oe, pivot-sym"):
        find_model("VSE")
    assert set(PRESETS) == {"demo", "multi30k"} and PRESETS["multi30k"].encoder == "gru"


@pytest.mark.parametrize("name", ["word_dim", "joint_dim", "rate", "batch", "clip", "epochs", "patience", "margin"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_options_that_cannot_be_trained_with_are_refused(name: str, value: float) -> None:
    with pytest.raises(CldiError) as caught:
        TrainingOptions(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"{name} = {value} cannot be trained with; expected a number above 0"


@pytest.mark.parametrize("value", [1, -0.1, float("nan"), float("inf")])
def test_an_average_that_keeps_everything_or_less_than_nothing_is_refused(value: float) -> None:
    with pytest.raises(CldiError, match=r"average = .* expected 0 up to below 1"):
        TrainingOptions(average=value)


def test_an_unknown_encoder_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown encoder 'lstm'; choose from: gru, bag"):
        TrainingOptions(encoder="lstm")
    assert TrainingOptions(margin=None).margin is None and TrainingOptions(average=0).average == 0


def test_the_preset_of_multi30k_is_the_papers() -> None:
    preset = PRESETS["multi30k"]
    assert (preset.encoder, preset.word_dim, preset.joint_dim, preset.batch, preset.clip) == ("gru", 300, 1024, 128, 2)
    assert (preset.rate, preset.epochs, preset.patience) == (0.001, 30, 5)
    assert (preset.average, preset.margin, preset.hardest, preset.swapped) == (0, None, False, False)
    assert PRESETS["demo"] == TrainingOptions()
    for one in PRESETS.values():
        assert (one.permuted, one.holdout, one.seed) == (False, "items", 0), "keys say otherwise"


def test_the_preset_of_the_demo_is_what_its_models_were_trained_with() -> None:
    """With other numbers they would be trained anew, and would not be what docs/PIVOT.md tells of."""
    paths = sorted(ROOT.glob("data/demo/pivot/*/*/*/*/seed-*/*.safetensors"))
    for path in paths:
        found = about.stored(path).about.options
        seed, permuted = int(path.parent.name.removeprefix("seed-")), path.parent.parent.name.endswith("-permuted")
        expected = {"seed": seed, "permuted": permuted, "holdout": path.parent.parent.parent.name}
        assert found == replace(PRESETS["demo"], **expected), path
    assert paths


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


def test_every_key_has_a_path_of_its_own(tmp_path: Path) -> None:
    key = Key("b", "en-de", "vse")
    assert key.path(tmp_path, ("en",)) == tmp_path / "b" / "en-de" / "items" / "vse" / "seed-0" / "en.safetensors"
    changed: list[dict[str, Any]] = [
        {}, {"backbone": "c"}, {"pair": "en-fr"}, {"model": "oe"}, {"holdout": "words"}, {"seed": 1},
        {"permuted": True},
    ]  # fmt: skip
    paths = {replace(key, **one).path(tmp_path, languages) for one in changed for languages in (("en",), LANGUAGES)}
    assert len(paths) == 14
