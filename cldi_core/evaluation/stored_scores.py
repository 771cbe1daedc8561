"""Score matrices on disk: found where their key still stands, computed and kept where it does not.

``scores/<backbone>/<pair>/<ranker>.safetensors`` holds a matrix, the keys of its words (``ImageSets.keys``) and, in the
metadata, the key of everything that the scores depend on.  Nothing stale is ever returned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import VERSION, Pair
from cldi_core.evaluation.ranker import Ranker, Scored, Work, one_by_one, with_bases
from cldi_core.scoring import Progress

log = logging.getLogger(__name__)


def scored(
    pair: Pair, rankers: Iterable[Ranker], device: str = "cpu", progress: Progress | None = None
) -> dict[str, Scored]:
    """The scores of some rankers, with how they came about; what is stored and still true is not computed again.

    Args:
        device: ``"cpu"`` or ``"cuda"``, for those that can make use of it.
        progress: told the pictures done and their number, while a pass over them runs.

    Raises:
        CldiError: a ranker cannot rank this pair, such as a model that has not been trained for it.
    """
    rankers = list(rankers)
    wanted = with_bases(rankers)
    keys = {ranker.name: ranker.key(pair) for ranker in wanted}
    stored = {ranker.name: read(path_of(pair, ranker.name)) for ranker in wanted}
    found = {name: one for name, one in stored.items() if one is not None and one.key == keys[name]}
    stale = {name: one for name, one in stored.items() if one is not None and name not in found}
    groups: dict[tuple[int, Callable[[Work], dict[str, Scored]]], list[Ranker]] = {}
    for ranker in wanted:
        if ranker.name not in found:
            groups.setdefault((ranker.depth, ranker.together or one_by_one), []).append(ranker)
    for (_, together), members in sorted(groups.items(), key=lambda group: group[0][0]):
        made = together(Work(pair, members, stale, found, device, progress))
        for name, one in made.items():
            keep(path_of(pair, name), one)
        found |= made
    return {ranker.name: found[ranker.name] for ranker in rankers}


def row_of(pair: Pair, ranker: Ranker, word: str) -> NDArray[np.float32] | None:
    """The scores of one source word, float32 (n_target,): stored ones, or computed without those of other words.

    Nothing is written.  ``None`` where nothing that holds is stored and only the whole matrix would tell.

    Raises:
        CldiError: the ranker cannot rank this pair.
    """
    key, place = ranker.key(pair), pair.source.row(word)
    stored = read(path_of(pair, ranker.name))
    if stored is not None and stored.key == key:
        kept: NDArray[np.float32] = stored.matrix[place]
        return kept
    return None if ranker.row is None else ranker.row(pair, word)


def path_of(pair: Pair, name: str) -> Path:
    """Where the scores of a ranker are kept."""
    return pair.dataset.path / "scores" / pair.backbone / pair.name / f"{name}.safetensors"


def read(path: Path) -> Scored | None:
    """What is stored; ``None`` where there is nothing, or nothing of use."""
    try:
        tensors, meta = storage.map_tensors(path)
        matrix, source, target = (tensors[name] for name in ("scores", "source_keys", "target_keys"))
        fits = matrix.dtype == np.float32 and matrix.shape == (len(source), len(target))
        keyed = all(keys.dtype == np.uint8 and keys.shape[1:] == (16,) for keys in (source, target))
        if meta.get("version") != str(VERSION) or not fits or not keyed:
            return None
        seconds, computed = float(meta["seconds"]), int(meta["computed"])
        return Scored(matrix, meta["key"], meta["device"], seconds, computed, source, target, found=True)
    except (DatasetError, KeyError, ValueError):
        return None


def keep(path: Path, one: Scored) -> None:
    """Store scores; a folder that cannot be written to is only warned of, because they can be computed again."""
    meta = {"version": str(VERSION)} | {
        name: str(getattr(one, name)) for name in ("key", "device", "seconds", "computed")
    }
    tensors: dict[str, NDArray[Any]] = {
        "scores": one.matrix,
        "source_keys": one.source_keys,
        "target_keys": one.target_keys,
    }
    try:
        storage.save_tensors(path, tensors, meta)
    except OSError as error:
        log.warning("scores of %s are not kept: %s", path.parent.name, error)
