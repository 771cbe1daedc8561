"""Word translation by trained models: single words are embedded as texts and ranked like under any other method.

The models are those that were trained with ``holdout="words"``, of seed 0: there are words of whose pictured items
training has seen none.  Figures of those words and of all words are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import pair_languages
from cldi_core.errors import CldiError, DatasetError, UnknownNameError
from cldi_core.evaluation.ranker import TRAINED, Ranker
from cldi_core.pivot import about, models
from cldi_core.pivot.models import MODELS, Key, Model

if TYPE_CHECKING:
    from cldi_core.evaluation.pairs import Pair
    from cldi_core.pivot.corpus import Corpus

FOLDER = "pivot"  # of a data set
HOLDOUT = "words"


def models_folder(dataset: Dataset) -> Path:
    """Where a data set's models are kept."""
    return dataset.path / FOLDER


def trained(dataset: Dataset, backbone: str, pair: str, seed: int = 0) -> list[str]:
    """The models that can translate words of a pair."""
    return [name for name in MODELS if is_trained(dataset, Key(backbone, pair, name, HOLDOUT, seed))]


def is_trained(dataset: Dataset, key: Key) -> bool:
    """Whether a model is there."""
    return key.is_trained(models_folder(dataset), pair_languages(key.pair))


def offers(dataset: Dataset) -> list[str]:
    """``"backbone/pair/model"`` for each that can."""
    return [
        f"{backbone}/{pair}/{name}"
        for backbone in dataset.backbones
        for pair in dataset.directions
        for name in trained(dataset, backbone, pair)
    ]


def stored(pair: Pair, name: str, seed: int = 0) -> dict[str, about.Stored]:
    """The files of a model: language → the one that holds it.

    Raises:
        UnknownNameError: it has not been trained; DatasetError: a file of it is broken.
    """
    key = Key(pair.backbone, pair.name, name, HOLDOUT, seed)
    if not is_trained(pair.dataset, key):
        options = ("--pair", pair.name, "--backbone", pair.backbone, "--model", name, "--holdout", HOLDOUT)
        raise UnknownNameError(
            f"{models.find_model(name).label} has not been trained for {pair.name} of {pair.dataset.name!r} with "
            f"{pair.backbone}; train it: {pair.dataset.command('pivot train', *options)}"
        )
    return about.stored_of(models_folder(pair.dataset), key, pair.languages)


def digest(pair: Pair, name: str, seed: int = 0) -> str:
    """A digest of the trained model."""
    return about.digest_of(stored(pair, name, seed))


def scores(
    pair: Pair, name: str, seed: int = 0, words: Sequence[str] | None = None, *, corpus: Corpus | None = None
) -> NDArray[np.float32]:
    """How alike each source word and each candidate is in the joint space: float32 (source words, target words).

    Words without pictures are nan, as under every other method, so that all rank the same candidates.

    Args:
        words: some of the source words, in place of all.
        corpus: that of the pair, where it is at hand.

    Raises:
        DatasetError: as ``stored``, or the model was trained on another corpus or split.
    """
    from cldi_core.pivot import joint, sources
    from cldi_core.pivot.scorers import Bridge, Learned

    stored(pair, name, seed)
    model = joint.open_read(
        models_folder(pair.dataset), Key(pair.backbone, pair.name, name, HOLDOUT, seed), pair.languages
    )
    corpus = corpus or sources.of_dataset(pair.dataset, pair.backbone, pair.name)
    joint.check_fits(model, corpus)
    bridge = Bridge.of(corpus, model.any.split)
    asked = pair.source if words is None else pair.source.select(words)
    found = Learned(model, bridge).to_texts(asked.words, pair.target.words, pair.languages)
    if found is None:
        raise DatasetError(f"{model.model.label} does not hold both languages of {pair.name}; {about.AGAIN}")
    matrix = np.array(found, np.float32)
    matrix[asked.sizes == 0] = np.nan
    matrix[:, pair.target.sizes == 0] = np.nan
    return matrix


