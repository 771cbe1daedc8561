"""Backbones: the layer that is read, precision, and weights that do not fit."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cldi_core.errors import CldiError, UnknownNameError
from cldi_core.features import backbones, networks, weights
from cldi_core.features.backbones import BACKBONES, IMAGENET_MEAN, IMAGENET_STD, Backbone, Preprocessing
from cldi_core.features.decoding import prepare
from cldi_core.features.networks import Extractor
from tests.conftest import draw
from tests.features.test_weights import Handler, put, served

__all__ = ["served"]  # a fixture

LITE = "efficientnet-lite0"
CONCEPTS = ("sun", "house", "tree", "ring", "cross", "square", "stripes", "dots")
LOADED = functools.cache(Extractor)


def pixels(name: str, count: int = 8) -> np.ndarray:
    """Drawn pictures, and noise, as the network is fed them."""
    how = BACKBONES[name].preprocessing
    assert how is not None
    drawn = [prepare(draw(concept), how) for concept in CONCEPTS[: count - 2]]
    noise = np.random.default_rng(0).integers(0, 256, (2, how.size, how.size, 3), np.uint8)
    return np.concatenate([np.stack(drawn), noise])


def cosines(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    one, two = one.astype(np.float64), two.astype(np.float64)
    return (one * two).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)


@pytest.fixture(scope="module")
def drawn_once() -> Iterator[Callable[[str], torch.nn.Module]]:
    """Networks of torchvision with random weights: drawing those of VGG19 takes longer than using them."""
    from torchvision import models

    real = models.get_model

    @functools.cache
    def made(name: str) -> torch.nn.Module:
        torch.manual_seed(0)
        return real(name, weights=None)

    yield lambda name: copy.deepcopy(made(name))
    made.cache_clear()


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, drawn_once: Callable[[str], torch.nn.Module]) -> None:
    """Networks of torchvision with random weights, which no file holds."""
    from torchvision import models

    file = tmp_path / "none.pth"
    file.write_bytes(b"")
    monkeypatch.setattr(models, "get_model", lambda name, weights: drawn_once(name))
    monkeypatch.setattr(weights, "downloaded", lambda url, backbone: file)
    monkeypatch.setattr(weights, "read_state", lambda path: {})
    monkeypatch.setattr(weights, "fill_network", lambda *given, **named: None)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite2"])
def test_the_features_are_those_of_the_published_network(name: str) -> None:
    """Batch by batch of one, nothing folded, in float32: the cosine of what is stored with that."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name(name)
    network.load_state_dict(weights.read_state(weights.packaged(BACKBONES[name].package)))
    network.eval()
    given = pixels(name)
    scaled = (torch.tensor(given).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        expected = torch.cat([network.extract_features(one[None]).mean(dim=(2, 3)) for one in scaled]).numpy()
    extractor = LOADED(name)
    assert extractor.arithmetic == "float32", "bfloat16 would change them"
    found = extractor.features(given)
    assert found.shape == (8, BACKBONES[name].dim) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert cosines(expected, found.astype(np.float16)).min() >= 0.999


def test_half_as_wide_arithmetic_gives_the_features_of_vgg19(untrained: None) -> None:
    given = pixels("vgg19", 4)[1:3]  # a drawing and noise
    exact = Extractor("vgg19", precision="exact").features(given)
    fast = Extractor("vgg19", precision="fast")
    assert fast.arithmetic == "bfloat16"
    assert cosines(exact, fast.features(given).astype(np.float16)).min() >= 0.999


def test_features_do_not_depend_on_the_batch() -> None:
    given = pixels(LITE)
    extractor = LOADED(LITE, precision="exact")
    together = extractor.features(given)
    alone = np.concatenate([extractor.features(one[None]) for one in given])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)


def test_vgg19_is_read_behind_its_second_fully_connected_layer(
    untrained: None, drawn_once: Callable[[str], torch.nn.Module]
) -> None:
    given = pixels("vgg19", 3)[:1]
    found = Extractor("vgg19", precision="exact").features(given)
    assert found.shape == (1, 4096) and found.min() == 0 < found.max(), "after ReLU"
    network = drawn_once("vgg19").eval()
    how = BACKBONES["vgg19"].preprocessing
    assert how is not None
    scaled = (torch.from_numpy(given).permute(0, 3, 1, 2).float() - torch.tensor(how.mean).view(1, 3, 1, 1)) / (
        torch.tensor(how.std).view(1, 3, 1, 1)
    )
    with torch.inference_mode():
        flat = network.avgpool(network.features(scaled)).flatten(1)
        first = torch.relu(network.classifier[0](flat))
        second = torch.relu(network.classifier[3](first))
    np.testing.assert_allclose(found, second.numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["vgg19-fc1", "vgg19-logits", "alexnet", "resnet50"])
def test_the_other_layers(untrained: None, name: str) -> None:
    found = Extractor(name, precision="exact").features(pixels(name, 3)[:2])
    assert found.shape == (2, BACKBONES[name].dim)
    assert (found.min() < 0) == (name == "vgg19-logits"), "all but the logits are behind a ReLU"


