"""Word lists: the published files, a small twin of them, and every way in which a list can be wrong."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import storage
from cldi_core.data.wordlists import Row, folded, is_same_spelled, pair_languages, read_list, summary, write_list
from cldi_core.errors import LexiconError

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "paper-lists"

TWIN = [
    Row("orange", "orange", "A"),
    Row("orange", "Orange", "N"),
    Row("cow", "Kuh", "N"),
    Row("cafe", "Café", "N"),
    Row("TV", "Fernseher", "N"),
    Row("tv", "Fernseher", "N"),
    Row("sit", "sich setzen", "V"),
]


def published(language: str) -> Path:
    path = PUBLISHED / f"imgWords_en_{language}.txt"
    if not path.is_file():
        pytest.skip(f"the published list {path.name} is not in ../shared/data/paper-lists")
    return path


def write_bytes(folder: Path, data: bytes, name: str = "imgWords_en_de.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def error_of(path: Path, pair: str | None = None) -> str:
    with pytest.raises(LexiconError) as caught:
        read_list(path, pair)
    message = str(caught.value)
    assert "\n" not in message and message.isprintable()
    return message


@pytest.mark.parametrize(
    ("language", "target_words", "multiword", "same_nouns", "same_adjectives"),
    [("de", 1634, 3, 213, 8), ("fr", 1633, 52, 300, 25), ("ru", 1638, 62, 1, 0)],
)
def test_published_lists(
    language: str, target_words: int, multiword: int, same_nouns: int, same_adjectives: int
) -> None:
    path = published(language)
    pair, rows = read_list(path)
    assert summary(path, pair, rows) == {
        "file": str(path),
        "pair": f"en-{language}",
        "rows": 1771,
        "pos": {"N": 1406, "V": 206, "A": 159, "X": 0},
        "source_words": 1767,
        "target_words": target_words,
        "multiword": multiword,
        "same_spelled": {"N": same_nouns, "V": 0, "A": same_adjectives, "X": 0},
    }


@pytest.mark.parametrize("language", ["de", "fr", "ru"])
def test_published_lists_are_written_back_byte_for_byte(language: str, tmp_path: Path) -> None:
    path = published(language)
    copy = tmp_path / f"en-{language}.tsv"
    write_list(copy, read_list(path)[1])
    assert copy.read_bytes() == path.read_bytes()


def test_twin_summary(tmp_path: Path) -> None:
    path = tmp_path / "en-de.tsv"
    write_list(path, TWIN)
    assert read_list(path) == ("en-de", TWIN)
    figures = summary(path, "en-de", TWIN)
    assert json.dumps(figures) == json.dumps(
        {
            "file": str(path),
            "pair": "en-de",
            "rows": 7,
            "pos": {"N": 5, "V": 1, "A": 1, "X": 0},
            "source_words": 6,
            "target_words": 6,
            "multiword": 1,
            "same_spelled": {"N": 2, "V": 0, "A": 1, "X": 0},
        }
    )


def test_byte_order_mark_crlf_blank_lines_space_and_decomposed_accents_are_tolerated(tmp_path: Path) -> None:
    data = "\ufeffcow\tKuh\tN\r\n\r\n tip \tTru\u0308ffel\tn \r\n\t\t\nadd\tadd up\tVerb".encode()
    expected = [Row("cow", "Kuh", "N"), Row("tip", "Tr\u00fcffel", "N"), Row("add", "add up", "V")]
    assert read_list(write_bytes(tmp_path, data))[1] == expected


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_aliases_of_the_parts_of_speech(change: Callable[[str], str], tmp_path: Path) -> None:
    for pos, aliases in {"N": "n nn noun", "V": "v vb verb", "A": "a adj adjective", "X": "x other"}.items():
        for alias in aliases.split():
            path = write_bytes(tmp_path, f"a\tb\t{change(alias)}\n".encode())
            assert read_list(path)[1] == [Row("a", "b", pos)]


def test_repeated_rows_and_several_right_translations_are_kept(tmp_path: Path) -> None:
    path = write_bytes(tmp_path, b"car\tAuto\tN\ncar\tWagen\tN\ncar\tAuto\tN\n")
    assert [row.target for row in read_list(path)[1]] == ["Auto", "Wagen", "Auto"]


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("imgWords_en_de.txt", "en-de"),
        ("en-de.tsv", "en-de"),
        ("en_fr.txt", "en-fr"),
        ("my words.eng-rus.csv", "eng-rus"),
        ("de-fr.tsv", "de-fr"),
    ],
)
def test_pair_from_the_name(name: str, pair: str, tmp_path: Path) -> None:
    assert read_list(write_bytes(tmp_path, b"a\tb\tN\n", name))[0] == pair


@pytest.mark.parametrize("name", ["words.txt", "my_set.txt", "imgWords_en_DE.txt", "imgWords_en_german.txt", "open_de"])
def test_pair_not_in_the_name(name: str, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, b"a\tb\tN\n", name)
    message = error_of(path)
    assert repr(name) in message and "'imgWords_en_de.txt'" in message and "give the pair" in message
    assert read_list(path, "en-it")[0] == "en-it"


def test_explicit_pair_beats_the_name(tmp_path: Path) -> None:
    path = write_bytes(tmp_path, b"a\tb\tN\n")
    assert read_list(path, "en-gsw")[0] == "en-gsw"
    assert "'EN_DE'" in error_of(path, "EN_DE")


def test_pair_languages() -> None:
    assert pair_languages("en-de") == ("en", "de")
    assert pair_languages("eng-gsw") == ("eng", "gsw")


@pytest.mark.parametrize(
    "pair", ["", "en", "en_de", "EN-DE", "e-de", "engl-de", "en-de\n", "en-de-fr", "../en-de", "ën-de"]
)
def test_not_a_pair(pair: str) -> None:
    with pytest.raises(LexiconError, match=r"'en-de'$") as caught:
        pair_languages(pair)
    assert repr(pair) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("dog\tHund", ["2 columns", "three columns"]),
        ("dog Hund N", ["1 column;", "three columns"]),
        ("dog\tHund\tN\tx", ["4 columns"]),
        ("\tHund\tN", ["empty cell (English)"]),
        ("dog\t \tN", ["empty cell (translation)"]),
        ("dog\t\t", ["empty cell (translation, POS)"]),
        ("dog\tHund\tPRON", ["unknown part of speech 'PRON'", "N, V, A", "NN, VB, ADJ", "header"]),
        ("dog\tHu\0nd\tN", ["U+0000", r"\x00", "remove it"]),
        ("dog\tHu\x1bnd\tN", ["U+001B"]),
        ("dog\t\u202eHund\tN", ["U+202E", r"\u202e"]),
        ("\ufeffdog\tHund\tN", ["U+FEFF"]),
        ("dog\tHu\u2028nd\tN", ["U+2028"]),
        ("dog\tHu\u2029nd\tN", ["U+2029"]),
        ("dog\tHund\tN\rcat\tKatze\tN", ["U+000D"]),
    ],
)
def test_wrong_line(line: str, told: list[str], tmp_path: Path) -> None:
    path = write_bytes(tmp_path, f"cow\tKuh\tN\n\n{line}\n".encode())
    message = error_of(path)
    assert message.startswith(f"{str(path)!r}, line 3: {line!r} ")
    assert all(part in message for part in told)


def test_long_line_is_shortened(tmp_path: Path) -> None:
    message = error_of(write_bytes(tmp_path, b"x" * 100_000))
    assert len(message) < 400 + len(str(tmp_path)) and "x…" not in message and "x'…" in message


def test_joiners_belong_to_the_spelling(tmp_path: Path) -> None:
    path = write_bytes(tmp_path, "go\tمی\u200cروم\tV\n".encode(), "en-fa.tsv")
    assert read_list(path)[1][0].target == "می\u200cروم"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_not_utf8(bom: bytes, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, bom + b"cow\tKuh\tN\r\nbear\tB\xe4r\tN\r\n")
    message = error_of(path)
    assert message.startswith(rf"{str(path)!r}, line 2: b'bear\tB\xe4r\tN' is not UTF-8;")
    assert message.endswith("save the file again with the encoding UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_recognised(encoding: str, tmp_path: Path) -> None:
    assert "looks like UTF-16" in error_of(write_bytes(tmp_path, "\ufeffcow\tKuh\tN\n".encode(encoding)))


@pytest.mark.parametrize("data", [b"", b"\n\r\n\t\n", b"\xef\xbb\xbf"])
def test_no_rows(data: bytes, tmp_path: Path) -> None:
    assert "no word pairs" in error_of(write_bytes(tmp_path, data))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "check the path" in error_of(tmp_path / "en-de.tsv")
    (tmp_path / "en-fr.tsv").mkdir()
    assert "cannot read" in error_of(tmp_path / "en-fr.tsv")


def test_written_file_is_canonical(tmp_path: Path) -> None:
    path = tmp_path / "made" / "lexicon" / "en-de.tsv"
    write_list(path, iter([Row("cow", " Kuh", "noun"), Row("tip", "Tru\u0308ffel", "N")]))
    assert path.read_bytes() == "cow\tKuh\tN\ntip\tTr\u00fcffel\tN\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["en-de.tsv"]


@pytest.mark.parametrize(
    "row",
    [Row("a\tb", "c", "N"), Row("a", "b\nc", "N"), Row("a", "", "N"), Row("a", "b", "PRON"), Row("a", "\ud800", "N")],
)
def test_rows_that_could_not_be_read_back_are_not_written(row: Row, tmp_path: Path) -> None:
    path = tmp_path / "en-de.tsv"
    write_list(path, TWIN)
    with pytest.raises(LexiconError, match=r"^row 2 for "):
        write_list(path, [TWIN[0], row])
    assert read_list(path)[1] == TWIN


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="no rows"):
        write_list(tmp_path / "en-de.tsv", [])
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "en-de.tsv"
    write_list(path, TWIN)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(LexiconError, match="No space left on device; free some space there, and run this again"):
        write_list(path, TWIN[:1])
    assert read_list(path)[1] == TWIN
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("english", "target", "same"),
    [
        ("orange", "Orange", True),
        ("cafe", "CAFÉ", True),
        ("cafe", "cafe\u0301", True),
        ("strasse", "Straße", True),
        ("cow", "Kuh", False),
        ("CD", "СD", False),  # the second begins with a Cyrillic letter
        ("ice cream", "icecream", True),
        ("Lodz", "Łódź", True),
        ("grosse", "GROẞE", True),
        ("Goteborg", "Göteborg", True),
        ("Goteborg", "Goeteborg", False),  # German's way of writing it, which English does not have
        ("smorrebrod", "smørrebrød", True),
        ("Dakovo", "Đakovo", True),
        ("manoeuvre", "manœuvre", True),
        ("Thor", "Þor", True),
        ("Diyarbakir", "Diyarbakır", True),
        ("ISTANBUL", "İstanbul", True),
        ("email", "e-mail", True),
        ("e-mail", "E‑Mail", True),
        ("T-shirt", "T–Shirt", True),
        ("minus", "mi−nus", True),
        ("week end", "week-end", True),
        ("hot dog", "Hot dog", True),
        ("O'Brien", "O’Brien", True),
        ("coleccio", "col·leccio", False),  # the letter counts, the dot does not
        ("colleccio", "col·lecció", True),
        ("soft", "so­ft", True),
        ("fiction", "ﬁction", True),
        ("-", "'", False),
        ("-", "-", True),
        ("moskva", "Москва", False),
        ("resign", "re-sign", True),
        ("cat", "cats", False),
    ],
)
def test_is_same_spelled(english: str, target: str, same: bool) -> None:
    assert is_same_spelled(english, target) is same


def test_whatever_is_folded_leaves_something_and_is_folded_already() -> None:
    for code in range(0x20, 0x3000):
        word = f"a{chr(code)}b"
        assert folded(folded(word)) == folded(word) and folded(chr(code))


def test_the_quick_look_at_spellings_is_right() -> None:
    letters = "aAáÁbßſﬁiİıłŁøæœ0²½-'’ʼ ·٠ﹰ\u0301кКйΣςσ한각あ\u00ad"
    draw = random.Random(3)
    words = ["".join(draw.choices(letters, k=draw.randrange(1, 3))) for _ in range(400)]
    same = 0
    for one, other in itertools.product(words, repeat=2):
        told = folded(one) == folded(other)
        assert is_same_spelled(one, other) is told
        same += told
    assert same > 1000


@pytest.mark.parametrize("make", ["mkdir", "pipe", "device"])
def test_a_list_that_is_no_regular_file(tmp_path: Path, make: str) -> None:
    path = tmp_path / "en-de.tsv"
    {"mkdir": path.mkdir, "pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero")}[make]()
    assert "cannot read the word list" in error_of(path)


def test_a_list_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LARGE", 20)
    assert "it is larger than the 20 bytes that are accepted" in error_of(write_bytes(tmp_path, b"cow\tKuh\tN\n" * 3))
