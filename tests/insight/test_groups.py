"""Groups of a word's pictures: their labels, and what each alone would choose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import descriptions, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.descriptions import Row
from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import story_words
from cldi_core.insight.groups import Group, groups, telling, telling_titles
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.scores import score_all
from tests import oracles
from tests.conftest import ABOUT, BACKBONE, draw

DIRECTIONS = {"balloon": 0, "glasses": 1, "hands": 2}
# language → word → (direction, path) of each picture
SETS = {
    "en": {"celebrate": ["balloon"] * 3 + ["glasses"] * 2, "one": ["hands"], "ghost": []},
    "de": {"Feier": ["balloon"] * 2, "feiern": ["hands", "glasses", "glasses"], "prosten": ["glasses"], "Geist": []},
}
LEXICON = [
    wordlists.Row("celebrate", "feiern", "V"), wordlists.Row("one", "Feier", "N"), wordlists.Row("one", "prosten", "V"),
    wordlists.Row("ghost", "Geist", "N"),
]  # fmt: skip


def build(
    folder: Path,
    *,
    named: bool = True,
    paths: dict[str, list[str]] | None = None,
    titles: dict[str, list[str]] | None = None,
) -> Pair:
    """A pair whose pictures are near the direction of what they show, at any length; no two files are the same."""
    made: dict[str, pictures.Picture] = {}
    rows, features = [], []
    rng = np.random.default_rng(0)
    for language, sets in SETS.items():
        for word, things in sets.items():
            for position, thing in enumerate(things):
                data = draw("sun") + f"{language} {word} {position}".encode()
                path = (paths or {}).get(word, ["1.png"] * 9)[position]
                title = (titles or {}).get(word, [""] * 9)[position]
                one = pictures.Picture(data, path, 96, 96, concept=thing if named else "", title=title)
                made[one.id] = one
                rows.append((language, word, position, one.id))
                features.append((np.eye(16)[DIRECTIONS[thing]] + 0.02 * rng.normal(size=16)) * 7.0**position)
    datasets.create(folder)
    pictures.write_shards(folder / "images", list(made.values()))
    datasets.write_words(folder, rows)
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", LEXICON)
    shards.write_shard(folder / "features" / BACKBONE / "x.safetensors", list(made), np.array(features), ABOUT)
    return open_pair(Dataset(folder), BACKBONE, "en-de")


@pytest.fixture
def pair(data: Path) -> Pair:
    return build(data / "party")


def files(*names: str) -> list[str]:
    """Each in a folder of its own."""
    return [f"{number}/{name}.png" for number, name in enumerate(names)]


def avgmax_of(pair: Pair, word: str, side: str) -> tuple[list[Sequence[str]], object]:
    """What is asked of ``ranked``, and AVGMAX that answers it: scored from scratch with the set put in."""
    asked: list[Sequence[str]] = []

    def ranked(ids: Sequence[str]) -> np.ndarray:
        asked.append(ids)
        sets = {"source": pair.source, "target": pair.target}
        arrays = {name: [one[each] for each in one.words] for name, one in sets.items()}
        own = sets[side]
        keep = [own.word_ids(word).index(key) for key in ids]
        arrays[side][own.row(word)] = own[word][keep]
        source, target = (ImageSets.from_arrays(sets[name].words, arrays[name]) for name in ("source", "target"))
        return score_all(source, target, ["avgmax"])["avgmax"][pair.source.row("celebrate")]

    return asked, ranked


def test_groups_of_a_word_with_labels(pair: Pair) -> None:
    found = groups(pair, "celebrate", "source")
    ids = pair.source.word_ids("celebrate")
    assert [(one.label, one.pictures, one.labelled) for one in found] == [
        ("balloon", tuple(ids[:3]), 3), ("glasses", tuple(ids[3:]), 2),
    ]  # fmt: skip
    assert all(one.would_choose == "" and math.isnan(one.rank) for one in found)
    assert Group("x", ()).would_choose == ""


def test_labels_are_english_names_where_there_are_any(pair: Pair) -> None:
    descriptions.write_concepts(pair.dataset.path, [Row("glasses", "en", "clinking glasses", ())])
    again = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    assert [one.label for one in groups(again, "celebrate", "source")] == ["balloon", "clinking glasses"]


def test_each_group_of_the_source_word_chooses(pair: Pair) -> None:
    asked, ranked = avgmax_of(pair, "celebrate", "source")
    gold = [pair.target.row("feiern")]
    balloons, glasses = groups(pair, "celebrate", "source", ranked=ranked, gold=gold)  # type: ignore[arg-type]
    assert asked == [balloons.pictures, glasses.pictures]
    assert balloons.would_choose == "Feier" and balloons.rank > 1
    target = [pair.target[word] for word in pair.target.words]
    features = pair.source["celebrate"]
    for group, rows in ((balloons, features[:3]), (glasses, features[3:])):
        expected = [oracles.avgmax(rows, pictures) if len(pictures) else math.nan for pictures in target]
        assert group.would_choose == pair.target.words[int(np.nanargmax(expected))]
        assert [group.rank] == oracles.gold_ranks([expected], [gold])


def test_each_group_of_the_right_answer_is_found(pair: Pair) -> None:
    _, ranked = avgmax_of(pair, "feiern", "target")
    gold = [pair.target.row("feiern")]
    glasses, hands = groups(pair, "feiern", "target", k=2, ranked=ranked, gold=gold)  # type: ignore[arg-type]
    assert (glasses.label, hands.label) == ("glasses", "hands")
    assert (hands.would_choose, hands.rank) == ("Feier", 3)
    assert glasses.would_choose == "Feier" and glasses.rank in (2, 3)


@pytest.mark.parametrize(
    ("row", "gold", "chosen", "rank"),
    [
        ([0.5, 0.5 - 5e-7, 0.1, math.nan], [1], 1, 1.5),  # a right answer that shares the first place
        ([0.5 - 5e-7, 0.5, 0.1, math.nan], [2], 0, 3),  # the first of those that share it
        ([0.5 - 5e-7, 0.5, 0.1, math.nan], [], 0, math.nan),  # nobody says what is right
        ([0.4, 0.5, 0.1, math.nan], [3], 1, math.nan),  # the right answer has no pictures
        ([-0.4, -0.5, -0.1, math.nan], [0], 2, 2),
        ([math.nan] * 4, [0], None, math.nan),
    ],
)
def test_ties_and_what_is_unknown(
    pair: Pair, row: list[float], gold: list[int], chosen: int | None, rank: float
) -> None:
    (found,) = groups(pair, "one", "source", ranked=lambda ids: np.array(row, np.float32), gold=gold)
    assert found.would_choose == ("" if chosen is None else pair.target.words[chosen])
    assert found.rank == rank or (math.isnan(found.rank) and math.isnan(rank))


def test_no_pictures_one_picture_and_a_given_number(pair: Pair) -> None:
    assert groups(pair, "ghost", "source", ranked=lambda ids: np.zeros(4), gold=[0]) == ()
    assert groups(pair, "Geist", "target", k=2) == ()
    (one,) = groups(pair, "one", "source", k=5)
    assert one == Group("hands", tuple(pair.source.word_ids("one")), "", one.rank, 1)
    assert len(groups(pair, "celebrate", "source", k=1)) == 1
    assert [len(one.pictures) for one in groups(pair, "celebrate", "source", k=99)] == [1] * 5


def test_what_all_groups_show_is_no_label_unless_nothing_else_is_there(data: Path) -> None:
    celebrate = files("party_fox", "party_fox", "party_owl", "party_hat", "party_hat")
    named = groups(build(data / "a", named=False, paths={"celebrate": celebrate}), "celebrate", "source")
    assert [(one.label, one.labelled) for one in named] == [("fox, owl", 3), ("hat", 2)]
    same = groups(
        build(data / "b", named=False, paths={"celebrate": files(*["party"] * 5)}),
        "celebrate",
        "source",
    )
    assert [(one.label, one.labelled) for one in same] == [("party", 3), ("party", 2)]
    none = groups(build(data / "c", named=False), "celebrate", "source")
    assert [(one.label, one.labelled) for one in none] == [("", 0), ("", 0)]


class Known:
    """Pictures with names that are given, and how many of the data set's pictures have each."""

    def __init__(self, names: dict[str, str], frequency: dict[str, int], size: int) -> None:
        self.names, self.frequency, self.size = names, Counter(frequency), size

    def terms(self, key: str) -> tuple[str, ...]:
        return tuple(self.names[key].split())

    @property
    def title_frequency(self) -> Counter[str]:
        return self.frequency

    title_words = terms

    def __len__(self) -> int:
        return self.size


