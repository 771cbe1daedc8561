"""Spaces on disk: trained ones, and the state of a training from which it goes on.

A trained space is a safetensors file of float16 tensors; its metadata say what it was trained on: the options, the
words of each language, the items of each part, the curve.  A state holds float32 tensors and Adam's, so that a training
that was killed ends as it would have without.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cldi_core import store
from cldi_core.errors import CldiError, DatasetError
from cldi_core.pivot import models
from cldi_core.pivot.corpus import Corpus, Split
from cldi_core.pivot.models import Options, Space
from cldi_core.pivot.text import Vocabulary
from cldi_core.pivot.training import Epoch, State, adam

VERSION = 1
STATE = ".state.safetensors"


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
    options: Options
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
class Key:
    """Names one training: where it is kept.

    ``<backbone>/<pair>/<holdout>/<model>[-permuted]/seed-<seed>/<languages>.safetensors``
    """

    backbone: str
    pair: str
    model: str
    holdout: str = "items"
    seed: int = 0
    permuted: bool = False

    def path(self, root: Path, languages: tuple[str, ...]) -> Path:
        """The file of a space for some languages, below the folder ``pivot`` of a data set, or another."""
        name = self.model + ("-permuted" if self.permuted else "")
        return (
            root
            / self.backbone
            / self.pair
            / self.holdout
            / name
            / f"seed-{self.seed}"
            / f"{'+'.join(languages)}.safetensors"
        )


def save(path: Path, space: Space, about: About) -> None:
    """Write a trained space."""
    tensors = {name: tensor.detach().cpu().numpy().astype(np.float16) for name, tensor in space.state_dict().items()}
    words = {language: list(known.words) for language, known in space.vocabularies.items()}
    digests = {language: known.digest for language, known in space.vocabularies.items()}
    meta = {"version": VERSION, "dim": space.dim, "words": words, "vocabularies": digests, "about": asdict(about)}
    store.save_tensors(path, tensors, {"pivot": json.dumps(meta, ensure_ascii=False)})


def load(path: Path, device: str = "cpu") -> tuple[Space, About]:
    """Read a trained space.

    Raises:
        DatasetError: there is none, it is cut off, or its vocabulary is not that of its tensors.
    """
    again = "train it again: python -m cldi_core pivot train"
    if not path.is_file():
        raise DatasetError(f"there is no trained model {str(path)!r}; {again}")
    try:
        tensors, meta = store.map_tensors(path)
        known = json.loads(meta["pivot"])
        if known["version"] != VERSION:
            raise ValueError(f"version {known['version']}, expected {VERSION}")
        about = _about(known["about"])
        vocabularies = {language: Vocabulary(tuple(words)) for language, words in known["words"].items()}
        dim = int(known["dim"])
    except (DatasetError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DatasetError(f"the trained model {path.name!r} cannot be read ({error}); {again}") from error
    if any(vocabularies[language].digest != digest for language, digest in known["vocabularies"].items()):
        raise DatasetError(f"the trained model {path.name!r} comes with another vocabulary than its own; {again}")
    space = Space(models.find(about.model), vocabularies, dim, about.options)
    _fill(space, tensors, path)
    return space.to(device).eval(), about


def _fill(space: Space, tensors: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Give a space its tensors; they must be those it has, of the same shapes."""
    own = space.state_dict()
    for name, tensor in own.items():
        given = tensors.get(name)
        if given is None or given.shape != tuple(tensor.shape) or not np.isfinite(given).all():
            shape = "missing" if given is None else f"of shape {given.shape}"
            raise DatasetError(
                f"the trained model {path.name!r} does not fit its vocabulary or options: {name} is {shape}, expected "
                f"{tuple(tensor.shape)} finite numbers; train it again: python -m cldi_core pivot train"
            )
    space.load_state_dict({name: torch.from_numpy(np.array(tensors[name], np.float32)) for name in own})


def _about(known: Mapping[str, Any]) -> About:
    fields = {**known, "languages": tuple(known["languages"]), "options": Options(**known["options"])}
    fields["split"] = Split(**{part: tuple(keys) for part, keys in known["split"].items()})
    fields["curve"] = tuple(Epoch(**epoch) for epoch in known["curve"])
    return About(**fields)


def check_features(about: About, corpus: Corpus, space: Space) -> None:
    """Refuse features that the space was not trained on.

    Raises:
        DatasetError: another backbone, or another number of dimensions.
    """
    if about.backbone != corpus.backbone or space.dim != corpus.features.shape[1]:
        raise DatasetError(
            f"{models.find(about.model).label} was trained on features of {about.backbone!r} ({space.dim} numbers), "
            f"these are of {corpus.backbone!r} ({corpus.features.shape[1]}); name the former, or train on these"
        )


def keep_state(path: Path, state: State, plan: str) -> None:
    """Write where a training is."""
    tensors = {f"space/{name}": tensor for name, tensor in state.space.state_dict().items()}
    tensors |= {f"averaged/{name}": tensor for name, tensor in state.averaged.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in state.best.items()}
    for number, values in state.adam.state_dict()["state"].items():
        tensors |= {f"adam/{number}/{name}": value for name, value in values.items()}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    curve = [asdict(epoch) for epoch in state.curve]
    meta = {"plan": plan, "best": str(state.best_epoch), "curve": json.dumps(curve)}
    store.save_tensors(path.with_suffix(STATE), arrays, meta)


def find_state(path: Path, state: State, plan: str) -> State:
    """The training as it was kept, or ``state`` as it is where nothing (of the same plan) was."""
    try:
        tensors, meta = store.map_tensors(path.with_suffix(STATE))
        if meta["plan"] != plan:
            return state
        curve = [Epoch(**epoch) for epoch in json.loads(meta["curve"])]
        device = next(state.space.parameters()).device
        parts: dict[str, dict[str, torch.Tensor]] = {"space": {}, "averaged": {}, "best": {}}
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in tensors.items():
            part, _, rest = name.partition("/")
            tensor = torch.from_numpy(np.array(array)).to(device)
            if part == "adam":
                number, _, kind = rest.partition("/")
                moments.setdefault(int(number), {})[kind] = tensor
            else:
                parts[part][rest] = tensor
        state.space.load_state_dict(parts["space"])
        state.averaged.load_state_dict(parts["averaged"])
        optimizer = adam(state.space, state.space.options)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        return State(state.space, state.averaged, optimizer, parts["best"], int(meta["best"]), curve)
    except (CldiError, KeyError, ValueError, TypeError, RuntimeError):
        return state  # nothing that can be gone on from: begin anew


def drop_state(path: Path) -> None:
    """Forget the state of a training that has ended."""
    path.with_suffix(STATE).unlink(missing_ok=True)
