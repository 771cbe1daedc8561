"""Where corpora come from: data sets, tables, Multi30k; and one line about what does not fit."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import dataset, descriptions
from cldi_core.data.descriptions import Row, write_concepts
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.features import shards
from cldi_core.pivot import sources
from cldi_core.pivot.corpus import Corpus
from tests import pivot_data
from tests.conftest import BACKBONE, CONCEPTS, picture

DEMOS = ("demo", "demo-hard")


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(DatasetError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def demos() -> dict[str, Corpus]:
    """The corpora of the data sets that come with the project."""
    shipped = Path(__file__).resolve().parents[2] / "data"
    return {name: sources.of_dataset(dataset.Dataset(shipped / name), "efficientnet-lite0", "en-de") for name in DEMOS}


def describe(small: dataset.Dataset, *rows: Row) -> None:
    write_concepts(small.path, rows)


def of_small(small: dataset.Dataset) -> Corpus:
    return sources.of_dataset(small, BACKBONE, "en-de")


SUN = (Row("sun", "en", "sun", ("star", "sun", "light")), Row("sun", "de", "", ("Sonne", "hell")))


def test_items_are_the_described_concepts_with_their_pictures(small: dataset.Dataset) -> None:
    describe(small, *SUN, Row("ring", "en", "ring", ()), Row("unicorn", "en", "unicorn", ()))
    corpus = of_small(small)
    assert (corpus.name, corpus.languages, corpus.backbone) == ("Small", ("en", "de"), BACKBONE)
    assert corpus.keyworded and corpus.shared and list(corpus.item) == ["ring", "sun"]
    sun = corpus.item["sun"]
    assert sun.texts == {"en": ("sun", "star", "light"), "de": ("Sonne", "hell")}, "the name is no keyword too"
    assert sun.asked == {"en": ("sun star light",), "de": ("Sonne hell",)}
    drawn = {picture("sun", language, turn).id for language, turn in (("en", 0), ("de", 0), ("de", 1))}
    assert {corpus.pictures[row] for row in sun.pictures} == drawn
    assert corpus.item["ring"].own == {"en": corpus.item["ring"].pictures}


def test_features_are_those_of_the_pictures_in_unit_rows(small: dataset.Dataset) -> None:
    describe(small, *SUN, Row("ring", "en", "ring", ()))
    corpus, loaded = of_small(small), shards.open_features(small, BACKBONE)
    assert corpus.features.dtype == np.float32 and len(corpus.features) == len(corpus.pictures)
    for key, row in zip(corpus.pictures, corpus.features, strict=True):
        given = np.asarray(loaded.matrix[loaded.ids.find([key])], np.float32)[0]
        np.testing.assert_allclose(row, given / np.linalg.norm(given), atol=1e-6)


def test_bundles_are_the_concepts_behind_a_word_and_its_right_answers(small: dataset.Dataset) -> None:
    describe(small, *(Row(concept, language, concept, ()) for concept in CONCEPTS for language in ("en", "de")))
    found = of_small(small).bundles
    expected = {"dog": {"sun", "house"}, "hat": {"house", "tree"}, "hand": {"tree", "square"}, "red": {"cross"},
                "run": {"stripes", "ring", "cross"}, "big": {"square", "ring"}}  # fmt: skip
    assert sorted(map(set, found), key=sorted) == sorted(expected.values(), key=sorted), "ghost has no picture"
    assert all(bundle == tuple(sorted(bundle)) for bundle in found), "the same order in every process"


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (SUN[:1], "describes nothing in 'de'; expected descriptions in en, de"),
        ((Row("sun", "fr", "soleil", ()),), "describes nothing in 'en'"),
        ((Row("moon", "en", "moon", ()), Row("moon", "de", "Mond", ())), "no picture of 'small' depicts what"),
    ],
)
def test_a_data_set_that_does_not_describe_is_refused(small: dataset.Dataset, rows: list[Row], what: str) -> None:
    assert descriptions.FILE in error_of(lambda: of_small(small)), "there is no file"
    describe(small, *rows)
    assert what in error_of(lambda: of_small(small))


def test_unknown_features_are_refused(small: dataset.Dataset) -> None:
    describe(small, *SUN)
    with pytest.raises(UnknownNameError, match="resnet"):
        sources.of_dataset(small, "resnet", "en-de")


def test_each_language_has_the_pictures_of_its_own_hand(data: Path) -> None:
    corpus = sources.of_dataset(pivot_data.build(data / "made"), BACKBONE, "en-de")
    assert set(corpus.item) == set(pivot_data.ids()) and corpus.shared
    for item in corpus.items:
        for language, hand in pivot_data.HANDS.items():
            assert [item.hands[item.pictures.index(row)] for row in item.own[language]] == [hand]
    pivot_data.write_descriptions(data / "made", by_turns=True)
    apart = sources.of_dataset(dataset.Dataset(data / "made"), BACKBONE, "en-de")
    assert not apart.shared and apart.digest != corpus.digest
    assert all(rows == item.pictures for item in apart.items for rows in item.own.values())


def test_in_the_demo_no_picture_goes_with_both_languages(demos: dict[str, Corpus]) -> None:
    corpus = demos["demo"]
    assert corpus.shared and len(corpus.items) > 1000
    sides = [{row for item in corpus.items for row in item.own.get(language, ())} for language in corpus.languages]
    assert all(len(side) > 1000 for side in sides) and not sides[0] & sides[1]


def test_in_the_hard_demo_no_item_is_described_in_both_languages(demos: dict[str, Corpus]) -> None:
    corpus = demos["demo-hard"]
    assert not corpus.shared and {len(item.texts) for item in corpus.items} == {1}
    assert {language for item in corpus.items for language in item.texts} == {"en", "de"}


@pytest.mark.parametrize("name", DEMOS)
def test_every_item_of_the_demos_is_asked_in_both_languages(demos: dict[str, Corpus], name: str) -> None:
    corpus = demos[name]
    assert all(set(item.asked) == {"en", "de"} for item in corpus.items)
    assert all(len(texts) == 1 and texts[0].strip() for item in corpus.items for texts in item.asked.values())
    assert {item.id: item.asked for item in corpus.items} == {item.id: item.asked for item in demos["demo"].items}


@pytest.mark.parametrize("name", DEMOS)
def test_words_can_be_held_out_of_the_demos(demos: dict[str, Corpus], name: str) -> None:
    corpus = demos[name]
    assert corpus.bundles and max(map(len, corpus.bundles)) <= sources.BUNDLED
    test = set(corpus.split(0, "words").test)
    assert sum(set(bundle) <= test for bundle in corpus.bundles) >= 20


def table(folder: Path, *lines: str) -> Path:
    path = folder / "mine.tsv"
    path.write_text("\n".join(["picture\tlanguage\ttext", *lines, ""]), "utf-8")
    return path


def test_a_table_names_pictures_by_id_or_by_file(small: dataset.Dataset, tmp_path: Path) -> None:
    sun, ring, tree = picture("sun", "de", 1).id, picture("ring").id, picture("tree").id
    lines = [f"{sun}\ten\ta sun", "sun-1.png\ten\tthe sun", "en/ring-0.png\tde\tein Ring", f"{tree}\tfr\tun arbre"]
    path = table(tmp_path, *lines, "de/sun-1.png\tde\tdie Sonne")
    corpus = sources.of_table(small, BACKBONE, "en-de", path)
    assert corpus.name == "mine.tsv" and not corpus.keyworded and corpus.shared
    assert {item.id: dict(item.texts) for item in corpus.items} == {
        sun: {"en": ("a sun", "the sun"), "de": ("die Sonne",)},
        ring: {"de": ("ein Ring",)},
    }
    loaded = shards.open_features(small, BACKBONE)
    for item in corpus.items:
        assert item.asked == item.texts and set(item.own) == set(item.texts)
        assert [corpus.pictures[row] for row in item.pictures] == [item.id]
        assert all(rows == item.pictures for rows in item.own.values())
        given = np.asarray(loaded.matrix[loaded.ids.find([item.id])], np.float32)[0]
        np.testing.assert_allclose(corpus.features[item.pictures[0]], given / np.linalg.norm(given), atol=1e-6)


def test_a_table_that_does_not_fit_is_refused(small: dataset.Dataset, tmp_path: Path) -> None:
    path = table(tmp_path, "sun-1.png\ten\ta sun", "moon.png\tde\tder Mond")
    message = error_of(lambda: sources.of_table(small, BACKBONE, "en-de", path))
    assert "'mine.tsv' describes 'moon.png', which is no picture of 'small'" in message
    path = table(tmp_path, "ring-0.png\ten\ta ring")
    assert "'ring-0.png'" in error_of(lambda: sources.of_table(small, BACKBONE, "en-de", path)), "two have this name"
    path = table(tmp_path, "sun-1.png\ten\ta sun", "sun-1.png\tfr\tle soleil")
    message = error_of(lambda: sources.of_table(small, BACKBONE, "en-de", path))
    assert "'mine.tsv' describes nothing in 'de'" in message


COUNTS = {"train": 6, "val": 3, "test_2016": 4}
NAMES = {"train": "train", "val": "val", "test_2016": "test_2016_flickr"}


@pytest.fixture
def twin(tmp_path: Path) -> Path:
    """A tiny Multi30k, both tasks, with features of 4 numbers in ``features/``."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (tmp_path / "features").mkdir()
    for part, count in COUNTS.items():
        for language, word in (("en", "Thing"), ("de", "Ding")):
            lines = [f"{word} {part} {number}." for number in range(count)]
            names = {f"{NAMES[part]}.{language}.gz": lines}
            names |= {f"task2.{part}.{n}.{language}.gz": [f"{line} {n}" for line in lines] for n in range(1, 6)}
            for name, texts in names.items():
                (folder / name).write_bytes(gzip.compress("".join(f"{text}\n" for text in texts).encode()))
        pictured = "".join(f"{part}-{number}.jpg\n" for number in range(count))
        (folder / f"{NAMES[part]}.images.txt").write_text(pictured, "utf-8")
        np.save(given(tmp_path, part), np.random.default_rng(count).normal(size=(count, 4)))
    return tmp_path


