"""Words that are in no list as candidates: they win, are told of as what they are, and are no right answers."""

from __future__ import annotations

import pytest

from cldi_core import rankers
from cldi_core.data import candidates, dataset
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import ACCEPTABLE, Judgement
from cldi_core.evaluation.judged import with_judgements
from cldi_core.evaluation.pairs import UNLISTED, Pair, open_pair
from cldi_core.insight import dispersions, evidence, hubs, play, relations, winners
from tests import ranked
from tests.conftest import BACKBONE


@pytest.fixture
def pair(small: Dataset) -> Pair:
    """The tiny data set with a German word in no list that has the very pictures of English “run”, and one without."""
    rows = list(small.words.itertuples(index=False, name=None))
    own = [("de", "Zange", place, key) for place, key in enumerate(small.members("en")["run"])]
    dataset.write_words(small.path, [*rows, *own, ("de", "Ast", 0, "0" * 32)])
    return open_pair(candidates.choose(Dataset(small.path), candidates.ALL), BACKBONE, "en-de")


def test_they_are_candidates_and_nothing_else(pair: Pair, small: Dataset) -> None:
    assert pair.target.words[-1] == "Zange" and "Ast" not in pair.target, "without features there is nothing to rank"
    assert pair.target_pos["Zange"] == UNLISTED and "Zange" not in pair.listed and len(pair.target) == 10
    candidates.choose(small, candidates.LISTED)
    before = open_pair(Dataset(small.path), BACKBONE, "en-de")
    assert before.target.words == pair.target.words[:-1] and before.listed == pair.listed
    assert (before.queries, before.gold) == (pair.queries, pair.gold) and before.key != pair.key
    back = open_pair(candidates.choose(small, candidates.ALL), BACKBONE, "de-en")
    assert back.target.words == before.source.words, "all English words with pictures are in the list"


def test_one_that_wins_is_told_of_everywhere(pair: Pair) -> None:
    ranker = rankers.ranker("avgmax")
    scored = ranked.scored(pair, ["avgmax"])
    frame = ranked.rankings(pair, ["avgmax"], scored)["avgmax"].set_index("query")
    assert frame.loc["run.V", "winner"] == "Zange" and frame.loc["run.V", "rank"] > 1
    evidence.keep_evidence(pair, [ranker], scored)
    hubs.keep_hubs(pair, [ranker], scored)
    own = evidence.stored_evidence(pair, [ranker])["avgmax"]
    assert own.set_index("query").loc["run.V", ["rival", "rival_pos"]].tolist() == ["Zange", UNLISTED]
    won = winners.table(own, pair).set_index("query")
    assert won.loc["run.V", "rival_pos"] == UNLISTED and won.loc["run.V", f"chance {UNLISTED}"] > 0
    assert {flow.rival_pos for flow in winners.flows(won.reset_index())} >= {UNLISTED}
    found = hubs.stored_hubs(pair, [ranker])["avgmax"].set_index("word")
    assert found.loc["Zange", "wins"] >= 1 and found.loc["Zange", "pos"] == UNLISTED
    told = [one.text for one in relations.relations(pair, pair.index["run.V"], "Zange")]
    assert any("“Zange” is in no list" in text for text in told)
    assert set(dispersions.dispersions(pair)["word"]) >= {"Zange"}


def test_one_can_be_an_option_and_be_judged(pair: Pair) -> None:
    rounds = play.game(pair, [rankers.ranker("avgmax")], 1)
    assert any("Zange" in one.options for one in rounds) and all(one.answer != "Zange" for one in rounds)
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"]
    given = [Judgement("en-de", "run", "V", "Zange", ACCEPTABLE)]
    judged = with_judgements(pair, rankers.ranker("avgmax"), frame, given).set_index("query")
    assert judged.loc["run.V", "rank"] == 1