def worth(known: Known, name: str, own: list[str], others: list[str]) -> float:
    def share(keys: list[str]) -> float:
        return sum(name in known.terms(key) for key in keys) / len(keys) if keys else 0.0

    return (share(own) - share(others)) * math.log((known.size + 1) / (known.frequency[name] + 1))


def test_the_worth_of_names() -> None:
    names = {
        "a": "fox red",
        "b": "fox red",
        "c": "fox owl",
        "d": "fox snow",
        "e": "red",
        "f": "snow",
        "g": "",
        "h": "fox",
    }
    known = Known(names, {"fox": 30, "red": 4, "owl": 2, "snow": 90}, 99)
    own, others = ["a", "b", "c", "d"], ["e", "f", "g", "h"]
    values = {name: worth(known, name, own, others) for name in ("fox", "red", "owl", "snow")}
    assert values["fox"] > values["owl"] > values["red"] > values["fox"] / 2 > values["snow"] == 0
    assert telling(known, own, others) == ("fox", "owl", "red")  # type: ignore[arg-type]
    # Owl is worth less than half of fox where nearly all pictures of the data set have it.
    known.frequency["owl"] = 60
    assert worth(known, "owl", own, others) < values["fox"] / 2
    assert telling(known, own, others) == ("fox", "red")  # type: ignore[arg-type]
    assert telling(known, ["e"], ["a", "b"]) == ("red",), "as frequent in the others"  # type: ignore[arg-type]
    assert telling(known, ["e"], []) == ("red",)  # type: ignore[arg-type]
    assert telling(known, ["g"], others) == ()  # type: ignore[arg-type]