def given(folder: Path, part: str) -> Path:
    return folder / "features" / f"{part}.npy"


def of_twin(folder: Path, task: int = 2, **options: object) -> Corpus:
    chosen = options or {"given": folder / "features"}
    return sources.of_multi30k(folder / "texts", task, "en-de", **chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", [1, 2])
def test_multi30k_keeps_its_own_split_and_order(twin: Path, task: int) -> None:
    corpus = of_twin(twin, task)
    assert corpus.shared and not corpus.keyworded and corpus.split(0) == corpus.split(9) == corpus.fixed
    split = corpus.split(0)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [6, 3, 4]
    assert split.test[2].endswith("test_2016-2.jpg")
    third = corpus.item[split.test[2]]
    lines = ("Ding test_2016 2.",) if task == 1 else tuple(f"Ding test_2016 2. {n}" for n in range(1, 6))
    assert third.texts["de"] == third.asked["de"] == lines
    row = np.load(given(twin, "test_2016"))[2]
    np.testing.assert_allclose(corpus.features[third.pictures[0]], row / np.linalg.norm(row), atol=1e-6)
    assert third.own == {"en": third.pictures, "de": third.pictures}
    assert corpus.digest == of_twin(twin, task).digest
    np.save(given(twin, "val"), np.ones((3, 4)))
    assert corpus.digest != of_twin(twin, task).digest


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def zipped() -> bytes:
    return saved(lambda file: np.savez(file, a=np.ones((3, 4))))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (lambda: saved(lambda file: np.save(file, np.ones((2, 4)))), "shape (2, 4); expected finite float (3, dim)"),
        (lambda: saved(lambda file: np.save(file, np.full((3, 4), np.nan))), "expected finite float (3, dim)"),
        (lambda: saved(lambda file: np.save(file, np.full((3, 4), np.inf))), "expected finite float (3, dim)"),
        (lambda: saved(lambda file: np.save(file, np.ones((3, 4), int))), "expected finite float (3, dim)"),
        (lambda: saved(lambda file: np.save(file, np.ones(3))), "expected finite float (3, dim)"),
        (lambda: saved(lambda file: np.save(file, np.array([{}] * 3, object))), "cannot be read"),
        (lambda: saved(lambda file: np.save(file, np.ones((3, 4))))[:-9], "cannot be read"),
        (lambda: b"", "cannot be read"),
        (lambda: b"0.1 0.2 0.3\n", "cannot be read"),
        (zipped, "expected an array saved by numpy"),
        (lambda: zipped()[:60], "expected an array saved by numpy"),
    ],
    ids=["rows", "nan", "inf", "whole", "flat", "objects", "cut", "empty", "text", "zip", "cut-zip"],
)
def test_features_that_do_not_fit_are_refused(twin: Path, data: Callable[[], bytes], what: str) -> None:
    given(twin, "val").write_bytes(data())
    message = error_of(lambda: of_twin(twin))
    assert "'val.npy'" in message and what in message


