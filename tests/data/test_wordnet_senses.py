"""WordNet's synsets and relations, on a WordNet of a few words with made-up glosses that the test writes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cldi_core.data import wordnet, wordnet_senses
from cldi_core.data.wordnet import WordNet
from cldi_core.data.wordnet_senses import Pointer, Senses
from cldi_core.errors import DatasetError, UnknownNameError

LICENCE = "  1 A licence that any file begins with.  \n"
MANY = " ".join(f"alias{letter}" for letter in "abcdefghijklmnopq")  # 11 in hexadecimal
TYPES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
# pos → name of a synset → (lemmas, pointers as (symbol, pos, synset, "source/target" in four hex digits), gloss)
SYNSETS: dict[str, dict[str, tuple[str, list[tuple[str, str, str, str]], str]]] = {
    "noun": {
        "thing": ("thing", [], "whatever there is"),
        "beast": ("beast creature", [("@", "noun", "thing", "0000")], "it moves by itself"),
        "pet": ("pet", [("@", "noun", "beast", "0000")], "a beast at home"),
        "cow": ("cow moo-cow", [("@", "noun", "pet", "0000"), ("~", "noun", "calf", "0000")], 'gives milk; "a cow"'),
        "calf": ("calf", [("@", "noun", "cow", "0000")], "a young one"),
        "horse": ("horse", [("@", "noun", "pet", "0000")], "is ridden"),
        "leg": ("calf", [("@", "noun", "thing", "0000")], "of a leg"),
        "feast": ("feast Big_Party", [("+", "verb", "feast", "0102")], "much food | and drink"),
        "many": (MANY, [("@", "noun", "thing", "0b00")], "of seventeen names"),
        "star": ("Bella", [("@i", "noun", "cow", "0000")], "a cow of that name"),
    },
    "verb": {
        "feast": ("dine celebrate", [("+", "noun", "feast", "0201")], "eat much"),
        "lose": ("lose", [], "not to have any more"),
    },
    "adj": {
        "large": ("large big", [("!", "adj", "small", "0101"), ("^", "adj", "small", "0000")], "of size"),
        "small": ("small little", [("!", "adj", "large", "0101")], "of no size"),
        "alight": ("alight(p) on_fire(p)", [], "burning"),
    },
    "adv": {"well": ("well", [], "as it should be")},
}


def write_wordnet(folder: Path) -> None:
    """The files of ``SYNSETS``; offsets have eight digits, so that every line's length is known before they are."""

    def line(pos: str, name: str, places: dict[tuple[str, str], int]) -> str:
        lemmas, pointers, gloss = SYNSETS[pos][name]
        kind = "s" if name == "small" else TYPES[pos]
        cells = [f"{places.get((pos, name), 0):08d}", "03", kind, f"{len(lemmas.split()):02x}"]
        cells += [f"{lemma} 0" for lemma in lemmas.split()] + [f"{len(pointers):03d}"]
        cells += [f"{symbol} {places.get((p, n), 0):08d} {TYPES[p]} {ends}" for symbol, p, n, ends in pointers]
        frames = " 01 + 02 00" if pos == "verb" else ""
        return f"{' '.join(cells)}{frames} | {gloss}  \n"

    places: dict[tuple[str, str], int] = {}
    for pos, synsets in SYNSETS.items():
        place = len(LICENCE)
        for name in synsets:
            places[pos, name] = place
            place += len(line(pos, name, {}))
    for pos, synsets in SYNSETS.items():
        text = LICENCE + "".join(line(pos, name, places) for name in synsets)
        (folder / f"data.{pos}").write_text(text, "utf-8")
        owned: dict[str, list[str]] = {}
        for name, (lemmas, _, _) in synsets.items():
            for lemma in lemmas.split():
                owned.setdefault(lemma.partition("(")[0].lower(), []).append(f"{places[pos, name]:08d}")
        index = [f"{lemma} {pos[0]} {len(o)} 1 @ {len(o)} 0 {' '.join(o)}  \n" for lemma, o in sorted(owned.items())]
        (folder / f"index.{pos}").write_text(LICENCE + "".join(index), "utf-8")
    (folder / "verb.exc").write_text("lost lose\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wordnet(tmp_path)
    return tmp_path


@pytest.fixture
def senses(folder: Path) -> Senses:
    return Senses(WordNet(folder))


def glosses(senses: Senses, word: str, pos: str = "") -> list[str]:
    return [each.gloss for each in senses.synsets(word, pos)]


def test_a_synset_has_all_that_its_line_says(senses: Senses) -> None:
    (cow,) = senses.synsets("cow", "noun")
    pet, calf = senses.synsets("pet")[0], senses.synsets("calf")[0]
    assert (cow.pos, cow.lemmas, cow.gloss) == ("noun", ("cow", "moo-cow"), 'gives milk; "a cow"')
    assert cow.pointers == (Pointer("@", "noun", pet.offset, 0, 0), Pointer("~", "noun", calf.offset, 0, 0))
    assert cow.key == ("noun", cow.offset) and cow.related("@") == {pet.key} and cow.related("@", "~", "!") == {
        pet.key, calf.key,
    }  # fmt: skip
    (many,) = senses.synsets("aliasq")
    assert many.lemmas == tuple(MANY.split()) and (many.pointers[0].source, many.pointers[0].target) == (11, 0)
    (feast,) = senses.synsets("feast")
    assert feast.pointers == (Pointer("+", "verb", senses.synsets("dine")[0].offset, 1, 2),)
    assert feast.lemmas == ("feast", "Big Party") and feast.gloss == "much food | and drink"


def test_synsets_of_base_forms_in_all_parts_of_speech(senses: Senses) -> None:
    assert glosses(senses, "calf") == ["a young one", "of a leg"], "in the order of the index"
    assert glosses(senses, "Cows") == glosses(senses, "cow") and glosses(senses, "cow", "verb") == []
    assert glosses(senses, "lost") == glosses(senses, "lose") == ["not to have any more"]
    assert glosses(senses, "big party") == glosses(senses, "big_party") == ["much food | and drink"]
    assert glosses(senses, "well") == ["as it should be"]
    assert senses.synsets("on fire")[0].lemmas == ("alight", "on fire"), "without its marker"
    assert senses.synsets("little")[0].pos == "adj", "a satellite is an adjective"


@pytest.mark.parametrize("word", ["", " ", "zzz", "co", "ow", "Kuh", "cow noun", "\n", "\0", "1", "(p)"])
def test_words_that_are_not_there(word: str, senses: Senses) -> None:
    assert senses.synsets(word) == () and senses.related(word, "cow") == senses.related("cow", word) == ""


def test_synsets_are_as_many_as_are_counted(senses: Senses) -> None:
    words = {lemma for synsets in SYNSETS.values() for lemmas, _, _ in synsets.values() for lemma in lemmas.split()}
    for word in words:
        assert len(senses.synsets(word.partition("(")[0])) == senses.counts.senses(word.partition("(")[0]) > 0


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("beast", "creature", "the same synset"),
        ("lost", "lose", "the same synset"),
        ("cow", "Cow", "the same synset"),
        ("pet", "cow", "a hypernym of"),
        ("cow", "pet", "a hyponym of"),
        ("creature", "cow", "a hypernym of"),
        ("beast", "calf", "a hypernym of"),  # three steps
        ("thing", "horse", "a hypernym of"),
        ("thing", "cow", "a hypernym of"),
        ("thing", "calf", "a hypernym of"),  # by its other sense
        ("cow", "Bella", "a hypernym of"),  # of an instance
        ("beast", "Bella", "a hypernym of"),
        ("thing", "Bella", ""),  # four steps
        ("feast", "celebrate", "derivationally related"),
        ("celebrate", "feast", "derivationally related"),
        ("celebrate", "big party", ""),  # another word of that synset
        ("dine", "feast", ""),
        ("large", "small", "an antonym of"),
        ("small", "large", "an antonym of"),
        ("big", "small", ""),  # alike in meaning, but not the pair of opposites
        ("cow", "horse", "share a hypernym"),
        ("horse", "cow", "share a hypernym"),
        ("calf", "horse", ""),
        ("cow", "well", ""),
    ],
)
def test_relations(one: str, other: str, told: str, senses: Senses) -> None:
    assert senses.related(one, other) == told
    assert told == "" or told in wordnet_senses.RELATIONS


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" n 02 cow ", " n zz cow "),  # no number of lemmas
        (" n 02 cow ", " n 99 cow "),  # more than there are
        (" n 02 cow ", " n 00 cow "),
        ("moo-cow 0 002", " 00 002"),  # an empty lemma
        (" n 02 cow ", " v 02 cow "),  # of another file
        (" n 02 cow ", " q 02 cow "),
        ("moo-cow 0 002 ", "moo-cow 0 xxx "),
        ("moo-cow 0 002 ", "moo-cow 0 999 "),
        ("moo-cow 0 002 @ ", "moo-cow 0 002 "),
        (" | gives", " ; gives"),
    ],
)
def test_malformed_synsets_are_told_in_one_line(folder: Path, old: str, new: str) -> None:
    replace(folder / "data.noun", old, new)
    senses = Senses(WordNet(folder))
    assert glosses(senses, "beast") == ["it moves by itself"], "other lines are as good as before"
    with pytest.raises(DatasetError, match=r"data\.noun', at byte \d+, has '.{20,60}'; expected a line") as caught:
        senses.synsets("cow")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["cow n 1 1 @ 1 0 00000007\n", "cow n 1 1 @ 1 0 99999999\n", "cow n 1 1 @ 1 0 00000000\n"]
)
def test_an_index_that_leads_elsewhere(folder: Path, line: str) -> None:
    (folder / "index.noun").write_text(LICENCE + line, "utf-8")
    with pytest.raises(DatasetError, match=r"data\.noun', at byte"):
        Senses(WordNet(folder)).synsets("cow")