def test_names_of_equal_worth_come_by_frequency_and_alphabet() -> None:
    known = Known({"a": "owl fox", "b": "owl", "c": "owl"}, {"fox": 9, "owl": 9}, 99)
    assert telling(known, ["a"], []) == ("fox", "owl")  # type: ignore[arg-type]
    assert telling(known, ["a", "b"], ["c"]) == ("fox",)  # type: ignore[arg-type]


def test_a_label_has_three_names_at_most_and_rare_ones_come_first(data: Path) -> None:
    celebrate, feiern = files(*["fox_owl_hat_cup"] * 3, "2", "3"), files(*["owl"] * 3)
    known = build(data / "a", named=False, paths={"celebrate": celebrate, "feiern": feiern})
    first, second = groups(known, "celebrate", "source")
    assert first.label == "cup, fox, hat" and second.label == "", "owl is on other pictures of the data set too"


def test_of_a_single_group_the_rare_names_come_first(data: Path) -> None:
    paths = {word: files(*["owl"] * 3) for word in ("Feier", "feiern", "one")}
    known = build(data / "a", named=False, paths={"celebrate": files(*["owl_fox"] * 3, "owl", "owl"), **paths})
    (one,) = groups(known, "celebrate", "source", k=1)
    assert (one.label, one.labelled) == ("fox", 3)


