"""What the page on image pivoting loads, without torch: it takes seconds to import and half of a server's memory.

A model is named by its data set and its ``Key``, a result by the options that lead to it besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cldi_core.data import wordlists
from cldi_core.features import backbones
from cldi_core.pivot import models, translation
from cldi_core.pivot.corpus import HOLDOUTS
from cldi_core.pivot.models import Key

from . import load, pivot_words, view

if TYPE_CHECKING:
    import numpy as np

    from cldi_core.pivot.certainty import Certainty, Described, Examples, Reading, Trials
    from cldi_core.pivot.corpus import Corpus
    from cldi_core.pivot.kept import Kept
    from cldi_core.pivot.search import Found, Index, Plane
    from cldi_core.pivot.standings import Margin

PICTURES, LISTED, DESCRIPTIONS = 15, 12, 8  # pictures and descriptions of a text, descriptions of a picture


def available(current: view.View) -> dict[str, Key]:
    """The trained models of the view: ``"items/pivot-sym/0"`` → key; those for both languages first."""
    folder, languages = translation.models_folder(load.opened(current.dataset)), wordlists.pair_languages(current.pair)
    found = [
        key
        for holdout in HOLDOUTS
        for key in models.trained_keys(folder, current.backbone, current.pair, languages, holdout)
    ]
    found.sort(key=lambda key: (key.seed, not models.find_model(key.model).bilingual, HOLDOUTS.index(key.holdout)))
    return {f"{key.holdout}/{key.model}/{key.seed}": key for key in found}


def elsewhere(name: str) -> list[str]:
    """For which pairs and backbones of a data set there are models, for people."""
    dataset = load.opened(name)
    folder = translation.models_folder(dataset)
    return [
        f"{pair} with {backbones.label(backbone)}"
        for backbone in dataset.backbones
        for pair in dataset.directions
        if any(models.trained_keys(folder, backbone, pair, wordlists.pair_languages(pair), way) for way in HOLDOUTS)
    ]


@load.cached(resource=True, max_entries=3, spinner="Reading the descriptions …")
def corpus(name: str, backbone: str, pair: str) -> Corpus:
    """The pictures and descriptions of a pair."""
    from cldi_core.pivot import sources

    return sources.of_dataset(load.opened(name), backbone, pair)


@load.cached(resource=True, max_entries=8, spinner="Loading the model …")
def index(name: str, key: Key) -> Index:
    """A trained model, ready to look things up in."""
    from cldi_core.pivot import joint, search

    folder = translation.models_folder(load.opened(name))
    return search.index(
        corpus(name, key.backbone, key.pair), joint.open_read(folder, key, wordlists.pair_languages(key.pair))
    )


@load.cached(max_entries=40)
def examples(name: str, key: Key, language: str, scope: str) -> Examples:
    """A text that goes well and one that does not."""
    from cldi_core.pivot import certainty

    found = index(name, key)
    return certainty.examples(found, language, found.keys(scope))


def reading(name: str, key: Key, text: str, language: str) -> Reading:
    """What training read of the words of a text."""
    from cldi_core.pivot import certainty

    return certainty.reading(index(name, key), text, language)


@load.cached(max_entries=200)
def described(name: str, key: Key, text: str, language: str, scope: str) -> Described:
    """Which of the items are described with a text."""
    from cldi_core.pivot import certainty

    found = index(name, key)
    return certainty.described(found, text, language, found.keys(scope))


@load.cached(resource=True, max_entries=12, spinner="Trying texts of held-out items …")
def trials(name: str, key: Key, language: str, scope: str) -> Trials:
    """Texts of held-out items, looked for as a reader's text is."""
    from cldi_core.pivot import certainty

    found = index(name, key)
    return certainty.trials(found, language, found.keys(scope))


def certainty(name: str, key: Key, language: str, scope: str, text: str, part: str, score: float) -> Certainty:
    """How often texts like one that was asked, with a nearest picture as near, found an item described with them."""
    from cldi_core.pivot import certainty

    return certainty.certainty(trials(name, key, language, scope), text, part, score)


@load.cached(max_entries=200)
def pictures(name: str, key: Key, text: str, language: str, scope: str) -> list[Found]:
    """The pictures nearest to a text."""
    from cldi_core.pivot import search

    found = index(name, key)
    return search.pictures(found, text, language, found.keys(scope), PICTURES)


@load.cached(max_entries=200)
def descriptions(name: str, key: Key, text: str, languages: tuple[str, str], scope: str) -> list[Found]:
    """The descriptions in the second language nearest to a text in the first."""
    from cldi_core.pivot import search

    found = index(name, key)
    return search.descriptions(found, text, languages, found.keys(scope), LISTED)


@load.cached(max_entries=400)
def of_picture(name: str, key: Key, picture: str, language: str, scope: str) -> list[Found]:
    """The descriptions nearest to a picture."""
    from cldi_core.pivot import search

    found = index(name, key)
    return search.of_picture(found, picture, language, found.keys(scope), DESCRIPTIONS)


@load.cached(resource=True, max_entries=12)
def plane(name: str, key: Key, language: str, scope: str) -> Plane:
    """The map of the joint space."""
    from cldi_core.pivot import search

    found = index(name, key)
    return search.plane(found, found.keys(scope), language)


def place(name: str, key: Key, language: str, scope: str, text: str) -> NDArray[np.float32]:
    """Where a text lies on the map: float32 (1, 2), or (0, 2) for nowhere."""
    from cldi_core.pivot import search

    return search.place(index(name, key), plane(name, key, language, scope), text, language)


@load.cached(resource=True, max_entries=6)
def ranks(name: str, backbone: str, pair: str, holdout: str) -> Kept:
    """The ranks that are kept of tested models and still stand; not to be changed."""
    from cldi_core.pivot import experiment

    folder = translation.models_folder(load.opened(name))
    preset = models.PRESETS["demo"]
    return experiment.Experiment(corpus(name, backbone, pair), pair, holdout, (), (), preset, folder).kept(
        experiment.RANKS
    )


def left_out(name: str, key: Key) -> tuple[str, str]:
    """What people are told of kept ranks that do not stand any more, and the command that measures them anew."""
    from cldi_core.pivot import standings

    stale = ranks(name, key.backbone, key.pair, key.holdout).stale
    labels = {standings.label(model): seeds for model, seeds in stale.items()}
    again = corpus(name, key.backbone, key.pair).again(holdout=key.holdout)
    return (pivot_words.left_out(labels), again) if labels else ("", "")


def tested(name: str, key: Key, task: str) -> list[str]:
    """The languages in which a task was tested."""
    frame = ranks(name, key.backbone, key.pair, key.holdout).frame
    return [] if frame is None else list(dict.fromkeys(frame["language"][frame["task"] == task]))


@load.cached(max_entries=60, spinner=load.SPINNER)
def standing(name: str, key: Key, task: str, language: str, seed: int | None = None) -> list[dict[str, Any]]:
    """How well all models and controls do one task, under all seeds or one; nothing where none was tested."""
    from cldi_core.pivot import standings

    frame = ranks(name, key.backbone, key.pair, key.holdout).frame
    return [] if frame is None else standings.standing(frame, task, language, seed)


@load.cached(max_entries=100)
def margins(name: str, key: Key, task: str, language: str) -> list[Margin] | None:
    """How a model does beside its baselines; ``None`` where it has not been tested."""
    from cldi_core.pivot import standings

    frame = ranks(name, key.backbone, key.pair, key.holdout).frame
    return None if frame is None else standings.margins(frame, key.model, task, language)
