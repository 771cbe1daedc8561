"""Sentences about image pivoting: plain text, true to the facts that they are made from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.pivot.certainty import Certainty, Described, Example, Examples, Reading
from cldi_core.pivot.models import Key
from cldi_core.pivot.standings import Margin
from pages._ui import pivot_words

NAN = float("nan")
UNTOLD = "So descriptions can't tell whether an answer is right."
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
        "en and 2 in de, some in both. Seed 3, 9 epochs (number 7 is kept), 12 s. On n = 40 items that it never saw, "
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


def test_what_becomes_of_unread_words_depends_on_the_encoder() -> None:
    assert pivot_words.unread(index(), ["zebra", "b"]) == (
        "Never read: zebra, b; only spelling (n-grams) counts for such words."
    )
    assert pivot_words.unread(index(encoder="gru"), ["zebra"]) == (
        "Never read: zebra; all such words count as one and the same."
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"cow": 3}, ": “cow” in 3 of 536 descriptions."),
        ({"red": 41, "zebra": 0, "cow": 3}, ": “red” in 41 of 536 descriptions, “cow” in 3."),
        ({"zebra": 0}, ", and none of this text."),
        (
            dict(zip("abcdef", range(9, 3, -1), strict=True)) | {"z": 0},
            ", and of this text 6 of 7: the rarest, “f”, in 4 of 536 descriptions.",
        ),
    ],
)
def test_what_training_read_of_a_text(counts: dict[str, int], said: str) -> None:
    assert pivot_words.read(Reading(counts, 536, 1761), "en") == f"Training read 1,761 different words in en{said}"


@pytest.mark.parametrize(
    ("found", "scope", "said"),
    [
        (Described(2, 232, 3.5, 4), "test", "2 of 232 held-out items; the nearest of them is at place 3½."),
        (Described(1, 1449, 1, 1), "all", "1 of 1,449 items; it is at place 1."),
        (Described(0, 232, NAN, 1), "test", f"none of 232 held-out items, 1 of all items is. {UNTOLD}"),
        (Described(0, 232, NAN, 4), "test", f"none of 232 held-out items, 4 of all items are. {UNTOLD}"),
        (Described(0, 1449, NAN, 0), "all", f"none of 1,449 items. {UNTOLD}"),
    ],
)
def test_whether_there_is_an_item_that_could_be_found(found: Described, scope: str, said: str) -> None:
    assert pivot_words.here(found, scope) == f"Described with it: {said}"


@pytest.mark.parametrize(
    ("interval", "graded"),
    [
        ((0.17, 0.1, 0.28), "mostly wrong"), ((0.5, 0.4, 0.6), "uncertain"), ((0.9, 0.8, 0.95), "mostly right"),
        ((0.2, 0.1, 0.5), "uncertain"), ((1.0, NAN, NAN), "uncertain"),
    ],
)  # fmt: skip
def test_how_sure_it_is_stands_with_n_and_an_interval(interval: tuple[float, float, float], graded: str) -> None:
    there, gone = Described(2, 232, 3, 4), Described(0, 232, NAN, 4)
    sure = Certainty(Interval(*interval, 80), 17, 100, 0.52, 0.66, True, "all")
    said = (
        "Of n = 100 names and keywords of held-out items all of whose words training read, with a nearest picture "
        "about as near (0.52 to 0.66), 17 had the nearest picture's item described with them: "
    )
    assert pivot_words.sure(sure, there).startswith(said + f"{interval[0]:.2f} ")
    assert pivot_words.grade(sure) == f"Texts like it: {graded}"
    assert pivot_words.sure(sure, gone).endswith("Each of those had such an item here, as this text has not.")


def test_what_has_not_been_measured_is_not_graded() -> None:
    nothing = Certainty(NOTHING, 0, 0, NAN, NAN, False, "some")
    there = Described(2, 232, 3, 4)
    assert pivot_words.sure(nothing, there) == (
        "How sure it is has not been measured: there are no longer descriptions of held-out items some of whose words "
        "training read."
    )
    assert pivot_words.grade(nothing) == "Not measured"


def test_examples_are_called_what_they_are() -> None:
    good, bad = Example("snowman", "a", 1, 232), Example("nose", "b", 231, 232)
    found = Examples(good, bad, Interval(0.31, 0.17, 0.5, 32), 6)
    assert pivot_words.examples(found, "test") == (
        "Good: its own picture is first of 232; bad: its own is at place 231. The extremes of 32 names of held-out "
        "items whose words training read: 0.31 [0.17, 0.50] have their own picture first; the median place is 6."
    )
    alone = replace(found, good=None)
    assert pivot_words.examples(alone, "all").startswith(
        "Bad: its own is at place 231. The extremes of 32 names of all"
    )
    assert "most of which training has seen" in pivot_words.examples(alone, "all")
    assert pivot_words.examples(replace(alone, bad=None), "test") == ""


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
