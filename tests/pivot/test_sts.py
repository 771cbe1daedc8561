"""Judged sentence pairs: files as they are written, and the agreement of a space with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch

from cldi_core.errors import DatasetError
from cldi_core.pivot import sts
from tests.pivot.test_space import compared, space

PAIRS = [("a cow", "the cow"), ("a sun", "brown"), ("the cow sleeps", "a sun"), ("cow", "cow"), ("sun", "a brown cow")]
JUDGED = sts.Judged(tuple(one for one, _ in PAIRS), tuple(other for _, other in PAIRS), np.array([4.0, 0.5, 1, 5, 2.5]))


def read(folder: Path, text: str) -> sts.Judged:
    (folder / "judged.tsv").write_text(text, "utf-8", newline="")
    return sts.read(folder / "judged.tsv")


def test_columns_are_trimmed_and_empty_lines_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, " 1.5 \t a  cow\tsun \r\n\r\n   \n0\tb\tc\n5\td\te\r\n")
    assert (found.left, found.right) == (("a  cow", "b", "d"), ("sun", "c", "e"))
    assert found.scores.dtype == np.float64 and found.scores.tolist() == [1.5, 0, 5]


@pytest.mark.parametrize("more", ["", "\tsource", "\tsource\tanother"])
def test_of_seven_columns_and_more_the_fifth_to_the_seventh_count(tmp_path: Path, more: str) -> None:
    found = read(tmp_path, "".join(f"main\tx\t2015\t7\t{n}.5\tone {n}\tother {n}{more}\r\n" for n in range(3)))
    assert found.left == ("one 0", "one 1", "one 2") and found.right == ("other 0", "other 1", "other 2")
    assert found.scores.tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize(
    "line",
    ["1\ta\tb\tc", "1\ta", "1\ta\t ", "1\t \tb", "inf\ta\tb", "-\ta\tb", "g\tf\t2015\t1\t2\ta", "score\tleft\tright"],
)
def test_a_line_that_is_no_pair_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(DatasetError, match=r"'judged\.tsv': line 5 is no judged pair; expected"):
        read(tmp_path, f"1\ta\tb\n\n2\ta\tb\n3\ta\tb\n{line}\n")


def test_three_pairs_are_enough_and_two_are_not(tmp_path: Path) -> None:
    assert len(read(tmp_path, "1\ta\tb\n" * 3).left) == 3
    with pytest.raises(DatasetError, match="has 2 judged pairs"):
        read(tmp_path, "1\ta\tb\n" * 2)


@pytest.mark.parametrize("model", ["pivot-sym", "pivot-asym"])
@torch.no_grad()
def test_agreement_is_pearsons_r_of_each_pairs_similarity(model: str) -> None:
    made = space(model)
    left, right = (made.of_texts(texts, "en").numpy() for texts in (JUDGED.left, JUDGED.right))
    alike = np.diag((compared(model, left, right) + compared(model, right, left).T) / 2)
    found = sts.agreement(made, "en", JUDGED)
    assert found.pearson == pytest.approx(np.corrcoef(alike, JUDGED.scores)[0, 1], abs=1e-5)
    assert found.n == 5 and np.isnan([found.low, found.high]).all(), "of five pairs there is no interval"


def test_a_language_that_the_space_does_not_hold_is_refused() -> None:
    with pytest.raises(DatasetError, match="the model holds en, de, not 'fr'"):
        sts.agreement(space("vse"), "fr", JUDGED)


def test_the_interval_is_fishers() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 30))
    expected = scipy.stats.pearsonr(one, other)
    low, high = expected.confidence_interval(0.95)
    found = sts.correlation(one, other)
    assert (found.pearson, found.low, found.high) == pytest.approx((expected.statistic, low, high)) and found.n == 30
