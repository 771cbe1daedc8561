"""``import-lists`` and ``import-folder``: what they write, and what they tell people."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cldi_core.data.dataset import Dataset
from cldi_core.imports.report import reports
from tests.commands.conftest import Run, strict
from tests.conftest import draw

TAKEN = "published list: three columns separated by tabs"


def test_lists_are_told_line_by_line(run: Run, data: Path, tmp_path: Path) -> None:
    files = [tmp_path / "imgWords_en_de.txt", tmp_path / "en-fr.tsv"]
    files[0].write_text("hand\tHand\tN\nsit\tsich setzen\tV\nsit\tsitzen\tV\n", "utf-8")
    files[1].write_text("red\trouge\tADJ\n", "utf-8")
    assert run("import-lists", *files, "--dataset", "new") == (
        0,
        f"en-de: 3 lines (1 N, 2 V, 0 A, 0 X), 3 translations; {TAKEN}\n"
        f"en-fr: 1 line (0 N, 0 V, 1 A, 0 X), 1 translation; {TAKEN}\n",
        "",
    )


def test_the_pair_is_named_where_the_files_name_does_not_say_it(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("hand\tHand\tN\n", "utf-8")
    assert run("import-lists", file, "--dataset", "new")[0] != 0
    code, out, err = run("import-lists", file, "--dataset", "new", "--pair", "en-it")
    assert (code, out, err) == (0, f"en-it: 1 line (1 N, 0 V, 0 A, 0 X), 1 translation; {TAKEN}\n", "")
    assert Dataset(data / "new").pairs == ("en-it",)


def test_a_line_that_is_no_word_pair_is_named_and_the_exit_code_says_so(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "muse_en_de.txt"
    file.write_text("hand Hand\nalone\nice\u00a0cream Eis\n", "utf-8")
    code, out, err = run("import-lists", file, "--dataset", "new", "--pos", "N")
    assert (code, out) == (
        1, "en-de: 2 lines (2 N, 0 V, 0 A, 0 X), 2 translations; MUSE dictionary: two columns separated by spaces\n"
    )  # fmt: skip
    assert "missing: not a word pair (1)" in err and "'line 2'" in err and "white space made one space (1)" in err
    assert [row.source for row in Dataset(data / "new").lexicon("en-de")] == ["hand", "ice cream"]
    document = strict(run("import-lists", file, "--dataset", "new", "--json")[1])
    assert document["file"] == str(file) and document["pos"]["X"] == 2
    assert (
        document["missing"]["counts"] == {"not a word pair": 1} and document["changed"]["notes"][0]["place"] == "line 3"
    )


def test_a_folder_is_imported_with_its_licence_and_author(run: Run, data: Path, tmp_path: Path) -> None:
    for word, concept in (("en/dog", "sun"), ("en/cow", "house"), ("de/Hund", "sun")):
        (tmp_path / "drawn" / word).mkdir(parents=True)
        (tmp_path / "drawn" / word / "1.png").write_bytes(draw(concept))
    (tmp_path / "drawn" / "my notes" / "old").mkdir(parents=True)
    (tmp_path / "drawn" / "my notes" / "old" / "1.png").write_bytes(draw("sun"))
    options = ("--licence", "CC0-1.0", "--author", "me")
    code, out, err = run("import-folder", tmp_path / "drawn", "--dataset", "new", *options)
    assert code == 0 and out == "2 pictures (2 new) for 1 word in de, 2 words in en\n"
    what, folder = err.splitlines()
    assert what == "passed over: folder that is no language (1)" and folder.startswith(
        "  'my notes': 'my notes' is not "
    )
    table = Dataset(data / "new").pictures.table
    assert set(table["licence"]) == {"CC0-1.0"} and set(table["author"]) == {"me"}
    (shown,) = reports(Dataset(data / "new"))
    assert (shown.kind, shown.format, shown.counts["memberships"]) == ("folder", "folder", 3), "it is kept"
    again = strict(run("import-folder", tmp_path / "drawn", "--dataset", "new", "--json")[1])
    assert (again["pictures"], again["new"], again["failed"]) == (2, 0, [])
    assert again["counts"]["languages"] == again["languages"] == {"de": 1, "en": 2} and again["memberships"] == 3
    assert [row["file"] for row in again["skipped"]] == ["my notes"]


def test_pictures_without_a_licence_are_said_to_have_none(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "drawn" / "en" / "dog").mkdir(parents=True)
    (tmp_path / "drawn" / "en" / "dog" / "1.png").write_bytes(draw("sun"))
    assert run("import-folder", tmp_path / "drawn", "--dataset", "new")[0] == 0
    (row,) = Dataset(data / "new").pictures.table.itertuples()
    assert (row.licence, row.author) == ("unknown", "")


def test_a_zip_file_with_words_of_a_file_is_imported(run: Run, data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "drawn.zip", "w") as packed:
        packed.writestr("drawn/german/1/a.png", draw("sun"))
        packed.writestr("drawn/german/1/link", "/etc/passwd")
        packed.getinfo("drawn/german/1/link").external_attr = 0o120777 << 16
        packed.writestr("drawn/german/1/Thumbs.db", b"")
    (tmp_path / "words.tsv").write_text("german/1\tund/oder\n", "utf-8")
    options = ("--dataset", "new", "--words", tmp_path / "words.tsv")
    code, out, err = run("import-folder", tmp_path / "drawn.zip", *options)
    assert (code, out) == (1, "1 picture (1 new) for 1 word in de\n")
    assert err.splitlines() == [
        "the languages are the folders of 'drawn/'",
        "missing: file that is not read (1)",
        "  'drawn/german/1/link': it is a link",
        "changed: language written as its code (1)",
        "  'german': de",
        "junk: 1 Thumbs.db",
    ]
    assert list(Dataset(data / "new").members("de")) == ["und/oder"]
