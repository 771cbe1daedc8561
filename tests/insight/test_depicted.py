"""What pictures are known to depict: where each name comes from, and what hostile texts become."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import descriptions, pictures
from cldi_core.data.dataset import Dataset
from cldi_core.data.descriptions import Row
from cldi_core.insight import depicted as module
from cldi_core.insight.depicted import LONGEST, depicted, file_words, names, words
from tests.conftest import CONCEPTS, draw, picture

DRAWN = [picture("sun"), picture("house"), picture("tree", "de")]


def stored(folder: Path, *given: pictures.Picture) -> Dataset:
    """A data set with nothing but pictures."""
    pictures.write_shards(folder / "images", list(given))
    return datasets.create(folder)


def anonymous(concept: str, path: str = "1.png", **about: str) -> pictures.Picture:
    """A picture of which nobody says what it depicts."""
    return pictures.Picture(draw(concept), path, 96, 96, **about)


def test_a_concept_has_its_name_in_the_language_else_it_is_the_name(small: Dataset) -> None:
    rows = [Row("sun", "en", "the Sun", ("day",)), Row("sun", "de", "die Sonne", ()), Row("house", "de", "Haus", ())]
    descriptions.write_concepts(small.path, [*rows, Row("tree", "en", "", ("oak",))])
    sun, house, tree = (one.id for one in DRAWN)
    assert names(small, [tree, sun, house]) == {tree: "tree", sun: "the Sun", house: "house"}
    assert list(names(small, [tree, sun, house])) == [tree, sun, house]
    assert names(small, [sun, house], "de") == {sun: "die Sonne", house: "Haus"}
    assert depicted(small).terms(sun) == ("the Sun",), "as a whole"


def test_pictures_that_are_not_there_and_no_pictures(small: Dataset, data: Path) -> None:
    assert names(small, ["0" * 32, "../x", ""]) == {"0" * 32: "", "../x": "", "": ""}
    assert names(small, []) == {}
    empty = datasets.create(data / "empty")
    assert names(empty, ["0" * 32]) == {"0" * 32: ""} and len(depicted(empty)) == 0


def test_a_sibling_is_asked_after_the_data_set_itself(small: Dataset) -> None:
    other = datasets.create(small.path.parent / "other", pictures="../small")
    descriptions.write_concepts(small.path, [Row("sun", "en", "far", ()), Row("house", "en", "hut", ())])
    descriptions.write_concepts(other.path, [Row("sun", "en", "near", ())])
    assert list(names(other, [one.id for one in DRAWN]).values()) == ["near", "hut", "tree"]


def test_texts_come_before_file_names_and_after_concepts(data: Path) -> None:
    one, two, three = anonymous("sun", "red_fox.png"), anonymous("house", "grey_wolf.png"), anonymous("tree")
    found = stored(data / "photographs", one, two, three, picture("ring"))
    lines = [
        f"{one.id}\tde\tEin Fuchs", f"{one.id}\ten\tA fox  in\tthe snow".replace("in\t", "in "), f"{one.id}\ten\tlater",
        "grey_wolf.png\tde\tEin Wolf", f"{picture('ring').id}\ten\tnot asked",
    ]  # fmt: skip
    (found.path / "texts.tsv").write_text("picture\tlanguage\ttext\n" + "\n".join(lines) + "\n", "utf-8")
    keys = [one.id, two.id, three.id, picture("ring").id]
    assert list(names(found, keys).values()) == ["A fox in the snow", "Ein Wolf", "", "ring"]
    assert list(names(found, keys, "de").values()) == ["Ein Fuchs", "Ein Wolf", "", "ring"]
    assert depicted(found).terms(one.id) == ("fox", "snow"), "words, as captions have no more in common"
    assert depicted(found).terms(three.id) == ()


def test_a_title_is_a_name_before_the_file_has_one(data: Path) -> None:
    titled = anonymous("sun", "grey_wolf.png", title="A red fox\tin the snow")
    known = pictures.Picture(draw("house"), "1.png", 96, 96, concept="house", title="My home")
    found = stored(data / "photographs", titled, known, anonymous("tree", "oak_tree.png"))
    assert list(names(found, [titled.id, known.id]).values()) == ["A red fox in the snow", "house"]
    assert depicted(found).title_words(titled.id) == ("red", "fox", "snow")
    assert depicted(found).title_words(known.id) == () == depicted(found).title_words("0" * 32)
    assert dict(depicted(found).title_frequency) == {"red": 1, "fox": 1, "snow": 1}


def test_where_a_file_name_comes_from(data: Path) -> None:
    given = [
        anonymous("sun", "en/dog/red_fox.png", source_url="https://a.b/other.png"),
        anonymous("house", "en/dog/0001.png", source_url="https://a.b/c/Grey%20wolf.jpg?w=3", page="https://a.b/not.jpg"),
        anonymous("tree", "2.png", source_url="npm:x@1.2", page="https://commons.wikimedia.org/wiki/File:Brown_bear.JPG"),
        anonymous("ring", "3.png", page="https://github.com/a/fxemoji"),
    ]  # fmt: skip
    found = stored(data / "photographs", *given)
    assert [names(found, [one.id])[one.id] for one in given] == ["red fox", "grey wolf", "brown bear", ""]


def test_files_of_the_same_path_have_its_words_each(data: Path) -> None:
    given = [anonymous(concept, "en/dog/red_fox.png") for concept in ("sun", "house", "tree")]
    found = stored(data / "photographs", *given)
    pictures.write_shards(found.path / "images", [anonymous("ring", "en/dog/red_fox.png")])
    keys = [*(one.id for one in given), anonymous("ring").id]
    assert list(names(found, keys).values()) == ["red fox"] * 4


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("golden_retriever.png", "golden retriever"),
        ("en/dog/Golden-Retriever (2).JPEG", "golden retriever"),
        ("goldenRetriever2.webp", "golden retriever"),
        ("320px-Red_fox.svg.png", "red fox"),
        ("red_fox.tiff.JPE", "red fox"),
        ("the_photo_of_a_fox_and_his_owl_final_copy.tiff", "fox owl"),
        ("a\\b\\red fox.gif", "red fox"),
        ("кот_на_крыше.png", "кот крыше"),
        ("狐狸狐.png", "狐狸狐"),
        ("https://a.b/red+fox.jpg#part", "red fox"),
        ("red%20fox.jpg", "red fox"),
        ("defaced_fox.jpg", "defaced fox"),
        ("fox_deadbee1deadbee1.jpg", "fox"),
        ("1.png", ""),
        ("000123.jpg", ""),
        ("3f2a99bc0d.jpg", ""),
        ("2f1a4c1e-22cc-4b5d-9c0e-aa11bb22cc33.jpg", ""),
        ("DSC_0012.JPG", ""),
        ("IMG-20240101-WA0003.jpg", ""),
        ("xkcdq.png", ""),
        ("red_fox", ""),
        ("red_fox.exe", ""),
        (".png", ""),
        (".", ""),
        ("", ""),
        ("https://a.b/", ""),
        ("%FF%FE.png", ""),
        ("a" * 31 + ".png", ""),
    ],
)
def test_words_of_file_names(path: str, told: str) -> None:
    assert file_words(path) == told


def test_hostile_texts_are_plain_and_short(data: Path) -> None:
    evil = "a\x00b\u202ec <script>alert(1)</script> [x](javascript:y) " + "z" * 5000
    given = [
        pictures.Picture(draw("sun"), "1.png", 96, 96, concept=evil),
        anonymous("house", "x/" + "fox_" * 999 + ".png"),
        anonymous("tree", "../../etc/passwd<img src=x>.png"),
    ]
    found = stored(data / "evil", *given)
    (found.path / "texts.tsv").write_text(f"picture\tlanguage\ttext\n{'0' * 32}\ten\tof no picture\n", "utf-8")
    told = list(names(found, [one.id for one in given]).values())
    assert all(len(text) <= LONGEST and text.isprintable() and "\u202e" not in text for text in told)
    assert told[0].startswith("a b c <script>") and told[0].endswith("…"), "to be drawn by safe alone"
    assert told[1].startswith("fox fox") and told[2] == "passwd"
    assert len(words("fox " * 10_000)) <= 250


@pytest.mark.parametrize("content", ["", "nonsense\n", "concept\tlanguage\tname\tkeywords\nx\n", "\xff"])
def test_broken_descriptions_are_none(small: Dataset, content: str) -> None:
    for name in (descriptions.FILE, descriptions.TABLE):
        (small.path / name).write_bytes(content.encode("latin-1"))
    assert names(small, [DRAWN[0].id]) == {DRAWN[0].id: "sun"}


def test_files_are_read_once_and_again_when_the_data_set_is_opened_anew(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, reopen: Callable[[], Dataset]
) -> None:
    descriptions.write_concepts(small.path, [Row("sun", "en", "before", ())])
    read: list[Path] = []
    original = descriptions.read_concepts

    def counting(path: Path) -> list[Row]:
        read.append(path)
        return original(path)

    monkeypatch.setattr(module.descriptions, "read_concepts", counting)
    key = DRAWN[0].id
    assert [names(small, [key])[key] for _ in range(3)] == ["before"] * 3 and len(read) == 1
    descriptions.write_concepts(small.path, [Row("sun", "en", "after", ())])
    assert names(reopen(), [key])[key] == "after"


def test_what_is_kept_goes_with_the_data_set(small: Dataset, reopen: Callable[[], Dataset]) -> None:
    other = reopen()
    kept, gone = weakref.ref(depicted(other)), weakref.ref(other)
    names(other, [DRAWN[0].id])
    assert depicted(other) is kept() and depicted(small) is not kept()
    del other
    gc.collect()
    assert gone() is None and kept() is None


def test_how_many_pictures_have_a_name(small: Dataset) -> None:
    table = small.pictures.table
    counts = {concept: int((table["concept"] == concept).sum()) for concept in CONCEPTS}
    assert dict(depicted(small).frequency) == counts and len(depicted(small)) == len(table)


def test_what_is_looked_at_together_is_what_is_looked_at_alone(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [*small.pictures.table.index, "0" * 32]
    alone = [module.Depicted(small).name(key) for key in keys]
    monkeypatch.setattr(module, "MANY", 1)
    together = module.Depicted(small)
    together.look(keys)
    monkeypatch.setattr(type(small.pictures), "known", lambda pictures, ids: {})  # nothing is asked for again
    assert [together.name(key) for key in keys] == alone and len(set(alone)) > 3


def test_what_is_known_already_stays_when_more_is_looked_at(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each picture would be read alone, and again for each other one."""
    keys = [*small.pictures.table.index, "0" * 32]
    monkeypatch.setattr(module, "SEEN", 2)
    monkeypatch.setattr(module, "MANY", 1)
    known = module.Depicted(small)
    known.look(keys[:4])
    known.look(keys[2:])
    names = [module.Depicted(small).name(key) for key in keys[2:]]
    monkeypatch.setattr(type(small.pictures), "known", lambda pictures, ids: pytest.fail("it is read again"))
    monkeypatch.setattr(type(small.pictures), "about", lambda pictures, *given: pytest.fail("it is read again"))
    assert [known.name(key) for key in keys[2:]] == names
    assert len(known._seen) == len(keys) - 2, "what is not asked for any more is let go"


def test_the_key_changes_with_what_is_known_alone(small: Dataset, reopen: Callable[[], Dataset]) -> None:
    before = depicted(small).key
    assert depicted(reopen()).key == before
    (small.path / descriptions.TABLE).write_text(
        f"picture\tlanguage\ttext\n{small.pictures.table.index[0]}\ten\ta cow\n"
    )
    assert depicted(reopen()).key != before
