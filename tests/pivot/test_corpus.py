"""Corpora: what is held out together, and what is drawn for training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.pivot.corpus import ALIKE, SHARES, Corpus, Item, Split, drawn, near_duplicates
from cldi_core.scoring.imagesets import unit_rows
from tests import pivot_data

PARTS = ("train", "validation", "test")


def parts(split: Split) -> list[tuple[str, ...]]:
    return [getattr(split, part) for part in PARTS]


def pairs_of(corpus: Corpus) -> set[frozenset[str]]:
    """The items that look alike, literally: the mean cosine over the hands that have drawn both."""
    found = set()
    for one in corpus.items:
        for other in corpus.items:
            cosines = [
                float(np.dot(corpus.features[left], corpus.features[right]))
                for hand, left in zip(one.hands, one.pictures, strict=True)
                for hers, right in zip(other.hands, other.pictures, strict=True)
                if hand == hers
            ]
            if one.id < other.id and cosines and sum(cosines) / len(cosines) >= ALIKE:
                found.add(frozenset((one.id, other.id)))
    return found


def twins(n: int = 40) -> Corpus:
    """Items in groups of one to four that look alike, each drawn by some of three hands."""
    rng = np.random.default_rng(0)
    items, rows = [], []
    while len(items) < n:
        ground = rng.normal(size=32)
        for _ in range(int(rng.integers(1, 5))):
            hands = tuple(hand for hand in ("A", "B", "C") if rng.random() < 0.6) or ("A",)
            places = tuple(range(len(rows), len(rows) + len(hands)))
            rows += [ground + 0.25 * rng.normal(size=32) for _ in hands]
            texts = {"en": (f"item {len(items)}",)}
            items.append(Item(f"item {len(items):02}", places, {"en": places}, texts, texts, hands))
    matrix = unit_rows(np.array(rows))
    return Corpus("twins", ("en",), "made-up", "", matrix, tuple(map(str, range(len(rows)))), tuple(items))


def test_near_duplicates_are_those_of_the_definition() -> None:
    corpus = twins()
    linked = pairs_of(corpus)
    numbers = dict(zip(corpus.item, near_duplicates(corpus).tolist(), strict=True))
    assert 10 < len(linked) < 200
    reached = {key: {key} for key in numbers}
    for _ in numbers:
        for pair in linked:
            one, other = sorted(pair)
            reached[one] = reached[other] = reached[one] | reached[other]
    for one, number in numbers.items():
        for other, its in numbers.items():
            assert (number == its) == (other in reached[one]), (one, other)


def test_alike_pictures_by_different_hands_are_no_near_duplicates() -> None:
    corpus = pivot_data.corpus()
    row = corpus.features[:1]
    items = tuple(
        Item(str(number), (number,), {"en": (number,)}, {"en": ("a",)}, {"en": ("a",)}, (hand,))
        for number, hand in enumerate(("Ink", "Chalk", "Ink"))
    )
    found = near_duplicates(replace(corpus, features=np.repeat(row, 3, axis=0), items=items)).tolist()
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_split_keeps_near_duplicates_on_one_side(seed: int) -> None:
    corpus = twins()
    split = corpus.split(seed)
    side = {key: part for part in PARTS for key in getattr(split, part)}
    for pair in pairs_of(corpus):
        assert len({side[key] for key in pair}) == 1, pair
    every = [key for part in parts(split) for key in part]
    assert len(every) == len(set(every)) == len(corpus.items) and set(every) == set(corpus.item)
    for part, share in SHARES.items():
        assert share * len(corpus.items) <= len(getattr(split, part)) <= share * len(corpus.items) + 4


def test_the_seed_decides_the_split() -> None:
    corpus = pivot_data.corpus(fixed=False)
    assert corpus.split(3) == pivot_data.corpus(fixed=False).split(3)
    assert len({corpus.split(seed).test for seed in range(5)}) == 5


def test_a_corpus_that_comes_with_a_split_keeps_it() -> None:
    corpus = pivot_data.corpus()
    assert corpus.split(0) == corpus.split(1) == corpus.fixed == pivot_data.divided(pivot_data.ids())


def worded() -> Corpus:
    """Each item stands for the words of its colour and its shape; a corpus also has words that share nothing."""
    corpus = pivot_data.corpus(fixed=False)
    names = [name.split() for name in corpus.item]
    words = [*pivot_data.COLOURS, *pivot_data.SHAPES]
    return replace(corpus, bundles=tuple(tuple(" ".join(name) for name in names if word in name) for word in words))


@pytest.mark.parametrize("seed", range(6))
def test_words_that_share_no_item_are_never_divided(seed: int) -> None:
    corpus = worded()
    corpus = replace(corpus, bundles=corpus.bundles[: len(pivot_data.COLOURS)])
    split = corpus.split(seed, "words")
    for bundle in corpus.bundles:
        assert sum(bool(set(bundle) & set(part)) for part in parts(split)) == 1, bundle
    assert sum(map(len, parts(split))) == len(corpus.items)


@pytest.mark.parametrize("seed", range(6))
def test_there_are_words_all_of_whose_items_are_in_the_test(seed: int) -> None:
    corpus = worded()
    test = set(corpus.split(seed, "words").test)
    whole = [bundle for bundle in corpus.bundles if set(bundle) <= test]
    assert whole and len(test) >= SHARES["test"] * len(corpus.items)
    assert not any(set(bundle) <= set(corpus.split(seed).test) for bundle in corpus.bundles), "at random there are none"
    assert corpus.split(seed, "words") == worded().split(seed, "words")


def test_a_word_takes_the_near_duplicates_of_its_items_along() -> None:
    corpus = worded()
    matrix = corpus.features.copy()
    one, other = (pivot_data.ids().index(key) for key in ("red cow", "blue sun"))
    matrix[[other, other + 40]] = matrix[[one, one + 40]]
    corpus = replace(corpus, features=matrix)
    for seed in range(5):
        split = corpus.split(seed, "words")
        assert [{"red cow", "blue sun"} <= set(part) for part in parts(split)].count(True) == 1


def test_what_cannot_be_split_is_refused() -> None:
    corpus = worded()
    with pytest.raises(UnknownNameError, match="unknown way to hold out 'colours'; choose from: items, words"):
        corpus.split(0, "colours")
    with pytest.raises(DatasetError, match="no word list whose words could be held out; expected --holdout items"):
        replace(corpus, bundles=()).split(0, "words")
    for count in (0, 1, 5):
        with pytest.raises(DatasetError, match=f"has {count} described pictures; expected enough different ones"):
            replace(corpus, items=corpus.items[:count]).split(0)
    same = replace(corpus, features=np.repeat(corpus.features[:1], 80, axis=0))
    with pytest.raises(DatasetError, match="has 40 described pictures; expected enough different ones"):
        same.split(0)


def test_two_items_of_each_part_are_enough() -> None:
    corpus = pivot_data.corpus(fixed=False)
    few = replace(corpus, items=corpus.items[:12])
    assert list(map(len, parts(few.split(0)))) == [8, 2, 2]
    with pytest.raises(DatasetError, match="has 10 described pictures"):
        replace(corpus, items=corpus.items[:10]).split(0)  # one would be enough for validation


def test_the_digest_changes_with_what_training_depends_on() -> None:
    corpus = pivot_data.corpus()
    assert corpus.digest == pivot_data.corpus().digest
    first, *rest = corpus.items
    changed = [
        replace(corpus, source="other"),
        replace(corpus, backbone="other"),
        replace(corpus, items=tuple(rest)),
        replace(corpus, items=(replace(first, texts={"en": ("a cow",)}), *rest)),
        replace(corpus, items=(replace(first, own={"en": (1,), "de": (0,)}), *rest)),
        replace(corpus, items=(replace(first, asked={"en": ("a cow",)}), *rest)),
        replace(corpus, items=(replace(first, id="a cow"), *rest)),
        replace(corpus, items=(replace(first, pictures=first.pictures[:1]), *rest)),
        replace(corpus, items=(*rest, first)),
        replace(corpus, languages=("de", "en")),
        replace(corpus, pictures=corpus.pictures[::-1]),
    ]
    assert len({corpus.digest, *(one.digest for one in changed)}) == 1 + len(changed)


def test_parts_hold_the_items_that_a_language_describes() -> None:
    corpus = pivot_data.corpus(shared=False)
    assert pivot_data.corpus().shared and not corpus.shared
    keys = pivot_data.ids()[:4]
    assert [item.id for item in corpus.part(keys, "en")] == keys[::2]
    assert [item.id for item in corpus.part(keys, "de")] == keys[1::2]
    assert [item.id for item in corpus.part(keys, "de", asked=True)] == keys
    item = corpus.item[keys[0]]
    bare = replace(corpus, items=(replace(item, own={"en": (), "de": (1,)}),))
    assert bare.part(keys[:1], "en", asked=True) == [], "nothing is asked where no picture goes with the language"


def test_of_several_descriptions_each_is_drawn_equally_often() -> None:
    rng, texts = np.random.default_rng(0), ("one", "two", "three", "four", "five")
    counts = Counter(drawn(texts, rng, keyworded=False) for _ in range(5000))
    assert set(counts) == set(texts) and all(abs(count - 1000) < 120 for count in counts.values())


def test_names_and_keywords_are_drawn_in_three_kinds() -> None:
    rng, words = np.random.default_rng(0), ("k1", "k2", "k3")
    kinds: Counter[tuple[bool, int]] = Counter()
    for _ in range(8000):
        found = drawn(("name", *words), rng, keyworded=True).split()
        some = [word for word in found if word != "name"]
        assert len(some) == len(set(some)) and set(some) <= set(words)
        assert "name" not in found[1:], "the name comes first"
        kinds["name" in found, len(some)] += 1
    # 30 % the name, 15 % one keyword, 15 % some of them, 40 % the name and some of them
    expected = {(True, 0): 0.3, (False, 1): 0.15 + 0.05, (False, 2): 0.05, (False, 3): 0.05}
    expected |= {(True, count): 0.4 / 3 for count in (1, 2, 3)}
    assert {kind: count / 8000 for kind, count in kinds.items()} == pytest.approx(expected, abs=0.02)


def test_a_name_without_keywords_is_always_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {drawn(("name",), rng, keyworded=True) for _ in range(50)} == {"name"}


def test_the_command_that_trains_again_names_what_was_asked_for() -> None:
    made = replace(pivot_data.corpus(), given="--dataset 'my set'", backbone="timm:a b")
    begin = "python -m cldi_core pivot train --dataset 'my set' --pair en-de --backbone 'timm:a b'"
    assert made.again() == begin
    assert made.again("vse", 0, "words") == f"{begin} --model vse --seed 0 --holdout words"
    assert made.again(holdout="items") == f"{begin} --holdout items"
    assert replace(made, given="").again() == "python -m cldi_core pivot train --pair en-de --backbone 'timm:a b'"


def test_very_many_items_are_not_searched_for_near_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    found = twins()
    for most, searched in ((len(found.items), True), (len(found.items) - 1, False)):
        monkeypatch.setattr("cldi_core.pivot.corpus.COMPARED", most)
        numbers = near_duplicates(found)
        assert numbers.dtype == np.int64 and (len(set(numbers.tolist())) < len(found.items)) == searched


def test_items_of_which_nobody_says_who_drew_them_are_by_the_same_hand() -> None:
    rows = unit_rows(np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0.1, 1, 0.0]]))
    items = tuple(
        Item(str(number), (number,), {"en": (number,)}, {"en": ("a",)}, {"en": ("a",)}) for number in range(4)
    )
    made = replace(pivot_data.corpus(), features=rows, items=items)
    first, second, third, fourth = near_duplicates(made).tolist()
    assert first == second != third == fourth


def test_of_several_pictures_by_one_hand_the_first_is_compared() -> None:
    rows = unit_rows(np.eye(4)[[0, 1, 0, 2, 1, 2]])
    items = tuple(
        Item(str(number), places, {"en": places}, {"en": ("a",)}, {"en": ("a",)}, ("A", "A"))
        for number, places in enumerate(((0, 1), (2, 3), (4, 5)))
    )
    first, second, third = near_duplicates(replace(pivot_data.corpus(), features=rows, items=items)).tolist()
    assert first == second != third


def test_the_key_of_a_split_stands_for_seed_and_kind() -> None:
    made = worded()
    keys = [made.key(0), made.key(1), made.key(0, "words"), replace(made, source="other").key(0)]
    assert len(set(keys)) == 4 and keys[0] == worded().key(0, "items")


@pytest.mark.parametrize("share", [0, 1, 40])
def test_items_are_shared_where_any_is_described_in_both_languages(share: int) -> None:
    apart, both = pivot_data.corpus(shared=False), pivot_data.corpus()
    assert replace(apart, items=(*apart.items[share:], *both.items[:share])).shared == bool(share)
