"""The story of a word: its parts are those that the other files find, and add up."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import ranking, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import causes, ceiling, evidence, story, story_json
from cldi_core.insight.changes import Change
from cldi_core.insight.elsewhere import _covered, elsewhere
from cldi_core.insight.story import Asking
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score
from tests import oracles, ranked
from tests.conftest import ABOUT, BACKBONE, picture

NAMES = (*METHODS, "maxmax+isf", "rrf=knn,cnn-max")


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def asking(pair: Pair, word: str, name: str = "avgmax") -> Asking:
    """With everything that can be at hand."""
    ranker, number = rankers.ranker(name), pair.find(word)
    scored = stored_scores.computed(pair, [ranker])
    frame = ranked.rankings(pair, [name], {name: scored[name]})[name]
    ceilings = ceiling.ceilings(pair)
    return Asking(
        pair,
        number,
        ranker,
        scored[name].matrix[pair.rows[number]],
        {base.name: scored[base.name].matrix for base in ranker.bases},
        causes.with_ceilings(evidence.evidence(pair, scored[name].matrix, frame), ceilings),
        ceilings,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", ["run", "ghost"])
def test_a_score_is_the_sum_of_its_parts(pair: Pair, name: str, word: str) -> None:
    asked = asking(pair, word, name)
    told = story.tell(asked)
    matrix = score(pair.source, pair.target, name)
    for one in (told.right, told.rival):
        if word == "ghost":
            assert one is None
            continue
        assert one is not None
        expected = float(matrix[pair.source.row(word), pair.target.row(one.word)])
        assert one.score == expected
        assert sum(own.share for own in one.pictures) + one.correction == pytest.approx(
            expected, abs=2e-6 * max(1, abs(expected))
        )
        assert [own.id for own in one.pictures] == pair.source.word_ids(word)
        for own in one.pictures:
            place = pair.source.word_ids(word).index(own.id)
            match = pair.target.word_ids(one.word).index(own.match)
            cosine = oracles.cosine(pair.source[word][place], pair.target[one.word][match])
            assert own.cosine == pytest.approx(cosine, abs=1e-6)


def test_winner_and_gold_are_those_of_the_ranking(pair: Pair) -> None:
    for word in ("run", "dog", "hat", "red", "big", "hand"):
        asked = asking(pair, word)
        told = story.tell(asked)
        best = pair.target.words[int(ranking.winners(asked.row[None], [pair.gold[asked.number]])[1][0])]
        assert told.right is not None and told.right.word == best
        wrong = [c for c in told.found.candidates if not c.gold]
        assert told.rival is not None and told.rival.word == wrong[0].word


def test_figures_stand_beside_those_of_the_same_part_of_speech(pair: Pair) -> None:
    told = story.tell(asking(pair, "dog"))
    nouns = [query.word for query in pair.queries if query.pos == "N"]
    sizes = [len(pair.source.rows(word)) for word in nouns]
    place = told.places["pictures"]
    assert (place.value, place.n) == (2, len(nouns))
    assert place.percentile == np.mean([size <= 2 for size in sizes])
    frame = ceiling.ceilings(pair).set_index("word")["mrr"]
    known = [frame[word] for word in nouns if not math.isnan(frame[word])]
    assert told.places["ceiling"].n == len(known)
    assert told.places["ceiling"].percentile == np.mean([mrr <= frame["dog"] for mrr in known])
    assert set(told.places) == {"pictures", "dispersion", "best_cosine", "ceiling"}
    assert "dispersion" not in story.tell(asking(pair, "red")).places, "one picture has none"


def test_the_ceiling_of_a_word(pair: Pair) -> None:
    assert story.tell(asking(pair, "run")).ceiling == ceiling.ceiling(pair, "run")
    assert story.tell(asking(pair, "red")).ceiling is None, "half of one picture is none"


def test_nothing_is_told_that_is_not_known(pair: Pair) -> None:
    asked = replace(asking(pair, "run"), evidence=None, ceilings=None)
    told = story.tell(asked)
    assert (told.causes, told.verdict, dict(told.places), told.hub, told.ceiling) == ((), "", {}, None, None)
    assert told.right is not None and told.changes, "what the word alone tells is told"
    json.dumps(story_json.as_json(told, 3), allow_nan=False)


def test_the_causes_and_the_verdict_are_those_of_the_evidence(pair: Pair) -> None:
    asked = asking(pair, "run")
    told = story.tell(asked)
    assert asked.evidence is not None
    assert told.causes == causes.causes(causes.with_ceilings(asked.evidence, asked.ceilings), "run.V")
    assert told.verdict


def test_the_hub_is_the_rival(pair: Pair) -> None:
    told = story.tell(asking(pair, "run"))
    rival = told.rival.word if told.rival else ""
    matrix = score(pair.source, pair.target, "avgmax")
    others = [word for word in pair.source.words if word != "run" and len(pair.source.rows(word))]
    near = sum(oracles.ranks(matrix[pair.source.row(word)])[pair.target.row(rival)] <= 10 for word in others)
    assert told.hub is not None and (told.hub.top10, told.hub.n) == (near, len(others))


def test_a_method_of_texts_has_no_pictures(pair: Pair) -> None:
    asked = replace(asking(pair, "run"), ranker=rankers.ranker("spelling"))
    told = story.tell(asked)
    assert (told.groups, told.right_groups, told.right, told.rival, told.changes) == ((), (), None, None, ())
    found = story_json.as_json(told, 2)
    assert found["attribution"] == {"winner": None, "gold": None, "rival": None}


def test_the_groups_say_what_each_would_choose(pair: Pair) -> None:
    asked = asking(pair, "run")
    told = story.tell(asked)
    assert sorted(key for group in told.groups for key in group.pictures) == sorted(pair.source.word_ids("run"))
    for group in told.groups:
        gone = [key for key in pair.source.word_ids("run") if key not in group.pictures]
        now = pair.without({"run": gone}, {})
        row = score(now.source, now.target, "avgmax")[now.source.row("run")]
        assert group.rank == ranking.gold_ranks(row[None], [pair.gold[asked.number]])[0]
        assert group.would_choose == pair.target.words[ranking.winners(row[None], [pair.gold[asked.number]])[0][0]]
    own, others = story.grouped(asked, "rennen", 2)
    assert len(own) == 2 and len(others) == 2


def doubled(small: Dataset) -> Pair:
    """“run” has one picture twice, nearly, and one that all words have."""
    pair = open_pair(small, BACKBONE, "en-de")
    sets = pair.source
    rows = np.array(sets.features, np.float32)
    run = sets.rows("run")
    rows[run[1]] = rows[run[0]] * 3 + 1e-4
    members = [[*sets.rows(word).tolist(), int(run[2])] if word != "run" else run.tolist() for word in sets.words]
    return replace(pair, source=ImageSets.from_members(sets.words, members, rows, sets.ids))


def test_pictures_that_tell_nothing(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = doubled(small)
    ids = pair.source.word_ids("run")
    assert story.duplicates(pair, "run") == ((ids[0], ids[1]),)
    assert story.duplicates(open_pair(small, BACKBONE, "en-de"), "run") == ()
    assert story.placeholders(pair, "run") == (), "ten words have to have it"
    monkeypatch.setattr(story, "FEWEST", 3)
    assert story.placeholders(pair, "run") == (ids[2],)
    monkeypatch.setattr(story, "SHARED", 1.1)
    assert story.placeholders(pair, "run") == (), "a small part of the words"


def test_pictures_without_features_are_counted(small: Dataset) -> None:
    (path,) = small.path.glob("features/*/*.safetensors")
    loaded = shards.open_features(small, BACKBONE)
    gone = picture("ring").id
    kept = [key for key in loaded.ids if key != gone]
    rows = np.array([loaded.matrix[loaded.ids.find([key])[0]] for key in kept])
    shards.write_shard(path, kept, rows, ABOUT)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert [story.lacking(pair, word) for word in ("run", "big", "dog", "ghost")] == [1, 1, 0, 0]


def test_other_methods_backbones_and_pairs(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    frames = ranked.rankings(pair, ["avgmax", "knn", "maxmax"])
    asked: list[tuple[str, str, str]] = []

    def stored(backbone: str, name: str, method: str):  # type: ignore[no-untyped-def]
        asked.append((backbone, name, method))
        return frames.get(method) if (backbone, name) == (BACKBONE, "en-de") else None

    found = elsewhere(small, BACKBONE, "en-de", "avgmax", "run.V", stored)
    assert {one.pictures for one in found} == {("knn",), ("maxmax",)}
    for one in found:
        frame = frames[one.pictures[0]].set_index("query")
        assert (one.kind, one.side, one.change) == ("method", "", rankers.label(one.pictures[0]))
        assert (one.rank, one.winner) == (frame.loc["run.V", "rank"], frame.loc["run.V", "winner"])
    assert (BACKBONE, "en-de", "avgmax") not in asked, "not the method itself"
    assert all(method != "spelling" for _, _, method in asked), "controls are no way out"
    assert elsewhere(small, BACKBONE, "en-de", "avgmax", "ghost.N", stored) == [], "not covered"


def test_the_pair_asked_back_is_asked_for_the_right_answer(small: Dataset) -> None:
    """*run* is asked back from *laufen*, or from *rennen* where that has no pictures; other languages' words never."""
    for name in ("en-fr", "fr-de"):
        wordlists.write_list(small.path / "lexicon" / f"{name}.tsv", [wordlists.Row("run", "courir", "V")])
    opened = Dataset(small.path)
    back = ranked.rankings(open_pair(opened, BACKBONE, "de-en"), ["avgmax"])["avgmax"]
    asked: list[str] = []

    def stored(backbone: str, name: str, method: str):  # type: ignore[no-untyped-def]
        asked.append(name)
        return back if (name, method) == ("de-en", "avgmax") else None

    (one,) = elsewhere(opened, BACKBONE, "en-de", "avgmax", "run.V", stored)
    row = back.set_index("query").loc["laufen.V"]
    assert (one.kind, one.pictures, one.change) == ("pair", ("de-en", "laufen.V"), "asked back: laufen, de-en")
    assert (one.rank, one.winner, one.right) == (row["rank"], row["winner"], row["winner"] == "run")
    assert {name for name in asked if name != "en-de"} == {"en-fr", "de-en"}, "not what asks German or French words"
    back.loc[back["query"] == "laufen.V", "rank"] = math.nan
    (one,) = elsewhere(opened, BACKBONE, "en-de", "avgmax", "run.V", stored)
    assert one.pictures == ("de-en", "rennen.V")