def test_numbers_too_large_for_features_are_refused(twin: Path) -> None:
    np.save(given(twin, "val"), np.full((3, 4), 1e300))
    assert "'val.npy'" in error_of(lambda: of_twin(twin))


def test_missing_features_say_which_files_are_expected(twin: Path) -> None:
    given(twin, "val").unlink()
    assert "has no val*.npy; expected float (n, dim), a row for each line of the texts" in error_of(
        lambda: of_twin(twin)
    )
    np.save(given(twin, "val"), np.ones((3, 5)))
    assert "different dimensions" in error_of(lambda: of_twin(twin))
    message = error_of(lambda: of_twin(twin, given=None))
    assert all(name in message for name in ("train.npy", "val.npy", "test_2016.npy", "--features", "--dataset"))


def test_missing_texts_say_which(twin: Path) -> None:
    (twin / "texts" / "task2.val.3.de.gz").unlink()
    assert "task2.val.3.de" in error_of(lambda: of_twin(twin))
    (twin / "texts" / "train.en.gz").unlink()
    assert "no train.en.gz and no train.en" in error_of(lambda: of_twin(twin, 1))


def test_multi30k_may_take_its_features_from_a_data_set(twin: Path, data: Path) -> None:
    made = pivot_data.build(data / "made")
    for part, count in COUNTS.items():
        names = "".join(f"Ink-{number}.png\n" for number in range(count))
        (twin / "texts" / f"{NAMES[part]}.images.txt").write_text(names, "utf-8")
    corpus = of_twin(twin, 1, dataset=made, backbone=BACKBONE)
    named = made.pictures.names()
    assert corpus.backbone == BACKBONE and corpus.features.shape == (13, pivot_data.DIM)
    loaded = shards.open_features(made, BACKBONE)
    row = np.asarray(loaded.matrix[loaded.ids.find(named.find(["Ink-2.png"]))], np.float32)[0]
    item = corpus.item[corpus.split(0).test[2]]
    np.testing.assert_allclose(corpus.features[item.pictures[0]], row / np.linalg.norm(row), atol=1e-6)
    (twin / "texts" / "val.images.txt").write_text("Ink-1.png\nnone.png\nInk-2.png\n", "utf-8")
    message = error_of(lambda: of_twin(twin, 1, dataset=made, backbone=BACKBONE))
    assert "no picture with features for 1 of 13 names, such as 'none.png'" in message


