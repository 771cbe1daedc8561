"""The joint space of pictures and descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cldi_core.pivot.encoders import ENCODERS, Pictures
from cldi_core.pivot.joint import Rows
from cldi_core.pivot.models import Model, TrainingOptions
from cldi_core.pivot.similarity import SIMILARITIES
from cldi_core.pivot.text import Vocabulary


class Space(nn.Module):
    """The joint space of pictures and one or two languages."""

    def __init__(
        self, model: Model, vocabularies: Mapping[str, Vocabulary], dim: int, options: TrainingOptions
    ) -> None:
        super().__init__()
        self.model, self.vocabularies, self.dim, self.options = model, dict(vocabularies), dim, options
        make = ENCODERS[options.encoder]
        self.texts = nn.ModuleDict(
            {language: make(known, options.word_dim, options.joint_dim) for language, known in vocabularies.items()}
        )
        self.pictures = Pictures(dim, options.joint_dim)
        self._prepare, self.compare = SIMILARITIES[model.similarity]

    @property
    def languages(self) -> tuple[str, ...]:
        """Whose descriptions it holds."""
        return tuple(self.vocabularies)

    @property
    def margin(self) -> float:
        """What it is trained with."""
        return self.options.margin or self.model.margin

    def of_texts(self, texts: Sequence[str], language: str) -> Tensor:
        """Descriptions → rows, float32 (n, joint_dim)."""
        return self._prepare(self.texts[language](list(texts)))

    def of_pictures(self, features: Tensor) -> Tensor:
        """Features, float32 (n, dim) in unit rows → rows, float32 (n, joint_dim)."""
        return self._prepare(self.pictures(features))

    def to_pictures(self, texts: Tensor, pictures: Tensor) -> Tensor:
        """How alike rows of descriptions and of pictures are, in the direction that was trained: (n, m)."""
        return self.compare(pictures, texts).T if self.options.swapped else self.compare(texts, pictures)

    def to_texts(self, left: Tensor, right: Tensor) -> Tensor:
        """How alike descriptions are, the mean of both directions: (n, m)."""
        if self.model.similarity == "cosine":
            return self.compare(left, right)
        return (self.compare(left, right) + self.compare(right, left).T) / 2

    # As in ``Joint``.

    def _given(self, rows: NDArray[np.floating]) -> Tensor:
        device = next(self.parameters()).device
        return torch.from_numpy(np.array(rows, np.float32)).to(device)

    def text_rows(self, texts: Sequence[str], language: str) -> Rows:
        """Descriptions → rows, outside training."""
        with torch.no_grad():
            return np.asarray(self.of_texts(texts, language).cpu().numpy())

    def picture_rows(self, features: NDArray[np.floating]) -> Rows:
        """Features → rows, outside training."""
        with torch.no_grad():
            return np.asarray(self.of_pictures(self._given(features)).cpu().numpy())

    def texts_with_pictures(self, texts: Rows, pictures: Rows) -> Rows:
        """As ``to_pictures``."""
        with torch.no_grad():
            return np.asarray(self.to_pictures(self._given(texts), self._given(pictures)).cpu().numpy())

    def texts_with_texts(self, left: Rows, right: Rows) -> Rows:
        """As ``to_texts``."""
        with torch.no_grad():
            return np.asarray(self.to_texts(self._given(left), self._given(right)).cpu().numpy())
