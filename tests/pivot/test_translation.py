"""Word translation by trained models: offered, stored, and computed anew after another training."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cldi_core
from cldi_core.data import dataset, wordlists
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import TRAINED
from cldi_core.pivot import models, sources, trained, translation
from cldi_core.pivot.models import Key, TrainingOptions
from cldi_core.pivot.scorers import Bridge, Learned
from cldi_core.pivot.translation import TRAINED_MODELS
from tests import pivot_data, ranked
from tests.conftest import BACKBONE
from tests.pivot_data import LANGUAGES, OPTIONS, WORDS

KEY = Key(BACKBONE, "en-de", "pivot-sym", "words")
NAMES = ("pivot-sym", "vse")


def train(made: dataset.Dataset, key: Key = KEY, options: TrainingOptions = OPTIONS) -> trained.Trained:
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    return trained.train(corpus, key, options, translation.models_folder(made))


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with two trained models."""
    made = pivot_data.build(tmp_path_factory.mktemp("origin") / "made")
    for name in NAMES:
        train(made, replace(KEY, model=name))
    return made.path


@pytest.fixture
def made(origin: Path, data: Path) -> dataset.Dataset:
    """A copy of it, to do with as one likes."""
    return dataset.Dataset(Path(shutil.copytree(origin, data / "made")))


def pair_of(made: dataset.Dataset) -> Pair:
    return open_pair(dataset.Dataset(made.path), BACKBONE, "en-de")


def file_of(made: dataset.Dataset, name: str = "pivot-sym") -> Path:
    languages = models.MODELS[name].spaces(LANGUAGES)[0]
    return replace(KEY, model=name).path(translation.models_folder(made), languages)


def test_only_models_that_are_trained_are_offered(made: dataset.Dataset) -> None:
    assert set(translation.trained(made, BACKBONE, "en-de")) == set(NAMES)
    assert set(translation.offers(made)) == {f"{BACKBONE}/en-de/{name}" for name in NAMES}
    assert translation.trained(made, BACKBONE, "en-de", seed=1) == []
    train(made, replace(KEY, model="oe", holdout="items"), replace(OPTIONS, epochs=1))
    train(made, replace(KEY, model="oe", permuted=True), replace(OPTIONS, epochs=1))
    assert set(translation.trained(made, BACKBONE, "en-de")) == set(NAMES), "neither of these translates words"
    file_of(made).unlink()
    assert translation.trained(made, BACKBONE, "en-de") == ["vse"]


def test_a_model_that_is_not_trained_names_the_command(made: dataset.Dataset) -> None:
    pair = pair_of(made)
    for call in (translation.stored, translation.digest, translation.scores, translation.held_out):
        with pytest.raises(UnknownNameError) as caught:
            call(pair, "pivot-asym")
        message = str(caught.value)
        assert "\n" not in message and "PIVOT-ASYM has not been trained for en-de of 'made'" in message
        assert (
            f"python -m cldi_core pivot train --dataset made --pair en-de --backbone {BACKBONE} --model pivot-asym "
            "--holdout words" in message
        )
    with pytest.raises(UnknownNameError, match="unknown model 'clip'; choose from: vse"):
        translation.stored(pair, "clip")


def test_what_is_stored_holds_both_languages(made: dataset.Dataset) -> None:
    found = translation.stored(pair_of(made), "vse")
    assert {language: one.about.languages for language, one in found.items()} == {"en": ("en",), "de": ("de",)}
    both = translation.stored(pair_of(made), "pivot-sym")
    assert both["en"] is both["de"] and both["en"].about.options.holdout == "words"


@pytest.mark.parametrize("name", NAMES)
def test_words_are_compared_as_texts(made: dataset.Dataset, name: str) -> None:
    pair, model = (
        pair_of(made),
        trained.open_trained(translation.models_folder(made), replace(KEY, model=name), LANGUAGES),
    )
    found = translation.scores(pair, name)
    source, target = pair.source.words, pair.target.words
    assert found.dtype == np.float32 and found.shape == (len(source), len(target)) == (14, 14)
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    scorer = Learned(model, Bridge.of(corpus, model.any.split))
    for row, word in enumerate(source):
        for column, other in enumerate(target):
            if "ghost" in (word, other) or "Geist" in (word, other):
                assert np.isnan(found[row, column]), "neither has a picture"
            else:
                expected = scorer.to_texts([word], [other], LANGUAGES)
                assert found[row, column] == pytest.approx(float(expected[0, 0]), abs=1e-5)


