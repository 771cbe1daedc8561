"""How far answers can be relied on: against literal loops, and on the models that are shipped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import metrics
from cldi_core.pivot import certainty, search, sources, trained, translation
from cldi_core.pivot.certainty import ALL, NONE, SOME, Trials
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.models import Key
from cldi_core.pivot.search import Index
from cldi_core.pivot.text import words
from tests.pivot_data import KEY, OPTIONS, corpus

DATA = Path(__file__).resolve().parents[2] / "data"
BACKBONE, PAIR, LANGUAGES = "efficientnet-lite0", "en-de", ("en", "de")
SHIPPED = (("demo", "words"), ("demo-hard", "items"), ("demo-hard", "words"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """A model of items that training reads in one language each; all are asked for in both, twice."""
    made = corpus(shared=False, asked=2)
    return search.index(made, trained.train(made, KEY, OPTIONS, tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def shipped() -> dict[str, Corpus]:
    return {name: sources.of_dataset(Dataset(DATA / name), BACKBONE, PAIR) for name, _ in SHIPPED}


def holds(found: Index, key: str, text: str, language: str) -> bool:
    """Whether an item is described with a text, literally."""
    return any(
        all(word in words(said) for word in words(text)) for said in found.corpus.item[key].asked.get(language, ())
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_training_read_of_a_text(found: Index, language: str) -> None:
    train = [found.corpus.item[key].texts.get(language, ()) for key in found.model.any.split.train]
    read = [" ".join(texts) for texts in train if texts]
    known, other = ("red", "rot") if language == "en" else ("rot", "red")
    told = certainty.reading(found, f"{known}, {known.upper()} zebra {other}", language)
    assert told.counts == {known: sum(known in text.split() for text in read), "zebra": 0, other: 0}
    assert told.counts[known] > 0 and told.unread == ["zebra", other] and told.part == SOME
    assert told.items == len(read) and told.known == len({word for text in read for word in text.split()})
    assert certainty.reading(found, known, language).part == ALL
    assert certainty.reading(found, "zebra", language).part == NONE
    assert certainty.reading(found, "… 🙂", language).counts == {}


@pytest.mark.parametrize("scope", search.SCOPES)
@pytest.mark.parametrize("text", ["cow", "cow red", "red very cow", "zebra", "… !"])
def test_which_items_are_described_with_a_text(found: Index, scope: str, text: str) -> None:
    keys = found.keys(scope)
    wanted = [key for key in keys if words(text) and holds(found, key, text, "en")]
    told = certainty.described(found, text, "en", keys)
    assert (told.here, told.of) == (len(wanted), len(keys))
    assert told.everywhere == sum(bool(words(text)) and holds(found, key, text, "en") for key in found.keys("all"))
    hits = search.pictures(found, text, "en", keys, len(keys))
    ranks = [hit.rank for hit in hits if hit.item in wanted]
    assert told.rank == min(ranks) if ranks else np.isnan(told.rank)


@pytest.mark.parametrize("scope", search.SCOPES)
def test_texts_of_held_out_items_are_tried_as_a_readers_are(
    found: Index, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certainty, "BLOCK", 3)
    keys = found.keys(scope)
    tried = certainty.trials(found, "de", keys)
    items = [found.corpus.item[key] for key in found.keys("test")]
    assert set(tried.texts) == {text for item in items for text in item.asked["de"]}
    assert len(set(tried.texts)) == len(tried.texts) > 10
    for number, text in enumerate(tried.texts):
        (nearest,) = search.pictures(found, text, "de", keys, 1)
        assert tried.score[number] == pytest.approx(nearest.score, abs=1e-5)
        assert tried.right[number] == holds(found, nearest.item, text, "de")
        assert tried.part[number] == certainty.reading(found, text, "de").part
        assert tried.short[number] == (len(words(text)) <= 3)
        assert text in found.corpus.item[tried.items[number]].asked["de"]
    assert len(certainty.trials(found, "de", ()).texts) == 0
    monkeypatch.setattr(certainty, "TRIED", 4)
    few = certainty.trials(found, "de", keys)
    assert len(few.texts) == 4 and set(few.texts) < set(tried.texts)


def made_trials(n: int) -> Trials:
    """Texts of one word, all read, whose similarities are 0, 0.01 and so on; the upper half is right."""
    number = np.arange(n)
    return Trials(
        tuple(f"w{one}" for one in number), tuple(f"i{one}" for one in number), np.ones(n, bool), np.full(n, ALL),
        number / 100, number >= n // 2, n,
    )  # fmt: skip


def test_certainty_is_that_of_texts_like_it() -> None:
    tried = made_trials(400)
    told = certainty.certainty(tried, "new", ALL, 2.0)
    assert (told.n, told.count, told.low, told.high) == (100, 50, 1.5, 2.49)
    assert told.right == metrics.interval(np.array([1.0] * 50 + [0.0] * 50))
    assert certainty.certainty(tried, "new", ALL, 9.0).count == 100, "the nearest there are"
    for text, part in (("new", SOME), ("four words are longer", ALL)):
        nothing = certainty.certainty(tried, text, part, 2.0)
        assert nothing.n == 0 and np.isnan(nothing.right.value), "none is like it"
    few = certainty.certainty(made_trials(11), "W3", ALL, 0.03)
    assert few.n == 10 and few.right.why == metrics.FEW, "the text itself says nothing of others"
    same = replace(tried, items=("one",) * 400)
    assert certainty.certainty(same, "new", ALL, 2.0).right.n == 1, "texts of one item depend on each other"


@pytest.mark.parametrize("scope", search.SCOPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_are_the_extremes_of_names(found: Index, scope: str, language: str) -> None:
    keys = found.keys(scope)
    told = certainty.examples(found, language, keys)
    ranks, leads = {}, {}
    for key in keys:
        item = found.corpus.item[key]
        name = (item.texts.get(language) or item.asked[language])[0]
        if not certainty.reading(found, name, language).unread:
            hits = search.pictures(found, name, language, keys, len(keys))
            (own,) = [hit for hit in hits if hit.item == key]
            ranks[key] = own.rank
            leads[key] = own.score - max(hit.score for hit in hits if hit.item != key)
    assert told.first.value == np.mean([rank == 1 for rank in ranks.values()]) and told.first.n == len(ranks)
    assert told.median == np.median(list(ranks.values()))
    assert told.good is not None and leads[told.good.item] == pytest.approx(max(leads.values()), abs=1e-5)
    assert told.begin == told.good.text and ranks[told.good.item] == told.good.rank == 1
    if all(rank == 1 for rank in ranks.values()):
        assert told.bad is None
    else:
        assert told.bad is not None and told.bad.rank == ranks[told.bad.item] == max(ranks.values())


def test_without_a_name_that_training_has_read_there_is_no_example(found: Index) -> None:
    train = found.model.any.split.train
    unread = replace(found.model.spaces["en"].vocabularies["en"], words=("zebra",))
    known = found.model.spaces["en"].vocabularies
    before = known["en"]
    known["en"] = unread
    try:
        told = certainty.examples(found, "en", found.keys("test"))
    finally:
        known["en"] = before
    assert told.good is None and told.bad is None and np.isnan(told.median) and train
    assert told.begin == found.name(found.keys("test")[0], "en")


@pytest.mark.parametrize(("name", "holdout"), SHIPPED)
def test_the_example_that_is_shown_works_and_the_bad_one_does_not(
    shipped: dict[str, Corpus], name: str, holdout: str
) -> None:
    folder = translation.models_folder(Dataset(DATA / name))
    model = trained.open_trained(folder, Key(BACKBONE, PAIR, "pivot-sym", holdout), LANGUAGES)
    found = search.index(shipped[name], model)
    for language in LANGUAGES:
        for scope in search.SCOPES:
            keys = found.keys(scope)
            told = certainty.examples(found, language, keys)
            assert told.good is not None and told.bad is not None
            nearest = search.pictures(found, told.good.text, language, keys, len(keys))
            assert nearest[0].item == told.good.item and told.begin == told.good.text
            assert nearest[0].score - nearest[1].score > 0.01, "clearly, on any machine"
            assert not certainty.reading(found, told.good.text, language).unread
            places = {hit.item: hit.rank for hit in search.pictures(found, told.bad.text, language, keys, len(keys))}
            assert places[told.bad.item] == told.bad.rank > len(keys) / 4
            if scope == "test":
                assert {told.good.item, told.bad.item} <= set(model.any.split.test), "training never saw them"
