"""Networks that are not what a record says of them: an error in one line, never other features in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cldi_core.errors import CldiError
from cldi_core.features.backbones import BACKBONES, Backbone, Preprocessing
from cldi_core.features.networks import Extractor

SMALL = Preprocessing(64, 64)


def record(variant: str, node: str, dim: int) -> Backbone:
    return replace(
        BACKBONES["resnet50"], name="mine", variant=variant, node=node, dim=dim, preprocessing=SMALL, layer="mine"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Random weights of SqueezeNet, which ends in a ``flatten`` of its scores of classes."""
    from torchvision import models

    torch.manual_seed(0)
    save_file(models.squeezenet1_1(weights=None).state_dict(), tmp_path / "squeezenet.safetensors")
    return tmp_path / "squeezenet.safetensors"


@pytest.mark.parametrize(
    ("node", "dim", "told"),
    [
        ("flatten", 512, "mine gives 1000 numbers for a picture where its record says 512; correct its layer"),
        ("features", 512, "mine gives 512 × 3 × 3 numbers for a picture"),
        ("x", 512, "mine gives 3 × 64 × 64 numbers for a picture"),
        ("avgpool", 512, "squeezenet1_1 of torchvision cannot be read at 'avgpool'"),
        ("", 512, "squeezenet1_1 of torchvision cannot be read at ''"),
    ],
)
def test_another_layer_than_the_record_says(
    monkeypatch: pytest.MonkeyPatch, file: Path, node: str, dim: int, told: str
) -> None:
    monkeypatch.setitem(BACKBONES, "mine", record("squeezenet1_1", node, dim))
    with pytest.raises(CldiError) as caught:
        Extractor("mine", weights=file).features(np.zeros((2, 64, 64, 3), np.uint8))
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_layer_that_is_there_is_read(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setitem(BACKBONES, "mine", record("squeezenet1_1", "flatten", 1000))
    assert Extractor("mine", weights=file).features(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 1000)


@pytest.mark.parametrize("variant", ["resnet5000", "vit_h_14"])
def test_a_network_that_torchvision_has_not_or_without_such_weights(
    monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    from torchvision import models

    monkeypatch.setitem(BACKBONES, "mine", record(variant, "flatten", 512))
    if variant == "vit_h_14":
        monkeypatch.setattr(models, "get_model", lambda name, weights: torch.nn.Identity())
    with pytest.raises(CldiError, match=f"torchvision has no network '{variant}', or no weights IMAGENET1K_V1 of it"):
        Extractor("mine")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch, file: Path, value: float) -> None:
    from safetensors.torch import load_file

    state = load_file(file)
    state["features.3.squeeze.weight"][0, 0] = value
    save_file(state, file)
    monkeypatch.setitem(BACKBONES, "mine", record("squeezenet1_1", "flatten", 1000))
    with pytest.raises(CldiError) as caught:
        Extractor("mine", weights=file)
    assert "'squeezenet.safetensors', weights of mine, hold numbers that are not finite" in str(caught.value)
    assert "in features.3.squeeze.weight (1 of 52 tensors)" in str(caught.value)


def test_a_network_of_timm_that_says_another_width_than_it_gives(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    network = timm.create_model("mobilenetv3_small_050", pretrained=False)
    save_file(network.state_dict(), tmp_path / "mobile.safetensors")
    extractor = Extractor("timm:mobilenetv3_small_050", weights=tmp_path / "mobile.safetensors")
    assert extractor.dim == 1024 != network.num_features
    size = extractor.preprocessing.size
    assert extractor.features(np.zeros((1, size, size, 3), np.uint8)).shape == (1, 1024)


class Odd(torch.nn.Module):
    """A network that keeps its classifier, or gives a map."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.num_features = kind, 8
        self.fc = torch.nn.Linear(3, 8) if kind == "classifier" else torch.nn.Identity()
        self.pretrained_cfg = {
            "classifier": ("fc", "gone") if kind == "classifier" else "fc",
            "input_size": (3, 64, 64),
        }

    def forward(self, batch: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        return {"map": batch, "pair": (batch.mean((2, 3)),) * 2}.get(self.kind, self.fc(batch.mean((2, 3))))


@pytest.mark.parametrize(
    ("kind", "told"),
    [("classifier", "cannot be cut before its classifier 'fc'"), ("map", "no row of numbers"), ("pair", "no row of")],
)
def test_networks_of_timm_that_cannot_be_cut(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, told: str
) -> None:
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    monkeypatch.setattr(timm, "create_model", lambda *given, **named: Odd(kind))
    with pytest.raises(CldiError, match=f"timm:test_resnet .*{told}"):
        Extractor("timm:test_resnet")


def test_weights_of_timm_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    network = timm.create_model("test_resnet", pretrained=False, num_classes=0)
    with torch.no_grad():
        network.conv1[0].weight[0, 0, 0, 0] = torch.nan
    monkeypatch.setattr(timm, "create_model", lambda *given, **named: network)
    with pytest.raises(CldiError, match=r"the weights of timm:test_resnet hold numbers .* in conv1\.0\.weight"):
        Extractor("timm:test_resnet")
