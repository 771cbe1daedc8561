"""Folders of pictures on their way in: complete, repeatable, and unimpressed by odd files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cldi_core.data import checksums, storage
from cldi_core.data.dataset import Dataset, create
from cldi_core.data.pictures import picture_id
from cldi_core.errors import CldiError, DatasetError, LexiconError
from cldi_core.imports import folder as folders
from cldi_core.imports import paths, trees
from cldi_core.imports.report import Notes, Report
from tests.conftest import draw

SUN, RING, CROSS = (draw(concept) for concept in ("sun", "ring", "cross"))


def import_folder(dataset: Path, source: Path, **options: object) -> Report:
    """In this process, which takes no time to start."""
    return folders.import_folder(dataset, source, **{"workers": 0, **options})


def reasons(notes: Notes) -> dict[str, str]:
    return {note.place: note.text for note in notes.kept}


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


def content(path: Path) -> dict[Path, bytes]:
    """All files of a data set but its reports, which tell of each import, and the checksums, which name them."""
    return {
        file: file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.parent.name != "imports" and file.name != checksums.LOG
    }


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
    assert done.counts == {"languages": {"de": 1, "en": 2}, "pictures": 3, "new": 3, "memberships": 4}
    assert done.is_complete and not len(done.passed) and not len(done.changed)
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
    before = content(target)
    done = import_folder(target, drawn)
    assert (done.counts["pictures"], done.counts["new"]) == (3, 0)
    assert content(target) == before


def test_a_word_is_replaced_and_the_others_stay(drawn: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    import_folder(target, drawn)
    done = import_folder(target, put(tmp_path / "more", {"en/dog/9.png": CROSS, "fr/chien/1.png": RING}))
    assert (done.counts["new"], done.counts["languages"]) == (0, {"en": 1, "fr": 1})
    found = words(target)
    assert found["en", "dog"] == [picture_id(CROSS)]
    assert found["en", "ice cream"] == [picture_id(CROSS)]
    assert set(found) == {("de", "Hund"), ("en", "dog"), ("en", "ice cream"), ("fr", "chien")}
    assert len(Dataset(target).pictures.shards) == 1


def test_bad_pictures_are_listed_and_the_rest_is_imported(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/dog/0.png": b"", "en/dog/3.jpg": SUN[:300], "en/cat/1.png": b"<html>", "en/dog/4.gif": CROSS})
    done = import_folder(tmp_path / "set", drawn)
    told = reasons(done.missing)
    assert set(told) == {"en/dog/0.png", "en/dog/3.jpg", "en/cat/1.png"}
    assert "empty" in told["en/dog/0.png"]
    assert "broken" in told["en/dog/3.jpg"]
    assert "not a picture" in told["en/cat/1.png"]
    found = words(tmp_path / "set")
    assert found["en", "dog"] == [picture_id(data) for data in (SUN, RING, CROSS)], "a wrong extension does no harm"
    assert ("en", "cat") not in found


def test_a_file_that_is_too_large_is_listed(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MAX_FILE", 5000)
    put(drawn, {"en/dog/3.png": SUN + bytes(9000)})
    told = reasons(import_folder(tmp_path / "set", drawn).missing)
    assert set(told) == {"en/dog/3.png"} and "larger than the 5,000" in told["en/dog/3.png"]


def test_notes_and_hidden_files_are_passed_over_and_counted(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/dog/notes.txt": b"dog", "en/dog/metadata.JSON": b"{}", "en/dog/.DS_Store": b"x", "en/README": b""})
    put(drawn, {".git/x/1.png": SUN, "things/dog/1.png": SUN, "e1/dog/1.png": SUN, "en/dog/._1.png": b"x"})
    put(drawn, {"en/Thumbs.db": b"x", "en/@eaDir/a/1.png": SUN, "en/@eaDir/b/1.png": SUN, "DESKTOP.INI": b"x"})
    done = import_folder(tmp_path / "set", drawn)
    assert done.is_complete and done.counts["memberships"] == 4
    assert done.passed.counts == {folders.BESIDE: 1, folders.A_NOTE: 2, folders.NO_LANGUAGE: 2}
    assert done.junk == {".DS_Store": 1, "hidden files": 2, "Thumbs.db": 1, "@eaDir": 1, "desktop.ini": 1}


def test_pictures_lie_at_any_depth_below_their_word_and_in_the_natural_order_of_their_names(tmp_path: Path) -> None:
    files = {"1.png": SUN, "2.png": RING, "10.png": CROSS, "b/more/1.png": RING, "a/2.png": SUN}
    done = import_folder(tmp_path / "set", put(tmp_path / "drawn", {f"en/dog/{name}": files[name] for name in files}))
    assert done.is_complete
    assert words(tmp_path / "set")["en", "dog"] == [picture_id(data) for data in (SUN, RING, CROSS, SUN, RING)]


def test_nothing_to_import(tmp_path: Path) -> None:
    target = tmp_path / "set"
    assert "is not a folder" in error_of(target, tmp_path / "none")
    assert "is not a folder" in error_of(target, put(tmp_path, {"file": b""}) / "file")
    assert "named like a language" in error_of(target, put(tmp_path / "a", {"Klingon/dog/1.png": SUN}))
    (tmp_path / "b" / "en" / "dog").mkdir(parents=True)
    assert "no pictures under" in error_of(target, tmp_path / "b")
    assert "none of the 2 files" in error_of(target, put(tmp_path / "c", {"en/dog/1.png": b"", "en/dog/2.png": b"x"}))


NO_WORDS = [
    *("x" * 101, "_", "___", " ", "-", "–", "'", "a\udcffb", "a\ue000b", "\ue000"),
    *("\u200c", "\u200d\u200d", "\u200b", "\u00ad", "\u3164", "\u2800", "\udcff", "\x01"),
]
# Those that used to be refused whole: what nobody sees is removed, and that is said.
MENDED = {
    "a\x01b": "ab", "a\nb": "a b", "tab\there": "tab here", "\u202eevil": "evil", "line\u2028break": "line break",
    "se\u00adam": "seam", "a\u2029c": "a c",
}  # fmt: skip


def test_folders_that_are_no_words_are_named_and_the_rest_is_imported(drawn: Path, tmp_path: Path) -> None:
    for name in NO_WORDS:
        put(drawn / "en" / name, {"1.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert done.missing.counts == {folders.NO_WORD: len(NO_WORDS)} and not len(done.passed)
    told = reasons(done.missing)
    assert len(told) == len({name.encode("utf-8", "replace") for name in NO_WORDS})
    for name in NO_WORDS:
        reason = told["en/" + name.encode("utf-8", "replace").decode()]
        assert " is no word" in reason and reason.isprintable()
    assert set(words(tmp_path / "set")) == {("en", "dog"), ("en", "ice cream"), ("de", "Hund")}


def test_what_nobody_sees_in_a_folders_name_is_removed_and_told(drawn: Path, tmp_path: Path) -> None:
    for name in MENDED:
        put(drawn / "en" / name, {"1.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert done.is_complete
    assert {("en", word) for word in MENDED.values()} <= set(words(tmp_path / "set"))
    assert {note.place: note.text for note in done.changed.kept} == {
        f"en/{name}": word for name, word in MENDED.items()
    }


def test_folders_that_are_no_words_alone_are_told_of(tmp_path: Path) -> None:
    put(tmp_path / "drawn" / "en" / "_", {"1.png": SUN})
    assert "is no word" in error_of(tmp_path / "set", tmp_path / "drawn")


def test_folders_beside_languages_are_named_and_those_of_computers_passed_over(drawn: Path, tmp_path: Path) -> None:
    own = (".git", "__MACOSX", "@eaDir", ".ipynb_checkpoints")
    others, meant = ("Klingon", "e1", "_", " ", "Hawaiian"), ("xx_YY", "xx_YY?", "en-")
    for name in (*own, *others, *meant):
        put(drawn / name / "dog", {"1.png": SUN})
        put(drawn / "en" / name, {"2.png": SUN})
    done = import_folder(tmp_path / "set", drawn)
    assert [note.place for note in done.passed.of(folders.NO_LANGUAGE)] == sorted(others, key=paths.natural)
    assert "'haw'" in reasons(done.passed)["Hawaiian"], "whose name says which code to write"
    assert all("expected a code such as 'en'" in note.text for note in done.passed.kept)
    assert {note.place for note in done.missing.of(folders.NO_LANGUAGE)} == set(meant)
    assert [note.place for note in done.missing.of(folders.NO_WORD)] == ["en/ ", "en/_"]
    assert set(words(tmp_path / "set")) == {
        ("de", "Hund"), *(("en", word) for word in ("dog", "ice cream", "Klingon", "e1", "Hawaiian", "xx YY", "xx YY?",
                                                    "en-"))
    }  # fmt: skip
    assert done.junk == {"__MACOSX": 2, "@eaDir": 2, ".ipynb_checkpoints": 2, "hidden files": 2}


def test_languages_are_taken_as_people_write_them(tmp_path: Path) -> None:
    written = {"DE": "de", "zh-CN": "zh", "pt_BR": "pt", "english": "en", "Français": "fr", "русский": "ru", "xx": "xx"}
    put(tmp_path / "drawn", {f"{name}/word/1.png": SUN for name in written})
    done = import_folder(tmp_path / "set", tmp_path / "drawn")
    assert done.is_complete and set(done.counts["languages"]) == set(written.values())
    told = {note.place: note.text for note in done.changed.kept}
    assert told == {name: code for name, code in written.items() if name != code}


def test_two_folders_of_one_language_are_refused_by_name(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"DE/Katze/1.png": RING, "ger/Kuh/1.png": RING})
    done = import_folder(tmp_path / "set", drawn)
    assert {note.place for note in done.missing.of(folders.TWO_FOLDERS)} == {"de", "DE", "ger"}
    assert "'DE' and 'ger'" in reasons(done.missing)["de"]
    assert set(done.counts["languages"]) == {"en"}


def test_a_word_that_no_folder_can_be_named_by_comes_from_a_file(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/0/1.png": SUN, "en/0/word.txt": b"\xef\xbb\xbfAC/DC\r\n", "en/1/1.png": SUN, "en/2/1.png": RING,
                "en/3/1.png": RING, "en/3/word.txt": b"a\nb\n", "de/1/1.png": RING, "en/4/Word.TXT": b"\xff",
                "en/4/1.png": SUN, "en/5/word.txt": b"left"})  # fmt: skip
    given = put(tmp_path, {"words.tsv": b"en/1\tand/or\n\n2\twhat?\nen/0\tAC\xe2\x80\x8b/DC\nfr/9\tx\n"}) / "words.tsv"
    done = import_folder(tmp_path / "set", drawn, words=folders.read_words(given))
    found = set(words(tmp_path / "set"))
    assert {("en", "AC/DC"), ("en", "and/or"), ("en", "what?"), ("de", "1")} <= found and ("en", "3") not in found
    assert {note.place for note in done.missing.of(folders.NO_WORD)} == {"en/3", "en/4"}
    assert [note.place for note in done.missing.of(folders.NO_FOLDER)] == ["fr/9"]
    assert [(note.what, note.place) for note in done.changed.kept] == [("invisible characters removed", "en/0")]


@pytest.mark.parametrize(("text", "why"), [(b"en/1 x\n", "line 1: 1 columns"), (b"1\ta\n1\tb\n", "line 2: the folder"),
                                           (b"\xff\xfe", "UTF-8")])  # fmt: skip
def test_a_file_of_words_that_cannot_be_used_is_told_of_in_one_line(tmp_path: Path, text: bytes, why: str) -> None:
    with pytest.raises(LexiconError, match=why):
        folders.read_words(put(tmp_path, {"words.tsv": text}) / "words.tsv")


def test_two_folders_of_one_word_are_put_together_and_told(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/ice cream/1.png": RING, "en/Cafe\u0301/1.png": SUN, "en/Café/1.png": RING})
    done = import_folder(tmp_path / "set", drawn)
    found = words(tmp_path / "set")
    assert found["en", "ice cream"] == [picture_id(RING), picture_id(CROSS)]
    assert len(found["en", "Café"]) == 2
    assert {note.text for note in done.changed.of(folders.MERGED)} == {"ice cream", "Café"}


def test_what_was_packed_with_the_folder_around_it_is_found_below_it(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "around").mkdir()
    drawn.rename(tmp_path / "around" / "pictures")
    done = import_folder(tmp_path / "set", tmp_path / "around")
    assert done.counts["languages"] == {"de": 1, "en": 2}
    assert done.remarks == ["the languages are the folders of 'pictures/'"]


def test_looking_writes_nothing_and_says_what_would_be_done(drawn: Path, tmp_path: Path) -> None:
    put(drawn, {"en/_/1.png": SUN, "things/x/1.png": SUN, "DESKTOP.INI": b"", "en/loose.png": SUN})
    before = sorted(tmp_path.rglob("*"))
    plan = folders.look(drawn)
    assert plan.languages() == {"de": {"words": 1, "files": 1}, "en": {"words": 2, "files": 3}}
    assert plan.words == {("de", "Hund"): 1, ("en", "dog"): 2, ("en", "ice cream"): 1}
    assert plan.report.missing.counts == {folders.NO_WORD: 1, folders.NOT_IN_A_WORD: 1}
    assert plan.report.passed.counts == {folders.NO_LANGUAGE: 1} and plan.report.junk == {"desktop.ini": 1}
    assert sorted(tmp_path.rglob("*")) == before
    (drawn / "en" / "dog" / "2.png").unlink()
    put(drawn, {"en/dog/3.png": CROSS})
    done = folders.store(tmp_path / "set", plan, workers=0)
    assert [note.place for note in done.missing.of(folders.GONE)] == ["en/dog/2.png"]
    assert words(tmp_path / "set")["en", "dog"] == [picture_id(SUN)], "what has come since is not of the plan"


def test_a_folder_that_one_may_not_look_into_is_named(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: object = ".") -> object:
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (row,) = import_folder(tmp_path / "set", drawn).missing.kept
    assert row.place == "en/dog" and row.text == "[Errno 13] Permission denied"


def test_one_languages_word_leaves_the_others_of_that_spelling(drawn: Path, tmp_path: Path) -> None:
    target = tmp_path / "set"
    import_folder(target, put(drawn, {"de/dog/1.png": RING, "en/gift/1.png": SUN, "de/gift/1.png": CROSS}))
    import_folder(target, put(tmp_path / "more", {"en/dog/9.png": CROSS, "de/gift/1.png": SUN}))
    found = words(target)
    assert (found["en", "dog"], found["de", "dog"]) == ([picture_id(CROSS)], [picture_id(RING)])
    assert (found["en", "gift"], found["de", "gift"]) == ([picture_id(SUN)], [picture_id(SUN)])


def test_an_import_waits_for_who_holds_the_data_set(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = create(tmp_path / "set").path
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.1)
    with storage.lock(target), pytest.raises(DatasetError, match="has been writing to"):
        import_folder(target, drawn)
    assert sorted(path.name for path in target.iterdir() if not path.name.startswith(".")) == ["dataset.toml"]


@pytest.mark.parametrize(
    ("name", "word"),
    [("ice_cream", "ice cream"), ("Cafe\u0301", "Café"), (" cow ", "cow"), ("con", "con"), ("🐕",) * 2, ("24", "24"),
     ("می\u200cخواهم",) * 2,
     ("-rf", "-rf"), ("$(id)", "$(id)"), ("x" * 100,) * 2],
)  # fmt: skip
def test_folders_that_are_words(tmp_path: Path, name: str, word: str) -> None:
    plan = folders.look(put(tmp_path / "drawn", {f"en/{name}/1.png": b""}))
    assert plan.words == {("en", word): 1} and plan.report.is_complete


@pytest.mark.parametrize("word", ["../../x", "a/b", "/etc/passwd", "C:\\x"])
def test_a_word_never_becomes_a_path(tmp_path: Path, drawn: Path, word: str) -> None:
    """Words are kept in tables only, so that even one that looks like a path cannot lead out of the data set."""
    target = tmp_path / "sets" / "set"
    put(drawn, {"en/dog/word.txt": word.encode()})
    before = set(tmp_path.rglob("*"))
    import_folder(target, drawn, words={"de/Hund": word})
    assert {(language, word) for language in ("en", "de")} <= set(words(target))
    assert all(path.is_relative_to(tmp_path / "sets") for path in set(tmp_path.rglob("*")) - before)
    assert {path.name for path in target.iterdir()} == {
        "dataset.toml",
        "images",
        "imports",
        "words.parquet",
        ".lock",
        ".checksums",
    }


def test_links_within_the_folder_are_followed_and_others_are_listed(drawn: Path, tmp_path: Path) -> None:
    put(tmp_path / "far", {"ring.png": RING, "words/1.png": CROSS})
    dog = drawn / "en" / "dog"
    (dog / "4.png").symlink_to(Path("..") / "ice_cream" / "1.png")
    for name, target in {"5": tmp_path / "far" / "ring.png", "6": tmp_path / "far" / "none", "7": dog / "7.png",
                         "8": dog / "none"}.items():  # fmt: skip
        (dog / f"{name}.png").symlink_to(target)
    (drawn / "en" / "far").symlink_to(tmp_path / "far" / "words")
    (drawn / "en" / "hound").symlink_to(drawn / "de" / "Hund")
    (dog / "up").symlink_to(drawn / "en")
    (dog / "here").symlink_to(dog)
    os.mkfifo(dog / "9.png")
    done = import_folder(tmp_path / "set", drawn)
    told = reasons(done.missing)
    assert set(told) == {"en/far", "en/dog/up", "en/dog/here", *(f"en/dog/{number}.png" for number in (5, 6, 7, 8, 9))}
    assert all("out of the folder" in told[name] for name in ("en/far", "en/dog/5.png", "en/dog/6.png"))
    assert all("leads nowhere" in told[f"en/dog/{number}.png"] for number in (7, 8))
    assert "not a regular file" in told["en/dog/9.png"] and "leads back" in told["en/dog/up"]
    found = words(tmp_path / "set")
    assert found["en", "dog"] == [picture_id(SUN), picture_id(RING), picture_id(CROSS)]
    assert found["en", "hound"] == [picture_id(SUN)]


def test_file_names_that_are_no_utf8_can_be_stored_and_told(drawn: Path, tmp_path: Path) -> None:
    folder = os.fsencode(drawn / "en" / "dog")
    for name, data in ((b"\xff.png", CROSS), (b"\xfe.png", b"")):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(data)  # noqa: PTH118 (bytes)
    done = import_folder(tmp_path / "set", drawn)
    assert [note.place for note in done.missing.kept] == ["en/dog/?.png"]
    assert Dataset(tmp_path / "set").pictures.path_of(picture_id(CROSS)).startswith("en/")


def test_the_host_of_borrowed_pictures_is_named(small: Dataset, drawn: Path) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    with pytest.raises(DatasetError, match="'guest' uses the pictures of 'small'; import there"):
        import_folder(guest.path, drawn)


def test_languages_are_told_in_the_order_of_their_codes(tmp_path: Path) -> None:
    codes = ["de", "en", "fr", "hu", "it", "pl", "ru", "sv"]
    put(tmp_path / "drawn", {f"{code}/word{number}/1.png": SUN for code in codes for number in range(len(code))})
    assert list(import_folder(tmp_path / "set", tmp_path / "drawn").counts["languages"].items()) == [
        (code, 2) for code in codes
    ]
