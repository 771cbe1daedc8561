"""A trained joint space, looked things up in without torch: what a page asks takes a few products of small matrices.

``Space`` is what training has; ``Read`` is the same read from its file, in numpy.  Both are a ``Joint``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import DatasetError, unknown_name
from cldi_core.pivot import models
from cldi_core.pivot.about import AGAIN, About, Stored, misfit, stored
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.models import Key
from cldi_core.pivot.text import BUCKETS, UNKNOWN, Vocabulary, ngrams, words

Rows = NDArray[np.float32]
Texts = Sequence[str]
BLOCK = 1 << 17  # numbers of differences that are held at a time
SHORTEST = np.float32(1e-12)


class Joint(Protocol):
    """A space, seen from outside: rows are float32 (n, joint_dim)."""

    @property
    def vocabularies(self) -> Mapping[str, Vocabulary]:
        """Language → the words that training has seen."""

    @property
    def dim(self) -> int:
        """Of the features that it takes."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Whose descriptions it holds."""

    def text_rows(self, texts: Texts, language: str) -> Rows:
        """Descriptions → rows."""

    def picture_rows(self, features: NDArray[np.floating]) -> Rows:
        """Features, float (n, dim) in unit rows → rows."""

    def texts_with_pictures(self, texts: Rows, pictures: Rows) -> Rows:
        """How alike rows of descriptions and of pictures are, in the direction that was trained: (n, m)."""

    def texts_with_texts(self, left: Rows, right: Rows) -> Rows:
        """How alike descriptions are, the mean of both directions: (n, m)."""


@dataclass(frozen=True)
class Trained:
    """A trained model: the space (or spaces) that hold its languages.

    Attributes:
        spaces: language → the space that holds it; one for both languages, or one each.
        about: language → what is known of that space.
    """

    key: Key
    spaces: Mapping[str, Joint]
    about: Mapping[str, About]

    @property
    def model(self) -> models.Model:
        """Which of the six it is."""
        return models.find_model(self.key.model)

    @property
    def any(self) -> About:
        """What is known of the first space; they share their corpus and split."""
        return next(iter(self.about.values()))

    @property
    def seconds(self) -> float:
        """How long training took, all spaces together."""
        return sum({id(about): about.seconds for about in self.about.values()}.values())


def open_read(folder: Path, key: Key, languages: tuple[str, ...]) -> Trained:
    """A model that has been trained, to be asked and not to be trained on: as ``trained.open_trained``, without torch.

    Raises:
        DatasetError: it has not been trained, or its file is broken.
    """
    spaces: dict[str, Joint] = {}
    known: dict[str, About] = {}
    for own in models.find_model(key.model).spaces(languages):
        found = stored(key.path(folder, own))
        spaces |= dict.fromkeys(own, _read(found, key.path(folder, own)))
        known |= dict.fromkeys(own, found.about)
    return Trained(key, spaces, known)


def check_fits(model: Trained, corpus: Corpus) -> None:
    """Refuse a corpus that a model was not trained on: what it has seen, and what it was never shown, is another there.

    Raises:
        DatasetError: another backbone, number of dimensions, other items, descriptions or features, or another split.
    """
    for language, space in model.spaces.items():
        _check_space(model.about[language], corpus, space, model.key)


def _check_space(about: About, corpus: Corpus, space: Joint, key: Key) -> None:
    label = f"{models.find_model(key.model).label} of seed {key.seed}"
    if about.backbone != corpus.backbone or space.dim != corpus.features.shape[1]:
        raise DatasetError(
            f"{label} was trained on features of {about.backbone!r} ({space.dim} numbers), these are of "
            f"{corpus.backbone!r} ({corpus.features.shape[1]}); name the former, or train on these"
        )
    if other := misfit(about, corpus, key):
        raise DatasetError(
            f"{label} was trained on {other}; train it again: {corpus.again(key.model, key.seed, key.holdout)}"
        )