def translate(
    dataset: Dataset, key: Key, texts: Sequence[str], *, back: bool = False, top: int = 10
) -> list[dict[str, Any]]:
    """Rank the words of one language's word list for words or sentences in the other.

    Args:
        back: from the pair's second language into its first.

    Returns:
        For each text ``text``, ``unseen`` (its words that training has not seen) and ``candidates`` (rank, word, score;
        none for a text without words).

    Raises:
        DatasetError: the model has not been trained, its file is broken, or it was trained on another corpus.
    """
    from cldi_core.evaluation import ranking
    from cldi_core.pivot import joint, sources
    from cldi_core.pivot.scorers import Bridge, Learned
    from cldi_core.pivot.text import words

    source, target = pair_languages(key.pair)[:: -1 if back else 1]
    model = joint.open_read(models_folder(dataset), key, pair_languages(key.pair))
    rows = dataset.lexicon(key.pair)
    candidates = list(dict.fromkeys(row.source if back else row.target for row in rows))
    corpus = sources.of_dataset(dataset, key.backbone, key.pair)
    joint.check_fits(model, corpus)
    scorer = Learned(model, Bridge.of(corpus, model.any.split))
    matrix = scorer.to_texts(texts, candidates, (source, target))
    if matrix is None:
        raise DatasetError(f"{model.model.label} does not hold both languages of {key.pair}; {about.AGAIN}")
    known = model.spaces[source].vocabularies[source]
    found: list[dict[str, Any]] = []
    for text, row in zip(texts, matrix, strict=True):
        own = words(text)
        best = ranking.order(row)[:top].tolist() if own else []
        ranked = ranking.rank(row)
        found.append(
            {
                "text": text,
                "unseen": known.unseen(text),
                "candidates": [
                    {"rank": float(ranked[place]), "word": candidates[place], "score": float(row[place])}
                    for place in best
                ],
            }
        )
    return found


def held_out(pair: Pair, name: str, seed: int = 0) -> frozenset[str]:
    """The ids of the queries of which training has seen nothing: no item that the word or a right answer stands for.

    Words without pictures stand for nothing that is known, so they are left out.
    """
    seen = {key for one in stored(pair, name, seed).values() for key in one.about.split.train}
    concept = pair.dataset.pictures.concepts
    source, target = (pair.dataset.members(language) for language in pair.languages)

    def is_new(members: Mapping[str, list[str]], word: str) -> bool:
        keys = members.get(word, ())
        return bool(keys) and not any(concept.get(key, "") in seen or key in seen for key in keys)

    return frozenset(
        query.id
        for query in pair.queries
        if is_new(source, query.word) and all(is_new(target, word) for word in query.right)
    )


def unknown_words(pair: Pair, name: str, seed: int = 0) -> frozenset[str]:
    """The source words that are, or hold, a word which training has not seen."""
    language = pair.languages[0]
    known = stored(pair, name, seed)[language].vocabularies[language]
    return frozenset(word for word in pair.source.words if known.unseen(word))


def never_seen(pair: Pair, names: Iterable[str]) -> frozenset[str]:
    """The queries that ``held_out`` says of every one of some models; none where one is not there or broken."""
    try:
        found = [held_out(pair, name) for name in names]
    except CldiError:
        return frozenset()
    return frozenset.intersection(*found) if found else frozenset()


def _key(pair: Pair, model: Model) -> str:
    """Of what a model's scores depend on: the pair and the model, and the corpus where pictures of it are a bridge."""
    known = [pair.key, digest(pair, model.name)]
    if not model.bilingual:
        from cldi_core.pivot import sources

        known.append(sources.of_dataset(pair.dataset, pair.backbone, pair.name).digest)
    return storage.digest(*known)


def _ranker_of(model: Model) -> Ranker:
    """A trained model as what ranks the candidates of a pair."""
    order = model.similarity == "order"
    about = (
        "One space for pictures and both languages' descriptions, trained with the pictures as pivot"
        f"{', and descriptions of one picture drawn together' if model.parallel else ''}; "
        f"{'order embeddings' if order else 'cosine'}."
        if model.bilingual
        else "One space of pictures and descriptions for each language, trained apart; two words are compared by the "
        "pictures that each of them is near to (the correlation over the training pictures)."
    )
    alike = "-‖max(0, v(T) − v(S))‖², the mean of both directions" if order else "cos(v(S), v(T))"
    return Ranker(
        model.name,
        model.label if model.bilingual else f"{model.label}, bridged",
        about,
        f"{alike};  v = the word in a space that was trained on pictures and their descriptions",
        model.source,
        TRAINED,
        key=lambda pair: _key(pair, model),
        scores=lambda pair: scores(pair, model.name),
        row=lambda pair, word: scores(pair, model.name, words=[word])[0],
        available=lambda dataset, backbone, pair: is_trained(dataset, Key(backbone, pair, model.name, HOLDOUT)),
        bounds=(-np.inf, 0.0) if order else (-1.0, 1.0),
    )


TRAINED_MODELS: dict[str, Ranker] = {name: _ranker_of(model) for name, model in MODELS.items()}
