"""What is known of the features of a backbone: what they are, whose weights made them, when and how; what failed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.features import shards
from cldi_core.features.backbones import BACKBONES, label

RECORD = "extraction.json"  # beside the features; ``extract`` writes it


@dataclass(frozen=True)
class Card:
    """A backbone's features in one data set; what is not recorded is empty.

    Attributes:
        pictures: how many have features.
        failed: of the others ``id``, ``file`` and ``reason``.
        weights: the SHA-256 of the weights' file.
        source, licence: of the weights.
        finished: when, as ISO 8601; ``seconds``: how long the newest extraction took, for ``extracted`` pictures.
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
    finished: str
    seconds: float | None
    extracted: int | None


def card(dataset: Dataset, backbone: str) -> Card:
    """The card of a backbone that has features.

    Raises:
        UnknownNameError: it has none; DatasetError: a file is broken.
    """
    loaded = shards.load(dataset, backbone)
    meta = loaded.meta
    record = _record(dataset, backbone)
    known = BACKBONES.get(backbone)
    seconds, extracted = record.get("seconds"), record.get("extracted")
    return Card(
        backbone,
        label(backbone),
        meta.get("layer", ""),
        loaded.matrix.shape[1],
        meta.get("preprocessing", ""),
        meta.get("weights", ""),
        known.source if known else "",
        meta.get("weights_licence", ""),
        len(loaded.ids),
        failures(loaded),
        " ".join(filter(None, (meta.get("device", ""), meta.get("processor", "")))),
        meta.get("arithmetic", "float32"),
        str(record.get("finished", "")),
        float(seconds) if isinstance(seconds, int | float) else None,
        extracted if isinstance(extracted, int) else None,
    )


def failures(loaded: shards.Features) -> tuple[dict[str, str], ...]:
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


def _record(dataset: Dataset, backbone: str) -> dict[str, object]:
    try:
        found = json.loads((dataset.home / "features" / backbone / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