@dataclass(frozen=True)
class Read:
    """A space as its file has it; ``tensors`` are those of ``Space``, float32."""

    about: About
    dim: int
    vocabularies: dict[str, Vocabulary]
    tensors: Mapping[str, Rows] = field(repr=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """As in ``Joint``."""
        return tuple(self.vocabularies)

    @property
    def _order(self) -> bool:
        return models.find_model(self.about.model).similarity == "order"

    def text_rows(self, texts: Texts, language: str) -> Rows:
        """As in ``Joint``."""
        own = {name.removeprefix(f"texts.{language}."): one for name, one in self.tensors.items()}
        return self._prepared(ENCODERS[self.about.options.encoder](own, self.vocabularies[language], texts))

    def picture_rows(self, features: NDArray[np.floating]) -> Rows:
        """As in ``Joint``."""
        known = self.tensors
        centred: Rows = (np.asarray(features, np.float32) - known["pictures.mean"]) * known["pictures.scale"]
        return self._prepared(_linear(centred, known, "pictures.project.weight", "pictures.project.bias"))

    def _prepared(self, rows: Rows) -> Rows:
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        found: Rows = (rows / np.maximum(lengths, SHORTEST)).astype(np.float32)
        return np.abs(found) if self._order else found

    def _compared(self, left: Rows, right: Rows) -> Rows:
        return order(left, right) if self._order else left @ right.T

    def texts_with_pictures(self, texts: Rows, pictures: Rows) -> Rows:
        """As in ``Joint``."""
        swapped = self.about.options.swapped
        return self._compared(pictures, texts).T if swapped else self._compared(texts, pictures)

    def texts_with_texts(self, left: Rows, right: Rows) -> Rows:
        """As in ``Joint``."""
        if not self._order:
            return left @ right.T
        found: Rows = (self._compared(left, right) + self._compared(right, left).T) / np.float32(2)
        return found


def order(left: Rows, right: Rows) -> Rows:
    """``S(a, b) = -‖max(0, b - a)‖²`` for all pairs of rows: (n, dim), (m, dim) → (n, m); a block at a time."""
    found = np.empty((len(left), len(right)), np.float32)
    step = max(1, BLOCK // max(right.size, 1))
    for start in range(0, len(left), step):
        excess = np.maximum(right[None] - left[start : start + step, None], 0)
        found[start : start + step] = -np.square(excess).sum(axis=2)
    return found


def gru(tensors: Mapping[str, Rows], vocabulary: Vocabulary, texts: Texts) -> Rows:
    """As ``encoders.Gru``: the last state of each text."""
    numbers = vocabulary.numbers()
    given = [[numbers.get(word, UNKNOWN) for word in words(text)] or [UNKNOWN] for text in texts]
    state = np.zeros((len(given), tensors["gru.weight_hh_l0"].shape[1]), np.float32)
    for step in range(max(map(len, given), default=0)):
        going = np.array([place for place, row in enumerate(given) if step < len(row)], np.int64)
        seen = tensors["vectors.weight"][[given[place][step] for place in going]]
        before = state[going]
        new = _linear(seen, tensors, "gru.weight_ih_l0", "gru.bias_ih_l0")
        old = _linear(before, tensors, "gru.weight_hh_l0", "gru.bias_hh_l0")
        (reset, update, fresh), (old_reset, old_update, old_fresh) = np.split(new, 3, 1), np.split(old, 3, 1)
        gate, stay = _sigmoid(reset + old_reset), _sigmoid(update + old_update)
        state[going] = (1 - stay) * np.tanh(fresh + gate * old_fresh) + stay * before
    return state


def bag(tensors: Mapping[str, Rows], vocabulary: Vocabulary, texts: Texts) -> Rows:
    """As ``encoders.Bag``: mean vectors of words and of n-grams, projected."""
    numbers, split = vocabulary.numbers(), [words(text) for text in texts]
    known = [[numbers[word] for word in row if word in numbers] for row in split]
    parts = [[bucket for word in row for bucket in ngrams(word)] for row in split]
    means: Rows = _means(tensors["vectors.weight"], known) + _means(tensors["parts.weight"], parts)
    return _linear(means, tensors, "project.weight", "project.bias")


ENCODERS: dict[str, Callable[[Mapping[str, Rows], Vocabulary, Texts], Rows]] = {"gru": gru, "bag": bag}


def _means(table: Rows, rows: Sequence[Sequence[int]]) -> Rows:
    found = np.zeros((len(rows), table.shape[1]), np.float32)
    for place, row in enumerate(rows):
        if row:
            found[place] = table[list(row)].mean(axis=0)
    return found


def _linear(rows: Rows, tensors: Mapping[str, Rows], weight: str, bias: str) -> Rows:
    found: Rows = rows @ tensors[weight].T + tensors[bias]
    return found


def _sigmoid(values: Rows) -> Rows:
    half = np.float32(0.5)
    found: Rows = half * (1 + np.tanh(half * values))
    return found


def _read(found: Stored, path: Path) -> Read:
    """A space of its file; DatasetError where its tensors do not fit its vocabulary and options."""
    wanted = _shapes(found)
    for name, shape in wanted.items():
        given = found.tensors.get(name)
        if given is None or given.shape != shape or not np.isfinite(given).all():
            has = "missing" if given is None else f"of shape {given.shape}"
            raise DatasetError(
                f"the trained model {path.name!r} does not fit its vocabulary or options: {name} is {has}, expected "
                f"{shape} finite numbers; {AGAIN}"
            )
    tensors = {name: np.asarray(found.tensors[name], np.float32) for name in wanted}
    return Read(found.about, found.dim, dict(found.vocabularies), tensors)


def _shapes(found: Stored) -> dict[str, tuple[int, ...]]:
    """The tensors of a space and their shapes: those of ``Space``."""
    options, joint = found.about.options, found.about.options.joint_dim
    if options.encoder not in ENCODERS:
        raise unknown_name("encoder", options.encoder, ENCODERS)
    shapes: dict[str, tuple[int, ...]] = {
        "pictures.project.weight": (joint, found.dim),
        "pictures.project.bias": (joint,),
        "pictures.mean": (found.dim,),
        "pictures.scale": (1,),
    }
    for language, known in found.vocabularies.items():
        own: dict[str, tuple[int, ...]] = {"vectors.weight": (len(known), options.word_dim)}
        if options.encoder == "gru":
            own |= {
                f"gru.weight_{kind}_l0": (3 * joint, size) for kind, size in (("ih", options.word_dim), ("hh", joint))
            }
            own |= {f"gru.bias_{kind}_l0": (3 * joint,) for kind in ("ih", "hh")}
        else:
            own |= {"parts.weight": (BUCKETS, options.word_dim)}
            own |= {"project.weight": (joint, options.word_dim), "project.bias": (joint,)}
        shapes |= {f"texts.{language}.{name}": shape for name, shape in own.items()}
    return shapes
