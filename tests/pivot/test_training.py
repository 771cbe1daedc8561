"""Training: what is drawn, what is learned, when it ends."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from cldi_core.errors import DatasetError
from cldi_core.pivot import losses, training
from cldi_core.pivot.corpus import Corpus, Item
from cldi_core.pivot.models import ENCODERS, MODELS, TrainingOptions, find_model
from cldi_core.pivot.training import Batches, State, Validation
from tests import pivot_data
from tests.pivot_data import LANGUAGES, OPTIONS

CHANCE = np.mean([0.1, 0.5, 1.0])  # recall at 1, 5 and 10 among the 10 items of validation


def begun(corpus: Corpus, model: str = "pivot-sym", options: TrainingOptions = OPTIONS) -> State:
    languages = find_model(model).spaces(corpus.languages)[0]
    return training.begin(corpus, corpus.split(options.seed), find_model(model), languages, options, "cpu")


def run(corpus: Corpus, model: str = "pivot-sym", options: TrainingOptions = OPTIONS) -> State:
    return training.train(corpus, corpus.split(options.seed), begun(corpus, model, options))


def batches(corpus: Corpus, model: str = "pivot-sym", options: TrainingOptions = OPTIONS) -> tuple[State, Batches]:
    state = begun(corpus, model, options)
    return state, Batches(corpus, corpus.split(options.seed), state.space)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_learns(model: str) -> None:
    state = run(pivot_data.corpus(), model)
    assert state.space.languages == (LANGUAGES if find_model(model).bilingual else LANGUAGES[:1])
    curve = state.curve
    assert curve[-1].loss < 0.3 * curve[0].loss and all(np.isfinite(epoch.loss) for epoch in curve)
    assert max(epoch.recall for epoch in curve) > CHANCE + 0.15
    assert curve[state.best_epoch].recall == max(epoch.recall for epoch in curve)
    assert [epoch.seconds for epoch in curve] == sorted(epoch.seconds for epoch in curve)


@pytest.mark.parametrize("model", ["pivot-sym", "parallel-asym"])
@pytest.mark.parametrize(
    "changed",
    [{"encoder": "gru"}, {"hardest": True}, {"swapped": True}, {"margin": 0.4}],
    ids=lambda one: next(iter(one)),
)
def test_variants_learn_something_else(model: str, changed: dict[str, object]) -> None:
    plain, other = (run(pivot_data.corpus(), model, options) for options in (OPTIONS, replace(OPTIONS, **changed)))  # type: ignore[arg-type]
    assert other.curve[-1].loss < 0.5 * other.curve[0].loss
    assert max(epoch.recall for epoch in other.curve) > CHANCE + 0.15
    same = other.curve[0].loss == pytest.approx(plain.curve[0].loss, rel=1e-4)
    assert same == ("swapped" in changed and MODELS[model].similarity == "cosine"), "cosine is the same both ways"


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_first_weights_depend_on_the_seed_only(encoder: str) -> None:
    corpus = pivot_data.corpus()
    weights = []
    for seed, drawn in ((0, 1), (0, 2), (1, 1)):
        torch.manual_seed(drawn)
        before = torch.get_rng_state()
        state = begun(corpus, options=replace(OPTIONS, encoder=encoder, seed=seed))
        assert torch.equal(before, torch.get_rng_state()), "nobody else's random numbers change"
        weights.append(torch.cat([one.detach().ravel() for one in state.space.parameters()]))
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_pictures_are_centred_by_those_of_training_only() -> None:
    corpus = pivot_data.corpus()
    split = corpus.split(0)
    rows = [row for key in split.train for row in corpus.item[key].pictures]
    matrix = corpus.features.copy()
    matrix[[row for row in range(len(matrix)) if row not in rows]] = 99
    space = begun(replace(corpus, features=matrix)).space
    np.testing.assert_allclose(space.pictures.mean, corpus.features[rows].mean(axis=0), atol=1e-6)
    lengths = np.linalg.norm(corpus.features[rows] - corpus.features[rows].mean(axis=0), axis=1)
    assert float(space.pictures.scale) == pytest.approx(1 / lengths.mean(), rel=1e-5)


@pytest.mark.parametrize("shared", [True, False])
def test_an_epoch_draws_every_training_item_once(shared: bool) -> None:
    corpus = pivot_data.corpus(shared=shared)
    _, one = batches(corpus)
    _, other = batches(corpus)
    drawn = [one.of(epoch) for epoch in range(3)]
    for epoch, found in enumerate(drawn):
        flat = [key for batch in found for key in batch]
        assert sorted(flat) == sorted(corpus.split(0).train)
        assert other.of(epoch) == found, "only the seed and the epoch's number count"
    assert drawn[0] != drawn[1] != drawn[2]
    # Where each item is described in one language, a batch has twice as many items, so as many descriptions.
    assert len(drawn[0][0]) == (8 if shared else 16)
    assert batches(corpus, options=replace(OPTIONS, seed=1))[1].of(0) != drawn[0]


def literal(state: State, corpus: Corpus, batch: list[str], parallel: bool) -> float:
    """The loss of a batch of items with one picture and one text in each language."""
    space, total = state.space, 0.0
    texts, pictures = {}, {}
    for language in LANGUAGES:
        own = [corpus.item[key] for key in batch if language in corpus.item[key].texts]
        texts[language] = space.of_texts([item.texts[language][0] for item in own], language)
        rows = [item.own[language][0] for item in own]
        pictures[language] = space.of_pictures(torch.from_numpy(corpus.features[rows]))
        total += losses.ranking(space.compare(texts[language], pictures[language]), space.margin).item()
    if parallel:
        total += losses.ranking(space.compare(*texts.values()), space.margin).item()
    return total


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("model", ["pivot-sym", "pivot-asym", "parallel-sym", "parallel-asym"])
def test_the_loss_of_a_batch_is_that_of_its_pictures_and_texts(shared: bool, model: str) -> None:
    corpus = pivot_data.corpus(shared=shared)
    state, drawn = batches(corpus, model)
    batch = drawn.of(0)[0]
    expected = literal(state, corpus, batch, parallel=shared and find_model(model).parallel)
    assert drawn.loss(state.space, batch).item() == pytest.approx(expected, rel=1e-5)
    assert expected > 0


def test_a_batch_draws_among_an_items_pictures_and_descriptions() -> None:
    corpus = pivot_data.corpus(asked=5)
    corpus = replace(
        corpus, items=tuple(replace(item, own=dict.fromkeys(LANGUAGES, item.pictures)) for item in corpus.items)
    )
    state, drawn = batches(corpus)
    batch = drawn.of(0)[0]
    epochs = {}
    for epoch in (0, 1, 0):
        drawn.of(epoch)
        found = [drawn.loss(state.space, batch).item() for _ in range(6)]
        assert len(set(found)) == 6 and epochs.setdefault(epoch, found) == found, "every epoch begins anew"
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shared", [True, False])
def test_permuted_items_have_another_items_pictures_the_same_in_both_languages(seed: int, shared: bool) -> None:
    corpus = pivot_data.corpus(shared=shared)
    split = corpus.split(seed)
    plain = {language: {key: corpus.item[key].own[language] for key in split.train} for language in LANGUAGES}
    found = training.permuted(corpus, split, plain, seed)
    owner = {row: item.id for item in corpus.items for row in item.pictures}
    given = {
        language: {key: {owner[row] for row in rows} for key, rows in own.items()} for language, own in found.items()
    }
    assert given["en"] == given["de"] and all(len(owners) == 1 for owners in given["en"].values())
    others = {key: next(iter(owners)) for key, owners in given["en"].items()}
    assert sorted(others.values()) == sorted(split.train), "each training item's pictures are used once"
    assert [key for key, other in others.items() if key == other] == [], "none keeps its own"
    assert all(row in corpus.item[others[key]].own["de"] for key, rows in found["de"].items() for row in rows)


@pytest.mark.parametrize("count", [2, 3, 5, 19])
@pytest.mark.parametrize("seed", range(4))
def test_of_any_number_of_permuted_items_none_keeps_its_pictures(count: int, seed: int) -> None:
    corpus = pivot_data.corpus()
    split = replace(corpus.split(0), train=corpus.split(0).train[:count])
    own = {language: {key: corpus.item[key].own[language] for key in split.train} for language in LANGUAGES}
    found = training.permuted(corpus, split, own, seed)
    for language in LANGUAGES:
        assert [key for key in split.train if found[language][key] == own[language][key]] == []
        assert sorted(found[language].values()) == sorted(own[language].values())


def test_permuted_pictures_teach_nothing_of_new_items() -> None:
    corpus = pivot_data.corpus()
    plain, control = (run(corpus, options=replace(OPTIONS, permuted=permuted)) for permuted in (False, True))
    check = Validation(corpus, corpus.split(0).test, LANGUAGES, 0)
    assert check.recall(plain.space) > 0.8 > check.recall(control.space)


@pytest.mark.parametrize("permuted", [False, True])
def test_what_is_drawn_depends_on_the_seed(permuted: bool) -> None:
    """Pictures of an epoch, of validation, and the permutation; the order of items is tested above."""
    corpus = several_pictures()
    split, drawn = corpus.split(0), {}
    for seed in (0, 0, 1):
        options = replace(OPTIONS, seed=seed, permuted=permuted)
        state = training.begin(corpus, split, find_model("pivot-sym"), LANGUAGES, options, "cpu")
        made = Batches(corpus, split, state.space)
        made.of(0)
        space = begun(corpus).space  # the same weights for every seed
        check = Validation(corpus, split.validation, LANGUAGES, seed)
        parts = (
            made.rows,
            made.loss(space, list(split.train)).item(),
            [features.tolist() for features in check.asked["en"][2]],
        )
        assert drawn.setdefault(seed, parts) == parts, "and on nothing else"
    rows, losses_, pictures = zip(*drawn.values(), strict=True)
    assert (rows[0] != rows[1]) == permuted and losses_[0] != losses_[1] and pictures[0] != pictures[1]


def several_pictures() -> Corpus:
    """The corpus, where the pictures by both hands go with each language."""
    corpus = pivot_data.corpus()
    items = tuple(replace(item, own=dict.fromkeys(LANGUAGES, item.pictures)) for item in corpus.items)
    return replace(corpus, items=items)


@pytest.mark.parametrize("lost", ["validation", "test"])
def test_validation_decides_when_training_ends_and_the_test_is_never_looked_at(lost: str) -> None:
    """Pictures that are no numbers: in validation they end the training, in the test nobody notices."""
    corpus = pivot_data.corpus()
    matrix = corpus.features.copy()
    rows = [row for key in getattr(corpus.split(0), lost) for row in corpus.item[key].pictures]
    matrix[rows] = np.nan
    broken = replace(corpus, features=matrix)
    if lost == "validation":
        with pytest.raises(training.TrainingError, match="are no numbers on validation"):
            run(broken)
        return
    plain, other = run(corpus), run(broken)
    assert [(one.loss, one.recall) for one in other.curve] == [(one.loss, one.recall) for one in plain.curve]
    assert other.best_epoch == plain.best_epoch


def slow_recall(state: State, corpus: Corpus, items: list[Item]) -> float:
    """Recall at 1, 5 and 10 by loops; each item has one picture and one text for each language."""
    space, found = state.space, []
    for language in LANGUAGES:
        texts = space.of_texts([item.asked[language][0] for item in items], language)
        seen = space.of_pictures(torch.from_numpy(corpus.features[[item.own[language][0] for item in items]]))
        scores = (
            (space.compare(seen, texts).T if space.options.swapped else space.compare(texts, seen)).detach().numpy()
        )
        for one in (scores, scores.T):
            ranks = [1 + sum(value > row[number] for value in row) for number, row in enumerate(one)]
            found += [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 5, 10)]
    return float(np.mean(found))


@pytest.mark.parametrize("model", ["pivot-sym", "pivot-asym"])
@pytest.mark.parametrize("swapped", [False, True])
def test_validation_recall_is_that_of_the_definition(model: str, swapped: bool) -> None:
    corpus = pivot_data.corpus()
    state, keys = begun(corpus, model, replace(OPTIONS, swapped=swapped)), corpus.split(0).validation
    found = Validation(corpus, keys, LANGUAGES, 0).recall(state.space)
    assert found == pytest.approx(slow_recall(state, corpus, [corpus.item[key] for key in keys]))
    assert Validation(corpus, (), LANGUAGES, 0).recall(state.space) == 0


def test_averaged_parameters_are_the_running_mean_of_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, seen, averaged = pivot_data.corpus(), [], []
    options = replace(OPTIONS, average=0.7, epochs=4)
    state = begun(corpus, options=options)

    def recall(self: Validation, space: object) -> float:
        seen.append(copy.deepcopy(state.space.state_dict()))
        averaged.append(copy.deepcopy(state.averaged.state_dict()))
        assert space is state.averaged, "what is validated"
        return float(len(seen))

    with monkeypatch.context() as patch:
        patch.setattr(Validation, "recall", recall)
        training.train(corpus, corpus.split(0), state)
    for name, first in seen[0].items():
        expected = first
        for epoch, own in enumerate(seen):
            expected = 0.7 * expected + 0.3 * own[name] if epoch else first
            torch.testing.assert_close(averaged[epoch][name], expected)
        torch.testing.assert_close(state.space.state_dict()[name], expected)
    scripted(monkeypatch, 0.1, 0.2, 0.3, 0.4)
    without = run(corpus, options=replace(options, average=0.0))
    torch.testing.assert_close(without.averaged.state_dict(), without.space.state_dict())
    torch.testing.assert_close(without.space.state_dict(), seen[-1], msg="the average is not trained on")


def scripted(monkeypatch: pytest.MonkeyPatch, *recalls: float) -> None:
    """Let validation say so, epoch by epoch."""
    left = list(recalls)
    monkeypatch.setattr(Validation, "recall", lambda self, space: left.pop(0))


def test_training_stops_after_some_epochs_without_a_better_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, told = pivot_data.corpus(), []
    scripted(monkeypatch, 0.1, 0.5, 0.5, 0.2, 0.4, 0.9)
    state = begun(corpus, options=replace(OPTIONS, patience=3))
    training.train(corpus, corpus.split(0), state, report=lambda *done: told.append(done[:2]))
    assert [epoch.recall for epoch in state.curve] == [0.1, 0.5, 0.5, 0.2, 0.4] and state.best_epoch == 1
    assert told == [(number, 10) for number in range(1, 6)] and training.finished(state)
    scripted(monkeypatch, 0.1, 0.5)
    short = run(corpus, options=replace(OPTIONS, epochs=2))
    torch.testing.assert_close(state.space.state_dict(), short.space.state_dict(), rtol=0, atol=0)


def test_training_goes_on_while_recall_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, *np.linspace(0.1, 0.9, 10))
    state = run(pivot_data.corpus(), options=replace(OPTIONS, patience=1))
    assert len(state.curve) == 10 and state.best_epoch == 9


def bare(corpus: Corpus, language: str, left: int) -> Corpus:
    """The corpus with so many training items described in a language."""
    keys = corpus.split(0).train[left:]
    items = tuple(
        replace(item, texts={known: texts for known, texts in item.texts.items() if known != language})
        if item.id in keys
        else item
        for item in corpus.items
    )
    return replace(corpus, items=items)


@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_with_one_described_picture_or_none_is_refused(left: int, language: str) -> None:
    with pytest.raises(DatasetError) as caught:
        begun(bare(pivot_data.corpus(), language, left))
    assert f"'made up' describes {left} training pictures in {language!r}; expected at least 2" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_described_pictures_are_enough() -> None:
    state = run(bare(pivot_data.corpus(), "de", 2), options=replace(OPTIONS, epochs=2))
    assert len(state.curve) == 2 and len(state.space.vocabularies["de"].words) in (3, 4)


def test_vocabularies_hold_the_words_of_training_only() -> None:
    corpus = pivot_data.corpus()
    split = corpus.split(0)
    last = replace(corpus.item[split.test[0]], texts={"en": ("zebra",), "de": ("Zebra",)})
    corpus = replace(corpus, items=tuple(last if item.id == last.id else item for item in corpus.items))
    found = training.vocabularies(corpus, split, LANGUAGES)
    assert set(found["en"].words) == {word for key in split.train for word in key.split()}
    assert not any("zebra" in vocabulary.words for vocabulary in found.values())


def test_a_state_is_kept_now_and_then_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = pivot_data.corpus()
    counts: dict[float, list[int]] = {-1.0: [], 1e9: []}
    keep: Callable[[State], None]
    for every, kept in counts.items():
        monkeypatch.setattr(training, "KEEP_EVERY", every)
        keep = lambda state, kept=kept: kept.append(len(state.curve))  # noqa: E731
        training.train(corpus, corpus.split(0), begun(corpus), keep=keep)
    assert counts == {-1.0: list(range(1, 11)), 1e9: [10]}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("model", MODELS)
def test_a_gpu_learns_as_the_processor_does(model: str) -> None:
    corpus, split = pivot_data.corpus(), pivot_data.corpus().split(0)
    for languages in find_model(model).spaces(corpus.languages):
        curves = []
        for device in ("cpu", "cuda"):
            state = training.begin(corpus, split, find_model(model), languages, OPTIONS, device)
            curves.append([epoch.loss for epoch in training.train(corpus, split, state).curve])
        np.testing.assert_allclose(curves[1][:3], curves[0][:3], rtol=0.01)
