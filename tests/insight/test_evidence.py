"""Evidence: every number of a word, its right answer and its rival set against slow counts; kept under its key."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import evidence
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.health import findings
from cldi_core.scoring.hubness import csls
from tests import oracles, ranked
from tests.conftest import ABOUT, BACKBONE, CONCEPTS, WORDS, picture

pytestmark = pytest.mark.usefixtures("decoding_here")

EQUAL = oracles.EQUAL


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def of_method(pair: Pair, method: str = "avgmax") -> pd.DataFrame:
    matrix = ranked.scores(pair, [method])[method]
    return evidence.evidence(pair, matrix, rankings.ranked(pair, matrix))


def row_of(frame: pd.DataFrame, query: str) -> pd.Series:
    (row,) = (row for _, row in frame[frame["query"] == query].iterrows())
    return row


def with_pictures(pair: Pair, words: dict[str, dict[str, list[str]]]) -> Pair:
    """The tiny data set with other pictures of some words: language → word → concepts."""
    told = {language: {**WORDS[language], **words.get(language, {})} for language in WORDS}
    rows, drawn = [], {}
    for language, own in told.items():
        for word, concepts in own.items():
            for position, concept in enumerate(concepts):
                made = picture(concept, language, concepts[:position].count(concept))
                drawn[made.id] = made
                rows.append((language, word, position, made.id))
    stored = set(pair.dataset.pictures.table.index)
    pictures.write_shards(pair.dataset.path / "images", [one for key, one in drawn.items() if key not in stored])
    dataset.write_words(pair.dataset.path, rows)
    new = [key for key in drawn if key not in stored]
    if new:
        made_up = np.random.default_rng(5).normal(size=(len(new), 8)).astype(np.float32)
        shards.write_shard(pair.dataset.path / "features" / BACKBONE / "z.safetensors", new, made_up, ABOUT)
    return open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")


def slow(pair: Pair, row: pd.Series) -> dict[str, float]:
    """What is counted in the pictures of three words, with loops."""
    concept = pair.dataset.pictures.table["concept"].to_dict()
    word, right, rival = (
        [(key, concept[key], vector.astype(float)) for key, vector in zip(sets.word_ids(name), sets[name], strict=True)]
        for sets, name in ((pair.source, row["word"]), (pair.target, row["right"]), (pair.target, row["rival"]))
    )
    counts = dict.fromkeys(("nearer_right", "nearer_rival", "shown_right", "shown_rival", "astray"), 0)
    for _, thing, vector in word:
        to_right = max(oracles.cosine(vector, other) for *_, other in right)
        best, match = max((oracles.cosine(vector, other), depicted) for _, depicted, other in rival)
        shown = any(depicted == thing for _, depicted, _ in right)
        counts["nearer_right"] += to_right > best + EQUAL
        counts["nearer_rival"] += best > to_right + EQUAL
        counts["shown_right"] += shown
        counts["shown_rival"] += any(depicted == thing for _, depicted, _ in rival)
        counts["astray"] += shown and best > to_right + EQUAL and match != thing
    own, rights, rivals = ({thing for _, thing, _ in side} for side in (word, right, rival))
    return {
        **counts,
        "things": len(own), "right_things": len(own & rights), "rival_things": len(own & rivals),
        "pictures": len(word), "right_pictures": len(right), "rival_pictures": len(rival),
        "common": len({key for key, *_ in right} & {key for key, *_ in rival}),
        "same_pictures": {key for key, *_ in right} == {key for key, *_ in rival},
        "best_right": max(oracles.cosine(one, other) for *_, one in word for *_, other in right),
        "best_rival": max(oracles.cosine(one, other) for *_, one in word for *_, other in rival),
    }  # fmt: skip


@pytest.mark.parametrize("method", ["avgmax", "maxmax", "knn", "cnn-mean", "avgmax+csls"])
def test_every_count_is_that_of_a_slow_loop(pair: Pair, method: str) -> None:
    matrix = ranked.scores(pair, [method])[method]
    frame = of_method(pair, method)
    assert list(frame["query"]) == [query.id for query in pair.queries]
    for number, query in enumerate(pair.queries):
        row = row_of(frame, query.id)
        if math.isnan(row["rank"]):
            continue
        scores = matrix[pair.rows[number]].astype(float)
        wrong = [column for column in range(len(scores)) if column not in pair.gold[number]]
        best = {kind: np.nanmax(scores[list(own)]) for kind, own in (("right", pair.gold[number]), ("rival", wrong))}
        for kind, top in best.items():
            first = next(
                word for column, word in enumerate(pair.target.words)
                if (column in wrong) == (kind == "rival") and scores[column] > top - EQUAL
            )  # fmt: skip
            assert row[kind] == first
            assert row[f"{kind}_score"] == pytest.approx(scores[pair.target.row(first)])
        first, second, *_ = sorted((score for score in scores.tolist() if not math.isnan(score)), reverse=True)
        assert row["margin"] == pytest.approx(first - second, abs=1e-6)
        assert row["tied"] == (abs(best["right"] - best["rival"]) <= EQUAL)
        assert row["known"] and row["rival_pos"] == pair.target_pos[row["rival"]]
        for name, expected in slow(pair, row).items():
            assert row[name] == pytest.approx(expected, abs=1e-6), (query.id, name)


def test_neighbourhoods_are_those_of_other_words(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "TOP", 2)
    matrix = ranked.scores(pair, ["avgmax"])["avgmax"]
    frame = of_method(pair)
    near = {
        kind: [[rank <= 2 for rank in oracles.ranks(row)] for row in scores]
        for kind, scores in (("", matrix), ("_csls", csls(matrix)))
    }
    totals = np.sum(near[""], axis=0)
    for number, row in enumerate(frame.to_dict("records")):
        if not row["rival"]:
            continue
        column, own = pair.target.row(row["rival"]), pair.rows[number]
        others = [other for other in range(len(matrix)) if other != own]
        assert row["rival_top10"] == sum(near[""][other][column] for other in others)
        assert row["rival_top10_csls"] == sum(near["_csls"][other][column] for other in others)
        assert row["right_top10"] == sum(near[""][other][pair.target.row(row["right"])] for other in others)
        assert row["rival_place"] == 1 + sum(total > totals[column] for total in totals)
        assert (row["n_words"], row["n_candidates"]) == (5, 8), "others with pictures, candidates with pictures"
        wrong = frame[(frame["rank"] > 1) & ~frame["tied"] & (frame["rival"] == row["rival"])]
        assert row["rival_wins"] == len(set(wrong["word"]) - {row["word"]})


def test_of_a_method_with_csls_before_and_after_are_told_apart(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "TOP", 2)
    shape = len(pair.source), len(pair.target)
    before, after = np.random.default_rng(3).normal(size=(2, *shape)).astype(np.float32)
    found = evidence.evidence(pair, after, rankings.ranked(pair, after), before)
    for number, row in enumerate(found.to_dict("records")):
        for name, matrix in (("rival_top10", before), ("rival_top10_csls", after)):
            near = [oracles.ranks(line)[pair.target.row(row["rival"])] <= 2 for line in matrix]
            assert row[name] == sum(near) - near[pair.rows[number]]
        assert row["corrected"]
    assert not of_method(pair)["corrected"].any()


def test_a_shared_first_place_is_not_won_wrongly(pair: Pair) -> None:
    """“rot” shares the first place for “red”, where it is right, and wins “big”, where it is wrong."""
    matrix = ranked.scores(pair, ["avgmax"])["avgmax"].copy()
    rot, hut = pair.target.row("rot"), pair.target.row("Hut")
    matrix[:, rot] = -2
    matrix[pair.source.row("red"), [rot, hut]] = matrix[pair.source.row("big"), rot] = 2
    frame = evidence.evidence(pair, matrix, rankings.ranked(pair, matrix))
    assert row_of(frame, "red.A")["rank"] == 1.5
    assert (row_of(frame, "big.A")["rival"], row_of(frame, "big.A")["rival_wins"]) == ("rot", 0)


def test_another_drawing_of_the_same_thing_is_no_look_alike(pair: Pair) -> None:
    """“Hut” has the picture of “rot” and another cross, the very picture of “red”: nearer, and the same thing."""
    changed = with_pictures(pair, {"de": {"rot": ["cross"], "Hut": ["cross", "cross"], "Hand": ["cross", "ring"]}})
    source, target = changed.source, changed.target
    own = source["red"][0].astype(np.float32)
    (path,) = pair.dataset.path.glob(f"features/{BACKBONE}/part*")
    ids, matrix, meta = shards.read_shard(path)
    places = {key: number for number, key in enumerate(ids)}
    matrix = np.array(matrix, np.float32)
    for key, vector in zip([*target.word_ids("Hut"), target.word_ids("Hand")[1]], (-own, own, own), strict=True):
        matrix[places[key]] = vector
    shards.write_shard(path, list(ids), matrix, meta)
    changed = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    scores = np.full((len(source), len(target)), -1, np.float32)
    for rival, astray in (("Hut", 0), ("Hand", 1)):
        scores[:] = -1
        scores[source.row("red"), target.row(rival)] = 1
        row = row_of(evidence.evidence(changed, scores, rankings.ranked(changed, scores)), "red.A")
        assert (row["rival"], row["shown_right"], row["nearer_rival"], row["astray"]) == (rival, 1, 1, astray)
        assert (row["common"], row["same_pictures"]) == (1, False), "the rival has one more"


def test_words_with_the_same_pictures_tie_and_say_so(pair: Pair) -> None:
    changed = with_pictures(pair, {"de": {"rot": ["cross", "cross"], "Hut": ["cross", "cross"], "Hand": ["cross"]}})
    matrix = ranked.scores(changed, ["avgmax"])["avgmax"].copy()
    place = changed.source.row("red")
    for rival, same in (("Hut", True), ("Hand", False)):
        matrix[place] = -0.5
        matrix[place, [changed.target.row("rot"), changed.target.row(rival)]] = -0.1
        row = row_of(evidence.evidence(changed, matrix, rankings.ranked(changed, matrix)), "red.A")
        assert (row["rival"], row["rank"], row["tied"], row["same_pictures"]) == (rival, 1.5, True, same)
        assert row["common"] == (2 if same else 1) and row["things"] == row["right_things"] == row["rival_things"] == 1
        assert not same or row["nearer_right"] == row["nearer_rival"] == 0


def test_near_copies_are_counted_by_the_words_pictures(pair: Pair) -> None:
    """“red” gets a picture whose features are, but for a little, those of a picture of “Hut”, and of none of “rot”."""
    source, target = pair.source, pair.target
    copied = target["Hut"][0].astype(np.float32)
    aside = np.random.default_rng(1).normal(size=copied.shape).astype(np.float32)
    for scale, count in ((0.01, 1), (1.0, 0)):
        near = copied / np.linalg.norm(copied) + scale * aside / np.linalg.norm(aside)
        (path,) = pair.dataset.path.glob(f"features/{BACKBONE}/part*")
        ids, matrix, meta = shards.read_shard(path)
        matrix = np.array(matrix, np.float32)
        matrix[list(ids).index(source.word_ids("red")[0])] = near
        shards.write_shard(path, list(ids), matrix, meta)
        row = row_of(of_method(open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de"), "maxmax"), "red.A")
        cosines = {word: oracles.maxmax([near], target[word].astype(float)) for word in (row["right"], row["rival"])}
        assert row["copies_rival"] == (cosines[row["rival"]] > 0.98)
        assert row["copies_right"] == (cosines[row["right"]] > 0.98)
        assert (row["copies_rival"] == 1) == bool(count)


def test_what_is_not_known_of_every_picture_is_not_counted(pair: Pair) -> None:
    """A picture of “Hut” that depicts nobody knows what: of words beside it nothing is said of things."""
    unknown = pictures.Picture(picture("sun", "de", 7).data, "x.png", 96, 96, provider="tests", licence="CC0-1.0")
    path = pair.dataset.path
    rows = [*pair.dataset.words.itertuples(index=False, name=None), ("de", "Hut", 9, unknown.id)]
    pictures.write_shards(path / "images", [unknown])
    dataset.write_words(path, rows)
    shards.write_shard(path / "features" / BACKBONE / "z.safetensors", [unknown.id], np.ones((1, 8)), ABOUT)
    frame = of_method(open_pair(Dataset(path), BACKBONE, "en-de"))
    beside = (frame["right"] == "Hut") | (frame["rival"] == "Hut")
    assert beside.any() and not frame.loc[beside, "known"].any()
    assert not frame.loc[beside, ["things", "right_things", "rival_things", "shown_right", "astray"]].to_numpy().any()
    assert frame.loc[~beside & frame["rank"].notna(), "known"].all()


def test_uncovered_words_and_those_without_a_rival_have_a_row(pair: Pair) -> None:
    rows = [*pair.dataset.lexicon("en-de"), wordlists.Row("red", "Rotwild", "V")]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    frame = of_method(open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de"))
    ghost, answerless = row_of(frame, "ghost.N"), row_of(frame, "red.V")
    assert (ghost["rival"], ghost["pictures"], ghost["right"]) == ("", 0, "Geist")
    assert math.isnan(ghost["rank"]) and math.isnan(ghost["best_rival"]) and not ghost["tied"]
    assert answerless["right"] == "Rotwild" and answerless["rival"] and answerless["right_pictures"] == 0
    assert answerless["nearer_rival"] == 0 and math.isnan(answerless["right_score"])
    alone = pair.of_words(["dog"])
    matrix = np.full((1, len(alone.target)), np.nan, np.float32)
    matrix[0, alone.target.row("Hund")] = -0.5
    row = evidence.evidence(alone, matrix, rankings.ranked(alone, matrix)).iloc[0]
    assert math.isnan(row["margin"]) and math.isnan(ghost["margin"]), "of one candidate, and of none"
    assert (row["rank"], row["rival"], row["rival_pictures"], row["rival_wins"]) == (1, "", 0, 0)


def test_things_are_those_that_are_counted(pair: Pair) -> None:
    for row in of_method(pair).to_dict("records"):
        found = evidence.things(pair, row)
        assert (len(found.all), len(found.right), len(found.rival)) == (
            row["things"], row["right_things"], row["rival_things"],
        )  # fmt: skip
        assert set(found.all) <= set(CONCEPTS)


def kept(pair: Pair, method: str = "avgmax") -> Path:
    ranker = rankers.ranker(method)
    evidence.keep_evidence(pair, [ranker], stored_scores.scored(pair, [ranker]), must_keep=True)
    return evidence.path_of(pair, method)


@pytest.mark.parametrize("method", ["avgmax", "maxmax+csls"])
def test_what_is_kept_is_what_was_computed(pair: Pair, method: str) -> None:
    kept(pair, method)
    found = evidence.stored_evidence(pair, [rankers.ranker(method)])[method]
    scores = ranked.scores(pair, [method, method.partition("+")[0]])
    base = scores["maxmax"] if method == "maxmax+csls" else None
    expected = evidence.evidence(pair, scores[method], rankings.ranked(pair, scores[method]), base)
    pd.testing.assert_frame_equal(found, expected)
    assert found.attrs["pair"] == "en-de"


def test_evidence_stands_until_something_it_tells_of_changes(pair: Pair) -> None:
    ranker = rankers.ranker("avgmax")
    before = kept(pair).read_bytes()
    assert kept(pair).read_bytes() == before
    renamed = [wordlists.Row(row.source, row.target, "A" if row.target == "Hut" else row.pos)
               for row in pair.dataset.lexicon("en-de")]  # fmt: skip
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", renamed)
    changed = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    assert evidence.stored_evidence(changed, [ranker]) == {}
    kept(changed)
    assert evidence.stored_evidence(changed, [ranker])["avgmax"].attrs["key"] == evidence.key_of(changed, ranker)


def test_a_picture_that_depicts_something_else_makes_evidence_stale(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(pair)
    pair.dataset.pictures.concepts[pair.source.word_ids("red")[0]] = "sun"
    again = open_pair(pair.dataset, BACKBONE, "en-de")
    assert evidence.stored_evidence(again, [rankers.ranker("avgmax")]) == {}


def test_damaged_evidence_is_not_used_and_check_names_it(pair: Pair) -> None:
    path, ranker = kept(pair), rankers.ranker("avgmax")
    whole = path.read_bytes()
    assert not [one for one in findings(pair.dataset, deep=True) if one.area == "evidence"]
    frame = pd.read_parquet(path)
    frame.loc[0, "things"] += 1
    frame.to_parquet(path, index=False)
    for damage in (path.read_bytes(), whole[: len(whole) // 2], b""):
        path.write_bytes(damage)
        assert evidence.stored_evidence(pair, [ranker]) == {}
        (finding,) = (one for one in findings(pair.dataset, deep=True) if one.area == "evidence")
        assert finding.level == "error" and "avgmax.parquet" in finding.text and "score" in finding.next_step
    path.unlink()
    assert kept(pair).read_bytes() == whole


def test_score_keeps_evidence_of_all_but_controls(pair: Pair) -> None:
    from typer.testing import CliRunner

    from cldi_core.commands.main import app

    told = CliRunner().invoke(app, ["score", "--dataset", pair.dataset.name])
    assert told.exit_code == 0, told.output
    there = {path.stem for path in evidence.path_of(pair, "any").parent.iterdir()}
    assert "avgmax" in there and "avgmax+csls" in there and not {"spelling", "identity"} & there
    there.remove("ceilings")  # of the words, whatever the method
    assert stored_ceilings(pair) is not None
    assert set(evidence.stored_evidence(pair, map(rankers.ranker, there))) == there


def test_margins_are_between_the_two_best_scores_whatever_else_is_known() -> None:
    scores = np.array([[-0.5, -0.2, np.nan, -0.9], [1, 1, 0, 0], [np.nan, 3, np.nan, np.nan], [np.nan] * 4], np.float32)
    found = evidence.margins(scores)
    assert found.dtype == np.float32
    assert found == pytest.approx([0.3, 0, math.nan, math.nan], nan_ok=True)
    assert np.isnan(evidence.margins(scores[:, :1])).all()
