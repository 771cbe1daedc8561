"""The joint space of pictures and descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from cldi_core.pivot.encoders import ENCODERS, Pictures
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