def broken(made: dataset.Dataset) -> dataset.Dataset:
    """The data set with a number of its features that is none."""
    path = next((made.path / "features" / BACKBONE).glob("*.safetensors"))
    ids, matrix, meta = shards.read_shard(path)
    rows = np.array(matrix)
    rows[0, 0] = np.nan
    shards.write_shard(path, ids, rows, meta)
    return dataset.Dataset(made.path)


def test_broken_features_of_a_data_set_are_refused(data: Path, tmp_path: Path) -> None:
    made = broken(pivot_data.build(data / "made"))
    path = table(tmp_path, "Ink/Ink-0.png\ten\ta red cow", "Ink/Ink-1.png\tde\teine Sonne")
    for call in (
        lambda: sources.of_dataset(made, BACKBONE, "en-de"),
        lambda: sources.of_table(made, BACKBONE, "en-de", path),
    ):
        with pytest.raises(DatasetError, match="finite"):
            call()


def test_a_zip_of_nothing_is_no_array(twin: Path) -> None:
    with zipfile.ZipFile(given(twin, "val"), "w"):
        pass
    assert "'val.npy'" in error_of(lambda: of_twin(twin))


@pytest.mark.parametrize("count", [sources.BUNDLED, sources.BUNDLED + 1])
def test_a_word_that_stands_for_very_many_items_is_no_bundle(data: Path, count: int) -> None:
    made = pivot_data.build(data / "made")
    some = made.pictures.table.sort_values("concept").drop_duplicates("concept").index[:count]
    dataset.write_words(made.path, [("en", "red", place, key) for place, key in enumerate(some)])
    found = sources.of_dataset(dataset.Dataset(made.path), BACKBONE, "en-de").bundles
    assert [len(bundle) for bundle in found] == ([count] if count <= sources.BUNDLED else [])


