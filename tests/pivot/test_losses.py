"""Image pivoting: similarities, losses and encoders against literal definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cldi_core.pivot import losses, similarity
from cldi_core.pivot.encoders import ENCODERS, Pictures
from cldi_core.pivot.similarity import SIMILARITIES, cosine, order
from cldi_core.pivot.text import BUCKETS, Vocabulary, ngrams, words

TEXTS = ("a brown cow", "the cow sleeps", "Kühe schlafen, immer!", "")


def rows(n: int, dim: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(n, dim)), dtype=torch.float64)


def literal(name: str, a: torch.Tensor, b: torch.Tensor) -> float:
    """S of two rows as the papers write it."""
    if name == "cosine":
        return float(sum(x * y for x, y in zip(a, b, strict=True)))
    return -sum(max(0.0, float(y - x)) ** 2 for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("block", [1, 1 << 22])
def test_similarities_are_those_of_the_papers(name: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "BLOCK", block)
    prepare, compare = SIMILARITIES[name]
    left, right = prepare(rows(4)), prepare(rows(6, seed=1))
    np.testing.assert_allclose(left.norm(dim=1), 1)
    expected = [[literal(name, a, b) for b in right] for a in left]
    np.testing.assert_allclose(compare(left, right), expected, atol=1e-12)


def test_order_is_squared_and_not_rooted_and_not_the_same_both_ways() -> None:
    low, high = torch.tensor([[0.6, 0.0]]), torch.tensor([[0.6, 0.8]])
    assert float(order(low, high)) == pytest.approx(-0.64), "not -0.8"
    assert float(order(high, low)) == 0
    assert (similarity.positive_unit(torch.tensor([[-3.0, 4.0]])) >= 0).all()
    assert similarity.unit(torch.zeros(1, 3)).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_the_gradient_of_order(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "BLOCK", block)
    left, right = rows(3).requires_grad_(), rows(4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(order, (left, right))


def test_differences_are_made_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as ``BLOCK`` numbers allow, one at least; on a card ``ON_GPU`` times as many."""
    monkeypatch.setattr(similarity, "ON_GPU", 3)
    left, right = torch.empty(8, 3), torch.empty(4, 3)
    for block, on_cpu, elsewhere in ((1, 1, 1), (12, 1, 3), (24, 2, 6), (35, 2, 8)):
        monkeypatch.setattr(similarity, "BLOCK", block)
        for device, rows in (("cpu", on_cpu), ("meta", elsewhere)):
            found = similarity._blocks(left.to(device), right.to(device))
            assert [(one.start, one.stop) for one in found] == [(at, at + rows) for at in range(0, 8, rows)]
    assert len(similarity._blocks(left, right[:0])) == 1, "nothing to compare with"


