"""Models trained and tested beside their controls, over several split seeds; and the ranks that are kept of it.

Ranks are kept beside the models, ``<backbone>/<pair>/<holdout>/ranks.parquet`` (as in ``evaluation``) and
``words.parquet`` (of word translation, as in ``word_ranks``): tables are made of them, for whatever models they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cldi_core.data import storage
from cldi_core.data.dataset import SETTINGS, Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.image_methods import IMAGE_METHODS
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.rankings import ranked, rankings
from cldi_core.pivot import about, evaluation, kept, resampling, scorers, translation
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.joint import Trained, check_fits
from cldi_core.pivot.kept import Kept
from cldi_core.pivot.models import MODELS, Key, TrainingOptions

if TYPE_CHECKING:
    import pandas as pd

    from cldi_core.pivot.trained import Report

PERMUTED = ("pivot-sym", "parallel-sym")  # trained with permuted pictures too
RANKS, WORDS = "ranks.parquet", "words.parquet"
WORD_COLUMNS = ("seed", "model", "query", "word", "pos", "rank", "held_out", "unknown")
BESIDE = (IMAGE_METHODS["avgmax"], *CONTROLS.values())  # word translation without training


@dataclass(frozen=True)
class Experiment:
    """What is trained: models on one corpus, held out in one way, with some seeds.

    Attributes:
        folder: where models and ranks are kept.
        dataset: the data set, if they are kept in it.
    """

    corpus: Corpus
    pair: str
    holdout: str
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    options: TrainingOptions
    folder: Path
    device: str = "cpu"
    dataset: Dataset | None = None

    @property
    def keys(self) -> list[Key]:
        """Every training of it, controls included; PARALLEL only where items are described in two languages."""
        names = [name for name in self.models if self.corpus.shared or not MODELS[name].parallel]
        both = [(name, permuted) for name in names for permuted in (False, True) if not permuted or name in PERMUTED]
        return [
            Key(self.corpus.backbone, self.pair, name, self.holdout, seed, permuted)
            for seed in self.seeds
            for name, permuted in both
        ]

    def path(self, name: str) -> Path:
        """Where a table of ranks is kept."""
        return self.folder / self.corpus.backbone / self.pair / self.holdout / name

    @cached_property
    def words(self) -> Pair | None:
        """The words that models can translate, where whole words are held out and there is a list of them."""
        if self.dataset is None or self.holdout != translation.HOLDOUT or self.pair not in self.dataset.directions:
            return None
        return open_pair(self.dataset, self.corpus.backbone, self.pair)

    def kept(self, name: str) -> Kept:
        """The ranks that are kept, ``RANKS`` or ``WORDS``."""
        where = Key(self.corpus.backbone, self.pair, "", self.holdout)
        columns, pair = (evaluation.COLUMNS, None) if name == RANKS else (WORD_COLUMNS, self.words)
        return kept.standing(storage.whole_frame(self.path(name)), self.folder, self.corpus, where, columns, pair)

    def marked(self, frame: pd.DataFrame, pair: Pair | None = None) -> pd.DataFrame:
        """Ranks with the digests of what they were measured with."""
        where = Key(self.corpus.backbone, self.pair, "", self.holdout)
        found = kept.digests(frame, self.folder, self.corpus, where, pair)
        return frame.assign(**{name: found[name] for name in kept.DIGESTS})


def train(experiment: Experiment, *, force: bool = False, report: Report | None = None) -> dict[Key, Trained]:
    """Train all models of an experiment that are not trained yet."""
    from cldi_core.pivot import trained  # imports torch, which who reads kept ranks does not need

    return {
        key: trained.train(
            experiment.corpus,
            key,
            experiment.options,
            experiment.folder,
            device=experiment.device,
            force=force,
            report=report,
        )
        for key in experiment.keys
    }


def ranks(experiment: Experiment, models: Iterable[Trained]) -> pd.DataFrame:
    """The ranks of the test items under some models and all controls: see ``evaluation``.

    Raises:
        DatasetError: a model was trained on another corpus, or on another split of it.
    """
    import pandas as pd

    corpus, frames = experiment.corpus, []
    by_seed: dict[int, list[Trained]] = {}
    for model in models:
        by_seed.setdefault(model.key.seed, []).append(model)
    for seed, own in by_seed.items():
        for model in own:
            check_fits(model, corpus)
        split = corpus.split(seed, experiment.holdout)
        bridge = scorers.Bridge.of(corpus, split)
        every = [*(scorers.Learned(model, bridge) for model in own), *scorers.rivals(corpus, split, bridge)]
        known = {language: space.vocabularies[language] for model in own for language, space in model.spaces.items()}
        frames.append(evaluation.retrieval_ranks(corpus, split.test, every, known, seed))
    if not frames:
        raise UnknownNameError("there is no trained model to test")
    return experiment.marked(pd.concat(frames, ignore_index=True))


def words(experiment: Experiment) -> pd.DataFrame | None:
    """``word_ranks`` of an experiment's models; ``None`` where no words are asked."""
    pair = experiment.words
    if pair is None:
        return None
    return experiment.marked(word_ranks(pair, experiment.models, experiment.seeds, experiment.corpus), pair)


