"""Pictures that are as different as photographs, and those pictures saved again."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.conftest import encoded


def scene(seed: int) -> Image.Image:
    """Soft light and dark with some grain, 240 × 180."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8)).resize((240, 180), Image.Resampling.BICUBIC)
    grain = np.asarray(soft, np.int16) + rng.normal(0, 6, (180, 240, 1))
    return Image.fromarray(grain.clip(0, 255).astype(np.uint8))


def again(image: Image.Image, kind: str = "JPEG", quality: int = 75, scale: float = 1.0) -> bytes:
    """The picture in another size, as another file."""
    shape = round(image.width * scale), round(image.height * scale)
    return encoded(image.resize(shape, Image.Resampling.BICUBIC), kind, quality=quality)