def test_a_corpus_names_the_options_that_lead_to_it(small: dataset.Dataset, twin: Path, tmp_path: Path) -> None:
    describe(small, *SUN)
    assert of_small(small).given == "--dataset small"
    (small.path / descriptions.FILE).unlink()
    lines = ("sun-1.png\ten\ta sun", "sun-1.png\tde\tdie Sonne")
    other = table(tmp_path, *lines).rename(tmp_path / "my table.tsv")
    assert sources.of_table(small, BACKBONE, "en-de", other).given == f"--dataset small --texts '{other}'"
    own = table(tmp_path, *lines).rename(small.path / descriptions.TABLE)
    kept, named = of_small(small), sources.of_table(small, BACKBONE, "en-de", own)
    assert kept.given == named.given == "--dataset small" and kept.digest == named.digest
    texts = f"--preset multi30k --multi30k {twin / 'texts'} --task"
    assert of_twin(twin, 1).given == f"{texts} 1 --features {twin / 'features'} --output FOLDER"
    for part, count in COUNTS.items():
        names = "".join(f"{name}\n" for name in small.pictures.about(["path"])["path"][:count])
        (twin / "texts" / f"{NAMES[part]}.images.txt").write_text(names, "utf-8")
    found = sources.of_multi30k(twin / "texts", 2, "en-de", dataset=small, backbone=BACKBONE)
    assert found.given == f"{texts} 2 --dataset small --output FOLDER" and found.backbone == BACKBONE


def test_features_are_told_apart_by_their_numbers(twin: Path) -> None:
    before = of_twin(twin)
    assert before.backbone == "features of features" and before.name == "Multi30k, task 2"
    np.save(given(twin, "val"), np.load(given(twin, "val")) * 2)
    after = of_twin(twin)
    assert after.source != before.source and after.digest != before.digest
    np.testing.assert_allclose(after.features, before.features, atol=1e-6)