def test_a_model_learns_to_translate_words(made: dataset.Dataset) -> None:
    ranks = ranked.rankings(pair_of(made), ["pivot-sym"])["pivot-sym"].set_index("word")["rank"]
    assert np.isnan(ranks["ghost"]) and ranks.drop("ghost").mean() < 5, "of 13 candidates; chance is 7"


def slow_held_out(pair: Pair, split_train: tuple[str, ...]) -> set[str]:
    """The queries that have pictures, none of whose items, on either side, was trained on."""
    table, words = pair.dataset.pictures.table, pair.dataset.words
    found = set()
    for query in pair.queries:
        items = []
        for language, word in (("en", query.word), *(("de", word) for word in query.right)):
            own = words["id"][(words["language"] == language) & (words["word"] == word)]
            items.append([table.loc[key, "concept"] for key in own])
        if all(items) and all(concept not in split_train for concepts in items for concept in concepts):
            found.add(query.id)
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_held_out_words_are_those_of_which_training_saw_no_item(made: dataset.Dataset, seed: int) -> None:
    if seed:
        train(made, replace(KEY, seed=seed), replace(OPTIONS, epochs=1))
    pair = pair_of(made)
    split = translation.stored(pair, "pivot-sym", seed)["en"].about.split
    found = translation.held_out(pair, "pivot-sym", seed)
    assert found == slow_held_out(pair, split.train)
    assert 0 < len(found) < len(pair.queries) - 1 and "ghost.N" not in found


def test_a_word_is_held_out_with_all_of_its_right_answers_only(made: dataset.Dataset) -> None:
    split = translation.stored(pair_of(made), "pivot-sym")["en"].about.split
    out = [word for word in WORDS["de"] if not any(word in key.split() for key in split.train)]
    trained_on = next(word for word in WORDS["de"] if word not in out)
    assert len(out) > 1, "words of the test and of validation"
    answers = {out[0]: [out[0], trained_on], out[1]: [out[1], out[0]], trained_on: [out[0]]}
    rows = [wordlists.Row(word, WORDS["de"][answer], "N") for word, right in answers.items() for answer in right]
    wordlists.write_list(made.path / "lexicon" / "en-de.tsv", rows)
    found = translation.held_out(pair_of(made), "pivot-sym")
    assert found == slow_held_out(pair_of(made), split.train) == {f"{out[1]}.N"}


def test_without_concepts_words_are_held_out_by_their_pictures(made: dataset.Dataset) -> None:
    """A data set of photographs: each picture is an item, and no picture says what it depicts."""
    table, words = made.pictures.table, made.words
    for shard in (made.path / "images").glob("*.parquet"):
        pd.read_parquet(shard).assign(concept="").to_parquet(shard)
    lines = [
        f"{key}\t{language}\t{row['concept']} {language}\n"
        for key, row in table[table["concept"] != ""].iterrows()
        for language in LANGUAGES
    ]
    (made.path / "descriptions.tsv").unlink()
    (made.path / "texts.tsv").write_text("picture\tlanguage\ttext\n" + "".join(lines), "utf-8")
    bare = dataset.Dataset(made.path)
    assert set(bare.pictures.table["concept"]) == {""}
    corpus = sources.of_table(bare, BACKBONE, "en-de", made.path / "texts.tsv")
    assert corpus.bundles and {key for bundle in corpus.bundles for key in bundle} <= set(corpus.item)
    trained.train(corpus, KEY, replace(OPTIONS, epochs=1), translation.models_folder(bare))
    split = translation.stored(pair_of(bare), "pivot-sym")["en"].about.split
    expected = set()
    for query in pair_of(bare).queries:
        own = {"en": (query.word,), "de": query.right}
        keys = [
            set(words["id"][(words["language"] == language) & (words["word"] == word)])
            for language, asked in own.items()
            for word in asked
        ]
        if all(keys) and not any(found & set(split.train) for found in keys):
            expected.add(query.id)
    assert translation.held_out(pair_of(bare), "pivot-sym") == expected
    assert 0 < len(expected) < len(pair_of(bare).queries) - 1