@pytest.mark.parametrize("line", ["cow n 3\n", "cow n 2 1 @ 1 0 00000040 x\n", "cow n 9 1 @ 1 0 00000040\n", "cow n 1"])
def test_an_index_without_places(folder: Path, line: str) -> None:
    (folder / "index.noun").write_text(line, "utf-8")
    with pytest.raises(DatasetError, match=r"index\.noun', at byte 0, has 'cow n"):
        Senses(WordNet(folder)).synsets("cow")


def test_each_word_is_found_by_halves(folder: Path) -> None:
    counts = WordNet(folder)
    for pos in ("noun", "verb", "adj", "adv"):
        data = (folder / f"index.{pos}").read_bytes()
        lines = [line for line in data.split(b"\n") if line and not line.startswith(b" ")]
        assert lines
        for line in lines:
            lemma = line.split()[0].decode()
            place = counts.place(lemma, pos)
            assert data[place:].startswith(line) and data[place - 1 : place] == b"\n"
            for other in (lemma + "zz", lemma[:-1], "", " ", lemma + " "):
                if other.encode() not in {one.split()[0] for one in lines}:
                    with pytest.raises(KeyError):
                        counts.place(other, pos)


def test_words_of_a_file_that_is_not_sorted(folder: Path) -> None:
    path = folder / "index.noun"
    lines = [line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith(" ")]
    known = {line.split()[0]: glosses(Senses(WordNet(folder)), line.split()[0], "noun") for line in lines}
    path.write_text("".join(lines[::-1]), "utf-8")
    assert len(known) > 3 and all(glosses(Senses(WordNet(folder)), word, "noun") == own for word, own in known.items())