def loops(
    own: torch.Tensor, seen: torch.Tensor, name: str, margin: float, *, hardest: bool = False, swapped: bool = False
) -> float:
    """The two sums, literally."""

    def s(c: int, i: int) -> float:
        return literal(name, seen[i], own[c]) if swapped else literal(name, own[c], seen[i])

    total = 0.0
    for j in range(len(own)):
        others = [k for k in range(len(own)) if k != j]
        for terms in (
            [max(0.0, margin - s(j, j) + s(k, j)) for k in others],
            [max(0.0, margin - s(j, j) + s(j, k)) for k in others],
        ):
            total += max(terms, default=0.0) if hardest else sum(terms)
    return total


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("hardest", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("n", [1, 2, 6])
def test_pivot_and_parallel_are_the_papers_sums(name: str, hardest: bool, swapped: bool, n: int) -> None:
    prepare, compare = SIMILARITIES[name]
    margin = 0.2 if name == "cosine" else 0.05
    pictures = {"en": prepare(rows(n)), "de": prepare(rows(n, seed=1))}
    texts = {"en": prepare(rows(n, seed=2)), "de": prepare(rows(n, seed=3))}
    expected = sum(loops(texts[k], pictures[k], name, margin, hardest=hardest, swapped=swapped) for k in texts)
    found = losses.pivot(pictures, texts, compare, margin, hardest=hardest, swapped=swapped)
    assert float(found) == pytest.approx(expected, abs=1e-6)
    pairs = prepare(rows(n, seed=4)), prepare(rows(n, seed=5))
    expected += loops(pairs[0], pairs[1], name, margin, hardest=hardest)
    found = losses.pivot(pictures, texts, compare, margin, pairs=pairs, hardest=hardest, swapped=swapped)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_all_terms_count_and_texts_come_first_unless_said_otherwise() -> None:
    own, seen = similarity.positive_unit(rows(5)), similarity.positive_unit(rows(5, seed=1))
    expected = loops(own, seen, "order", 0.3)
    assert expected != pytest.approx(loops(own, seen, "order", 0.3, hardest=True))
    assert expected != pytest.approx(loops(own, seen, "order", 0.3, swapped=True))
    assert float(losses.ranking(order(own, seen), 0.3)) == pytest.approx(expected)
    assert float(losses.pivot({"en": seen}, {"en": own}, order, 0.3)) == pytest.approx(expected)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_the_gradient_of_the_whole_loss(name: str) -> None:
    prepare, compare = SIMILARITIES[name]

    def loss(pictures: torch.Tensor, english: torch.Tensor, german: torch.Tensor) -> torch.Tensor:
        own = {"en": prepare(english), "de": prepare(german)}
        seen = dict.fromkeys(own, prepare(pictures))
        return losses.pivot(seen, own, compare, 0.3, pairs=(own["en"], own["de"]))

    given = [rows(3, seed=seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(loss, given)


def test_pairs_that_are_right_by_the_margin_cost_nothing() -> None:
    same = torch.eye(4)
    assert float(losses.ranking(cosine(same, same), 0.2)) == 0
    assert float(losses.ranking(cosine(same, same.flip(0)), 0.2)) > 0
    assert float(losses.ranking(torch.zeros(0, 0), 0.2, hardest=True)) == 0


def test_words_and_ngrams() -> None:
    assert words("A brown-eyed COW, don’t_run! Straße 3") == ["a", "brown-eyed", "cow", "don’t", "run", "strasse", "3"]
    assert words(" … ") == []
    assert len(ngrams("cow")) == 3 + 2 + 1 and all(0 <= bucket < BUCKETS for bucket in ngrams("cow"))
    assert ngrams("cow") == ngrams("cow") != ngrams("cows")
    assert ngrams("") == ()


def test_a_vocabulary_holds_what_was_seen() -> None:
    vocabulary = Vocabulary.of(TEXTS)
    assert vocabulary.words[0] == "cow" and len(vocabulary) == len(vocabulary.words) + 1
    assert vocabulary.numbers()["cow"] == 1
    assert Vocabulary.of(TEXTS, least=2).words == ("cow",)
    assert vocabulary.unknown_rate(["cow", "new cow"]) == pytest.approx(1 / 3)
    assert math.isnan(vocabulary.unknown_rate([""]))
    assert vocabulary.digest == Vocabulary.of(TEXTS).digest != Vocabulary.of(TEXTS[:1]).digest


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_do_not_depend_on_what_else_is_in_the_batch(name: str) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS[name](Vocabulary.of(TEXTS), 8, 16)
    together = encoder(TEXTS)
    assert together.shape == (4, 16) and torch.isfinite(together).all()
    alone = torch.cat([encoder([text]) for text in TEXTS])
    torch.testing.assert_close(together, alone)
    assert not torch.allclose(together[0], together[1])
    together.sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_ngrams_tell_unseen_words_apart() -> None:
    torch.manual_seed(0)
    bag, gru = (ENCODERS[name](Vocabulary.of(TEXTS), 8, 16) for name in ("bag", "gru"))
    unseen = ["horses", "violin"]
    assert not torch.allclose(*bag(unseen)) and torch.allclose(*gru(unseen))


def test_pictures_are_mapped_linearly() -> None:
    torch.manual_seed(0)
    pictures = Pictures(5, 16)
    given = rows(3).float()
    found = pictures(2 * given) - pictures(given)
    torch.testing.assert_close(found, given @ pictures.project.weight.T)
