"""Sentences: plain text that can be read aloud, true to the facts that they are made from."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cldi_core.features.background import ExtractionJob, Made
from cldi_core.features.provenance import Provenance
from cldi_core.insight.overview import Counts
from pages._ui import words
from tests.insight.test_explanation import MILK, NAN, case

OUTCOMES = {
    "found": (case(1, others=(replace(MILK, rank=2),)), ["Found", "AVGMAX", "first of 2 candidates"]),
    "nearly": (case(2, others=(MILK,)), ["Nearly", "rank 2 of 2", "the winner is “Milchshake”"]),
    "missed": (case(40, others=(MILK,)), ["Missed", "rank 40", "“Milchshake”"]),
    "tied": (case(1.5, others=(replace(MILK, rank=1.5, score=0.5),)), ["shares rank 1½ of 2 with “Milchsh"]),
    "tied with two right": (case(4 / 3, others=(replace(MILK, rank=2),)), ["Nearly", "is at rank 1⅓ of 2"]),
    "found as texts": (case(1, learned=True), ["Found", "first of 1 candidate. It compares the words as texts"]),
    "as texts": (case(40, others=(MILK,), learned=True), ["Missed", "rank 40", "as texts", "no picture of theirs"]),
    "no pictures": (case(NAN, pictures=0), ["no pictures of “shake”"]),
    "no pictures of the answer": (case(NAN, others=(MILK,)), ["no pictures of the right answer “schütteln”"]),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcomes_are_plain_sentences(name: str) -> None:
    found, parts = OUTCOMES[name]
    text = words.outcome(found, "AVGMAX")
    assert [part for part in parts if part not in text] == []
    assert "“schütteln”" in text or "“shake”" in text
    assert text.endswith(".") and "\n" not in text and "nan" not in text
    assert not set(text) & set("*_`<>[]#|$\\"), "no markup"


def test_the_facts_of_a_data_set() -> None:
    queries = {"en-de": Counter("NNNNVAA")}
    assert words.facts(Counts({"en": 6, "de": 8}, 1018, {"CC0-1.0": 1017, "": 1}, queries)) == {
        "Words with pictures": "6 en, 8 de",
        "Pictures": "1,018",
        "Licences": "CC0-1.0 (1,017), unknown (1)",
        "Queries en-de": "4 nouns, 1 verb, 2 adjectives",
    }
    nothing = {"Words with pictures": "none", "Pictures": "0", "Licences": "none"}
    assert words.facts(Counts({}, 0, {}, {})) == nothing


@pytest.mark.parametrize(
    ("colouring", "value", "label"),
    [
        ("pos", "A", "adjectives, n = 2"),
        ("language", "de", "de, n = 2"),
        ("outcome", "uncovered", "no pictures, n = 2"),
    ],
)
def test_groups_of_the_map_are_named(colouring: str, value: str, label: str) -> None:
    assert words.group(colouring, value, np.array([True, False, True])) == label


def test_places_and_kinds() -> None:
    assert [words.place(rank) for rank in (1, 2.5, math.nan)] == ["#1", "#2½", "no pictures"]
    assert (words.kinds("NV"), words.kinds("NA", " and "), words.kinds("")) == ("noun, verb", "noun and adjective", "")


def job(state: str = "running", **known: Any) -> ExtractionJob:
    return ExtractionJob("vgg19", "cpu", state=state, **{"total": 2000, "done": 140, "kept": 40, "seconds": 10} | known)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (job(), "140 of 2,000 pictures, 10.0 a second, 3 min left"),
        (job(failed=3), "140 of 2,000 pictures, 10.0 a second, 3 min left, 3 failed"),
        (job(done=40), "40 of 2,000 pictures"),
        (job(seconds=0), "140 of 2,000 pictures"),
        (job("interrupted"), "140 of 2,000 pictures; it was interrupted"),
        (job("failed", failed=2), "140 of 2,000 pictures, 2 failed; it was interrupted"),
        (job(total=1400, done=1040), "1,040 of 1,400 pictures, 100.0 a second, 4 s left"),
    ],
)
def test_how_far_an_extraction_is(found: ExtractionJob, told: str) -> None:
    assert words.progress(found) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (89.4, "89 s"), (90, "2 min"), (150, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (12_600, "3.5 h")],
)
def test_times_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told


KNOWN = Provenance(
    "vgg19", "VGG19", "fc6", 4096, "crops of 224", "0123456789abcdef", "torchvision", "BSD", 1234, (), "cpu", "bfloat16"
)


def test_what_made_features_is_told_line_by_line() -> None:
    assert words.provenance(KNOWN, Made("2026-11-25", 600, 1200)) == [
        "1,234 pictures, 4096 numbers each: fc6",
        "Weights 0123456789ab, licence: BSD; torchvision",
        "Fed with crops of 224",
        "Computed on cpu in bfloat16; 2026-11-25; 1,200 pictures took 10 min",
    ]


def test_what_is_not_recorded_of_features_is_said_to_be_so() -> None:
    bare = replace(KNOWN, layer="", preprocessing="", weights="", source="", licence="", device="", failed=({}, {}))
    assert words.provenance(bare, None) == [
        "1,234 pictures, 4096 numbers each: layer not recorded",
        "Weights unknown, licence: unknown",
        "Fed with pictures; how is not recorded",
        "Computed on an unknown device in bfloat16; when is not recorded; 2 pictures failed",
    ]


def test_methods_that_iterate_say_how_far_they_have_come() -> None:
    told = words.settled({"Optimal transport": 9.4e-7, "Other": 2.1e-3})
    assert told == (
        "Optimal transport: settled, marginal errors up to 9e-07 · Other: not settled, marginal errors up to 2e-03"
    )
    assert words.settled({}) == ""
