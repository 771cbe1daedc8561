"""Spaces on disk: trained ones, and the state of a training from which it goes on.

A trained space is a safetensors file of float16 tensors; its metadata say what it was trained on: the options, the
words of each language, the items of each part, the curve.  A state holds float32 tensors and Adam's, so that a training
that was killed ends as it would have without.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import CldiError, DatasetError, in_one_line
from cldi_core.pivot import models
from cldi_core.pivot.about import AGAIN, VERSION, About, Epoch, stored
from cldi_core.pivot.space import Space
from cldi_core.pivot.training import State, adam


def write_checkpoint(path: Path, space: Space, about: About) -> None:
    """Write a trained space."""
    learned = {name for name, _ in space.named_parameters()}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in space.state_dict().items()}
    tensors = {name: array.astype(np.float16) if name in learned else array for name, array in arrays.items()}
    words = {language: list(known.words) for language, known in space.vocabularies.items()}
    digests = {language: known.digest for language, known in space.vocabularies.items()}
    meta = {
        "version": VERSION,
        "dim": space.dim,
        "digest": storage.digest(
            asdict(about.options), digests, *(tensors[name].tobytes() for name in sorted(tensors))
        ),
        "words": words,
        "vocabularies": digests,
        "about": asdict(about),
    }
    storage.save_tensors(path, tensors, {"pivot": json.dumps(meta, ensure_ascii=False)})


def read_checkpoint(path: Path, device: str = "cpu") -> tuple[Space, About]:
    """Read a trained space.

    Raises:
        DatasetError: as ``stored``, or its tensors do not fit its vocabulary and options.
    """
    found = stored(path)
    try:
        space = Space(models.find_model(found.about.model), found.vocabularies, found.dim, found.about.options)
    except (RuntimeError, TypeError, ValueError) as error:
        raise DatasetError(
            f"the trained model {path.name!r} cannot be built ({in_one_line(error)}); {AGAIN}"
        ) from error
    _fill(space, found.tensors, path)
    return space.to(device).eval(), found.about


def _fill(space: Space, tensors: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Give a space its tensors; they must be those it has, of the same shapes."""
    own = space.state_dict()
    for name, tensor in own.items():
        given = tensors.get(name)
        if given is None or given.shape != tuple(tensor.shape) or not np.isfinite(given).all():
            shape = "missing" if given is None else f"of shape {given.shape}"
            raise DatasetError(
                f"the trained model {path.name!r} does not fit its vocabulary or options: {name} is {shape}, expected "
                f"{tuple(tensor.shape)} finite numbers; {AGAIN}"
            )
    space.load_state_dict({name: torch.from_numpy(np.array(tensors[name], np.float32)) for name in own})


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
    storage.save_tensors(path.with_suffix(models.STATE), arrays, meta)


def find_state(path: Path, state: State, plan: str) -> State:
    """The training as it was kept, or ``state`` as it is where nothing (of the same plan) was."""
    try:
        tensors, meta = storage.map_tensors(path.with_suffix(models.STATE))
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
        best = int(meta["best"])
        if not 0 <= best < len(curve) or len(moments) != len(list(state.space.parameters())):
            raise ValueError("a part is missing")
        space, averaged = copy.deepcopy(state.space), copy.deepcopy(state.averaged)
        averaged.load_state_dict(parts["best"])  # only to see whether it fits
        averaged.load_state_dict(parts["averaged"])
        space.load_state_dict(parts["space"])
        optimizer = adam(space, space.options)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        return State(space, averaged, optimizer, parts["best"], best, curve)
    except (CldiError, KeyError, ValueError, TypeError, RuntimeError):
        return state  # nothing that can be gone on from: begin anew


def drop_state(path: Path) -> None:
    """Forget the state of a training that has ended."""
    storage.remove(path.with_suffix(models.STATE))