def test_hostile_names_stay_in_one_line(data: Path) -> None:
    known = build(data / "a", named=False, paths={"celebrate": files(*["a<script>\nevil_"] * 5)})
    assert groups(known, "celebrate", "source", k=1)[0].label == "evil, script"


def test_other_sides_words_and_numbers(pair: Pair) -> None:
    with pytest.raises(UnknownNameError, match="unknown side 'middle'; choose from: source, target"):
        groups(pair, "celebrate", "middle")
    with pytest.raises(UnknownNameError, match="unknown word 'Feier'"):
        groups(pair, "Feier", "source")
    with pytest.raises(FeatureError, match="into 0 groups"):
        groups(pair, "celebrate", "source", k=0)


TITLES = {
    "celebrate": [
        "A party with the balloon of Ada", "Party: red balloon", "Balloons and the BALLOON, a party",
        "Two glasses at a party", "glasses, 2019 party",
    ],
    "Feier": ["A party in the town", "the party"],
}  # fmt: skip


def test_words_of_titles_label_groups_where_nothing_else_is_known(data: Path) -> None:
    pair = build(data / "a", named=False, titles=TITLES)
    found = groups(pair, "celebrate", "source")
    assert [(one.label, one.labelled, one.from_titles) for one in found] == [
        ("balloon", 3, True), ("glasses", 2, True),
    ]  # fmt: skip
    assert [story_words.label(one) for one in found] == ["balloon (from titles)", "glasses (from titles)"]
    assert story_words.label(Group("fox", ())) == "fox" and story_words.label(Group("", ())) == ""


def test_concepts_and_texts_go_before_titles(data: Path) -> None:
    found = groups(build(data / "a", titles=TITLES), "celebrate", "source")
    assert [(one.label, one.from_titles) for one in found] == [("balloon", False), ("glasses", False)]
    pair = build(data / "b", named=False, titles=TITLES)
    lines = [f"{key}\ten\tA fox" for key in pair.source.word_ids("celebrate")]
    (pair.dataset.path / descriptions.TABLE).write_text("\n".join(["picture\tlanguage\ttext", *lines]) + "\n", "utf-8")
    again = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    assert [(one.label, one.from_titles) for one in groups(again, "celebrate", "source")] == [("fox", False)] * 2


def log_odds(here: int, n: int, there: int, m: int) -> float:
    """With a half added to each count, in standard errors."""
    odds = (here + 0.5) / (n - here + 0.5) / ((there + 0.5) / (m - there + 0.5))
    errors = 1 / (here + 0.5) + 1 / (n - here + 0.5) + 1 / (there + 0.5) + 1 / (m - there + 0.5)
    return math.log(odds) / errors**0.5


def test_titles_are_compared_with_the_words_others_and_with_all_others() -> None:
    names = dict.fromkeys("abc", "cow pasture") | {
        "c": "cow pasture alps",
        "d": "cow",
        "e": "cow milk",
        "f": "milk cow",
    }
    frequency = {"cow": 6, "pasture": 40, "alps": 1, "milk": 2}
    known = Known(names, frequency, 1000)
    assert telling_titles(known, ["a", "b", "c"], ["d", "e", "f"]) == ("pasture",)  # type: ignore[arg-type]
    assert log_odds(3, 3, 3, 3) == 0, "cow is no word for a group of cows"
    # With nothing to set it apart from, what is rare in the data set tells.
    whole = telling_titles(known, list("abc"), [])  # type: ignore[arg-type]
    expected = sorted(("cow", "pasture"), key=lambda word: -log_odds(3, 3, frequency[word] - 3, 997))
    assert list(whole) == expected == ["cow", "pasture"]
    common = Known(names, {"cow": 990, "pasture": 995, "alps": 1, "milk": 2}, 1000)
    assert telling_titles(common, list("ef"), []) == ("milk",)  # type: ignore[arg-type]
    assert telling_titles(known, ["c"], ["d"])[0] in ("alps", "pasture"), "one of one"  # type: ignore[arg-type]
