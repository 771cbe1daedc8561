"""What the tests of image pivoting train on: items of a colour and a shape, whose features and texts say which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cldi_core.data import dataset, descriptions, pictures, wordlists
from cldi_core.features import shards
from cldi_core.pivot.corpus import Corpus, Item, Split
from cldi_core.pivot.models import Key, TrainingOptions
from cldi_core.scoring.imagesets import unit_rows
from tests.conftest import ABOUT, BACKBONE, encoded

DIM = 16
LANGUAGES = ("en", "de")
COLOURS = {"red": "rot", "blue": "blau", "green": "grün", "white": "weiß", "black": "schwarz"}
SHAPES = {"cow": "Kuh", "sun": "Sonne", "hat": "Hut", "key": "Schlüssel", "boat": "Boot", "tree": "Baum",
          "fish": "Fisch", "ring": "Ring"}  # fmt: skip
NAMES = [(colour, shape) for colour in COLOURS for shape in SHAPES]  # 40 of them
WORDS = {"en": {word: word for word in (*COLOURS, *SHAPES)}, "de": {**COLOURS, **SHAPES}}
HANDS = {"en": "Ink", "de": "Chalk"}
OPTIONS = TrainingOptions(word_dim=8, joint_dim=16, rate=0.02, batch=8, epochs=10, patience=10, average=0.5)
KEY = Key("made-up", "en-de", "pivot-sym")


def ids() -> list[str]:
    """The items: ``"red cow"`` and so on."""
    return [f"{colour} {shape}" for colour, shape in NAMES]


def seen(hand: str, noise: float = 0.05) -> np.ndarray:
    """One picture of each item by one hand: float32 (40, 16), unit rows that add up what the item is."""
    basis = np.random.default_rng(7).normal(size=(len(COLOURS) + len(SHAPES), DIM))
    places = [(list(COLOURS).index(colour), len(COLOURS) + list(SHAPES).index(shape)) for colour, shape in NAMES]
    rng = np.random.default_rng(len(hand))
    return unit_rows(np.array([basis[list(place)].sum(axis=0) for place in places]) + rng.normal(size=DIM) * noise)


def text(name: tuple[str, str], language: str) -> str:
    """What a language says of an item."""
    return " ".join(WORDS[language][word] for word in name)


def divided(keys: Sequence[str]) -> Split:
    """A split with many items for validation and test, so that chance is low there."""
    order = np.random.default_rng(3).permutation(len(keys)).tolist()
    mixed = [keys[number] for number in order]
    return Split(tuple(mixed[:20]), tuple(mixed[20:30]), tuple(mixed[30:]))


def corpus(*, shared: bool = True, asked: int = 1, fixed: bool = True) -> Corpus:
    """40 items, drawn by one hand for each language.

    Args:
        shared: training reads of every item in both languages; otherwise of each in one, by turns.
        asked: so many descriptions of each item and language are there, and asked for.
        fixed: the corpus comes with a split.
    """
    matrix = np.concatenate([seen(hand) for hand in HANDS.values()])
    items = []
    for number, name in enumerate(NAMES):
        rows = {language: (number + place * len(NAMES),) for place, language in enumerate(LANGUAGES)}
        texts = {
            language: tuple(f"{text(name, language)} {'very ' * turn}".strip() for turn in range(asked))
            for language in LANGUAGES
        }
        read = texts if shared else {LANGUAGES[number % 2]: texts[LANGUAGES[number % 2]]}
        items.append(Item(" ".join(name), sum(rows.values(), ()), rows, read, texts, tuple(HANDS.values())))
    pictured = tuple(f"{key}/{hand}" for hand in HANDS.values() for key in ids())
    split = divided(ids()) if fixed else None
    return Corpus("made up", LANGUAGES, "made-up", "source", matrix, pictured, tuple(items), fixed=split)


def swatch(number: int, hand: str) -> pictures.Picture:
    """The picture of one item: a patch, each of another colour."""
    image = Image.new("RGB", (8, 8), (5 * number, 40 * (hand == "Ink"), 90))
    return pictures.Picture(
        encoded(image), f"{hand}/{hand}-{number}.png", 8, 8, provider=hand, licence="CC0-1.0", author="tests",
        concept=" ".join(NAMES[number]),
    )  # fmt: skip


def build(folder: Path) -> dataset.Dataset:
    """Write the same as a data set: each colour and each shape is a word, whose pictures are all items that have it.

    One word has no picture on either side; the list asks for every word.
    """
    dataset.create(folder, "Colours and shapes", licence="CC0-1.0")
    made = {hand: [swatch(number, hand) for number in range(len(NAMES))] for hand in HANDS.values()}
    drawn = [picture for group in made.values() for picture in group]
    pictures.write_shards(folder / "images", drawn)
    shard = next((folder / "images").glob("*.parquet")).stem
    matrix = np.concatenate([seen(hand) for hand in made])
    path = folder / "features" / BACKBONE / f"{shard}.safetensors"
    shards.write_shard(path, [picture.id for picture in drawn], matrix, ABOUT)
    rows = []
    for language, hand in HANDS.items():
        for english, word in WORDS[language].items():
            own = [number for number, name in enumerate(NAMES) if english in name]
            rows += [(language, word, place, made[hand][number].id) for place, number in enumerate(own)]
    dataset.write_words(folder, rows)
    words = [
        wordlists.Row(english, german, "A" if english in COLOURS else "N") for english, german in WORDS["de"].items()
    ]
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", [*words, wordlists.Row("ghost", "Geist", "N")])
    write_descriptions(folder)
    return dataset.Dataset(folder)


def write_descriptions(folder: Path, languages: Sequence[str] = LANGUAGES, *, by_turns: bool = False) -> None:
    """Describe every item in some languages, or each in one of them."""
    descriptions.write_concepts(
        folder,
        [
            descriptions.Row(
                " ".join(name), language, text(name, language), tuple(WORDS[language][word] for word in name)
            )
            for number, name in enumerate(NAMES)
            for place, language in enumerate(languages)
            if not by_turns or number % len(languages) == place
        ],
    )
