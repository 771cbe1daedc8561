"""Every key, against every input that it stands for: what changes a score or a rank changes the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core import rankers
from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import controls, image_methods, pairs, ranker
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.ranker import Ranker, Scored
from cldi_core.features import shards
from cldi_core.scoring import methods
from cldi_core.scoring.methods import METHODS
from tests import ranked
from tests.conftest import BACKBONE, LEXICON, picture

NAMES = ["avgmax", "knn", "sinkhorn", "avgmax+csls", "maxmax+isf", "rrf", "rrf=avgmax,knn", "spelling", "identity"]


def keys(folder: Path) -> dict[str, str]:
    opened = open_pair(Dataset(folder), BACKBONE, "en-de")
    return {name: rankers.ranker(name).full_key(opened) for name in NAMES}


def _members(change: Callable[[tuple], tuple]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        rows = list(Dataset(path).words.itertuples(index=False, name=None))
        dataset.write_words(path, [change(row) for row in rows])

    return apply


def _feature(path: Path) -> None:
    (shard,) = path.glob("features/*/*")
    ids, matrix, meta = shards.read_shard(shard)
    changed = matrix.copy()
    changed[0, 0] += 1
    shards.write_shard(shard, ids, changed, meta)


def _list(rows: list[wordlists.Row]) -> Callable[[Path], None]:
    return lambda path: wordlists.write_list(path / "lexicon" / "en-de.tsv", rows)


other = picture("ring").id
INPUTS: dict[str, Callable[[Path], None]] = {
    "a source word's pictures": _members(lambda row: (*row[:3], other) if row[:3] == ("en", "dog", 0) else row),
    "a candidate's pictures": _members(lambda row: (*row[:3], other) if row[:3] == ("de", "rot", 0) else row),
    "their order": _members(lambda row: (*row[:2], 1 - row[2], row[3]) if row[1] == "dog" else row),
    "a feature": _feature,
    "a right answer": _list([*LEXICON, wordlists.Row("hat", "Hund", "N")]),
    "a right answer of another": _list(
        [row._replace(source="hat") if row.target == "Köter" else row for row in LEXICON]
    ),
    "a candidate": _list([*LEXICON, wordlists.Row("ghost", "Spuk", "N")]),
    "a source word": _list([*LEXICON, wordlists.Row("spook", "Geist", "N")]),
    "a part of speech": _list([row if row.source != "red" else row._replace(pos="N") for row in LEXICON]),
    "the order of words": _list(list(LEXICON[::-1])),
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_keys_change_with_the_data(small: Dataset, name: str) -> None:
    before = keys(small.path)
    assert keys(small.path) == before and len(set(before.values())) == len(NAMES), "each ranker has its own"
    INPUTS[name](small.path)
    after = keys(small.path)
    assert [one for one in NAMES if after[one] == before[one]] == []


def test_identity_alone_rests_on_what_is_depicted(small: Dataset) -> None:
    opened = open_pair(small, BACKBONE, "en-de")
    before = {name: rankers.ranker(name).full_key(opened) for name in NAMES}
    changed = Dataset(small.path)
    changed.pictures.concepts[next(iter(changed.pictures.concepts))] = "something else"
    opened = open_pair(changed, BACKBONE, "en-de")
    assert [name for name in NAMES if rankers.ranker(name).full_key(opened) != before[name]] == ["identity"]


def test_keys_do_not_change_with_what_no_score_depends_on(small: Dataset) -> None:
    before = keys(small.path)
    words = list(Dataset(small.path).words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*words, ("fr", "chien", 0, other)])
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 4)])
    assert keys(small.path) == before


def base(**changes: object) -> Ranker:
    return replace(rankers.ranker("avgmax"), **changes)


RECIPES: dict[str, Ranker] = {
    "name": base(name="other"),
    "parameters": base(parameters={"measures": ("best",)}),
    "bounds": base(bounds=(0.0, 1.0)),
    "bases": base(bases=(rankers.ranker("maxmax"),)),
    "a base's parameters": base(bases=(replace(rankers.ranker("maxmax"), parameters={"k": 2}),)),
}


def test_recipes_change_with_all_that_a_ranker_does() -> None:
    found = [base().recipe, *(one.recipe for one in RECIPES.values())]
    assert len(set(found)) == len(found) and base().recipe == rankers.ranker("avgmax").recipe


@pytest.mark.parametrize("module, name, value", [(ranker, "VERSION", 99), (ranker, "TIE", 1e-5)])
def test_recipes_change_with_the_version_and_the_rule_of_ties(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: float
) -> None:
    before = base().recipe
    monkeypatch.setattr(module, name, value)
    assert base().recipe != before


def test_the_version_is_in_a_pairs_key(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_pair(small, BACKBONE, "en-de").key
    monkeypatch.setattr(pairs, "VERSION", 99)
    assert open_pair(small, BACKBONE, "en-de").key != before


@pytest.mark.parametrize(
    "name, known",
    [
        ("sinkhorn", {"epsilon", "iterations"}),
        ("knn-c", {"k", "seed", "reading"}),
        ("avgmax+csls", {"k"}),
        ("avgmax+isf", {"beta"}),
        ("rrf", {"k"}),
        ("spelling", {"n"}),
        ("avgmax", {"measures", "votes"}),
    ],
)
def test_the_numbers_that_a_method_is_given_are_in_its_recipe(name: str, known: set[str]) -> None:
    one = rankers.ranker(name)
    assert known <= set(one.parameters)
    for parameter in known:
        assert replace(one, parameters={**one.parameters, parameter: 77}).recipe != one.recipe


def test_the_numbers_in_a_recipe_are_those_that_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from cldi_core.scoring import hubness, transport

    asked: dict[str, dict] = {}
    for module, function in (
        (hubness, "csls"),
        (hubness, "inverted_softmax"),
        (hubness, "fuse"),
        (transport, "settle"),
    ):
        monkeypatch.setattr(module, function, lambda *given, name=function, **named: asked.update({name: named}))
    METHODS["avgmax+csls"].combine([None])
    METHODS["avgmax+isf"].combine([None])
    METHODS["rrf"].combine([None])
    METHODS["sinkhorn"].compute(None, None, methods.Options(), "cpu")
    assert asked == {
        "csls": METHODS["avgmax+csls"].parameters,
        "inverted_softmax": METHODS["avgmax+isf"].parameters,
        "fuse": METHODS["rrf"].parameters,
        "settle": {**METHODS["sinkhorn"].parameters, "device": "cpu"},
    }
    assert rankers.ranker("spelling").parameters == {"n": controls.NGRAMS}


def test_words_of_another_recipe_or_device_are_not_taken_over(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their pictures are the same, and their scores would not be."""
    opened = open_pair(small, BACKBONE, "en-de")
    one: Scored = ranked.scored(opened, ["avgmax"])["avgmax"]
    whole = one.matrix.size

    def computed(stale: Scored) -> int:
        work = ranker.Work(opened, [rankers.ranker("avgmax")], {"avgmax": stale})
        return image_methods._from_pictures(work)["avgmax"].computed

    assert computed(replace(one, key="old")) == 0
    assert computed(replace(one, recipe="old")) == computed(replace(one, device="cuda")) == whole
