"""Looking things up in a trained space: what is nearest to a text or to a picture, and a map of all of it.

Everything is ordered by the similarity that the model was trained with.  Where each language has a space of its own,
two descriptions are compared through pictures, as in ``scorers``.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import DatasetError, unknown_name
from cldi_core.evaluation import ranking
from cldi_core.pivot.corpus import Corpus, Item
from cldi_core.pivot.joint import Rows, Trained, check_fits
from cldi_core.pivot.scorers import Bridge, Learned
from cldi_core.pivot.text import words

if TYPE_CHECKING:
    from cldi_core.pivot.about import About

SCOPES = ("test", "all")  # items that training never saw, or every one
MAPPED = 2000  # items on the map at most; more are sampled
PICTURE = "pictures"  # a kind of point on the map; the others are languages


@dataclass(frozen=True)
class Found:
    """One thing that was found.

    Attributes:
        item: its id; picture: the id of the picture that matched, or of the item's first.
        text: the description; the item's name, in the language that was asked, where a picture was looked for.
        score: the similarity; rank: among all candidates, ties share the mean.
        part: what training had of it, see ``Index.part``.
        own: whether it belongs to what was asked for.
    """

    item: str
    picture: str
    text: str
    score: float
    rank: float
    part: str
    own: bool = False


@dataclass(frozen=True)
class Index:
    """A trained model, and the items that are looked up in its space."""

    corpus: Corpus
    model: Trained
    scorer: Learned = field(repr=False)

    @cached_property
    def _parts(self) -> dict[str, str]:
        split = self.model.any.split
        named = (("training", split.train), ("validation", split.validation), ("held out", split.test))
        return {key: name for name, keys in named for key in keys}

    @cached_property
    def spaces(self) -> dict[str, About]:
        """What is known of each space of the model: ``"en+de"``, or ``"en"`` and ``"de"``."""
        return {"+".join(about.languages): about for about in self.model.about.values()}

    @cached_property
    def row(self) -> dict[str, int]:
        """Picture id → its row of the corpus's features."""
        return {key: number for number, key in enumerate(self.corpus.pictures)}

    @cached_property
    def _item_of(self) -> dict[str, str]:
        return {self.corpus.pictures[row]: item.id for item in self.corpus.items for row in item.pictures}

    def item_of(self, picture: str) -> Item:
        """The item that a picture shows.

        Raises:
            UnknownNameError: there is no such picture.
        """
        if picture not in self._item_of:
            raise unknown_name("picture", picture, self.corpus.pictures)
        return self.corpus.item[self._item_of[picture]]

    def part(self, key: str, language: str = "") -> str:
        """What training had of an item, or of its description in a language.

        Returns:
            ``"training"``; ``"picture only"``, where training read no description in that language; ``"validation"``;
            ``"held out"``.
        """
        found = self._parts[key]
        if found == "training" and language and not self.corpus.item[key].texts.get(language):
            return "picture only"
        return found

    def keys(self, scope: str = "all") -> tuple[str, ...]:
        """The ids of the items of one of ``SCOPES``."""
        if scope not in SCOPES:
            raise unknown_name("scope", scope, SCOPES)
        return self.model.any.split.test if scope == "test" else tuple(item.id for item in self.corpus.items)

    def name(self, key: str, language: str = "") -> str:
        """An item's short name or first description: in a language if it has one there, else in the first that has."""
        item = self.corpus.item[key]
        own = [known[language] for known in (item.texts, item.asked) if language in known]
        every = (*own, *item.texts.values(), *item.asked.values())
        return next((texts[0] for texts in every if texts), key)

    def seen(self, language: str) -> Rows:
        """All pictures in the space of a language, worked out once: float32 (n, joint_dim)."""
        space = self.model.spaces[language]
        if id(space) not in self._seen:
            self._seen[id(space)] = space.picture_rows(self.corpus.features)
        return self._seen[id(space)]

    @cached_property
    def _seen(self) -> dict[int, Rows]:
        return {}

    @cached_property
    def said(self) -> dict[str, dict[str, tuple[frozenset[str], ...]]]:
        """Language → item → the words of each of its descriptions."""
        return {
            language: {
                item.id: tuple(frozenset(words(text)) for text in item.asked.get(language, ()))
                for item in self.corpus.items
            }
            for language in self.corpus.languages
        }

    @cached_property
    def read(self) -> dict[str, Counter[str]]:
        """Language → word → how many of the items described in training are described with it."""
        train = self.model.any.split.train
        return {
            language: Counter(
                word
                for item in self.corpus.part(train, language)
                for word in {word for text in item.texts[language] for word in words(text)}
            )
            for language in self.corpus.languages
        }

    def picture(self, item: Item) -> str:
        """The id of an item's first picture."""
        return self.corpus.pictures[item.pictures[0]]


