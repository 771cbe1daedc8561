"""WordNet sense counts: morphy on a small made WordNet, and the paper's averages on the real one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cldi_core.data import wordnet
from cldi_core.data.wordlists import Row, read_list, write_list
from cldi_core.data.wordnet import WordNet, find_wordnet
from cldi_core.errors import DatasetError, UnknownNameError

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "demo" / "senses.tsv"
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "paper-lists"
LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by Princeton  \n"
INDEX = {
    "noun": {"church": 3, "goose": 4, "man": 11, "men": 1, "fly": 6, "hot_dog": 3, "box": 10, "buzz": 2, "wolf": 5,
             "dish": 6, "gas": 5, "rose": 3, "setting": 6, "posse": 2, "tv": 2},
    "verb": {"fly": 14, "rise": 17, "set": 25, "bake": 4, "possess": 3, "laden": 2, "lade": 2},
    "adj": {"rose": 1, "big": 13, "fine": 8, "bright": 10, "laden": 2},
    "adv": {"fast": 2},
}  # fmt: skip
EXCEPTIONS = {
    "noun": "geese goose\nmen man\n",
    "verb": "laden lade\nrose rise\nsetting set\ntwice old\ntwice fly rise\n",
    "adj": "bigger big\n",
    "adv": "best well\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for pos, counts in INDEX.items():
        lines = [f"{lemma} {pos[0]} {n} 1 @ {n} 0 {'00000001 ' * n} \n" for lemma, n in counts.items()]
        (tmp_path / f"index.{pos}").write_text(LICENCE + "".join(lines), encoding="utf-8")
        (tmp_path / f"{pos}.exc").write_text(EXCEPTIONS[pos], encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("word", "pos", "forms"),
    [
        ("church", "noun", ("church",)),
        ("flys", "noun", ("fly",)),
        ("gasses", "noun", ("gas",)),
        ("wolves", "noun", ("wolf",)),
        ("boxes", "noun", ("box",)),
        ("buzzes", "noun", ("buzz",)),
        ("churches", "noun", ("church",)),
        ("dishes", "noun", ("dish",)),
        ("women", "noun", ()),
        ("flies", "noun", ("fly",)),
        ("flies", "verb", ("fly",)),
        ("bakes", "verb", ("bake",)),
        ("sets", "verb", ("set",)),
        ("baked", "verb", ("bake",)),
        ("baking", "verb", ("bake",)),
        ("possesses", "verb", ("possess",)),
        ("possessed", "verb", ("possess",)),
        ("possessing", "verb", ("possess",)),
        ("brighter", "adj", ("bright",)),
        ("brightest", "adj", ("bright",)),
        ("finer", "adj", ("fine",)),
        ("finest", "adj", ("fine",)),
        ("faster", "adv", ()),  # adverbs have no rules
        ("hot dogs", "noun", ("hot_dog",)),
    ],
)
def test_detachment_rules(word: str, pos: str, forms: tuple[str, ...], folder: Path) -> None:
    assert WordNet(folder).base_forms(word, pos) == forms


def test_exceptions_keep_the_word_itself_and_stop_the_rules(folder: Path) -> None:
    wordnet = WordNet(folder)
    assert wordnet.base_forms("geese", "noun") == ("goose",)
    assert wordnet.base_forms("men", "noun") == ("men", "man")
    assert wordnet.base_forms("setting", "verb") == ("set",)
    assert wordnet.base_forms("best", "adv") == ()  # "well" is no lemma here
    assert wordnet.base_forms("twice", "verb") == ("fly", "rise")  # the later of two lines


def test_rules_are_repeated_until_a_lemma_is_found(folder: Path) -> None:
    assert WordNet(folder).base_forms("possess", "noun") == ("posse",)
    assert WordNet(folder).base_forms("possess", "verb") == ("possess",)


def test_senses_are_summed_over_parts_of_speech_and_forms(folder: Path) -> None:
    wordnet = WordNet(folder)
    assert wordnet.senses("church") == 3
    assert wordnet.senses("rose") == 3 + 17 + 1
    assert wordnet.senses("flies") == 6 + 14
    assert wordnet.senses("setting") == 6 + 25
    assert wordnet.senses("laden") == (2 + 2) + 2  # a synset shared by "laden" and "lade" counts for each
    assert wordnet.senses("possess") == 3 + 2


@pytest.mark.parametrize("word", ["TV", "Tv", " tv "])
def test_case_and_space_around_do_not_matter(word: str, folder: Path) -> None:
    assert WordNet(folder).senses(word) == 2


@pytest.mark.parametrize("word", ["hot dog", "Hot_Dog", "hot  dogs", "hot\u00a0dog"])
def test_multiword(word: str, folder: Path) -> None:
    assert WordNet(folder).senses(word) == 3


@pytest.mark.parametrize("word", ["", " ", "_", "s", "zzz", "Kuh", "корова", "1", "This", "\0"])
def test_unknown_words_have_no_senses(word: str, folder: Path) -> None:
    assert WordNet(folder).senses(word) == 0


def test_repeated_endings_do_not_multiply_the_work(folder: Path) -> None:
    wordnet = WordNet(folder)
    start = time.perf_counter()
    assert wordnet.senses("eses" * 100) == 0
    assert time.perf_counter() - start < 5


def test_unknown_part_of_speech(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="'x'; choose from: noun, verb, adj, adv"):
        WordNet(folder).base_forms("fly", "x")


def test_exception_files_may_be_missing(folder: Path) -> None:
    for path in folder.glob("*.exc"):
        path.unlink()
    wordnet = WordNet(folder)
    assert wordnet.senses("geese") == 0
    assert wordnet.senses("men") == 1 + 11  # by the rule "men" -> "man"
    assert wordnet.senses("boxes") == 10


def test_files_may_stand_in_dict(folder: Path) -> None:
    (folder / "dict").mkdir()
    for path in [*folder.glob("index.*"), *folder.glob("*.exc")]:
        path.rename(folder / "dict" / path.name)
    wordnet = WordNet(str(folder))
    assert (wordnet.folder, wordnet.senses("geese")) == (folder / "dict", 4)


def dataset_error(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        WordNet(folder)
    message = str(caught.value)
    assert "\n" not in message and "expected" in message and "WNSEARCHDIR" in message
    return message


def test_bad_folders(tmp_path: Path) -> None:
    assert f"{str(tmp_path / 'none')!r} does not exist" in dataset_error(tmp_path / "none")
    assert "index.noun, index.verb, index.adj, index.adv;" in dataset_error(tmp_path)
    (tmp_path / "file").touch()
    assert "is not a folder" in dataset_error(tmp_path / "file")


def test_one_missing_index(folder: Path) -> None:
    (folder / "index.adj").unlink()
    assert "has no index.adj;" in dataset_error(folder)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (LICENCE.encode() + b"cow n 3 1\ncow\tKuh\tN\n", r"index.noun', line 3 is 'cow\tKuh\tN'"),
        (b"cow n many 1\n", "line 1 is 'cow n many 1'"),
        (LICENCE.encode(), "lists no words"),
        (b"", "lists no words"),
        (b"caf\xe9 n 1 0\n", "cannot be read"),
        (b"cow n 12345678901 0\n", "line 1 is 'cow n 12345678901 0'"),
    ],
)
def test_broken_index(data: bytes, told: str, folder: Path) -> None:
    (folder / "index.noun").write_bytes(data)
    with pytest.raises(DatasetError) as caught:
        WordNet(folder)
    assert told in str(caught.value) and "wordnet-base" in str(caught.value)


def test_find_wordnet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordnet, "DEBIAN_FOLDER", folder / "nowhere")
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    assert find_wordnet() is None
    monkeypatch.setattr(wordnet, "DEBIAN_FOLDER", folder)
    assert find_wordnet() == folder
    monkeypatch.setenv("WNSEARCHDIR", "")
    assert find_wordnet() == folder
    # A named folder is taken as named, right or wrong: no other WordNet steps in unseen.
    monkeypatch.setenv("WNSEARCHDIR", "env")
    assert find_wordnet() == Path("env")
    assert find_wordnet("given") == Path("given")


# A twin of the published lists, whose senses can be counted by hand from the made WordNet above.
TWIN = {
    "N": {"churches": 3, "flies": 6 + 14, "hot dog": 3, "TV": 2, "geese": 4},
    "V": {"setting": 6 + 25, "rose": 3 + 17 + 1, "laden": 2 + 2 + 2},
    "A": {"bigger": 13, "brighter": 10, "fast": 2, "unknown": 0},
}


def averages(path: Path, wordnet: WordNet) -> dict[str, float]:
    """The mean number of senses of a list's English words, for each part of speech."""
    counts: dict[str, list[int]] = {"N": [], "V": [], "A": []}
    for row in read_list(path)[1]:
        counts[row.pos].append(wordnet.senses(row.source))
    return {pos: round(sum(listed) / len(listed), 2) for pos, listed in counts.items()}