def word_ranks(pair: Pair, names: Sequence[str], seeds: Sequence[int], corpus: Corpus | None = None) -> pd.DataFrame:
    """Word translation by trained models, by AVGMAX and the controls on the same words.

    Args:
        corpus: that of the pair, where it is at hand.

    Returns:
        A row for each query, seed and model: ``seed``, ``model``, ``query``, ``word``, ``pos``, ``rank``, ``held_out``
        (training has seen nothing that the word or a right answer stands for), ``unknown`` (training has not seen the
        word itself).
    """
    import pandas as pd

    beside = rankings(pair, BESIDE)
    frames = []
    for seed in seeds:
        trained_ones = translation.trained(pair.dataset, pair.backbone, pair.name, seed)
        there = [name for name in names if name in trained_ones]
        if not there:
            continue
        out, new = translation.held_out(pair, there[0], seed), translation.unknown_words(pair, there[0], seed)
        found = {name: ranked(pair, translation.scores(pair, name, seed, corpus=corpus)) for name in there}
        for name, frame in {**found, **beside}.items():
            part = frame[["query", "word", "pos", "rank"]]
            seen = {"held_out": part["query"].isin(out), "unknown": part["word"].isin(new)}
            frames.append(part.assign(seed=seed, model=name, **seen))
    if not frames:
        raise UnknownNameError(
            f"no model for words of {pair.name} has been trained with seeds {', '.join(map(str, seeds))}"
        )
    return pd.concat(frames, ignore_index=True)


def word_table(frame: pd.DataFrame, *, held_out: bool) -> list[dict[str, Any]]:
    """A record for each model and part of speech, on all words or on the held-out ones.

    Returns:
        ``model``, ``setting`` (``"ALL"``, ``"NN"``, …), ``mrr`` and ``p@k`` with ``…_low`` and ``…_high`` (95 %
        bootstrap over words and seeds together), ``n`` words, ``seeds``, ``unknown`` (share of the words
        that training has not seen).
    """
    records = []
    rows = frame[frame["held_out"]] if held_out else frame
    for model, own in rows.groupby("model", sort=False):
        for setting, letters in SETTINGS.items():
            part = own[own["pos"].isin(letters)]
            table = part.pivot(index="query", columns="seed", values="rank").to_numpy(np.float64)
            if not table.size:
                continue
            figures = metrics.figures(table)
            record: dict[str, Any] = {"model": model, "setting": setting}
            for name, values in figures.items():
                record |= resampling.interval(values).record(name)
            record |= {"n": int((~np.isnan(table)).any(axis=1).sum()), "seeds": int(part["seed"].nunique())}
            records.append({**record, "unknown": float(part["unknown"].mean())})
    return records


def keep(experiment: Experiment, name: str, frame: pd.DataFrame) -> None:
    """Store ranks; of what is there only those of other models and seeds stay, and only if they still stand."""
    small = joined(frame, experiment.kept(name).frame).astype({"rank": "float32"})
    storage.write_frame(experiment.path(name), small, compression="zstd", compression_level=19)


def keep_new(experiment: Experiment, name: str, frame: pd.DataFrame) -> None:
    """Store ranks of models and seeds of which none that still stand are kept."""
    found = experiment.kept(name).frame
    new = frame if found is None else without(frame, found)
    if len(new):
        keep(experiment, name, new)


def joined(new: pd.DataFrame, old: pd.DataFrame | None) -> pd.DataFrame:
    """New ranks, then those old ones that are of other models or seeds."""
    import pandas as pd

    return new if old is None else pd.concat([new, without(old, new)], ignore_index=True)


def without(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The ranks whose model was not tested under their seed in ``other``."""
    there = set(zip(other["model"], other["seed"], strict=True))
    return frame[[one not in there for one in zip(frame["model"], frame["seed"], strict=True)]]


def seconds(folder: Path, keys: Iterable[Key], languages: tuple[str, ...]) -> dict[str, float]:
    """How long the training of each model took, its spaces together; the mean over seeds."""
    found: dict[str, list[float]] = {}
    for key in keys:
        if key.is_trained(folder, languages):
            taken = (about.stored(path).about.seconds for path in key.paths(folder, languages))
            found.setdefault(key.name, []).append(sum(taken))
    return {name: float(np.mean(values)) for name, values in found.items()}