def test_changes_elsewhere_stand_among_those_of_pictures(pair: Pair) -> None:
    other = Change("KNN", "method", "", ("knn",), 1.0, "laufen", True)
    asked = replace(asking(pair, "run"), elsewhere=[other])
    told = story.tell(asked)
    assert other in told.changes and len(told.changes) > 1
    assert [one.rank for one in told.changes] == sorted(one.rank for one in told.changes)


@pytest.mark.parametrize("name", ["avgmax", "maxmax", "knn", "cnn-max", "avgmax+csls", "avgmax+isf", "rrf"])
def test_json_has_what_it_promises(pair: Pair, name: str) -> None:
    told = story.tell(asking(pair, "run", name))
    found = json.loads(json.dumps(story_json.as_json(told, 4), allow_nan=False))
    assert len(found["candidates"]) == 4 and found["verdict"] == told.verdict
    assert found["reason"] == (told.causes[0].cause if told.causes and told.found.outcome != "found" else "")
    for key in ("winner", "gold"):
        one = found["attribution"][key]
        total = sum(own["share"] for own in one["pictures"]) + one["correction"]
        assert total == pytest.approx(one["score"], abs=2e-6 * max(1, abs(one["score"])))
        assert one["correction"] == pytest.approx(sum(one["parts"].values()))
        assert set(one["pictures"][0]) == {"id", "match", "cosine", "share"}
    assert found["attribution"]["winner"]["word"] == found["winner"]["word"]
    assert found["attribution"]["gold"]["word"] == found["gold"][0]["word"]
    for side in ("source", "gold"):
        assert all(
            set(one) == {"label", "from_titles", "pictures", "would_choose", "rank"} for one in found["groups"][side]
        )
    assert all({"cause", "text", "strength", "missed_share", "found_share"} <= set(one) for one in found["causes"])
    assert all({"change", "pictures", "rank", "winner"} <= set(one) for one in found["what_if"])
    ranks = [one["rank"] for one in found["what_if"]]
    assert ranks == sorted(ranks)
    assert set(found["ceiling"]) == {"mrr", "rank", "splits", "candidates"}