def test_senses_of_a_twin_of_the_published_lists(folder: Path, tmp_path: Path) -> None:
    rows = [Row(word, "Wort", pos) for pos, words in TWIN.items() for word in words]
    write_list(tmp_path / "imgWords_en_de.txt", rows)
    found = WordNet(folder)
    assert {pos: {word: found.senses(word) for word in words} for pos, words in TWIN.items()} == TWIN
    assert averages(tmp_path / "imgWords_en_de.txt", found) == {"N": 6.4, "V": 19.33, "A": 6.25}


def test_senses_of_words_that_are_shipped_are_those_of_this_machines_wordnet() -> None:
    """Where WordNet 3.0 is installed, as it is where the demo was made."""
    wordnet = version_3_0()
    lines = [line.split("\t") for line in SHIPPED.read_text("utf-8").splitlines()]
    assert len(lines) > 500
    assert {word: int(count) for word, count in lines} == {word: wordnet.senses(word) for word, _ in lines}


def version_3_0() -> WordNet:
    folder = find_wordnet()
    if folder is None:
        pytest.skip("no WordNet: install Debian's wordnet-base or set WNSEARCHDIR")
    found = WordNet(folder)
    # The counts are those of 3.0 alone, whose licence names its year; 3.1 counts differ.
    if "WordNet 3.0" not in (found.folder / "index.noun").read_text(encoding="utf-8")[:3000]:
        pytest.skip(f"the WordNet in {folder} is not version 3.0")
    return found


