"""Finding and opening data sets, and what they say of themselves."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import dataset, pictures, storage, wordlists, wordnet
from cldi_core.data.dataset import Dataset, available, create, locate, open_dataset
from cldi_core.data.queries import Query
from cldi_core.errors import CldiError, DatasetError, UnknownNameError
from cldi_core.features import extraction, shards
from cldi_core.insight import health
from tests.conftest import WORDS, build_small, picture


def error_of(call: Callable[[], object]) -> str:
    """The one line that a user would see."""
    with pytest.raises(CldiError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_the_small_set_holds(small: Dataset) -> None:
    assert (small.name, small.title, small.pairs, small.languages) == ("small", "Small", ("en-de",), ("en", "de"))
    assert small.backbones == ("efficientnet-lite0",)
    assert small.home == small.path
    assert [small.senses(word) for word in ("dog", "run", "red", "unknown")] == [8, 57, 7, None]
    expected = [picture(concept).id for concept in WORDS["en"]["run"]]
    assert small.members("en")["run"] == expected
    assert small.members("xx") == {}


def test_queries_join_lines_of_one_word(small: Dataset) -> None:
    queries = {query.id: query for query in small.queries("en-de")}
    assert list(queries) == ["dog.N", "hat.N", "hand.N", "ghost.N", "run.V", "red.A", "big.A"]
    assert queries["dog.N"].right == ("Hund", "Köter")
    assert [query.id for query in queries.values() if query.same_spelled] == ["hand.N"]


def test_one_word_under_two_parts_of_speech_is_asked_twice() -> None:
    rows = [
        wordlists.Row("orange", "orange", "A"),
        wordlists.Row("orange", "Apfelsine", "N"),
        wordlists.Row("orange", "x", "A"),
    ]
    found = dataset.queries(rows)
    assert found == [Query("orange", "A", ("orange", "x")), Query("orange", "N", ("Apfelsine",))]


def test_an_unknown_name_lists_the_known_ones(small: Dataset) -> None:
    message = error_of(lambda: open_dataset("smal"))
    assert "'smal'" in message and "choose from: small" in message and "import-folder" in message
    with pytest.raises(UnknownNameError):
        open_dataset("smal")


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_impossible_names(data: Path, name: str) -> None:
    assert "is not the name of a data set" in error_of(lambda: open_dataset(name))


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "./none", "/none/such", "a" * 200, "π", "$(id)"])
def test_unknown_paths_and_odd_names(data: Path, name: str) -> None:
    assert "unknown data set" in error_of(lambda: open_dataset(name))


def test_a_folder_without_toml_is_no_data_set(data: Path) -> None:
    (data / "empty").mkdir()
    message = error_of(lambda: open_dataset("empty"))
    assert "no dataset.toml" in message and "import-folder" in message


@pytest.mark.parametrize("text", [b"title = ", b"\xff\xfe", b"= 3\n\n[["])
def test_a_broken_toml_is_named(data: Path, text: bytes) -> None:
    (data / "broken").mkdir()
    (data / "broken" / "dataset.toml").write_bytes(text)
    assert "dataset.toml of 'broken' cannot be read" in error_of(lambda: open_dataset("broken"))


@pytest.mark.parametrize("other", ["../../etc", "/etc", "..", "../", "../none", "small", "../small/images", "../.", 5])
def test_pictures_may_only_come_from_a_sibling(small: Dataset, other: object) -> None:
    text = f"pictures = {other!r}\n".replace("'", '"')
    folder = small.path.parent / "guest"
    folder.mkdir()
    (folder / "dataset.toml").write_text(text, "utf-8")
    message = error_of(lambda: open_dataset("guest").pictures)
    assert repr(str(other)) in message and "'../NAME' of a sibling" in message


def test_a_sibling_lends_pictures_and_features(small: Dataset) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    assert len(guest.pictures.table) == len(small.pictures.table)
    assert guest.backbones == small.backbones
    assert (guest.pairs, guest.members("en")) == ((), {})


def test_names_and_paths(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small.path.parent
    assert locate("small") == root / "small"
    assert locate("new") == root / "new"
    assert locate(str(small.path)) == small.path
    monkeypatch.chdir(root)
    assert locate("./small").samefile(small.path)
    assert locate("../data/small").samefile(small.path)
    (root / "elsewhere").mkdir()
    monkeypatch.chdir(root / "elsewhere")
    assert locate("small") == small.path, "a name does not mean a folder of the working directory"


def test_the_working_directory_is_a_data_set_like_any_other(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    monkeypatch.chdir(guest.path)
    opened = open_dataset(".")
    assert opened.name == "guest"
    assert opened.home.samefile(small.path)


def test_a_home_folder_is_expanded(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(small.path.parent))
    assert locate("~/small").samefile(small.path)


def test_the_environment_names_the_folder_and_one_more_set(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(available()) == ["small"]
    other = create(tmp_path / "other", "Other")
    monkeypatch.setenv("CLDI_DATASET", str(other.path))
    assert {name: path.name for name, path in available().items()} == {"other": "other", "small": "small"}
    assert next(iter(available())) == "other", "the one that was asked for comes first"
    assert open_dataset("other").title == "Other", "what is listed can be opened"
    monkeypatch.setenv("CLDI_DATASET", str(tmp_path / "none"))
    assert list(available()) == ["small"]
    monkeypatch.setenv("CLDI_DATA", str(tmp_path / "nowhere"))
    assert available() == {}
    monkeypatch.delenv("CLDI_DATA")
    assert dataset.root() == Path(__file__).resolve().parents[2] / "data", "of the checkout, wherever it is used from"


def test_outside_a_checkout_names_are_folders_under_the_current_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "CHECKOUT", None)
    for name in ("CLDI_DATA", "CLDI_DATASET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert locate("mine") == tmp_path / "data" / "mine" and available() == {}
    assert create(locate("mine")).address == "mine"
    assert list(available()) == ["mine"] and open_dataset("mine").path == tmp_path / "data" / "mine"
    monkeypatch.setenv("CLDI_DATA", "")
    assert open_dataset("mine").path == tmp_path / "data" / "mine", "an empty variable is none"
    monkeypatch.setenv("CLDI_DATA", str(tmp_path / "elsewhere"))
    assert locate("mine") == tmp_path / "elsewhere" / "mine"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("small", False), ("a b", False), ("small.v2", False), ("", False), ("/x/small", True), ("x/small", True),
        ("small/", True), (".", True), ("..", True), ("./small", True), (".small", True), ("~", True),
        ("~/small", True),
    ],
)  # fmt: skip
def test_what_is_a_path(given: str, expected: bool) -> None:
    assert dataset.is_path(given) == expected


def test_a_path_is_that_path_whatever_bears_its_name(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = create(tmp_path / "x" / "small", "Other")
    assert [open_dataset(name).title for name in (str(other.path), "small")] == ["Other", "Small"]
    assert (other.address, small.address) == (str(other.path), "small")
    monkeypatch.setenv("CLDI_DATASET", str(other.path))
    assert list(available().items()) == [(str(other.path), other.path), ("small", small.path)]
    assert {name: open_dataset(name).path for name in available()} == available(), "what is listed is what is opened"
    monkeypatch.setenv("CLDI_DATASET", str(small.path))
    assert available() == {"small": small.path}


def test_messages_lead_to_the_data_set_that_they_are_about(small: Dataset, tmp_path: Path) -> None:
    other = create(tmp_path / "my sets" / "small")
    message = error_of(lambda: other.lexicon("en-de"))
    assert message.endswith(f"--dataset '{other.path}'"), "quoted, as a shell needs it"
    assert error_of(lambda: small.lexicon("en-xx")).endswith("--dataset small")


@pytest.mark.parametrize(
    "name", ["plain", "a b", "$(touch x)", "a;b", "it's", '"q"', "`x`", "a&b", "*", "~x", "-rf", "é"]
)
def test_commands_that_are_shown_are_taken_by_a_shell_as_they_are_meant(data: Path, name: str) -> None:
    made = create(data / name)
    assert shlex.split(made.command("extract", "--backbone", name)) == [
        "python", "-m", "cldi_core", "extract", "--dataset", dataset.address(made.path), "--backbone", name
    ]  # fmt: skip
    shown = {
        "shards": error_of(lambda: shards.open_features(made, name)),
        "pair": error_of(lambda: made.lexicon(name)),
        "pictures": error_of(lambda: extraction.shards_of(made, "cpu")),
        **{f"check {number}": one.next_step for number, one in enumerate(health.findings(made))},
    }
    (made.path / "features" / name).mkdir(parents=True)
    (made.path / "features" / name / "x.safetensors").write_bytes(b"broken")
    wordlists.write_list(made.path / "lexicon" / "en-de.tsv", [wordlists.Row("dog", "Hund", "N")])
    again = [one.next_step for one in health.findings(Dataset(made.path)) if one.area == "features"]
    shown |= {"check features": again[0]} if again else {}
    told = [text[text.index("python -m") :] for text in shown.values() if "python -m" in text]
    assert len(told) >= 4
    for command in told:
        words = shlex.split(command)
        assert words[words.index("--dataset") + 1] == dataset.address(made.path)
        assert "--backbone" not in words or words[words.index("--backbone") + 1] in (name, "efficientnet-lite0")


HOSTILE = {
    "quotes": "\"a\" 'b' \"\"\" ''' \\ \\n \\u0041",
    "lines": "one\ntwo\r\nthree\rfour\u2028five\u2029six\x85",
    "a table": 'x"\npictures = "../other"\n[table]',
    "control characters": "".join(map(chr, [*range(32), *range(127, 160)])),
    "invisible": "\u200b\u202ea\ufeff\u00ad\u2066 ",
    "beyond the first plane": "🙂\U000e0041",
    "nothing": "",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=list(HOSTILE))
def test_whatever_is_written_is_read_back(data: Path, value: str) -> None:
    info = {"title": value, "a key": value, 'quo"ted.key': "x"}
    dataset.write_info(data / "new", info)
    made = open_dataset("new")
    assert made.info == info and made.title == value


def test_create_opens_what_is_there_and_quotes_what_is_given(data: Path) -> None:
    title = 'Ein "Titel" \\ mit\nUmbruch'
    assert create(data / "new", title, licence="CC0").title == title
    assert create(data / "new", "other").title == title
    assert create(data / "plain").title == "plain"


def test_an_unknown_pair_lists_the_known_ones(small: Dataset) -> None:
    message = error_of(lambda: small.lexicon("en-xx"))
    assert "'en-xx'" in message and "choose from: en-de" in message and "import-lists" in message


def test_a_broken_words_file_is_named(small: Dataset) -> None:
    (small.path / "words.parquet").write_bytes(b"PAR1")
    assert "words.parquet of 'small' cannot be read" in error_of(lambda: Dataset(small.path).words)


def test_a_new_set_has_no_words(data: Path) -> None:
    new = create(data / "new")
    assert list(new.words.columns) == ["language", "word", "position", "id"]
    assert (len(new.words), new.languages, new.backbones, new.pairs) == (0, (), (), ())


def test_senses_come_from_a_wordnet_where_the_set_has_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = data / "wordnet"
    folder.mkdir()
    for pos in ("noun", "verb", "adj", "adv"):
        word = "dog" if pos == "noun" else f"some{pos}"
        (folder / f"index.{pos}").write_text(f"{word} n 3 1 @ 3 0 00000001 00000002 00000003 \n")
    monkeypatch.setenv("WNSEARCHDIR", str(folder))
    wordnet.installed.cache_clear()
    try:
        assert create(data / "new").senses("dogs") == 3
    finally:
        wordnet.installed.cache_clear()


def test_odd_lines_of_the_senses_are_passed_over(small: Dataset) -> None:
    text = "dog\t8\ncat\nrun\t57\t3\nred\tmany\nbig\t²\n\n"
    (small.path / "senses.tsv").write_text(text, "utf-8")
    reread = Dataset(small.path)
    assert [reread.senses(word) for word in ("dog", "run", "red", "big", "cat")] == [8, None, None, None, None]


def test_words_are_stored_sorted_and_once(data: Path) -> None:
    new = create(data / "new")
    two, three, nine = ("2" * 32, "3" * 32, "9" * 32)
    dataset.write_words(
        new.path, [("en", "b", 1, two), ("en", "b", 0, nine), ("de", "z", 0, three), ("en", "b", 1, two)]
    )
    rows = list(new.words.itertuples(index=False, name=None))
    assert rows == [("de", "z", 0, three), ("en", "b", 0, nine), ("en", "b", 1, two)]
    assert new.members("en") == {"b": [nine, two]}


def _touch_words(path: Path) -> None:
    dataset.write_words(path, [("en", "dog", 0, picture("sun").id)])


CHANGES: dict[str, Callable[[Path], object]] = {
    "title": lambda path: storage.write_text(path / "dataset.toml", 'title = "New"\n'),
    "word list": lambda path: wordlists.write_list(path / "lexicon" / "en-de.tsv", [wordlists.Row("dog", "Hund", "N")]),
    "new word list": lambda path: wordlists.write_list(
        path / "lexicon" / "en-fr.tsv", [wordlists.Row("dog", "chien", "N")]
    ),
    "words": _touch_words,
    "pictures": lambda path: pictures.write_shards(path / "images", [picture("ring", "fr", 3)]),
    "features": lambda path: next(path.glob("features/*/*")).unlink(),
    "senses": lambda path: storage.write_text(path / "senses.tsv", "dog\t9\nrun\t57\nred\t7\n"),
    "same size": lambda path: os.utime(path / "words.parquet", ns=(1, 1)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_the_stamp_changes_with_any_file(small: Dataset, change: Callable[[Path], object]) -> None:
    before = small.stamp()
    assert Dataset(small.path).stamp() == before
    change(small.path)
    assert Dataset(small.path).stamp() != before


def test_the_stamp_of_a_guest_changes_with_its_host(small: Dataset) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    before = guest.stamp()
    CHANGES["pictures"](small.path)
    assert guest.stamp() != before


def test_a_lock_does_not_change_the_stamp(small: Dataset) -> None:
    before = small.stamp()
    with storage.lock(small.path):
        assert small.stamp() == before


def test_two_small_sets_are_equal(data: Path) -> None:
    """The fixture itself is deterministic, so that tests on it can be repeated."""
    one, other = build_small(data / "one"), build_small(data / "other")
    assert one.words.equals(other.words)
    loaded = [shards.open_features(each, "efficientnet-lite0") for each in (one, other)]
    assert loaded[0].digest == loaded[1].digest and [*loaded[0].ids] == [*loaded[1].ids]


def test_bad_toml_values_do_not_break_the_title(data: Path) -> None:
    create(data / "new")
    (data / "new" / "dataset.toml").write_text("title = 5\n", "utf-8")
    assert Dataset(data / "new").title == "5"


def test_errors_are_errors_of_the_project() -> None:
    assert issubclass(DatasetError, CldiError) and issubclass(UnknownNameError, CldiError)
