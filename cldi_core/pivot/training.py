"""Training a space: Adam on batches of items, early stopping, and a state on disk from which a killed run goes on.

Everything that is drawn in an epoch depends on the seed and the epoch's number only, so a run that was interrupted ends
as it would have without.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cldi_core.errors import CldiError, DatasetError
from cldi_core.pivot import losses
from cldi_core.pivot.about import Epoch
from cldi_core.pivot.corpus import Corpus, Split, drawn, one_picture
from cldi_core.pivot.models import Model, TrainingOptions
from cldi_core.pivot.retrieval import KS, best_ranks
from cldi_core.pivot.space import Space
from cldi_core.pivot.text import Vocabulary

DRAWS = 5  # of the validation items' pictures
KEEP_EVERY = 20.0  # seconds between two states on disk
Report = Callable[[int, int, "Epoch"], None]


ADVICE = "train with a smaller --rate, or look for broken features; what was trained before stands"


class TrainingError(CldiError):
    """Training that cannot go on."""


@dataclass
class State:
    """Where a training is.

    Attributes:
        space, adam: as they are after the last epoch.
        averaged: the space with the average of its parameters over the epochs.
        best: the parameters of the best epoch so far, and which it was (-1 before there is one).
        curve: one entry per epoch.
    """

    space: Space
    averaged: Space
    adam: torch.optim.Optimizer
    best: dict[str, Tensor]
    best_epoch: int
    curve: list[Epoch]


def vocabularies(corpus: Corpus, split: Split, languages: Sequence[str]) -> dict[str, Vocabulary]:
    """The words of the training items' texts.

    Raises:
        DatasetError: a language describes no training item, or only one.
    """
    found = {}
    for language in languages:
        items = corpus.part(split.train, language)
        if len(items) < 2:
            raise DatasetError(
                f"{corpus.name!r} describes {len(items)} training pictures in {language!r}; expected at least 2, "
                "because a model learns by telling pictures apart"
            )
        found[language] = Vocabulary.of(text for item in items for text in item.texts[language])
    return found


def begin(
    corpus: Corpus, split: Split, model: Model, languages: Sequence[str], options: TrainingOptions, device: str
) -> State:
    """A space with its first weights, which depend on the seed only."""
    known = vocabularies(corpus, split, languages)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        space = Space(model, known, corpus.features.shape[1], options)
    rows = [row for language in languages for item in corpus.part(split.train, language) for row in item.own[language]]
    space.pictures.centre(torch.from_numpy(corpus.features[sorted(set(rows))]))
    space.to(device)
    return State(space, copy.deepcopy(space), adam(space, options), {}, -1, [])


def adam(space: Space, options: TrainingOptions) -> torch.optim.Optimizer:
    """Adam over all parameters at once."""
    return torch.optim.Adam(space.parameters(), lr=options.rate, fused=True)


def train(
    corpus: Corpus,
    split: Split,
    state: State,
    *,
    keep: Callable[[State], None] | None = None,
    report: Report | None = None,
) -> State:
    """Train until the epochs are over or validation recall has not grown for ``patience`` of them.

    Args:
        state: where to begin; it is changed.
        keep: is given the state now and then, and at the end.
        report: told epochs done, their number, and the last one.

    Raises:
        TrainingError: the loss is no number; ``state.best`` is as before.
    """
    options, started, kept = state.space.options, time.monotonic(), time.monotonic()
    before = state.curve[-1].seconds if state.curve else 0.0
    batches = Batches(corpus, split, state.space)
    check = Validation(corpus, split.validation, state.space.languages, options.seed)
    while not finished(state):
        number = len(state.curve)
        loss = _epoch(state, batches, number)
        _average(state, options.average if number else 0.0)
        if not _can_be_kept(state.averaged):
            raise TrainingError(
                f"the numbers of {state.space.model.label} became too large in epoch {number + 1}; {ADVICE}"
            )
        recall = check.recall(state.averaged)
        state.curve.append(Epoch(loss, recall, before + time.monotonic() - started))
        # What is learned from permuted pictures cannot be validated on right ones: it trains to the end.
        if options.permuted or state.best_epoch < 0 or recall > state.curve[state.best_epoch].recall:
            state.best = {name: tensor.detach().clone() for name, tensor in state.averaged.state_dict().items()}
            state.best_epoch = number
        if report:
            report(number + 1, options.epochs, state.curve[-1])
        if keep and (time.monotonic() - kept > KEEP_EVERY or finished(state)):
            keep(state)
            kept = time.monotonic()
    state.space.load_state_dict(state.best)
    return state


def _average(state: State, kept: float) -> None:
    with torch.no_grad():
        for own, newest in zip(state.averaged.parameters(), state.space.parameters(), strict=True):
            own.lerp_(newest, 1 - kept)


def _can_be_kept(space: Space) -> bool:
    """Whether all parameters are finite numbers, also as float16."""
    return all(bool(torch.isfinite(parameter.half()).all()) for parameter in space.parameters())


def finished(state: State) -> bool:
    """Whether there is nothing left to train."""
    done, options = len(state.curve), state.space.options
    return done >= options.epochs or (done > 0 and done - 1 - state.best_epoch >= options.patience)


def _epoch(state: State, batches: Batches, number: int) -> float:
    state.space.train()
    total, steps = 0.0, 0
    for batch in batches.of(number):
        loss = batches.loss(state.space, batch)
        value = float(loss.detach())
        if not np.isfinite(value):
            raise TrainingError(f"the loss of {state.space.model.label} became {value} in epoch {number + 1}; {ADVICE}")
        state.adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.space.parameters(), state.space.options.clip)
        state.adam.step()
        total, steps = total + value, steps + 1
    return total / max(steps, 1)


class Batches:
    """What is drawn for training: for each language, items with a picture and a description of theirs."""

    def __init__(self, corpus: Corpus, split: Split, space: Space) -> None:
        self.corpus, self.options = corpus, space.options
        self.features = torch.from_numpy(corpus.features)
        self.items = {language: corpus.part(split.train, language) for language in space.languages}
        self.rows = {
            language: {item.id: item.own[language] for item in items} for language, items in self.items.items()
        }
        if self.options.permuted:
            self.rows = permuted(corpus, split, self.rows, self.options.seed)
        self.parallel = space.model.parallel

    def of(self, epoch: int) -> list[list[str]]:
        """The batches of an epoch: ids of items, each once; an item brings every language that describes it."""
        rng = np.random.default_rng([self.options.seed, 2, epoch])
        self.rng = np.random.default_rng([self.options.seed, 3, epoch])
        keys = list(dict.fromkeys(item.id for items in self.items.values() for item in items))
        order = rng.permutation(len(keys)).tolist()
        # As many items as give each language ``batch`` descriptions: twice as many where each is described in one only.
        size = round(self.options.batch * len(self.items) * len(keys) / sum(map(len, self.items.values())))
        return [[keys[number] for number in order[start : start + size]] for start in range(0, len(keys), size)]

    def loss(self, space: Space, batch: Sequence[str]) -> Tensor:
        """PIVOT, or PARALLEL, of a batch of items."""
        device = next(space.parameters()).device
        pictures, texts, places = {}, {}, {}
        for language, rows in self.rows.items():
            own = [key for key in batch if key in rows]
            if not own:
                continue
            chosen = [rows[key][int(self.rng.integers(len(rows[key])))] for key in own]
            lines = [
                drawn(self.corpus.item[key].texts[language], self.rng, keyworded=self.corpus.keyworded) for key in own
            ]
            pictures[language] = space.of_pictures(self.features[chosen].to(device))
            texts[language] = space.of_texts(lines, language)
            places[language] = {key: place for place, key in enumerate(own)}
        pairs = None
        if self.parallel and len(places) == 2:
            (one, first), (other, second) = places.items()
            both = [key for key in first if key in second]
            if both:
                pairs = texts[one][[first[key] for key in both]], texts[other][[second[key] for key in both]]
        options = self.options
        return losses.pivot(
            pictures, texts, space.compare, space.margin, pairs=pairs, swapped=options.swapped, hardest=options.hardest
        )


def permuted(
    corpus: Corpus, split: Split, rows: dict[str, dict[str, tuple[int, ...]]], seed: int
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Each training item with the pictures of another, the same one in both languages.

    So a picture still tells training items apart, and still joins their languages, but shows something else.
    """
    order = [split.train[place] for place in np.random.default_rng([seed, 4]).permutation(len(split.train))]
    # Each takes the next one's in a random order, so that none keeps its own.
    other = {key: corpus.item[following] for key, following in zip(order, [*order[1:], *order[:1]], strict=True)}
    return {
        language: {key: other[key].own.get(language) or other[key].pictures for key in found}
        for language, found in rows.items()
    }


