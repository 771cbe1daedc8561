"""The networks behind the backbones: built, filled with weights, cut at the layer that is read; pixels → features."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import CldiError, in_one_line, unknown_name
from cldi_core.features import weights
from cldi_core.features.backbones import Backbone, Preprocessing, find_backbone
from cldi_core.scoring.hardware import check_device, has_bfloat16

STEP = 256  # pictures that go through the network at once on a graphics card
PRECISIONS = ("exact", "fast", "auto")
# Convolutions of EfficientNet-Lite and the normalisation behind each.
NORMALISED = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "_conv_head": "_bn1",
}


@dataclass(frozen=True)
class Loaded:
    """A network that gives features (n, dim); ``weights``: the SHA-256 of their file, or a digest of their content."""

    model: Any
    dim: int
    preprocessing: Preprocessing
    weights: str


def _efficientnet_lite(backbone: Backbone, file: Path | None) -> Loaded:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    class Pooled(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            maps: torch.Tensor = self.network.extract_features(batch)
            return maps.mean(dim=(2, 3))

    path = file or weights.packaged(backbone.package)
    network = EfficientNet.from_name(backbone.variant)
    weights.fill_network(network, weights.read_state(path), file, backbone.name)
    _streamlined(network)
    return Loaded(Pooled(network), backbone.dim, _known(backbone), weights.sha256(path))


def _streamlined(network: Any) -> None:
    """The same function in fewer steps through memory, which is what takes the time of a network of thin layers.

    Each normalisation goes into the convolution before it, padding is left to the convolutions (where it is the same
    on all sides: with stride 1), and activations change their input.
    """
    import torch

    for block in list(network.eval().modules()):
        for convolution, normalisation in NORMALISED.items():
            if not hasattr(block, convolution) or not hasattr(block, normalisation):
                continue
            first, then = getattr(block, convolution), getattr(block, normalisation)
            first.weight, first.bias = torch.nn.utils.fuse_conv_bn_weights(
                first.weight, first.bias, then.running_mean, then.running_var, then.eps, then.weight, then.bias
            )
            setattr(block, normalisation, torch.nn.Identity())
        for name, child in list(block.named_children()):
            if isinstance(child, torch.nn.ReLU6):
                child.inplace = True
            if isinstance(child, torch.nn.Conv2d) and child.stride == (1, 1):
                size = child.kernel_size[0]
                plain = torch.nn.Conv2d(
                    child.in_channels, child.out_channels, size, padding=size // 2, groups=child.groups
                )
                plain.weight, plain.bias = child.weight, child.bias
                setattr(block, name, plain)


def _torchvision(backbone: Backbone, file: Path | None) -> Loaded:
    import torch
    from torch.fx.experimental.optimization import fuse
    from torchvision import models
    from torchvision.models.feature_extraction import create_feature_extractor

    class Read(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.network(batch)[backbone.node]
            return found

    try:
        network = models.get_model(backbone.variant, weights=None)
        url = "" if file else models.get_model_weights(backbone.variant)["IMAGENET1K_V1"].url
    except (KeyError, ValueError) as error:
        raise CldiError(
            f"torchvision has no network {backbone.variant!r}, or no weights IMAGENET1K_V1 of it "
            f"({in_one_line(error)}); correct the record of {backbone.name}, or name a file: --weights FILE"
        ) from error
    path = file or weights.downloaded(url, backbone.name)
    weights.fill_network(network, weights.read_state(path), file, backbone.name)
    try:
        cut = create_feature_extractor(network, [backbone.node]).eval()
    except Exception as error:  # a network that cannot be traced: many kinds
        raise CldiError(
            f"{backbone.variant} of torchvision cannot be read at {backbone.node!r} ({in_one_line(error)}); correct "
            f"node in the record of the backbone {backbone.name}"
        ) from error
    cut = fuse(cut, inplace=True)  # normalisations go into the convolutions before them
    return Loaded(Read(cut), backbone.dim, _known(backbone), weights.sha256(path))


def _timm(backbone: Backbone, file: Path | None) -> Loaded:
    import timm
    import torch

    network: Any
    try:
        network = timm.create_model(backbone.variant, pretrained=file is None, num_classes=0)
    except Exception as error:  # of the hub, of the network, of the disk: many kinds
        raise CldiError(
            f"the weights of {backbone.name} could not be fetched ({in_one_line(error)}); run this again with a "
            "network, or fetch them elsewhere and name the file: --weights FILE"
        ) from error
    _check_headless(network, backbone)
    if file is not None:
        head = str(network.pretrained_cfg.get("classifier") or "head")
        weights.fill_network(network, weights.read_state(file), file, backbone.name, spare=(head, "head", "fc_norm"))
        digest = weights.sha256(file)
    else:  # the library does not tell where its files are
        state = network.state_dict()
        weights.check_finite(state, None, backbone.name)
        digest = storage.digest(*(part for name in sorted(state) for part in (name, state[name].numpy().tobytes())))
    library: Any = timm.data
    config = library.resolve_model_data_config(network)
    size = int(config["input_size"][-1])
    resized = int(size / config["crop_pct"])
    mean, std = (tuple(255 * value for value in config[name]) for name in ("mean", "std"))
    with torch.inference_mode():  # what the library calls num_features is not what all of its networks give
        given = network.eval()(torch.zeros(1, 3, size, size))
    if not isinstance(given, torch.Tensor) or given.ndim != 2:
        raise CldiError(f"{backbone.name} gives no row of numbers for a picture; choose another network of timm")
    return Loaded(network, given.shape[1], Preprocessing(resized, size, config["interpolation"], mean, std), digest)


def _check_headless(network: Any, backbone: Backbone) -> None:
    """Refuse a network that still ends in its classifier: it would give scores of classes instead of features."""
    heads = network.pretrained_cfg.get("classifier") or ()
    for name in [heads] if isinstance(heads, str) else heads:
        with suppress(AttributeError):  # there is none any more
            if list(network.get_submodule(name).parameters()):
                raise CldiError(
                    f"{backbone.name} cannot be cut before its classifier {name!r}; choose another network of timm"
                )


NETWORKS: dict[str, Callable[[Backbone, Path | None], Loaded]] = {
    "efficientnet-lite": _efficientnet_lite,
    "torchvision": _torchvision,
    "timm": _timm,
}


def _known(backbone: Backbone) -> Preprocessing:
    if backbone.preprocessing is None:
        raise ValueError(f"{backbone.name} has no preprocessing")
    return backbone.preprocessing


def check_precision(precision: str) -> None:
    """Raise UnknownNameError for what is none of ``PRECISIONS``."""
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)


def arithmetic_of(backbone: Backbone, device: str, precision: str) -> str:
    """What a backbone's products are computed in: ``"float32"``, ``"bfloat16"`` or ``"float16"``.

    Args:
        device: ``"cuda"`` may be a card of another machine, which is then taken for one that has bfloat16.
        precision: ``"exact"``: float32; ``"fast"``: half as wide; ``"auto"``: fast where the device gains by it and the
            features do not change.
    """
    import torch

    elsewhere = device != "cpu" and not torch.cuda.is_available()
    wide = elsewhere or has_bfloat16(device)
    gains = backbone.narrow and (device != "cpu" or wide)
    if precision == "exact" or (precision == "auto" and not gains):
        return "float32"
    return "bfloat16" if device == "cpu" or wide else "float16"


class Extractor:
    """A loaded backbone.

    Attributes:
        backbone, preprocessing, dim: what it is and takes and gives.
        step: how many pictures are best given to it at once.
        arithmetic: ``"float32"``, ``"bfloat16"`` or ``"float16"``: what its products are computed in.
    """

    def __init__(
        self,
        name: str,
        device: str = "cpu",
        *,
        weights: Path | None = None,
        precision: str = "auto",
        arithmetic: str = "",
    ) -> None:
        """Load a backbone.

        Args:
            weights: a file of weights; without it, those of a package, or downloaded ones.
            precision: as in ``arithmetic_of``, for this device.
            arithmetic: what has been decided already, for all machines of a cluster alike; ``precision`` without it.

        Raises:
            UnknownNameError: unknown backbone, device or precision; CldiError: weights that are not there or not its.
        """
        import torch

        check_device(device)
        check_precision(precision)
        self.backbone, self.device = find_backbone(name), device
        loaded = NETWORKS[self.backbone.network](self.backbone, weights)
        self.step = self.backbone.step if device == "cpu" else STEP
        self.dim, self.preprocessing, self.weights = loaded.dim, loaded.preprocessing, loaded.weights
        self.arithmetic = arithmetic or arithmetic_of(self.backbone, device, precision)
        self.model = loaded.model.eval().to(device, memory_format=torch.channels_last)
        if self.arithmetic != "float32":
            for module in self.model.modules():  # otherwise they would be narrowed again for every batch
                if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                    module.to(getattr(torch, self.arithmetic))
        self._mean, self._std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1)
            for values in (self.preprocessing.mean, self.preprocessing.std)
        )

    def describe(self) -> dict[str, str]:
        """What is stored beside the features: everything that decides their values."""
        return {
            "backbone": self.backbone.name,
            "layer": self.backbone.layer,
            "dim": str(self.dim),
            "weights": self.weights,
            "weights_licence": self.backbone.licence,
            "preprocessing": str(self.preprocessing),
            "arithmetic": self.arithmetic,
            "device": self.device,
            "processor": platform.machine(),
        }

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network: uint8 (n, size, size, 3), as ``decoding.prepare`` makes them → float32 (n, dim).

        Raises:
            CldiError: it gives something else: its record names another layer than it has.
        """
        import torch

        with torch.inference_mode(), self._autocast():
            given = torch.tensor(batch)
            if self.device != "cpu":
                given = given.pin_memory().to(self.device, non_blocking=True)
            # (n, height, width, 3) seen as (n, 3, height, width) lies in memory as channels_last already.
            scaled = given.permute(0, 3, 1, 2).float().sub_(self._mean).div_(self._std)
            found: NDArray[np.float32] = self.model(scaled).float().cpu().numpy()
        if found.shape != (len(batch), self.dim):
            raise CldiError(
                f"{self.backbone.name} gives {' × '.join(map(str, found.shape[1:]))} numbers for a picture where its "
                f"record says {self.dim}; correct its layer ({self.backbone.layer}) or its dim"
            )
        return found

    def _autocast(self) -> Any:
        import torch

        if self.arithmetic == "float32":
            return nullcontext()
        return torch.autocast(self.device, dtype=getattr(torch, self.arithmetic))