def test_never_seen_is_what_no_model_was_trained_on(made: dataset.Dataset) -> None:
    """One of the models was trained before the descriptions changed, and so on another split."""
    before = translation.held_out(pair_of(made), "vse")
    file = made.path / "descriptions.tsv"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(("red ", "blue cow"))), "utf-8")
    train(dataset.Dataset(made.path), options=replace(OPTIONS, epochs=1))
    after = translation.held_out(pair_of(made), "pivot-sym")
    assert before - after and after - before, "each has words that the other was trained on"
    assert translation.never_seen(pair_of(made), NAMES) == before & after
    assert translation.never_seen(pair_of(made), NAMES[::-1]) == before & after
    assert translation.never_seen(pair_of(made), [*NAMES, "oe"]) == frozenset(), "one that is not there says nothing"


def test_rankings_are_stored_and_found_again(made: dataset.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ranked.rankings(pair_of(made), ["pivot-sym", "avgmax"])
    scores = ranked.scores(pair_of(made), ["pivot-sym"])["pivot-sym"]
    monkeypatch.setattr(translation, "scores", lambda *given: pytest.fail("it is stored"))
    again = ranked.rankings(pair_of(made), ["pivot-sym", "avgmax"])
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, again[name])
        pd.testing.assert_frame_equal(frame, ranked.stored_rankings(pair_of(made), [name])[name])
    np.testing.assert_array_equal(ranked.scores(pair_of(made), ["pivot-sym"])["pivot-sym"], scores)


def test_after_another_training_everything_is_computed_anew(made: dataset.Dataset) -> None:
    pair = pair_of(made)
    before, digest = ranked.scores(pair, ["pivot-sym"])["pivot-sym"].copy(), translation.digest(pair, "pivot-sym")
    ranked.rankings(pair, ["pivot-sym", "vse"])
    other = translation.digest(pair, "vse")
    train(made, options=replace(OPTIONS, rate=0.005))
    assert translation.digest(pair, "pivot-sym") != digest and translation.digest(pair, "vse") == other
    assert set(ranked.stored_rankings(pair, ["pivot-sym", "vse"])) == {"vse"}
    after = ranked.scores(pair, ["pivot-sym"])["pivot-sym"]
    assert (np.isnan(after) == np.isnan(before)).all() and not np.allclose(after, before, equal_nan=True)
    np.testing.assert_allclose(after, translation.scores(pair, "pivot-sym"))
    frame = ranked.rankings(pair, ["pivot-sym"])["pivot-sym"]
    pd.testing.assert_frame_equal(frame, rankings.ranked(pair, after))
    assert set(ranked.stored_rankings(pair, ["pivot-sym", "vse"])) == {"pivot-sym", "vse"}


def test_where_pictures_are_the_bridge_scores_depend_on_the_corpus(made: dataset.Dataset) -> None:
    """Models of one language each compare words by the pictures of the corpus; those of both do not look at any."""
    before = {name: TRAINED_MODELS[name].key(pair_of(made)) for name in NAMES}
    path = made.path / "descriptions.tsv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("rot|Kuh", "rot|Rind"), "utf-8")
    assert path.read_text("utf-8") != text
    changed = {name: TRAINED_MODELS[name].key(pair_of(made)) != key for name, key in before.items()}
    assert changed == {"pivot-sym": False, "vse": True}


def test_a_model_that_is_gone_has_no_rankings(made: dataset.Dataset) -> None:
    pair = pair_of(made)
    ranked.rankings(pair, ["pivot-sym", "avgmax"])
    file_of(made).unlink()
    assert set(ranked.stored_rankings(pair, ["pivot-sym", "avgmax", "oe"])) == {"avgmax"}
    with pytest.raises(UnknownNameError, match="has not been trained"):
        ranked.rankings(pair, ["pivot-sym"])


def test_a_broken_model_has_no_rankings(made: dataset.Dataset) -> None:
    pair = pair_of(made)
    ranked.rankings(pair, ["vse"])
    file_of(made, "vse").write_bytes(file_of(made, "vse").read_bytes()[:500])
    assert ranked.stored_rankings(pair, ["vse"]) == {}
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        ranked.rankings(pair, ["vse"])
    assert "\n" not in str(caught.value)


def test_a_model_of_other_items_is_refused(made: dataset.Dataset) -> None:
    rows = (made.path / "descriptions.tsv").read_text("utf-8").splitlines(keepends=True)
    gone = translation.stored(pair_of(made), "vse")["en"].about.split.train[0]
    kept = [line for line in rows if not line.startswith(f"{gone}\t")]
    (made.path / "descriptions.tsv").write_text("".join(kept), "utf-8")
    with pytest.raises(DatasetError, match=f"1 are not in 'Colours and shapes', such as '{gone}'"):
        translation.scores(pair_of(made), "vse")