def index(corpus: Corpus, model: Trained) -> Index:
    """Look things up in a model with a corpus.

    Raises:
        DatasetError: the model was trained on another corpus, or on another split of it.
    """
    check_fits(model, corpus)
    lost = [language for language in corpus.languages if language not in model.spaces]
    if lost:
        raise DatasetError(f"{model.model.label} holds {', '.join(model.spaces)} and not {lost[0]!r}; train it on both")
    return Index(corpus, model, Learned(model, Bridge.of(corpus, model.any.split)))


def nearest(found: Index, texts: Sequence[str], language: str, keys: Sequence[str]) -> NDArray[np.floating]:
    """The similarity of texts in a language to items: that of the nearest of an item's pictures, (n_texts, n_items).

    Args:
        keys: the ids of the items; all have a picture.
    """
    scores, _, starts = _to_pictures(found, texts, language, keys)
    return np.maximum.reduceat(scores, starts[:-1], axis=1)


def _to_pictures(
    found: Index, texts: Sequence[str], language: str, keys: Sequence[str]
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.int64]]:
    """Texts against all pictures of some items; the rows of these, and where each item's begin and the last ends."""
    items = [found.corpus.item[key] for key in keys]
    rows = np.array([row for item in items for row in item.pictures], np.int64)
    starts = np.cumsum([0, *(len(item.pictures) for item in items)])
    space, seen = found.model.spaces[language], found.seen(language)
    return space.texts_with_pictures(space.text_rows(texts, language), seen[rows]), rows, starts


def pictures(found: Index, text: str, language: str, keys: Sequence[str], top: int) -> list[Found]:
    """The items whose pictures are nearest to a text: of each item the picture that is nearest.

    Args:
        keys: the ids of the items that are candidates; all have a picture.

    Returns:
        At most ``top``, the nearest first; none for a text without words.
    """
    if not words(text) or not keys:
        return []
    scores, rows, starts = _to_pictures(found, [text], language, keys)
    best = np.array([start + scores[0, start:end].argmax() for start, end in itertools.pairwise(starts)])
    own = scores[0, best]
    ranks = ranking.rank(own)
    return [
        Found(
            keys[place], found.corpus.pictures[rows[best[place]]], found.name(keys[place], language),
            float(own[place]), float(ranks[place]), found.part(keys[place]),
        )
        for place in ranking.order(own)[:top].tolist()
    ]  # fmt: skip


def descriptions(found: Index, text: str, languages: tuple[str, str], keys: Sequence[str], top: int) -> list[Found]:
    """The descriptions in ``languages[1]`` that are nearest to a text in ``languages[0]``; as ``pictures``."""
    candidates = _candidates(found, keys, languages[1])
    if not words(text) or not candidates:
        return []
    scores = found.scorer.to_texts([text], [one for _, one in candidates], languages)
    return [] if scores is None else _listed(found, candidates, scores[0], languages[1], top)


def of_picture(found: Index, picture: str, language: str, keys: Sequence[str], top: int) -> list[Found]:
    """The descriptions in a language that are nearest to a picture, and all of its own, by rank.

    Args:
        picture: its id; keys: the ids of the items whose descriptions are candidates.
    """
    item = found.item_of(picture)
    candidates = _candidates(found, keys, language)
    if not candidates:
        return []
    features = found.corpus.features[[found.row[picture]]]
    scores = found.scorer.to_pictures([one for _, one in candidates], language, features)
    return [] if scores is None else _listed(found, candidates, scores[:, 0], language, top, item.id)


