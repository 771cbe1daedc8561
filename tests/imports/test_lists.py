"""Word lists as people have them: each kind is recognised, what is odd is said, and nothing is lost in silence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import Row, read_list
from cldi_core.errors import CldiError, DatasetError, LexiconError
from cldi_core.imports import report
from cldi_core.imports.lists import Looked, import_lists, look, store

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def rows(text: str | bytes, name: str = "en-de.tsv", **options: str) -> list[tuple[str, str, str]]:
    return [(row.source, row.target, row.pos) for row in looked(text, name, **options).rows]


def looked(text: str | bytes, name: str = "en-de.tsv", **options: str) -> Looked:
    return look(text if isinstance(text, bytes) else text.encode(), name, **options)


def refused(text: str | bytes | Path, name: str = "en-de.tsv", **options: str) -> str:
    with pytest.raises(CldiError) as caught:
        look(text.encode() if isinstance(text, str) else text, name, **options)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 600
    return message


def shared(path: str) -> Path:
    if not (SHARED / path).is_file():
        pytest.skip(f"{path} is not in ../shared/data")
    return SHARED / path


COW = [("cow", "Kuh", "N"), ("run", "laufen", "V"), ("red", "rot", "A"), ("of", "von", "X")]
# How a list may stand in a file → the file's name, how what it was taken for begins, and its text.
KINDS: dict[str, tuple[str, str, str]] = {
    "published": ("imgWords_en_de.txt", "published list", "cow\tKuh\tN\nrun\tlaufen\tV\nred\trot\tA\nof\tvon\tX\n"),
    "header": ("en-de.tsv", "table: 3 columns separated by tabs",
               "english\tgerman\tpos\ncow\tKuh\tNN\nrun\tlaufen\tVB\nred\trot\tJJ\nof\tvon\tIN\n"),
    "comma": ("en-de.csv", "table: 3 columns separated by commas, named word, translation, pos",
              'word,translation,pos\n"cow","Kuh","noun"\nrun,laufen,verb\nred,"rot",adj\nof,von,ADP\n'),
    "semicolon": ("en-de.csv", "table: 3 columns separated by semicolons",
                  "cow;Kuh;NOUN\nrun;laufen;VERB\nred;rot;ADJ\nof;von;ADP\n"),
    "any order": ("en-de.csv", "table: 4 columns",
                  "UPOS;Deutsch;no;en\nNOUN;Kuh;1;cow\nAUX;laufen;2;run\nADJ;rot;3;red\nADP;von;4;of\n"),
    "header nobody knows": ("en-de.csv", "table: 3", "a;b;c\ncow;Kuh;N\nrun;laufen;V\nred;rot;A\nof;von;ADP\n"),
    "tag first": ("en-de.tsv", "table: 3", "N\tcow\tKuh\nV\trun\tlaufen\nA\tred\trot\nADP\tof\tvon\n"),
    "spaces": ("en-de.txt", "table: 3 columns separated by spaces", "cow Kuh N\nrun  laufen V\nred rot A\n of von X\n"),
    "tags of their own": ("en-de.tsv", "published list",
                          "cow\tKuh\tNN1\nrun\tlaufen\tVVI\nred\trot\tAJ0\nof\tvon\tPRP\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_recognised(kind: str) -> None:
    name, begin, text = KINDS[kind]
    found = looked(text, name)
    assert rows(text, name) == COW and found.format.startswith(begin) and found.report.is_complete
    assert found.pair == "en-de" and found.summary["pos"] == {"N": 1, "V": 1, "A": 1, "X": 1}


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, other end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "blank lines": lambda text: text.replace("\n", "\n \t\n\n").encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_encodings_and_ends_of_lines(kind: str, encoding: str) -> None:
    name, _, text = KINDS[kind]
    assert rows(ENCODINGS[encoding](text), name) == COW


def test_muse_has_no_parts_of_speech_and_several_lines_for_a_word() -> None:
    expected = [("cow", "Kuh"), ("cow", "Rind"), ("ice", "Eis"), ("radio", "radio")]
    for separator, told in ((" ", "spaces"), ("\t", "tabs")):
        text = "".join(f"{word}{separator}{other}\n" for word, other in expected)
        found = looked(text, "muse-en-de.txt")
        assert [(row.source, row.target) for row in found.rows] == expected
        assert {row.pos for row in found.rows} == {
            "X"
        } and found.format == f"MUSE dictionary: two columns separated by {told}"
        assert any("--pos" in line for line in found.report.remarks)
        assert {pos for _, _, pos in rows(text, "en-de.txt", pos="V")} == {"V"}
    assert "'Q'" in refused(text, pos="Q")


def test_dictionaries_of_mmid_are_turned_so_that_english_comes_first() -> None:
    text = "Kuh\tcow\tcattle\nHund\tdog\nHaus\thouse\thome\tbuilding\n"
    found = looked(text, "dict.de")
    assert (found.pair, len(found.rows), found.rows[1]) == ("en-de", 6, Row("cattle", "Kuh", "X"))
    assert found.format.startswith("MMID dictionary")
    assert looked(text, "dict.de", pair="de-en").rows[1] == Row("Kuh", "cattle", "X"), "as it is asked for"
    assert looked(text, "de-en.tsv").rows == looked(text, "dict.de", pair="de-en").rows
    broken = looked(text + "Maus\nBaum\ttree\t\u200b\n", "dict.de")
    assert broken.report.missing.counts.total() == 2 and broken.rows[-1] == Row("tree", "Baum", "X")


def test_words_are_cleaned_and_every_change_is_reported() -> None:
    found = looked('sea route\tSee\u200bweg\tN\nice\u00a0cream\tEis\tN\n"cow"\t„Kuh“\tN\ncafe\u0301\tKaffeehaus\tN\n')
    assert [(row.source, row.target) for row in found.rows] == [
        ("sea route", "Seeweg"), ("ice cream", "Eis"), ("cow", "Kuh"), ("café", "Kaffeehaus")]  # fmt: skip
    counts = found.report.changed.counts
    assert counts == {
        "invisible characters removed": 1, "white space made one space": 1, "quotes round a word taken off": 2,
        "composed (NFC)": 1}  # fmt: skip
    assert found.report.changed.kept[0].place == "line 1" and r"\u200b" in found.report.changed.kept[0].text
    assert found.report.is_complete


@pytest.mark.parametrize("word", ["rock 'n' roll", "O'Brien", '5"', "\"a\" or \"b\"", "„Kuh"])  # fmt: skip
def test_quotes_that_belong_to_the_word_stay(word: str) -> None:
    assert rows(f"x\t{word}\tN\ny\tz\tN\n") == [("x", word, "N"), ("y", "z", "N")]


def test_names_that_no_file_can_have_are_words() -> None:
    assert rows("and/or\tund/oder\tN\nwhat?\twas?\tN\nC:\tC-Laufwerk\tN\n") == [
        ("and/or", "und/oder", "N"), ("what?", "was?", "N"), ("C:", "C-Laufwerk", "N")]  # fmt: skip


def test_lines_that_stay_unusable_are_named_and_the_others_imported(tmp_path: Path) -> None:
    bad = [
        "alone",
        "a\tb\tN\tmore",
        "\tb\tN",
        "a\t\u200b\tN",
        "a\t...\tN",
        "x" * 1_000_000,
        f"a\t{'y' * 101}\tN",
        "a\t\ue000\tN",
    ]
    path = tmp_path / "en-de.tsv"
    path.write_text("cow\tKuh\tN\n" + "\n".join(bad) + "\ndog\tHund\tN\ndog\tKöter\n", "utf-8")
    (found,) = import_lists(tmp_path / "set", [path])
    missing = found.report.missing
    assert missing.counts == {"not a word pair": len(bad)} and not found.report.is_complete
    assert [note.place for note in missing.kept] == [f"line {number}" for number in range(2, 2 + len(bad))]
    assert all(len(note.text) < 300 and note.text.isprintable() for note in missing.kept)
    assert Dataset(tmp_path / "set").lexicon("en-de") == [
        Row("cow", "Kuh", "N"), Row("dog", "Hund", "N"), Row("dog", "Köter", "X")]  # fmt: skip
    assert found.report.changed.counts == {"no part of speech": 1}


def test_quotes_that_do_not_close_cost_their_line_and_no_other() -> None:
    found = looked('cow,Kuh,N\n"dog,Hund,N\ncat,"Kat"ze,N\n"sea, salt",Meersalz,N\n', "en-de.csv")
    assert rows('cow,Kuh,N\n"dog,Hund,N\ncat,"Kat"ze,N\n"sea, salt",Meersalz,N\n', "en-de.csv") == [
        ("cow", "Kuh", "N"), ("sea, salt", "Meersalz", "N")]  # fmt: skip
    assert [note.place for note in found.report.missing.kept] == ["line 2", "line 3"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"cow\tKuh\tN\nbear\tB\xe4r\tN\n", "line 2: b'bear\\tB\\xe4r\\tN' is not UTF-8"),
        ("cow\tKuh\tN\n".encode("utf-16-le"), "looks like UTF-16"),
        ("cow\tKuh\tN\n".encode("utf-32"), "looks like UTF-16 or UTF-32"),
        (b"\xff\xfec\x00o\x00w\x00\t\x00\x00\xd8\n\x00", "line 1: "),
        (b"PK\x03\x04\xff\xfe", "line 1: "),
        (b"", "holds no word pairs"),
        (b"\n\r\n \t\n", "holds no word pairs"),
        (b"cow\ndog\n", "line 1: 'cow' has 1 column"),
        (b"-\t-\tN\n", "none of the lines"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_refused_with_the_line(data: bytes, told: str) -> None:
    assert told in refused(data)


@pytest.mark.parametrize("name", ["de.txt", "words.csv", "my_set.txt"])
def test_the_pair_is_told_by_the_name_or_given(name: str) -> None:
    assert "--pair" not in refused("cow\tKuh\tN\n", name) and "give the pair" in refused("cow\tKuh\tN\n", name)
    assert looked("cow\tKuh\tN\n", name, pair="en-de").pair == "en-de"
    assert "'EN_DE'" in refused("cow\tKuh\tN\n", name, pair="EN_DE")


@pytest.mark.parametrize("make", ["mkdir", "pipe", "device", "nothing"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / "en-de.tsv"
    {"mkdir": path.mkdir, "pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero"),
     "nothing": lambda: None}[make]()  # fmt: skip
    assert "word list" in refused(path, str(path))
    with pytest.raises(LexiconError):
        import_lists(tmp_path / "set", [path])
    assert not (tmp_path / "set").exists()


def test_a_list_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LARGE", 20)
    (tmp_path / "en-de.tsv").write_bytes(b"cow\tKuh\tN\n" * 3)
    assert "larger than the 20 bytes" in refused(tmp_path / "en-de.tsv")
    assert "larger than the 20 bytes" in refused(b"cow\tKuh\tN\n" * 3)


def test_the_quick_way_reads_what_the_careful_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("cow", "ice cream", "é", "e\u0301", "ﬁ", '"x"', "\u3164", "a" * 101)
    text = "".join(f"{word}\t{other}\t{tag}\n" for word in words for other in ("Kuh", "½", "ß", "\u115f")
                   for tag in ("N", "verb", "", "?"))  # fmt: skip
    quick = looked(text)
    monkeypatch.setattr("cldi_core.imports.words.is_plain", lambda text: False)
    careful = looked(text)
    assert quick.rows == careful.rows and len(quick.rows) > 50
    assert quick.report.missing == careful.report.missing and quick.report.changed == careful.report.changed


def test_what_is_stored_is_read_back_and_the_report_kept(tmp_path: Path) -> None:
    store(tmp_path / "set", [looked("cow\tKuh\tNOUN\nof\tvon\tADP\ncow\tKuh\tN\n")])
    assert (tmp_path / "set" / "lexicon" / "en-de.tsv").read_text() == "cow\tKuh\tN\nof\tvon\tX\ncow\tKuh\tN\n"
    (kept,) = report.reports(Dataset(tmp_path / "set"))
    assert (kept.kind, kept.source, kept.counts["rows"], kept.counts["repeated"]) == ("lists", "en-de.tsv", 3, 1)
    store(tmp_path / "set", [looked("cow\tKuh\tNOUN\nof\tvon\tADP\ncow\tKuh\tN\n")])
    again = looked("dog\tHund\tN\n")
    store(tmp_path / "set", [again])
    assert again.report.remarks == ["it replaced another list of en-de that the data set had"]
    assert [len(one.remarks) for one in report.reports(Dataset(tmp_path / "set"))].count(1) == 1


def test_lists_are_imported_under_their_pair(tmp_path: Path) -> None:
    (tmp_path / "imgWords_en_de.txt").write_bytes(b"cow\tKuh\tN\r\nhand\tHand\tN\n")
    (tmp_path / "fr.txt").write_bytes(b"cow\tvache\tNOUN\n")
    (found,) = import_lists(tmp_path / "set", [tmp_path / "imgWords_en_de.txt"])
    assert (found.pair, found.summary["rows"], found.summary["same_spelled"]["N"]) == ("en-de", 2, 1)
    import_lists(tmp_path / "set", [tmp_path / "fr.txt"], "en-fr")
    opened = Dataset(tmp_path / "set")
    assert opened.pairs == ("en-de", "en-fr") and [row.target for row in opened.lexicon("en-de")] == ["Kuh", "Hand"]


def test_one_bad_list_keeps_all_of_them_out(small: Dataset, tmp_path: Path) -> None:
    for language, data in (("fr", b"dog\tchien\tN\n"), ("de", b"cow\tKuh\tN\n"), ("it", b"dog\n")):
        (tmp_path / f"en-{language}.tsv").write_bytes(data)
    before = (small.path / "lexicon" / "en-de.tsv").read_bytes()
    files = [tmp_path / f"en-{language}.tsv" for language in ("fr", "de", "it")]
    for folder in (small.path, tmp_path / "new"):
        with pytest.raises(LexiconError, match=r"en-it\.tsv.*line 1.*1 column"):
            import_lists(folder, files)
    assert Dataset(small.path).pairs == ("en-de",) and not (tmp_path / "new").exists()
    assert (small.path / "lexicon" / "en-de.tsv").read_bytes() == before


def test_two_lists_of_one_pair_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / "en-de.tsv", tmp_path / "imgWords_en_de.txt"]
    for file in files:
        file.write_bytes(b"cow\tKuh\tN\n")
    with pytest.raises(DatasetError, match="two of the files are lists of the pair en-de"):
        import_lists(tmp_path / "set", files)
    assert not (tmp_path / "set").exists()


FIELD = {
    "bom-crlf-en-de.tsv": {"N": 2, "V": 0, "A": 0, "X": 0},
    "comma-en-de.csv": {"N": 1, "V": 1, "A": 1, "X": 1},
    "header-en-de.tsv": {"N": 2, "V": 0, "A": 0, "X": 0},
    "invisible-en-de.tsv": {"N": 4, "V": 0, "A": 0, "X": 0},
    "muse-en-de.txt": {"N": 0, "V": 0, "A": 0, "X": 8},
    "unsafe-names-en-de.tsv": {"N": 3, "V": 0, "A": 0, "X": 0},
}


@pytest.mark.parametrize("name", FIELD)
def test_field_cases(name: str, tmp_path: Path) -> None:
    (found,) = import_lists(tmp_path / "set", [shared(f"field-cases/{name}")])
    assert found.summary["pos"] == FIELD[name] and found.report.is_complete
    assert read_list(tmp_path / "set" / "lexicon" / "en-de.tsv")[1] == found.rows
    assert json.loads(json.dumps(found.report.as_json()))["format"] == found.format


@pytest.mark.parametrize("language", ["de", "fr", "ru"])
def test_published_lists_are_stored_byte_for_byte(language: str, tmp_path: Path) -> None:
    path = shared(f"paper-lists/imgWords_en_{language}.txt")
    (found,) = import_lists(tmp_path / "set", [path])
    assert found.summary["pos"] == {"N": 1406, "V": 206, "A": 159, "X": 0} and found.summary["source_words"] == 1767
    assert (tmp_path / "set" / "lexicon" / f"en-{language}.tsv").read_bytes() == path.read_bytes()
    assert not found.report.changed and not found.report.missing