@pytest.mark.parametrize("name", TRAINED_MODELS)
def test_a_trained_model_compares_no_image_sets(made: dataset.Dataset, name: str) -> None:
    pair = pair_of(made)
    with pytest.raises(UnknownNameError) as caught:
        cldi_core.score(pair.source, pair.target, method=name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_each_model_is_a_ranker(made: dataset.Dataset) -> None:
    assert list(TRAINED_MODELS) == list(models.MODELS)
    for name, ranker in TRAINED_MODELS.items():
        assert (ranker.name, ranker.kind) == (name, TRAINED)
        assert ranker.available(made, BACKBONE, "en-de") == (name in translation.trained(made, BACKBONE, "en-de"))
        assert not ranker.available(made, "vgg19", "en-de")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("back", [False, True])
def test_words_and_sentences_are_translated_into_words_of_the_list(
    made: dataset.Dataset, name: str, back: bool
) -> None:
    texts = ["Kuh", "zebra ROTE kuh zebra", "…", ""] if back else ["cow", "zebra RED cow zebra", "…", ""]
    key, (source, target) = replace(KEY, model=name), LANGUAGES[:: -1 if back else 1]
    found = translation.translate(made, key, texts, back=back, top=3)
    rows = made.lexicon("en-de")
    words = [row.source if back else row.target for row in rows]
    model = trained.open_trained(translation.models_folder(made), key, LANGUAGES)
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    matrix = Learned(model, Bridge.of(corpus, model.any.split)).to_texts(texts, words, (source, target))
    assert [one["text"] for one in found] == texts
    known = model.spaces[source].vocabularies[source].words
    asked = ["kuh"] if back else ["cow"], ["zebra", "rote", "kuh"] if back else ["zebra", "red", "cow"], [], []
    assert [one["unseen"] for one in found] == [[word for word in own if word not in known] for own in asked]
    assert found[1]["unseen"][0] == "zebra"
    for one, scores in zip(found[:2], matrix, strict=False):
        best = sorted(range(len(words)), key=lambda place: -scores[place])[:3]
        assert [each["word"] for each in one["candidates"]] == [words[place] for place in best]
        assert [each["score"] for each in one["candidates"]] == pytest.approx([float(scores[place]) for place in best])
        assert [each["rank"] for each in one["candidates"]] == [1, 2, 3]
    assert found[2]["candidates"] == found[3]["candidates"] == [], "there is nothing to translate"
    assert len(translation.translate(made, key, texts[:1], back=back, top=100)[0]["candidates"]) == len(set(words))
    assert len(translation.translate(made, key, texts[:1], back=back)[0]["candidates"]) == 10


def test_a_word_that_is_listed_twice_is_one_candidate(made: dataset.Dataset) -> None:
    file = made.path / "lexicon" / "en-de.tsv"
    file.write_text("cow\tKuh\tN\ncattle\tKuh\tN\ncow\tRind\tN\n", "utf-8")
    one = dataset.Dataset(made.path)
    trained.train(sources.of_dataset(one, BACKBONE, "en-de"), replace(KEY, holdout="items"), OPTIONS,
                  translation.models_folder(one))  # fmt: skip
    for back, words in ((False, {"Kuh", "Rind"}), (True, {"cow", "cattle"})):
        (found,) = translation.translate(one, replace(KEY, holdout="items"), ["Kuh" if back else "cow"], back=back)
        assert len(found["candidates"]) == 2 and {each["word"] for each in found["candidates"]} == words


@pytest.mark.parametrize("name", NAMES)
def test_the_row_of_a_word_is_that_of_all_scores(made: dataset.Dataset, name: str) -> None:
    pair, ranker = pair_of(made), TRAINED_MODELS[name]
    whole = ranker.scores(pair)
    for number, word in enumerate(pair.source.words):
        np.testing.assert_allclose(ranker.row(pair, word), whole[number], atol=1e-5)


def test_unknown_words_are_those_that_hold_a_word_training_has_not_seen(made: dataset.Dataset) -> None:
    pair = pair_of(made)
    known = translation.stored(pair, "pivot-sym")["en"].vocabularies["en"].words
    found = translation.unknown_words(pair, "pivot-sym")
    assert isinstance(found, frozenset) and found == {word for word in pair.source.words if word not in known}
    assert "ghost" in found and "cow" not in found
