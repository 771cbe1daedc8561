"""The table of all words: its columns are those of the evidence, and its counts those of the causes."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from cldi_core.insight import causes, explanation, word_table
from cldi_core.insight.word_table import LABELS, NONE, NOT_FIRST, UNCOVERED
from tests.insight.words_data import FOUND, OWNED, evidence_of

NAN = math.nan
MORE = [f"more{number}.V" for number in range(6)]


@pytest.fixture
def frame() -> pd.DataFrame:
    return evidence_of(
        {
            "film.V": {**OWNED, "rank": 300.0, "rival": "Film-Rival"},
            **{f"more{number}.V": OWNED for number in range(6)},
            "eat.V": {**FOUND, **OWNED},
            "ghost.V": {"rank": NAN, "right_score": NAN, "rival_score": NAN, "rival": "", "pictures": 0},
            "sit.V": {"rank": 10.0},
            "red.A": {"rank": NAN, "right_score": NAN},
        }
    )


def test_the_columns_are_those_of_the_evidence(frame: pd.DataFrame) -> None:
    made = word_table.table(causes.with_ceilings(frame, pd.DataFrame({"word": ["film"], "rank": [12.5]})))
    assert tuple(made) == word_table.COLUMNS and len(made) == len(frame)
    same = ["query", "word", "pos", "right", "rank", "rival", "rival_pos", "dispersion", "pictures", "right_pictures"]
    pd.testing.assert_frame_equal(made[same], frame[same])
    for row, own in zip(made.to_dict("records"), frame.to_dict("records"), strict=True):
        assert row["outcome"] == explanation.outcome(own["rank"])
        margin = own["right_score"] - own["rival_score"]
        assert row["margin"] == pytest.approx(margin, nan_ok=True)
        strongest = next(iter(causes.causes(frame, own["query"])), None)
        if math.isnan(own["rank"]):
            assert row["cause"] == UNCOVERED
        else:
            stands = strongest is not None and strongest.strength >= causes.STANDS
            assert row["cause"] == (strongest.cause if strongest and stands else NONE)
    named = made.set_index("query")
    assert named.loc["film.V", "cause"] == named.loc["eat.V", "cause"] == "owned elsewhere"
    assert named.loc["film.V", "ceiling"] == 12.5 and named["ceiling"].notna().sum() == 1
    assert word_table.table(frame)["ceiling"].isna().all(), "where ceilings are not stored"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"letters": "V", "outcome": "nearly"}, ["sit.V"]),
        ({"outcome": "uncovered"}, ["ghost.V", "red.A"]),
        ({"cause": "owned elsewhere"}, ["eat.V", "film.V", *MORE]),
        ({"cause": "owned elsewhere", "outcome": NOT_FIRST}, ["film.V", *MORE]),
        ({"cause": "owned elsewhere", "outcome": "found"}, ["eat.V"]),
        ({"find": " FiLm "}, ["film.V"]),
        ({"find": "FILM-RIGHT"}, ["film.V"]),
        ({"find": "film-rival"}, ["film.V"]),
        ({"find": "m-rightfilm"}, []),
        ({"find": "film.V"}, []),
        ({"find": "("}, []),
        ({"letters": ""}, []),
    ],
    ids=str,
)
def test_words_are_selected(frame: pd.DataFrame, asked: dict[str, str], found: list[str]) -> None:
    assert word_table.select(word_table.table(frame), **asked)["query"].tolist() == found


def test_everything_is_selected_by_rank(frame: pd.DataFrame) -> None:
    rows = word_table.table(frame)
    every = word_table.select(rows)
    expected = sorted(rows.to_dict("records"), key=lambda row: (math.isnan(row["rank"]), row["rank"], row["query"]))
    assert every["query"].tolist() == [row["query"] for row in expected]
    assert len(word_table.select(rows, outcome=NOT_FIRST)) == (rows["outcome"] != "found").sum()


def test_the_counts_are_those_of_the_summary_and_of_what_has_no_pictures(frame: pd.DataFrame) -> None:
    counts = word_table.by_cause(word_table.table(frame)).set_index(["pos", "cause"])
    summary = causes.summary(frame)
    for row in summary.to_dict("records"):
        name = row["cause"] or NONE
        if row["words"]:
            one = counts.loc[row["pos"], name]
            assert (one["words"], one["found"], one["label"]) == (row["words"], row["found"], row["label"])
    assert len(counts) == (summary["words"] > 0).sum() + 2
    assert counts.loc["V", UNCOVERED]["words"] == counts.loc["A", UNCOVERED]["words"] == 1
    for pos, own in counts.groupby("pos"):
        rows = frame[frame["pos"] == pos]
        assert own["words"].sum() == (~(rows["rank"] <= 1)).sum() == own["of"].iloc[0]
        assert own["share"].sum() == pytest.approx(1) and (own["found_of"] == (rows["rank"] <= 1).sum()).all()
    assert list(counts.index.get_level_values("pos")) == sorted(
        counts.index.get_level_values("pos"), key="NVA".index
    ), "in the order of the parts of speech"


def test_the_sentence_counts_words_with_pictures(frame: pd.DataFrame) -> None:
    assert word_table.sentence(word_table.table(frame)) == (
        "A single cause stands out for 0 of 20 nouns, 7 of 28 verbs and 0 of 20 adjectives whose right answer is not "
        "first; of those found, 0 of 20 nouns, 1 of 21 verbs and 0 of 20 adjectives have one all the same."
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "No word has pictures on both sides."),
        ({"a.N": {"rank": NAN}}, "No word has pictures on both sides."),
        ({"a.N": FOUND}, "Every word that has pictures is found: its right answer is first."),
        ({"a.A": {}}, "A single cause stands out for 0 of 1 adjectives whose right answer is not first."),
    ],
)
def test_the_sentence_is_true_of_few_words(rows: dict, said: str) -> None:
    frame = evidence_of(rows, 0) if rows else evidence_of({"a.N": {}}, 0)[:0]
    assert word_table.sentence(word_table.table(frame)) == said


def test_every_cause_has_a_label() -> None:
    assert set(causes.CAUSES) < set(LABELS) and len(set(LABELS.values())) == len(LABELS)
    assert all(re.fullmatch(r"[\w’' -]+", label) for label in LABELS.values()), "they go into figures as they are"
    assert np.all([name not in causes.CAUSES for name in (NONE, UNCOVERED)])
