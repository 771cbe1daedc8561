"""Where a backbone's features come from: layer, weights and their licence, preprocessing, arithmetic; and what failed.

When they were made, and how long it took, is told by the extraction (``background.ExtractionJob.made``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.features import shards
from cldi_core.features.backbones import BACKBONES, label

IDENTITY = ("weights", "preprocessing", "layer", "arithmetic")  # what decides the values of features


@dataclass(frozen=True)
class Provenance:
    """What made a backbone's features in one data set; what is not recorded is empty.

    Attributes:
        pictures: how many have features.
        failed: of the others ``id``, ``file`` and ``reason``.
        weights: the SHA-256 of the weights' file.
        source, licence: of the weights.
        device: what computed them, such as ``"cpu x86_64"``.
    """

    name: str
    label: str
    layer: str
    dim: int
    preprocessing: str
    weights: str
    source: str
    licence: str
    pictures: int
    failed: tuple[dict[str, str], ...]
    device: str
    arithmetic: str


def provenance_of(dataset: Dataset, backbone: str) -> Provenance:
    """Where the features of a backbone come from.

    Raises:
        UnknownNameError: it has none; DatasetError: a file is broken.
    """
    loaded = shards.open_features(dataset, backbone)
    meta = loaded.meta
    known = BACKBONES.get(backbone)
    return Provenance(
        backbone,
        label(backbone),
        meta.get("layer", ""),
        loaded.matrix.shape[1],
        meta.get("preprocessing", ""),
        meta.get("weights", ""),
        known.source if known else meta.get("source", ""),
        meta.get("weights_licence", ""),
        len(loaded.ids),
        failed_pictures(loaded),
        " ".join(filter(None, (meta.get("device", ""), meta.get("processor", "")))),
        meta.get("arithmetic", "float32"),
    )


def identity(meta: Mapping[str, str]) -> tuple[str | None, ...]:
    """What decides the values of features, of what a shard or an extractor says of itself."""
    known = {"arithmetic": "float32", **meta}  # version 0.1 had no other, and did not say so
    return tuple(known.get(name) for name in IDENTITY)


def mixed(loaded: shards.Features) -> list[str]:
    """The names of ``IDENTITY`` in which shards differ, as after an extraction anew that was stopped half-way."""
    found = {identity(shard.meta) for shard in loaded.shards}
    return [name for place, name in enumerate(IDENTITY) if len({each[place] for each in found}) > 1]


def failed_pictures(loaded: shards.Features) -> tuple[dict[str, str], ...]:
    """The pictures that have no features, each with ``id``, ``file`` and ``reason``."""
    found = []
    for shard in loaded.shards:
        try:
            rows = json.loads(shard.meta.get("failed") or "[]")
            found += [{name: str(row[name]) for name in ("id", "file", "reason")} for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"the features of {loaded.meta.get('backbone')} say something unreadable of the pictures that failed; "
                "extract them again with --force"
            ) from error
    return tuple(found)