def test_threads_that_read_at_once_read_their_own_lines(senses: Senses) -> None:
    keys = [synset.key for word in ("cow", "calf", "dine", "large", "well", "feast") for synset in senses.synsets(word)]
    alone = {key: senses._read_synset(*key) for key in keys}
    assert len(alone) > 6
    with ThreadPoolExecutor(8) as pool:
        for key, found in pool.map(lambda key: (key, senses._read_synset(*key)), keys * 400):
            assert found == alone[key]


def test_a_file_that_ends_without_a_line_end(folder: Path) -> None:
    for path in (folder / "data.adv", folder / "index.adv"):
        path.write_text(path.read_text("utf-8").rstrip(), "utf-8")
    assert glosses(Senses(WordNet(folder)), "well") == ["as it should be"]


def test_missing_and_empty_files(folder: Path) -> None:
    (folder / "data.verb").write_bytes(b"")
    senses = Senses(WordNet(folder))
    assert glosses(senses, "cow", "noun") and len(senses.synsets("lose", "noun")) == 0
    with pytest.raises(DatasetError, match=r"data\.verb', at byte \d+, has ''; expected a line"):
        senses.synsets("lose")
    (folder / "data.verb").unlink()
    with pytest.raises(DatasetError, match=r"has no data\.verb; expected the whole WordNet"):
        Senses(WordNet(folder))


def test_other_parts_of_speech(senses: Senses) -> None:
    assert [glosses(senses, "calf", wordnet_senses.POS[letter])[:1] for letter in "NVA"] == [["a young one"], [], []]
    assert glosses(senses, "dine", wordnet_senses.POS["V"]) and glosses(senses, "big", wordnet_senses.POS["A"])
    with pytest.raises(UnknownNameError, match="'N'; choose from: noun, verb, adj, adv"):
        senses.synsets("cow", "N")


@pytest.fixture
def forget() -> Iterator[None]:
    for cached in (wordnet.installed, wordnet_senses.installed):
        cached.cache_clear()
    yield
    for cached in (wordnet.installed, wordnet_senses.installed):
        cached.cache_clear()


@pytest.mark.usefixtures("forget")
def test_the_wordnet_of_this_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WNSEARCHDIR", str(folder))
    found = wordnet_senses.installed()
    assert found is not None and found is wordnet_senses.installed() and found.counts is wordnet.installed()


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize("kind", ["counts only", "none", "broken"])
def test_no_wordnet_on_this_machine(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordnet, "DEBIAN_FOLDER", folder / "nowhere")
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    if kind != "none":
        monkeypatch.setenv("WNSEARCHDIR", str(folder))
        (folder / ("data.adj" if kind == "counts only" else "index.adj")).unlink()
    if kind == "broken":
        with pytest.raises(DatasetError, match=r"has no index\.adj"):
            wordnet_senses.installed()
    else:
        assert wordnet_senses.installed() is None
