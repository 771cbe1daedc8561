"""Word lists and folders of pictures on their way in: complete, repeatable, and unimpressed by odd files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cldi_core.data import importers, storage
from cldi_core.data.dataset import Dataset, create
from cldi_core.data.importers import import_lists
from cldi_core.imports.folder import import_folder
from cldi_core.data.pictures import picture_id
from cldi_core.errors import CldiError, DatasetError, LexiconError
from tests.conftest import draw

SUN, RING, CROSS = (draw(concept) for concept in ("sun", "ring", "cross"))


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files: path → content."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A folder of pictures in two languages."""
    return put(
        tmp_path / "drawn",
        {"en/dog/1.png": SUN, "en/dog/2.png": RING, "en/ice_cream/1.png": CROSS, "de/Hund/a.png": SUN},
    )


def words(path: Path) -> dict[tuple[str, str], list[str]]:
    opened = Dataset(path)
    return {(language, word): keys for language in opened.languages for word, keys in opened.members(language).items()}


def error_of(target: Path, folder: Path) -> str:
    with pytest.raises(CldiError) as caught:
        import_folder(target, folder)
    assert "\n" not in str(caught.value) and str(caught.value).isprintable()
    assert not target.exists(), "nothing is written when nothing is imported"
    return str(caught.value)