def _candidates(found: Index, keys: Sequence[str], language: str) -> list[tuple[str, str]]:
    """(id of the item, description) of every description of some items in a language."""
    return [(key, text) for key in keys for text in found.corpus.item[key].asked.get(language, ())]


def _listed(
    found: Index, candidates: Sequence[tuple[str, str]], scores: NDArray[np.floating], language: str, top: int,
    own: str = "",
) -> list[Found]:  # fmt: skip
    """The best ``top`` of the candidates, and those of the item ``own`` however deep."""
    ranks = ranking.rank(scores)
    return [
        Found(
            key, found.picture(found.corpus.item[key]), text, float(scores[place]), float(ranks[place]),
            found.part(key, language), key == own,
        )
        for number, place in enumerate(ranking.order(scores).tolist())
        for key, text in (candidates[place],)
        if number < top or key == own
    ]  # fmt: skip


@dataclass(frozen=True)
class Plane:
    """A map of a joint space: its two directions of largest variance.

    Attributes:
        kinds: of each point, ``PICTURE`` or a language; items: the id of its item; labels: what it says.
        xy: float32 (n, 2).
        share: of the variance that the two directions hold; total: items that could have been shown.
        means: kind → float64 (dim,), what its rows are centred by; axes: float64 (dim, 2).
    """

    kinds: tuple[str, ...]
    items: tuple[str, ...]
    labels: tuple[str, ...]
    xy: NDArray[np.float32]
    share: float
    total: int
    means: Mapping[str, NDArray[np.float64]] = field(repr=False)
    axes: NDArray[np.float64] = field(repr=False)


def plane(found: Index, keys: Sequence[str], language: str) -> Plane:
    """A map of some items: one picture of each, and its descriptions in each language of the space.

    Pictures and each language are centred apart, because training leaves a gap between them which says nothing of what
    is near.  Where each language has a space of its own, the map is of that of ``language``.
    """
    total = len(keys)
    if total > MAPPED:
        places = np.sort(np.random.default_rng(0).permutation(total)[:MAPPED])
        keys = [keys[place] for place in places.tolist()]
    items = [found.corpus.item[key] for key in keys]
    space = found.model.spaces[language]
    groups: list[tuple[str, list[str], list[str], NDArray[np.float64]]] = []
    shown = space.picture_rows(found.corpus.features[[item.pictures[0] for item in items]]).astype(np.float64)
    groups.append((PICTURE, list(keys), [found.name(key) for key in keys], shown))
    for one in space.languages:
        candidates = _candidates(found, keys, one)
        owners, texts = [key for key, _ in candidates], [text for _, text in candidates]
        rows = space.text_rows(texts, one).astype(np.float64) if texts else np.zeros((0, shown.shape[1]))
        groups.append((one, owners, texts, rows))
    means = {kind: rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1]) for kind, _, _, rows in groups}
    centred = np.concatenate([rows - means[kind] for kind, _, _, rows in groups])
    axes, share = _axes(centred)
    return Plane(
        tuple(kind for kind, owners, _, _ in groups for _ in owners),
        tuple(owner for _, owners, _, _ in groups for owner in owners),
        tuple(label for _, _, labels, _ in groups for label in labels),
        (centred @ axes).astype(np.float32),
        share,
        total,
        means,
        axes,
    )


def _axes(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The two directions of largest variance of centred rows, float64 (dim, 2), with fixed signs; and their share."""
    if not rows.any():  # all in one place
        return np.eye(rows.shape[1], 2), 0.0
    from sklearn.decomposition import PCA  # takes a second to import

    count = min(2, *rows.shape)
    found = PCA(count, svd_solver="randomized", random_state=0).fit(rows)
    return np.pad(found.components_.T, ((0, 0), (0, 2 - count))), float(found.explained_variance_ratio_.sum())


def place(found: Index, on: Plane, text: str, language: str) -> NDArray[np.float32]:
    """Where a text lies on a map: float32 (1, 2), or (0, 2) for a text without words or of a language not on it."""
    if not words(text) or language not in on.means:
        return np.zeros((0, 2), np.float32)
    row = found.model.spaces[language].text_rows([text], language).astype(np.float64)
    return np.asarray((row - on.means[language]) @ on.axes, np.float32)
