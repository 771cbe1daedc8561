"""Models of a data set: trained where they are not yet, found where they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch

from cldi_core.data import storage
from cldi_core.errors import CldiError
from cldi_core.pivot import checkpoint, models, training
from cldi_core.pivot.about import About, Epoch
from cldi_core.pivot.corpus import Corpus, Split
from cldi_core.pivot.joint import Joint, Trained, check_fits
from cldi_core.pivot.models import Key, TrainingOptions
from cldi_core.pivot.space import Space
from cldi_core.pivot.training import State, TrainingError
from cldi_core.scoring.hardware import check_device

__all__ = ["Report", "Trained", "check_fits", "open_trained", "train"]
Report = Callable[[str, int, int, Epoch], None]


def train(
    corpus: Corpus,
    key: Key,
    options: TrainingOptions,
    folder: Path,
    *,
    device: str = "cpu",
    force: bool = False,
    report: Report | None = None,
) -> Trained:
    """Train a model, going on where an interrupted run stopped; what was trained the same way is not trained again.

    Args:
        options: their seed, ``holdout`` and ``permuted`` are replaced by the key's.
        folder: where models are kept.
        report: told the label, epochs done, their number, and the last one.

    Raises:
        TrainingError: the loss is no number; DatasetError: what cannot be trained on.
    """
    check_device(device)
    options = replace(options, seed=key.seed, holdout=key.holdout, permuted=key.permuted)
    model, split = models.find_model(key.model), corpus.split(key.seed, key.holdout)
    spaces: dict[str, Space] = {}
    known: dict[str, About] = {}
    for languages in model.spaces(corpus.languages):
        path = key.path(folder, languages)
        with storage.lock(path.parent, f"pivot train --model {key.model}"):
            if force or not _is(path, options, corpus, split):
                label = f"{model.label} {'+'.join(languages)}" + (" (pictures permuted)" if key.permuted else "")
                state = training.begin(corpus, split, model, languages, options, device)
                _train(corpus, split, state, path, lambda *done, label=label: report and report(label, *done))
            checkpoint.drop_state(path)  # also that of a run that was killed when it had stored the space
        space, about = checkpoint.read_checkpoint(path, device)
        spaces |= dict.fromkeys(languages, space)
        known |= dict.fromkeys(languages, about)
    return Trained(key, spaces, known)


def _train(corpus: Corpus, split: Split, state: State, path: Path, report: training.Report) -> None:
    """Train a space from where it was left, and store it; if it fails, store what is best so far, and say so."""
    space = state.space
    plan = storage.digest(
        space.model.name, space.languages, asdict(space.options), corpus.digest, asdict(split), torch.get_num_threads()
    )
    state = checkpoint.find_state(path, state, plan)

    def save(stopped: str = "") -> None:
        about = About(
            space.model.name, space.languages, space.options, corpus.name, corpus.digest, corpus.backbone,
            corpus.shared, split, tuple(state.curve), state.best_epoch, state.curve[-1].seconds, stopped,
        )  # fmt: skip
        state.space.load_state_dict(state.best)
        checkpoint.write_checkpoint(path, state.space, about)

    try:
        training.train(corpus, split, state, keep=lambda one: checkpoint.keep_state(path, one, plan), report=report)
    except TrainingError as error:
        if state.best_epoch >= 0 and not path.is_file():
            save(str(error))
            raise TrainingError(f"{error}; epoch {state.best_epoch + 1}, the best before it, is kept") from error
        raise
    save()


def _is(path: Path, options: TrainingOptions, corpus: Corpus, split: Split) -> bool:
    """Whether the space that is stored was trained in just this way, and can be read."""
    try:
        _, about = checkpoint.read_checkpoint(path)
    except CldiError:
        return False
    same = about.options == options and about.digest == corpus.digest and about.split == split
    return same and not about.stopped


def open_trained(folder: Path, key: Key, languages: tuple[str, ...], device: str = "cpu") -> Trained:
    """A model that has been trained.

    Raises:
        DatasetError: it has not, or its file is broken.
    """
    spaces: dict[str, Joint] = {}
    known: dict[str, About] = {}
    for own in models.find_model(key.model).spaces(languages):
        space, about = checkpoint.read_checkpoint(key.path(folder, own), device)
        spaces |= dict.fromkeys(own, space)
        known |= dict.fromkeys(own, about)
    return Trained(key, spaces, known)