def test_a_line_may_end_with_the_number_of_synsets(folder: Path) -> None:
    (folder / "index.noun").write_text("cow n 3\n", "utf-8")
    assert WordNet(folder).senses("cows") == 3


def test_of_a_lemma_with_several_lines_the_last_counts(folder: Path) -> None:
    (folder / "index.noun").write_text("cow n 3 1\napple n 2 0\ncow n 5 1\n", "utf-8")
    found = WordNet(folder)
    assert (found.senses("cow"), found.senses("apple"), found.place("cow", "noun")) == (
        5,
        2,
        len("cow n 3 1\napple n 2 0\n"),
    )


def test_line_ends_of_windows(folder: Path) -> None:
    (folder / "index.noun").write_bytes(b"apple n 2\r\ncow n 3 1\r\n\r\n")
    found = WordNet(folder)
    assert (found.senses("apple"), found.senses("cow"), found.place("cow", "noun")) == (2, 3, 11)


def test_a_file_that_cannot_be_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(DatasetError, match=r"index\.noun' cannot be read .*Permission denied.*expected plain text"):
        WordNet(folder)


def test_the_wordnet_of_this_machine_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wordnet.installed.cache_clear()
    try:
        monkeypatch.setenv("WNSEARCHDIR", str(folder))
        found = wordnet.installed()
        assert found is not None and found.senses("church") == 3 and wordnet.installed() is found
        wordnet.installed.cache_clear()
        monkeypatch.delenv("WNSEARCHDIR")
        monkeypatch.setattr(wordnet, "DEBIAN_FOLDER", folder / "nowhere")
        assert wordnet.installed() is None
    finally:
        wordnet.installed.cache_clear()


@pytest.mark.parametrize("language", ["de", "fr", "ru"])
def test_averages_of_the_paper(language: str) -> None:
    path = PUBLISHED / f"imgWords_en_{language}.txt"
    if not path.is_file():
        pytest.skip(f"the published list {path.name} is not in ../shared/data/paper-lists")
    assert averages(path, version_3_0()) == {"N": 5.08, "V": 9.18, "A": 6.88}
