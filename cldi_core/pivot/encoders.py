"""Networks into the joint space: of descriptions, and of pictures' stored features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cldi_core.pivot.models import JOINT_DIM, WORD_DIM
from cldi_core.pivot.text import BUCKETS, UNKNOWN, Vocabulary, ngrams, words

FIRST = 0.03  # standard deviation of the bag's first vectors


class Gru(nn.Module):
    """The paper's: a GRU over word vectors, whose last state is the description."""

    def __init__(self, vocabulary: Vocabulary, word_dim: int = WORD_DIM, joint_dim: int = JOINT_DIM) -> None:
        super().__init__()
        self.numbers = vocabulary.numbers()
        self.vectors = nn.Embedding(len(vocabulary), word_dim)
        self.gru = nn.GRU(word_dim, joint_dim, batch_first=True)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Some texts → float32 (n, joint_dim)."""
        given = [[self.numbers.get(word, UNKNOWN) for word in words(text)] or [UNKNOWN] for text in texts]
        lengths = [len(row) for row in given]
        rows = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in given], batch_first=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.vectors(rows.to(self.vectors.weight.device)), torch.tensor(lengths), True, enforce_sorted=False
        )
        _, last = self.gru(packed)
        state: Tensor = last[0]
        return state


class Bag(nn.Module):
    """The mean of word vectors plus that of hashed character n-grams, projected: faster, and better on few data."""

    def __init__(self, vocabulary: Vocabulary, word_dim: int = WORD_DIM, joint_dim: int = JOINT_DIM) -> None:
        super().__init__()
        self.numbers = vocabulary.numbers()
        self.vectors = nn.EmbeddingBag(len(vocabulary), word_dim, mode="mean")
        self.parts = nn.EmbeddingBag(BUCKETS, word_dim, mode="mean")
        # Small at first, so that n-grams which training has not seen hardly count.
        for table in (self.vectors, self.parts):
            nn.init.normal_(table.weight, std=FIRST)
        self.project = nn.Linear(word_dim, joint_dim)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Some texts → float32 (n, joint_dim)."""
        split = [words(text) for text in texts]
        known = [[self.numbers[word] for word in row if word in self.numbers] for row in split]
        parts = [[bucket for word in row for bucket in ngrams(word)] for row in split]
        joined: Tensor = self.project(_bags(self.vectors, known) + _bags(self.parts, parts))
        return joined


def _bags(bag: nn.EmbeddingBag, rows: Sequence[Sequence[int]]) -> Tensor:
    """The mean vector of each row of numbers; zeros for an empty row."""
    device = bag.weight.device
    flat = torch.tensor([number for row in rows for number in row], dtype=torch.int64, device=device)
    starts = torch.tensor([0, *(len(row) for row in rows)][:-1], device=device).cumsum(0)
    found: Tensor = bag(flat, starts)
    return found


# name → how a vocabulary's encoder is made
ENCODERS: dict[str, Callable[..., nn.Module]] = {"gru": Gru, "bag": Bag}


class Pictures(nn.Module):
    """A linear map of stored features, which are unit rows.

    Features are first centred and brought to a length of about one, as those of training are on average: the map could
    learn that too, but rows of which most is the same in all are learned slowly.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int, joint_dim: int = JOINT_DIM) -> None:
        super().__init__()
        self.project = nn.Linear(dim, joint_dim)
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(1))

    def centre(self, features: Tensor) -> None:
        """Learn from the training pictures, float32 (n, dim), what to centre by."""
        self.mean.copy_(features.mean(dim=0))
        spread = torch.linalg.vector_norm(features - self.mean, dim=1).mean()
        self.scale.fill_(1 / float(spread) if float(spread) > 0 else 1.0)

    def forward(self, features: Tensor) -> Tensor:
        """float32 (n, dim) → float32 (n, joint_dim)."""
        joined: Tensor = self.project((features - self.mean) * self.scale)
        return joined