def test_a_folder_becomes_words_with_pictures(drawn: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    done = import_folder(
        tmp_path / "set", drawn, licence="CC0-1.0", author="me", progress=lambda *n: calls.append(n)
    )  # fmt: skip
    assert (done.languages, done.pictures, done.new, done.memberships) == ({"de": 1, "en": 2}, 3, 3, 4)
    assert done.failed == []
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert words(tmp_path / "set") == {
        ("de", "Hund"): [picture_id(SUN)],
        ("en", "dog"): [picture_id(SUN), picture_id(RING)],
        ("en", "ice cream"): [picture_id(CROSS)],
    }
    assert Dataset(tmp_path / "set").words["position"].tolist() == [0, 0, 1, 0]
    row = Dataset(tmp_path / "set").pictures.table.loc[picture_id(CROSS)]
    assert (row["licence"], row["author"], row["provider"], row["width"]) == ("CC0-1.0", "me", "folder", 96)
    assert Dataset(tmp_path / "set").pictures.path_of(picture_id(CROSS)) == "en/ice_cream/1.png"


def test_a_second_import_changes_nothing(drawn: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    import_folder(target, drawn)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    done = import_folder(target, drawn)
    assert (done.pictures, done.new) == (3, 0)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_a_word_is_replaced_and_the_others_stay(drawn: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    import_folder(target, drawn)
    done = import_folder(target, put(tmp_path / "more", {"en/dog/9.png": CROSS, "fr/chien/1.png": RING}))
    assert (done.new, done.languages) == (0, {"en": 1, "fr": 1})
    found = words(target)
    assert found["en", "dog"] == [picture_id(CROSS)]
    assert found["en", "ice cream"] == [picture_id(CROSS)]
    assert set(found) == {("de", "Hund"), ("en", "dog"), ("en", "ice cream"), ("fr", "chien")}
    assert len(Dataset(target).pictures.shards) == 1


def test_bad_pictures_are_listed_and_the_rest_is_imported(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/dog/0.png": b"", "en/dog/3.jpg": SUN[:300], "en/cat/1.png": b"<html>", "en/dog/4.gif": CROSS})
    done = import_folder(tmp_path / "set", drawn)
    reasons = {row["file"]: row["reason"] for row in done.failed}
    assert set(reasons) == {"en/dog/0.png", "en/dog/3.jpg", "en/cat/1.png"}
    assert "empty" in reasons["en/dog/0.png"]
    assert "broken" in reasons["en/dog/3.jpg"]
    assert "not a picture" in reasons["en/cat/1.png"]
    found = words(tmp_path / "set")
    assert found["en", "dog"] == [picture_id(data) for data in (SUN, RING, CROSS)], "a wrong extension does no harm"
    assert ("en", "cat") not in found


def test_a_file_that_is_too_large_is_listed(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importers, "MAX_FILE", 5000)
    put(drawn, {"en/dog/3.png": SUN + bytes(9000)})
    (row,) = import_folder(tmp_path / "set", drawn).failed
    assert row["file"] == "en/dog/3.png" and "more than the 5,000" in row["reason"]


def test_notes_and_hidden_files_are_passed_over(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/dog/word.txt": b"dog", "en/dog/metadata.JSON": b"{}", "en/dog/.DS_Store": b"x", "en/README": b""})
    put(drawn, {"en/dog/deeper/1.png": SUN, ".git/x/1.png": SUN, "English/dog/1.png": SUN, "e1/dog/1.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert (done.failed, done.memberships) == ([], 4)


def test_nothing_to_import(tmp_path: Path) -> None:
    target = tmp_path / "set"
    assert "is not a folder" in error_of(target, tmp_path / "none")
    assert "is not a folder" in error_of(target, put(tmp_path, {"file": b""}) / "file")
    assert "named like a language" in error_of(target, put(tmp_path / "a", {"English/dog/1.png": SUN}))
    (tmp_path / "b" / "en" / "dog").mkdir(parents=True)
    assert "no pictures under" in error_of(target, tmp_path / "b")
    assert "none of the 2 files" in error_of(target, put(tmp_path / "c", {"en/dog/1.png": b"", "en/dog/2.png": b"x"}))


NO_WORDS = [
    *("a\x01b", "a\nb", "tab\there", "x" * 101, "_", "___", " ", "-", "–", "'", "\u202eevil", "line\u2028break"),
    *("a\udcffb", "a\ue000b", "a\u00adb", "a\u2029b"),
    *("\ue000", "\u200c", "\u200d\u200d", "\u200b", "\u00ad", "\u3164", "\u2800", "\udcff"),
]


def test_folders_that_are_no_words_are_named_and_the_rest_is_imported(drawn: Path, tmp_path: Path) -> None:
    for name in NO_WORDS:
        put(drawn / "en" / name, {"1.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert len(done.failed) == len(NO_WORDS) and done.skipped == []
    told = {row["file"]: row["reason"] for row in done.failed}
    assert len(told) == len({name.encode("utf-8", "replace") for name in NO_WORDS})
    for name in NO_WORDS:
        reason = told["en/" + name.encode("utf-8", "replace").decode()]
        assert reason.startswith("the folder name ") and " is not a word" in reason and reason.isprintable()
    assert set(words(tmp_path / "set")) == {("en", "dog"), ("en", "ice cream"), ("de", "Hund")}


def test_folders_that_are_no_words_alone_are_told_of(tmp_path: Path) -> None:
    put(tmp_path / "drawn" / "en" / "_", {"1.png": SUN})
    assert "the folder name '_' is not a word" in error_of(tmp_path / "set", tmp_path / "drawn")


def test_folders_beside_languages_are_named_and_those_of_computers_passed_over(drawn: Path, tmp_path: Path) -> None:
    own = (".git", "__MACOSX", "@eaDir", ".ipynb_checkpoints")
    others = ("English", "zh-CN", "pt_BR", "DE", "e1", "_", " ")
    for name in (*own, *others):
        put(drawn / name / "dog", {"1.png": SUN})
        put(drawn / "en" / name, {"2.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert sorted(row["file"] for row in done.skipped) == sorted(others)
    assert all("expected a code such as 'en'" in row["reason"] for row in done.skipped)
    assert [row["file"] for row in done.failed] == ["en/ ", "en/_"]
    assert set(words(tmp_path / "set")) == {
        ("de", "Hund"), *(("en", word) for word in ("dog", "ice cream", "English", "zh-CN", "pt BR", "DE", "e1"))
    }  # fmt: skip


def test_a_folder_that_one_may_not_look_into_is_named(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.iterdir

    def iterdir(path: Path) -> object:
        if path.name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    (row,) = import_folder(tmp_path / "set", drawn).failed
    assert row["file"] == "en/dog" and "Permission denied" in row["reason"]


def test_one_languages_word_leaves_the_others_of_that_spelling(drawn: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    import_folder(target, put(drawn, {"de/dog/1.png": RING, "en/gift/1.png": SUN, "de/gift/1.png": CROSS}))
    import_folder(target, put(tmp_path / "more", {"en/dog/9.png": CROSS, "de/gift/1.png": SUN}))
    found = words(target)
    assert (found["en", "dog"], found["de", "dog"]) == ([picture_id(CROSS)], [picture_id(RING)])
    assert (found["en", "gift"], found["de", "gift"]) == ([picture_id(SUN)], [picture_id(SUN)])


@pytest.mark.parametrize("kind", ["lists", "folder"])
def test_an_import_waits_for_who_holds_the_data_set(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    target = create(tmp_path / "set").path
    put(tmp_path, {"en-de.tsv": b"cow\tKuh\tN\n"})
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    with storage.lock(target), pytest.raises(DatasetError, match="has been writing to"):
        import_lists(target, [tmp_path / "en-de.tsv"]) if kind == "lists" else import_folder(target, drawn)
    assert sorted(path.name for path in target.iterdir() if not path.name.startswith(".")) == ["dataset.toml"]


@pytest.mark.parametrize(
    ("name", "word"),
    [("ice_cream", "ice cream"), ("Cafe\u0301", "Café"), (" cow ", "cow"), ("con", "con"), ("🐕",) * 2, ("24", "24"),
     ("می\u200cخواهم",) * 2,
     ("-rf", "-rf"), ("$(id)", "$(id)"), ("x" * 100,) * 2],
)  # fmt: skip
def test_folders_that_are_words(name: str, word: str) -> None:
    assert clean_word(name) == word


@pytest.mark.parametrize("name", ["..", "../..", "a/b"])
def test_a_word_never_becomes_a_path(tmp_path: Path, drawn: Path, name: str) -> None:
    """Words are kept in tables only, so that even one that looks like a path cannot lead out of the data set."""
    target = tmp_path / "sets" / "set"
    import_folder(target, drawn)
    before = sorted(tmp_path.rglob("*"))
    import_lists(target, [put(tmp_path, {"en-de.tsv": f"{name}\t{name}\tN\n".encode()}) / "en-de.tsv"])
    added = set(tmp_path.rglob("*")) - set(before)
    assert {path.relative_to(tmp_path).as_posix() for path in added} == {
        "en-de.tsv", "sets/set/lexicon", "sets/set/lexicon/en-de.tsv"}  # fmt: skip


def test_links_are_followed_and_dead_ones_are_listed(drawn: Path, tmp_path: Path) -> None:
    put(tmp_path / "far", {"ring.png": RING, "notes": b"secret", "words/1.png": CROSS})
    (drawn / "en" / "dog" / "5.png").symlink_to(tmp_path / "far" / "ring.png")
    (drawn / "en" / "dog" / "6.png").symlink_to(tmp_path / "far" / "none.png")
    (drawn / "en" / "dog" / "7.png").symlink_to(drawn / "en" / "dog" / "7.png")
    (drawn / "en" / "dog" / "8.png").symlink_to(tmp_path / "far" / "notes")
    (drawn / "en" / "far").symlink_to(tmp_path / "far" / "words")
    done = import_folder(tmp_path / "set", drawn)
    assert [row["file"] for row in done.failed] == [f"en/dog/{number}.png" for number in (6, 7, 8)]
    assert "not a picture" in done.failed[2]["reason"] and "secret" not in str(done.failed)
    found = words(tmp_path / "set")
    assert found["en", "far"] == [picture_id(CROSS)]
    assert found["en", "dog"] == [picture_id(SUN), picture_id(RING), picture_id(RING)]


def test_file_names_that_are_no_utf8_can_be_stored_and_told(drawn: Path, tmp_path: Path) -> None:
    folder = os.fsencode(drawn / "en" / "dog")
    for name, data in ((b"\xff.png", CROSS), (b"\xfe.png", b"")):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(data)  # noqa: PTH118 (bytes)
    done = import_folder(tmp_path / "set", drawn)
    assert [row["file"] for row in done.failed] == ["en/dog/?.png"]
    assert Dataset(tmp_path / "set").pictures.path_of(picture_id(CROSS)).startswith("en/")


def test_the_host_of_borrowed_pictures_is_named(small: Dataset, drawn: Path) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    with pytest.raises(DatasetError, match="'guest' uses the pictures of 'small'; import there"):
        import_folder(guest.path, drawn)


def test_lists_are_imported_under_their_pair(tmp_path: Path) -> None:
    put(tmp_path, {"imgWords_en_de.txt": b"cow\tKuh\tN\r\nhand\tHand\tN\n", "fr.txt": b"cow\tvache\tNOUN\n"})
    (summary,) = import_lists(tmp_path / "set", [tmp_path / "imgWords_en_de.txt"])
    assert (summary["pair"], summary["rows"], summary["same_spelled"]["N"]) == ("en-de", 2, 1)
    import_lists(tmp_path / "set", [tmp_path / "fr.txt"], "en-fr")
    opened = Dataset(tmp_path / "set")
    assert opened.pairs == ("en-de", "en-fr")
    assert [row.target for row in opened.lexicon("en-de")] == ["Kuh", "Hand"]


def test_one_bad_list_keeps_all_of_them_out(small: Dataset, tmp_path: Path) -> None:
    put(tmp_path, {"en-fr.tsv": b"dog\tchien\tN\n", "en-de.tsv": b"cow\tKuh\tN\n", "en-it.tsv": b"dog\tcane\n"})
    before = (small.path / "lexicon" / "en-de.tsv").read_bytes()
    files = [tmp_path / f"en-{language}.tsv" for language in ("fr", "de", "it")]
    with pytest.raises(LexiconError, match=r"en-it\.tsv.*line 1.*2 columns"):
        import_lists(small.path, files)
    assert Dataset(small.path).pairs == ("en-de",)
    assert (small.path / "lexicon" / "en-de.tsv").read_bytes() == before
    with pytest.raises(LexiconError):
        import_lists(tmp_path / "new", files)
    assert not (tmp_path / "new").exists()


def test_two_lists_of_one_pair_are_refused(tmp_path: Path) -> None:
    put(tmp_path, {"en-de.tsv": b"cow\tKuh\tN\n", "imgWords_en_de.txt": b"cow\tKuh\tN\n"})
    with pytest.raises(DatasetError, match="two of the files are lists of the pair en-de"):
        import_lists(tmp_path / "set", [tmp_path / "en-de.tsv", tmp_path / "imgWords_en_de.txt"])
    assert not (tmp_path / "set").exists()


def test_languages_are_told_in_the_order_of_their_codes(tmp_path: Path) -> None:
    codes = ["de", "en", "fr", "hu", "it", "pl", "ru", "sv"]
    put(tmp_path / "drawn", {f"{code}/word{number}/1.png": SUN for code in codes for number in range(len(code))})
    assert list(import_folder(tmp_path / "set", tmp_path / "drawn").languages.items()) == [(code, 2) for code in codes]
