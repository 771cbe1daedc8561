"""Score matrices on disk: found where their key still stands, computed and kept where it does not.

``scores/<backbone>/<pair>/<ranker>.safetensors`` holds a matrix, the keys of its words (``ImageSets.keys``) and, in the
metadata, the key of everything that the scores depend on and a checksum.  Nothing stale or damaged is ever returned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import disk, storage
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker, Scored, Work, one_by_one, with_bases
from cldi_core.scoring import Progress, Scores

Together = Callable[[Work], dict[str, Scored]]
log = logging.getLogger(__name__)


class Scoring(Protocol):
    """``scored``, or what does the same elsewhere."""

    def __call__(
        self,
        pair: Pair,
        rankers: Sequence[Ranker],
        device: str = "cpu",
        progress: Progress | None = None,
        *,
        must_keep: bool = False,
    ) -> dict[str, Scored]:
        """As ``scored``."""


def scored(
    pair: Pair,
    rankers: Iterable[Ranker],
    device: str = "cpu",
    progress: Progress | None = None,
    *,
    must_keep: bool = False,
    announce: Callable[[Work], object] | None = None,
) -> dict[str, Scored]:
    """The scores of some rankers, with how they came about; what is stored and still true is not computed again.

    Args:
        device: ``"cpu"`` or ``"cuda"``, for those that can make use of it.
        progress: told the pictures done and their number, while a pass over them runs.
        must_keep: scores that cannot be written are an error; else they are only warned of, as they are at hand.
        announce: told what is to be computed, before it is; not where there is nothing.

    Raises:
        CldiError: a ranker cannot rank this pair, such as a model that has not been trained for it; or ``must_keep``.
    """
    rankers = list(rankers)
    wanted = with_bases(rankers)
    keys = {ranker.name: ranker.full_key(pair) for ranker in wanted}
    stored = {ranker.name: read(path_of(pair, ranker.name)) for ranker in wanted}
    found = {name: one for name, one in stored.items() if one is not None and one.key == keys[name]}
    stale = {name: one for name, one in stored.items() if one is not None and name not in found}
    missing = [one for one in wanted if one.name not in found]
    if announce is not None and missing:
        announce(Work(pair, missing, stale, found, device))
    made = computed(pair, missing, found, stale, device, progress)
    keep_each(pair, "scores", {name: partial(keep, path_of(pair, name), one) for name, one in made.items()}, must_keep)
    return {ranker.name: (found | made)[ranker.name] for ranker in rankers}


def computed(
    pair: Pair,
    rankers: Iterable[Ranker],
    found: Mapping[str, Scored] | None = None,
    stale: Mapping[str, Scored] | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Scored]:
    """The scores of some rankers and of those they are made from, bases first; nothing is read or kept.

    Args:
        found: scores that are at hand; stale: those of which a part may still hold.  Device, progress: as ``scored``.
    """
    known, groups = dict(found or {}), dict[tuple[int, Together], list[Ranker]]()
    for ranker in with_bases(rankers):
        if ranker.name not in known:
            groups.setdefault((ranker.depth, ranker.together or one_by_one), []).append(ranker)
    made: dict[str, Scored] = {}
    for (_, together), members in sorted(groups.items(), key=lambda group: group[0][0]):
        fresh = together(Work(pair, members, stale or {}, known, device, progress))
        made |= fresh
        known |= fresh
    return made


def row_of(pair: Pair, ranker: Ranker, word: str) -> NDArray[np.float32] | None:
    """The scores of one source word, float32 (n_target,): stored ones, or computed without those of other words.

    Nothing is written.  ``None`` where nothing that holds is stored and only the whole matrix would tell.

    Raises:
        CldiError: the ranker cannot rank this pair.
    """
    stored = whole_of(pair, ranker)
    if stored is not None:
        row: NDArray[np.float32] = stored[pair.source.row(word)].copy()  # a view would hold the whole file in memory
        return row
    return None if ranker.row is None else ranker.row(pair, word)


def whole_of(pair: Pair, ranker: Ranker) -> Scores | None:
    """The stored scores of all words, float32 (n_source, n_target); ``None`` where nothing that holds is stored.

    Raises:
        CldiError: the ranker cannot rank this pair.
    """
    key, stored = ranker.full_key(pair), read(path_of(pair, ranker.name))
    return stored.matrix if stored is not None and stored.key == key else None


def path_of(pair: Pair, name: str) -> Path:
    """Where the scores of a ranker are kept."""
    return pair.dataset.path / "scores" / pair.backbone / pair.name / f"{name}.safetensors"


def read(path: Path) -> Scored | None:
    """What is stored; ``None`` where there is nothing, or nothing of use."""
    try:
        return read_whole(path)
    except DatasetError:
        return None


def read_whole(path: Path) -> Scored | None:
    """As ``read``, but what is damaged is an error.

    The checksum is looked at each time: that takes 1.6 ms for the 748 × 774 words of the demo, 70 ms for 5000 × 5000.

    Raises:
        DatasetError: the file is broken or cut off, or its checksum does not fit it.
    """
    if not path.is_file():
        return None
    tensors, meta = storage.map_tensors(path)
    known = {name: value for name, value in meta.items() if name != "checksum"}
    if "checksum" not in meta:  # of an older version
        return None
    if storage.checksum(tensors, known) != meta["checksum"]:
        raise DatasetError("it is not what was written: its checksum does not fit")
    try:
        matrix, source, target = (tensors[name] for name in ("scores", "source_keys", "target_keys"))
        fits = matrix.dtype == np.float32 and matrix.shape == (len(source), len(target))
        keyed = all(keys.dtype == np.uint8 and keys.shape[1:] == (16,) for keys in (source, target))
        how = meta["key"], meta["recipe"], meta["device"]
        return Scored(matrix, *how, 0.0, 0, source, target, float(meta["error"]), True) if fits and keyed else None
    except (KeyError, ValueError):
        return None


def keep_each(pair: Pair, what: str, keeping: Mapping[str, Callable[[], object]], must_keep: bool) -> None:
    """Keep the results of each ranker, as far as the disk lets one, and say in one line of which it does not.

    Raises:
        DatasetError: ``must_keep``, and something could not be written; what could be has been.
    """
    lost: dict[str, OSError] = {}
    for name, keep_one in keeping.items():
        try:
            keep_one()
        except OSError as error:
            lost[name] = error
    if lost:
        first, folder = next(iter(lost.values())), pair.dataset.path
        told = f"{what} of {pair.name} are not kept: {', '.join(lost)} ({disk.reason(first, folder)})"
        if must_keep:
            place = repr(str(folder))
            again = f"let {place} be written to, and run this again"
            raise DatasetError(f"{told}; {disk.step(first, folder, again, f'in {place}')}")
        log.warning(told)


def keep(path: Path, one: Scored) -> None:
    """Store scores, of which nothing tells how they came about; OSError where they cannot be written."""
    meta = {name: str(getattr(one, name)) for name in ("key", "recipe", "device", "error")}
    tensors: dict[str, NDArray[Any]] = {
        "scores": one.matrix,
        "source_keys": one.source_keys,
        "target_keys": one.target_keys,
    }
    storage.save_tensors(path, tensors, {**meta, "checksum": storage.checksum(tensors, meta)})
