"""What makes results wrong without an error is found, and is gone when what is named is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import left_out, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import Row
from cldi_core.insight import hygiene, likeness
from cldi_core.insight.hygiene import KINDS, SHARED, UNRELATED, Suspect
from tests.conftest import encoded
from tests.scenes import again, scene

LISTED = [*(Row(f"word{n}", f"Wort{n}", "N") for n in range(24)), Row("Kuh", "kuh", "N"), Row("run", "laufen", "V")]


def build(folder: Path, files: dict[tuple[str, str], list[bytes]]) -> Dataset:
    """A data set of these pictures, with the list above."""
    made = {data: pictures.Picture(data, "x.png", 9, 9) for own in files.values() for data in own}
    datasets.create(folder)
    pictures.write_shards(folder / "images", list(made.values()))
    rows = [(*owner, place, made[data].id) for owner, own in files.items() for place, data in enumerate(own)]
    datasets.write_words(folder, rows)
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", LISTED)
    return Dataset(folder)


def own(*seeds: int) -> list[bytes]:
    """Pictures of a word's own, tiny files."""
    return [encoded(scene(seed).resize((48, 36))) for seed in seeds]


def of_kind(dataset: Dataset, kind: str, pair: str = "en-de") -> list[Suspect]:
    known = hygiene.Known(dataset, likeness.make(dataset, workers=0))
    return hygiene.found(known, pair)[kind]


def words(found: Suspect) -> set[str]:
    return {word for _, word in found.words}


@pytest.fixture
def placeholder() -> bytes:
    return encoded(scene(999).resize((64, 48)))


@pytest.mark.parametrize("count", [UNRELATED - 1, UNRELATED])
def test_a_picture_under_unrelated_words_is_a_placeholder(data: Path, placeholder: bytes, count: int) -> None:
    files = {("en", f"word{n}"): [*own(n), placeholder] for n in range(count)}
    files["en", "word20"] = own(50)
    found = of_kind(build(data / "x", files), "placeholder")
    if count < UNRELATED:
        assert found == []
        return
    (one,) = found
    assert words(one) == {f"word{n}" for n in range(count)} and {language for language, _ in one.words} == {"en"}
    assert one.pictures == (pictures.picture_id(placeholder),)


def test_words_that_share_more_pictures_may_share_one(data: Path, placeholder: bytes) -> None:
    """Six synonyms: each has a second picture in common with the next one."""
    files = {("en", f"word{n}"): [*own(n, (n + 1) % 6), placeholder] for n in range(6)}
    assert of_kind(build(data / "x", files), "placeholder") == []


@pytest.mark.parametrize("count", [SHARED, SHARED + 1])
def test_very_many_words_are_too_many_however_alike(data: Path, placeholder: bytes, count: int) -> None:
    both = own(1)
    files = {("de", f"Wort{n}"): [*both, placeholder] for n in range(count)}
    found = of_kind(build(data / "x", files), "placeholder", "de-en")
    assert len(found) == (2 if count > SHARED else 0), "both pictures"


def test_a_placeholder_may_have_been_saved_again(data: Path) -> None:
    saved = [again(scene(999).resize((64, 48)), quality=quality) for quality in (95, 90, 80, 70, 60, 50)]
    assert len(set(saved)) == 6
    files = {("en", f"word{n}"): [*own(n), saved[n]] for n in range(6)}
    (one,) = of_kind(build(data / "x", files), "placeholder")
    assert len(one.pictures) == len(one.items) == 6 and len(words(one)) == 6


def test_pictures_in_both_languages(data: Path) -> None:
    same, saved = encoded(scene(1)), scene(2)
    files = {
        ("en", "word1"): [same, *own(11)], ("de", "Wort2"): [same, *own(12)],
        ("en", "run"): [encoded(saved)], ("de", "laufen"): [again(saved, quality=40, scale=0.6)],
    }  # fmt: skip
    found = {one.how: one for one in of_kind(build(data / "x", files), "both languages")}
    assert found.keys() == {("bytes",), ("look",)}
    assert words(found["bytes",]) == {"word1", "Wort2"} and len(found["bytes",].pictures) == 1
    assert words(found["look",]) == {"run", "laufen"} and len(found["look",].pictures) == 2
    target = pictures.picture_id(files["de", "laufen"][0])
    assert found["look",].items == (left_out.Item(target),), "the word asked keeps its own"