class Validation:
    """Recall on the validation items: the mean over languages, directions, k = 1, 5, 10 and draws of the pictures."""

    def __init__(self, corpus: Corpus, keys: Sequence[str], languages: Sequence[str], seed: int) -> None:
        self.asked: dict[str, tuple[list[str], NDArray[np.bool_], list[Tensor]]] = {}
        for language in languages:
            items = corpus.part(keys, language, asked=True)
            texts = [text for item in items for text in item.asked[language]]
            owner = np.array([number for number, item in enumerate(items) for _ in item.asked[language]], np.int64)
            right = owner[:, None] == np.arange(len(items))[None, :]
            drawn = [one_picture(items, language, np.random.default_rng([seed, 5, draw])) for draw in range(DRAWS)]
            # Where items have one picture only, all draws are alike.
            kinds = dict.fromkeys(tuple(rows) for rows in drawn)
            self.asked[language] = texts, right, [torch.from_numpy(corpus.features[list(rows)]) for rows in kinds]

    def recall(self, space: Space) -> float:
        """0 … 1."""
        space.eval()
        device, found = next(space.parameters()).device, []
        with torch.no_grad():
            for language, (texts, right, drawn) in self.asked.items():
                if not texts:
                    continue
                rows = space.of_texts(texts, language)
                for features in drawn:
                    scores = space.to_pictures(rows, space.of_pictures(features.to(device))).cpu().numpy()
                    if np.isnan(scores).any():
                        raise TrainingError(
                            f"similarities of {space.model.label} are no numbers on validation; {ADVICE}"
                        )
                    for ranks in (best_ranks(scores, right), best_ranks(scores.T, right.T)):
                        found += [float((ranks <= k).mean()) for k in KS]
        return float(np.mean(found)) if found else 0.0