def test_wordnet_senses_of_a_word(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sense:
        lemmas, gloss = ("run", "jog"), "move fast on foot"

    class Known:
        def synsets(self, word: str, pos: str) -> tuple[Sense, ...]:
            return (Sense(),) if (word, pos) == ("run", "verb") else ()

    monkeypatch.setattr(story.wordnet_senses, "installed", Known)
    assert story.senses(pair, pair.queries[pair.find("run")]) == (("run, jog", "move fast on foot"),)
    assert story.senses(pair, pair.queries[pair.find("dog")]) == ()
    monkeypatch.setattr(story.wordnet_senses, "installed", lambda: None)
    assert story.senses(pair, pair.queries[pair.find("run")]) == ()


def test_what_is_known_of_other_methods_holds_each_text_once() -> None:
    frame = pd.DataFrame({
        "query": ["dog.N", "hat.N"], "word": ["dog", "hat"], "rank": [1.0, np.nan], "right": ["Hund", "Hut"],
        "winner": ["Hund", "Hund"],
    })  # fmt: skip
    same: dict[str, str] = {}
    one, other = (_covered(frame.copy(), same) for _ in range(2))
    assert one == other == {"dog.N": ("dog", 1.0, "Hund", "Hund")}
    (first, _, right, winner), (again, _, also, _) = one["dog.N"], other["dog.N"]
    assert first is again and right is also and right is winner
