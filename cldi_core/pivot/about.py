"""What is known of a trained space: read from the metadata of its file, without its tensors and without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import DatasetError
from cldi_core.pivot.corpus import Corpus, Split
from cldi_core.pivot.models import Key, TrainingOptions, find_model
from cldi_core.pivot.text import Vocabulary

VERSION = 1
AGAIN = "train it again: python -m cldi_core pivot train"


@dataclass(frozen=True)
class Epoch:
    """One epoch: mean loss of a batch, mean recall on validation, seconds since the run began."""

    loss: float
    recall: float
    seconds: float


@dataclass(frozen=True)
class About:
    """What is known of a trained space.

    Attributes:
        corpus: the name of what it was trained on, and its digest; backbone: of the pictures' features.
        shared: whether any item was described in two languages in training.
        split: the ids of the items of each part.
        curve: an entry for each epoch; best: which of them is kept.
        seconds: how long training took; stopped: why it ended early, if it did.
    """

    model: str
    languages: tuple[str, ...]
    options: TrainingOptions
    corpus: str
    digest: str
    backbone: str
    shared: bool
    split: Split = field(repr=False)
    curve: tuple[Epoch, ...] = field(repr=False)
    best: int
    seconds: float
    stopped: str = ""


@dataclass(frozen=True)
class Stored:
    """A file of a trained space.

    Attributes:
        about: what is known of it; dim: of the features that it takes; digest: stands for its tensors.
        vocabularies: language → the words that training has seen.
        tensors: float16, mapped.
    """

    about: About
    dim: int
    digest: str
    vocabularies: Mapping[str, Vocabulary] = field(repr=False)
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)


def stored(path: Path) -> Stored:
    """Open the file of a trained space.

    Raises:
        DatasetError: there is none, it is cut off, or its vocabulary is not the one it was trained with.
    """
    if not path.is_file():
        raise DatasetError(f"there is no trained model {str(path)!r}; {AGAIN.replace(' again', '')}")
    try:
        tensors, meta = storage.map_tensors(path)
        known = json.loads(meta["pivot"])
        if known["version"] != VERSION:
            raise ValueError(f"version {known['version']}, expected {VERSION}")
        about = _about(known["about"])
        vocabularies = {language: Vocabulary(tuple(words)) for language, words in known["words"].items()}
        found = Stored(about, int(known["dim"]), str(known["digest"]), vocabularies, tensors)
        digests = dict(known["vocabularies"])
    except (DatasetError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DatasetError(f"the trained model {path.name!r} cannot be read ({error}); {AGAIN}") from error
    if {language: vocabulary.digest for language, vocabulary in vocabularies.items()} != digests:
        raise DatasetError(f"the trained model {path.name!r} comes with another vocabulary than its own; {AGAIN}")
    return found


def stored_of(folder: Path, key: Key, languages: tuple[str, ...]) -> dict[str, Stored]:
    """The files of a model: language → the one that holds it; DatasetError as in ``stored``."""
    found: dict[str, Stored] = {}
    for own in find_model(key.model).spaces(languages):
        found |= dict.fromkeys(own, stored(key.path(folder, own)))
    return found


def digest_of(spaces: Mapping[str, Stored]) -> str:
    """A digest of a trained model, all its spaces together."""
    return storage.digest(*(f"{language} {one.digest}" for language, one in sorted(spaces.items())))


def misfit(about: About, corpus: Corpus, key: Key) -> str:
    """What a model was trained on that is not the corpus, with the split of its key; nothing if it fits."""
    missing = [key for key in (*about.split.train, *about.split.test) if key not in corpus.item]
    if missing:
        return f"items of which {len(missing)} are not in {corpus.name!r}, such as {missing[0]!r}"
    if about.digest != corpus.digest:
        return f"other descriptions, pictures or features than those of {corpus.name!r}"
    same = about.split == corpus.split(key.seed, key.holdout)
    return "" if same else f"another split of {corpus.name!r} than its present one"


def _about(known: Mapping[str, Any]) -> About:
    fields = {**known, "languages": tuple(known["languages"]), "options": TrainingOptions(**known["options"])}
    fields["split"] = Split(**{part: tuple(keys) for part, keys in known["split"].items()})
    fields["curve"] = tuple(Epoch(**epoch) for epoch in known["curve"])
    return About(**fields)