def test_adding_a_backbone_is_one_record(untrained: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its network ends in ``fc`` or in a ``classifier``, and whether or not it has normalisations."""
    from torchvision import models

    built = models.mobilenet_v3_small(weights=None)
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # one batch settles it; otherwise an untrained network gives next to nothing
    built(torch.randn(4, 3, 224, 224))
    built.eval()
    monkeypatch.setattr(models, "get_model", lambda name, weights: built)
    mine = Backbone(
        "mine", "Mine", "torchvision", "mobilenet_v3_small", "pooled", 576, Preprocessing(256, 224), "torchvision",
        "BSD-3-Clause", "made up", node="flatten",
    )  # fmt: skip
    monkeypatch.setitem(BACKBONES, "mine", mine)
    given = pixels("mine", 3)
    with torch.inference_mode():
        scaled = torch.from_numpy(given).permute(0, 3, 1, 2).float()
        scaled = (scaled - torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)) / torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
        expected = built.avgpool(built.features(scaled)).flatten(1).numpy()
    found = Extractor("mine", precision="exact").features(given)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert found.shape == (3, 576) and np.ptp(found) > 0.1


def test_torchvision_weights_come_from_their_server_or_a_file(
    served: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import models

    torch.manual_seed(0)
    state = models.resnet50(weights=None).state_dict()
    torch.save(state, tmp_path / "mine.pth")
    address, folder = served
    url = f"{address}/{put(folder, (tmp_path / 'mine.pth').read_bytes())}"
    monkeypatch.setattr(models, "get_model_weights", lambda name: {"IMAGENET1K_V1": SimpleNamespace(url=url)})
    fetched = Extractor("resnet50", precision="exact")
    assert len(Handler.asked) == 1
    save_file(state, tmp_path / "mine.safetensors")
    given = pixels("resnet50", 3)[:1]
    for file in ("mine.pth", "mine.safetensors"):
        own = Extractor("resnet50", precision="exact", weights=tmp_path / file)
        np.testing.assert_array_equal(own.features(given), fetched.features(given))
        assert own.describe()["weights"] == weights.sha256(tmp_path / file)
    assert len(Handler.asked) == 1
    with pytest.raises(CldiError, match=r"'mine.pth' is not for efficientnet-lite0: it lacks"):
        Extractor(LITE, weights=tmp_path / "mine.pth")


def test_networks_of_timm(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    torch.manual_seed(0)
    network = timm.create_model("test_vit", pretrained=False)
    save_file(network.state_dict(), tmp_path / "vit.safetensors")
    extractor = Extractor("timm:test_vit", weights=tmp_path / "vit.safetensors", precision="exact")
    size = extractor.preprocessing.size
    given = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    assert extractor.features(given).shape == (2, extractor.dim) and extractor.dim == network.num_features
    assert extractor.describe()["dim"] == str(extractor.dim)
    config = timm.data.resolve_model_data_config(network)
    assert size == config["input_size"][-1] and extractor.preprocessing.filter == config["interpolation"]
    np.testing.assert_allclose(extractor.preprocessing.mean, [255 * value for value in config["mean"]])
    with pytest.raises(CldiError, match="is not for timm:test_resnet"):
        Extractor("timm:test_resnet", weights=tmp_path / "vit.safetensors")


def test_timm_without_a_network_names_both_ways_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("timm", reason="timm is an optional extra")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    import timm

    def fails(*given: object, **named: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", fails)
    with pytest.raises(CldiError, match=r"no route to host.*with a network.*--weights FILE"):
        Extractor("timm:test_vit")


def test_timm_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CldiError, match="pip install timm"):
        backbones.find_backbone("timm:resnet18")


@pytest.mark.parametrize("name", ["vgg99", "timm:", "timm:no_such_network", "timm:../../etc/passwd", "", "VGG19"])
def test_unknown_backbones(name: str) -> None:
    if name.startswith("timm:"):
        pytest.importorskip("timm", reason="timm is an optional extra")
    with pytest.raises(UnknownNameError, match="choose from: "):
        backbones.find_backbone(name)


def test_unknown_devices_and_precisions() -> None:
    with pytest.raises(UnknownNameError, match="device 'tpu'; choose from: cpu, cuda"):
        Extractor(LITE, "tpu")
    with pytest.raises(UnknownNameError, match="precision 'half'; choose from: exact, fast, auto"):
        Extractor(LITE, precision="half")
    if not torch.cuda.is_available():
        with pytest.raises(UnknownNameError, match="No CUDA device"):
            Extractor(LITE, "cuda")


def test_everything_that_decides_the_features_is_told() -> None:
    about = LOADED(LITE, precision="exact").describe()
    assert about["weights"] == weights.sha256(weights.packaged(BACKBONES[LITE].package))
    assert (about["arithmetic"], about["device"], about["dim"]) == ("float32", "cpu", "1280")
    assert about["preprocessing"] == str(BACKBONES[LITE].preprocessing)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_graphics_card_gives_the_features_of_the_processor() -> None:
    given = pixels(LITE)
    exact = LOADED(LITE, precision="exact").features(given)
    for precision in ("exact", "fast"):
        found = Extractor(LITE, "cuda", precision=precision).features(given)
        assert cosines(exact, found).min() >= 0.999


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_has_a_label_a_licence_and_a_network(name: str) -> None:
    backbone = BACKBONES[name]
    assert backbone.name == name and backbone.network in networks.NETWORKS
    assert all((backbone.label, backbone.layer, backbone.licence, backbone.source, backbone.preprocessing))
    assert backbones.label(name) == backbone.label


def test_a_label_for_features_of_somebody_else() -> None:
    assert backbones.label("timm:resnet18") == "resnet18" and backbones.label("mine") == "mine"
