"""Sentences about image pivoting: plain text, true to the facts that they are made from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cldi_core.evaluation.metrics import Interval
from cldi_core.pivot.models import Key
from cldi_core.pivot.standings import Margin
from pages._ui import pivot_words

KEY = Key("efficientnet-lite0", "en-de", "pivot-sym", "words", 3)


def index(**known: Any) -> Any:
    """A model of both languages: five items in training, of which four are described in English and two in German."""
    split = SimpleNamespace(train=("a", "b", "c", "d", "e"), validation=("f", "g"), test=("h",))
    facts = {"corpus": "Colours", "backbone": "vgg-x", "shared": True, "split": split, "stopped": "", "encoder": "bag"}
    facts |= known
    about = SimpleNamespace(**facts, options=SimpleNamespace(encoder=facts["encoder"]))
    corpus = SimpleNamespace(
        languages=("en", "de"), part=lambda keys, language: list(keys)[: {"en": 4, "de": 2}[language]]
    )
    spaces = {"en+de": SimpleNamespace(curve=[0] * 9, best=6)}
    kind = SimpleNamespace(label="PIVOT-SYM", bilingual=facts.get("bilingual", True))
    return SimpleNamespace(model=SimpleNamespace(any=about, model=kind, seconds=12.4), corpus=corpus, spaces=spaces)


RECORD = {"model": "pivot-sym", "n": 40, "language": "en", "r@10_chance": 0.25} | Interval(0.5, 0.4, 0.6, 40).record(
    "r@10"
)
OTHER = RECORD | {"model": "vse", "n": 41}


def test_a_model_is_named_with_what_was_held_out_and_its_seed() -> None:
    assert pivot_words.label(KEY) == "PIVOT-SYM · all items of some words held out · seed 3"


def test_what_a_model_was_trained_on() -> None:
    assert pivot_words.about(KEY, index(), [OTHER, RECORD]) == (
        "PIVOT-SYM, trained on Colours (en-de, vgg-x) with all items of some words held out: 5 items, described 4 in "
        "en and 2 in de, some in both. Seed 3, 9 epochs (number 7 is kept), 12 s. On the n = 40 items it never saw, "
        "R@10 from the description in en to the picture is 0.50 [0.40, 0.60] (95 % interval over items; chance 0.25)."
    )
    said = pivot_words.about(KEY, index(shared=False, stopped="no more time."), [OTHER])
    assert "2 in de, none in both." in said
    assert said.endswith("12 s. It ended early: no more time. It has not been tested yet.")


def test_each_space_has_epochs_of_its_own() -> None:
    two = index()
    two.spaces = {"en": SimpleNamespace(curve=[0] * 9, best=6), "de": SimpleNamespace(curve=[0] * 4, best=0)}
    assert "9 epochs (number 7 is kept) and 4 epochs (number 1 is kept), 12 s." in pivot_words.about(KEY, two, [])


@pytest.mark.parametrize("elsewhere", [[], ["en-de with VGG19", "en-fr with VGG19"]])
@pytest.mark.parametrize("lacks", ["", "descriptions.tsv"])
def test_without_a_model_it_is_said_what_there_is_and_what_is_needed(elsewhere: list[str], lacks: str) -> None:
    there = " There are models for en-de with VGG19, en-fr with VGG19: choose those in the sidebar."
    needs = " It needs descriptions of what the pictures show, in descriptions.tsv."
    assert pivot_words.missing("en-it", "Colours", elsewhere, lacks) == (
        "No model has been trained yet for en-it of Colours with this backbone."
        + there * bool(elsewhere) + needs * bool(lacks)
    )  # fmt: skip


def test_what_becomes_of_unseen_words_depends_on_the_encoder() -> None:
    assert pivot_words.unseen(index(), ["zebra", "b"]) == (
        "Not seen in training: zebra, b; only spelling (n-grams) counts for it."
    )
    assert pivot_words.unseen(index(encoder="gru"), ["zebra"]) == (
        "Not seen in training: zebra; all such words count as one and the same."
    )


def test_what_is_not_shown_is_named_with_its_seeds() -> None:
    assert pivot_words.left_out({"VSE": [0, 2], "Ridge regression": [1]}).endswith(
        ": VSE (seed 0, 2); Ridge regression (seed 1)."
    )


def margin(label: str, *interval: float) -> Margin:
    return Margin(label.lower(), label, 10, Interval(*interval, 40), 40)


def test_a_verdict_tells_what_is_beaten_from_what_is_not() -> None:
    found = [
        margin("VSE", 0.2, 0.1, 0.3), margin("Ridge", -0.2, -0.3, -0.1), margin("Spelling", 0.1, -0.1, 0.2),
        margin("Identity", 0.3, 0.2, 0.4), margin("Control", 0.02, 0.004, 0.05),
    ]  # fmt: skip
    assert pivot_words.verdict(KEY, found) == (
        "R@10: PIVOT-SYM finds more than VSE (+0.20 [+0.10, +0.30]), Identity (+0.30 [+0.20, +0.40]); it finds less "
        "than Ridge (-0.20 [-0.30, -0.10]); it is not told apart from Spelling (+0.10 [-0.10, +0.20]), "
        "Control (+0.02 [+0.00, +0.05])."
    )
    assert pivot_words.verdict(KEY, None) == "PIVOT-SYM has not been tested here yet."
    assert pivot_words.verdict(KEY, []) == "There is no baseline beside PIVOT-SYM here."


def test_notes_below_tables_and_curves_have_the_numbers() -> None:
    note = pivot_words.footnote({"candidates": 30.0}, "items")
    assert note.startswith("n: items that training never saw (random items held out); 30 candidates; ")
    assert "on 2 validation items." in pivot_words.curves(index())


@pytest.mark.parametrize("bilingual", [True, False])
def test_what_the_map_holds(bilingual: bool) -> None:
    plane: Any = SimpleNamespace(kinds=("pictures", "en", "pictures", "de"), total=7, share=0.256)
    said = pivot_words.plane(index(bilingual=bilingual), plane, "de")
    assert said.startswith("2 of 7 items, one picture each · PCA: the two directions hold 26% of the variance")
    own = " This is the space of de; the other language has its own."
    assert said.endswith("Click a point to look at its item." + own * (not bilingual))