def test_small_and_cut_pictures_and_words_with_few(data: Path) -> None:
    tiny, edge = (encoded(scene(3).resize(shape)) for shape in ((31, 20), (20, 32)))
    files = {("en", "run"): [tiny, edge, *own(5)], ("de", "laufen"): own(6, 7), ("de", "unlisted"): own(8)}
    dataset = build(data / "x", files)
    (small,) = of_kind(dataset, "small")
    assert small.pictures == (pictures.picture_id(tiny),) and small.words == (("en", "run"),)
    (few,) = of_kind(dataset, "few")
    assert few.words == (("de", "laufen"),) and len(few.pictures) == 2, "words without pictures and lists are no find"
    assert of_kind(dataset, "cut") == []


def test_a_jpeg_that_lacks_its_end(data: Path) -> None:
    whole, short = encoded(scene(3), "JPEG", quality=90), encoded(scene(4), "JPEG", quality=90)[:-60]
    (cut,) = of_kind(build(data / "x", {("en", "run"): [whole, short]}), "cut")
    assert cut.pictures == (pictures.picture_id(short),) and words(cut) == {"run"}


def test_words_and_folders_that_are_spelled_otherwise(data: Path) -> None:
    files = {("en", "Word1"): own(1), ("en", "kuh"): own(2), ("de", "Wort2"): own(3)}
    dataset = build(data / "x", files)
    found = {one.how: words(one) for one in of_kind(dataset, "spelling")}
    assert found == {("Word1", "capitals"): {"word1"}, ("kuh", "capitals"): {"Kuh"}}
    (same,) = of_kind(dataset, "same-spelled")
    assert same.words == (("en", "Kuh"), ("de", "kuh")) and same.items == (left_out.Item("", "en", "Kuh"),)
    (turned,) = of_kind(dataset, "same-spelled", "de-en")
    assert turned.words[0] == ("de", "kuh")


def test_what_is_left_out_is_gone(data: Path, placeholder: bytes) -> None:
    shared = encoded(scene(1))
    files = {("en", f"word{n}"): [*own(n), placeholder] for n in range(7)}
    files |= {
        ("en", "run"): [shared, encoded(scene(3).resize((30, 30)))],
        ("de", "laufen"): [again(scene(1), scale=0.5)],
    }
    files["en", "KUH"] = own(33)
    dataset = build(data / "x", files)
    known = hygiene.Known(dataset, likeness.make(dataset, workers=0))
    found = hygiene.found(known, "en-de")
    assert {name for name, own in found.items() if own} == set(KINDS) - {"cut"}
    for kind, own_of in found.items():
        one = Dataset(dataset.path)
        items = [item for suspect in own_of for item in suspect.items]
        left_out.leave_out(one, items)
        assert hygiene.found(hygiene.known(Dataset(dataset.path)), "en-de")[kind] == [], kind
        left_out.take_back(one, items)
    again_found = hygiene.found(hygiene.known(Dataset(dataset.path)), "en-de")
    assert again_found == found, "what check kept still stands"


def test_suspects_are_words_by_kind(data: Path) -> None:
    files = {("en", "run"): [encoded(scene(1))], ("de", "laufen"): [encoded(scene(1)), *own(2)]}
    dataset = build(data / "x", files)
    found = hygiene.suspects(dataset, "en-de")
    assert set(found) == set(KINDS)
    assert found["both languages"] == {("en", "run"), ("de", "laufen")} == found["few"], "files need no fingerprints"
    assert found["placeholder"] == frozenset()
