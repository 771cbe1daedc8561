"""The words of the field: each example says what the demo's stored numbers say."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.insight import causes, glossary, hubs
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.evidence import stored_evidence
from cldi_core.insight.glossary import Facts
from cldi_core.scoring.dispersion import dispersion

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
BACKBONE = "efficientnet-lite0"


@cache
def demo(pair: str = "en-de") -> Pair:
    return open_pair(Dataset(DEMO), BACKBONE, pair)


@cache
def facts(pair: str = "en-de") -> Facts:
    """As a page makes them for AVGMAX."""
    opened, ranker = demo(pair), rankers.ranker("avgmax")
    ranked = stored_rankings(opened, [ranker])["avgmax"]
    (every,) = [one for one in tables.table({pair: {"avgmax": ranked}}) if one["setting"] == "ALL"]
    evidence = causes.with_ceilings(stored_evidence(opened, [ranker])["avgmax"], stored_ceilings(opened))
    near = hubs.stored_hubs(opened, [ranker, rankers.ranker("avgmax+csls")])
    return Facts(opened, "Lite0", "AVGMAX", "AVGMAX", True, "shake.V", ranked, every, evidence, *near.values())


def test_each_example_has_the_numbers_of_the_word() -> None:
    known, told = facts(), glossary.texts(facts())
    row = known.rankings.set_index("query").loc["shake.V"]  # type: ignore[union-attr]
    place = demo().source.words.index("shake")
    assert f"at rank {row['rank']:.0f}: it counts 1/{row['rank']:.0f} = {1 / row['rank']:.2f}." in told["mrr"]
    assert told["p"].endswith("it counts for P@10 alone.") and 1 < row["rank"] <= 10
    spread = dispersion(demo().source)[place]
    assert f"is {spread:.2f} ({len(demo().source.rows('shake'))} pictures)." in told["dispersion"]
    ranked = known.rankings["rank"]  # type: ignore[index]
    assert f"{ranked.notna().sum()} of {len(ranked)} queries: {ranked.notna().mean():.2f}." in told["coverage"]
    assert f"MRR {(1 / ranked).mean():.2f} [" in told["interval"]
    assert f"n = {known.rankings['word'].nunique()} words" in told["interval"]  # type: ignore[index]
    assert told["gold"].endswith("Of “shake”: “schütteln”, “zittern”.")
    assert told["candidate"].endswith(f"has {len(demo().target)} candidates with pictures.")
    assert told["backbone"].endswith("makes 1,280 numbers of a picture.")


def test_the_greatest_hub_is_counted_anew() -> None:
    """From the scores themselves, by the rule of ties."""
    import cldi_core
    from cldi_core.scoring.ties import ranks

    pair, told = demo(), glossary.texts(facts())
    scores = cldi_core.score(pair.source, pair.target, method="avgmax")
    near = (ranks(scores) <= 10).sum(axis=0)
    greatest = int(near.argmax())
    word = pair.target.words[greatest]
    assert f"“{word}”: among the first ten of {near[greatest]} of {len(pair.source)} words" in told["hub"]
    wrong = facts().rankings.query("rank > 1 and winner != right")  # type: ignore[union-attr]
    assert f"it wins {(wrong['winner'] == word).sum()} queries wrongly." in told["hub"]
    csls = cldi_core.score(pair.source, pair.target, method="avgmax+csls")
    after = int((ranks(csls) <= 10).sum(axis=0)[greatest])
    assert told["csls"].endswith(f"“{word}” is then among the first ten of {after} words instead of {near[greatest]}.")


def test_the_margin_is_the_lead_over_the_best_wrong_candidate() -> None:
    row = facts().known
    assert row is not None and row["rank"] > 1
    lead = row["right_score"] - row["rival_score"]
    said = f"“shake”: −{abs(lead):.3f} between “{row['right']}” and “{row['rival']}”."
    assert lead < 0 and glossary.texts(facts())["margin"].endswith(said)


@pytest.mark.parametrize("pair", ["en-de", "en-fr"])
def test_without_a_word_the_example_is_one_near_the_tenth_place(pair: str) -> None:
    row = replace(facts(pair), query="").row
    assert row is not None and 5 <= row["rank"] <= 15 and row["rank"] % 1 == 0


def test_a_method_that_names_one_answer_has_no_example_of_an_mrr() -> None:
    told = glossary.texts(replace(facts(), ranks_all=False))
    assert {name: told[name] for name in ("mrr", "p", "interval")} == {
        name: glossary.TERMS[name].text for name in ("mrr", "p", "interval")
    }
    assert "queries wrongly" in told["hub"]


def test_where_nothing_is_stored_there_are_sentences_alone() -> None:
    plain = {name: term.text for name, term in glossary.TERMS.items()}
    assert glossary.texts(None) == plain
    bare = glossary.texts(Facts(demo(), "Lite0", "AVGMAX", "AVGMAX"))
    differ = {name for name in plain if bare[name] != plain[name]}
    assert differ == {"candidate", "backbone"}, "what the pair itself tells"


def test_a_word_without_pictures_has_no_rank_and_is_left_out() -> None:
    ranked = facts().rankings.copy()  # type: ignore[union-attr]
    ranked.loc[ranked["query"] == "shake.V", "rank"] = np.nan
    told = glossary.texts(replace(facts(), rankings=ranked))
    assert "“shake” has no rank" in told["mrr"] and told["p"] == glossary.TERMS["p"].text


def test_each_term_is_one_sentence() -> None:
    for term in glossary.TERMS.values():
        assert len(re.findall(r"\.(?: |$)", term.text)) == 1 and term.text.endswith("."), term.text
