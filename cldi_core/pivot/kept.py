"""Ranks that are kept beside the models, and whether they still stand.

A row of ``ranks.parquet`` or ``words.parquet`` carries what it was measured with: ``corpus``, a digest of the corpus
and of the split of its seed (and of the word list, for words); ``trained``, one of the model, nothing for a control.
Rows that carry another digest than what is there now, or none, as files of version 0.1, are never shown beside others.
Of a model whose file is not there only ``corpus`` can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.errors import CldiError
from cldi_core.pivot import about
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.models import MODELS, Key

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.evaluation.pairs import Pair

VERSION = 1  # raise it when the numbers of ranks change: what is kept no longer stands
DIGESTS = ("corpus", "trained")


@dataclass(frozen=True)
class Kept:
    """What is kept of ranks.

    Attributes:
        frame: the rows that still stand; ``None`` where there are none.
        stale: model → the seeds whose rows do not stand any more.
    """

    frame: pd.DataFrame | None
    stale: Mapping[str, tuple[int, ...]]


def key_of(corpus: Corpus, seed: int, holdout: str, pair: Pair | None = None) -> str:
    """What ranks depend on beside the model: the corpus, its split, and with ``pair`` the words that are asked."""
    asked = [] if pair is None else [_asked(pair), *(keys.tobytes() for keys in pair.keys)]
    return storage.digest(VERSION, corpus.key(seed, holdout), *asked)


def _asked(pair: Pair) -> list[object]:
    return [pair.source.words, pair.target.words, [[query.id, query.right] for query in pair.queries]]


def digests(frame: pd.DataFrame, folder: Path, corpus: Corpus, where: Key, pair: Pair | None = None) -> pd.DataFrame:
    """The ``DIGESTS`` that ranks measured now would carry, a row for each row of ``frame``.

    Args:
        frame: with ``model`` and ``seed``; folder: where models are kept.
        where: backbone, pair and holdout (its model and seed do not matter); pair: for ranks of words.
    """
    asked = frame[["model", "seed"]].drop_duplicates()
    places = [
        Key.named(str(model), where.backbone, where.pair, where.holdout, int(seed))
        for model, seed in zip(asked["model"], asked["seed"], strict=True)
    ]
    keys = {seed: key_of(corpus, seed, where.holdout, pair) for seed in dict.fromkeys(key.seed for key in places)}
    found = asked.assign(
        corpus=[keys[key.seed] for key in places],
        trained=[_trained(folder, key, corpus.languages) for key in places],
    )
    return frame[["model", "seed"]].merge(found, on=["model", "seed"], how="left").set_axis(frame.index)


def standing(
    frame: pd.DataFrame | None,
    folder: Path,
    corpus: Corpus,
    where: Key,
    columns: Iterable[str],
    pair: Pair | None = None,
) -> Kept:
    """Those of some ranks that fit the corpus and the models that are there: arguments as for ``digests``.

    Args:
        columns: that the ranks must have.
    """
    if frame is None or not {"model", "seed"} <= set(frame.columns):
        return Kept(None, {})
    if not {*columns, *DIGESTS} <= set(frame.columns):
        return Kept(None, _by_model(frame))
    now = digests(frame, folder, corpus, where, pair)
    fits = (frame["corpus"] == now["corpus"]) & ((frame["trained"] == now["trained"]) | (now["trained"] == ""))
    return Kept(frame[fits] if fits.any() else None, _by_model(frame[~fits]))


def _trained(folder: Path, key: Key, languages: tuple[str, ...]) -> str:
    """The digest of a trained model; nothing for a control, or where there is none that can be read."""
    if key.model not in MODELS or not key.is_trained(folder, languages):
        return ""
    try:
        return about.digest_of(about.stored_of(folder, key, languages))
    except CldiError:
        return ""


def _by_model(frame: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for model, seed in zip(frame["model"], frame["seed"], strict=True):
        found.setdefault(str(model), set()).add(int(seed))
    return {model: tuple(sorted(seeds)) for model, seeds in found.items()}
