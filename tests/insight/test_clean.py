"""Which queries are taken away by which finding: on either side; small pictures only where there are no others."""

from __future__ import annotations

import pytest
from PIL import Image

from cldi_core.data import dataset, pictures
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import clean, hygiene
from tests import ranked
from tests.conftest import BACKBONE, encoded, write_features


def pair_of(folder: Dataset) -> Pair:
    return open_pair(Dataset(folder.path), BACKBONE, "en-de")


def rewritten(small: Dataset, change: dict[tuple[str, str], list[str]], **names: str) -> None:
    """Give some words of the tiny data set other pictures, and some another name."""
    rows = [row for row in small.words.itertuples(index=False, name=None) if (row[0], row[1]) not in change]
    rows += [(*owner, place, key) for owner, keys in change.items() for place, key in enumerate(keys)]
    dataset.write_words(small.path, [(row[0], names.get(row[1], row[1]), *row[2:]) for row in rows])


@pytest.fixture
def tiny(small: Dataset) -> list[str]:
    """Ids of two pictures of 8 × 8 and 40 × 8 pixels, which the tiny data set has, too."""
    made = []
    for width in (8, 40):
        data = encoded(Image.new("RGB", (width, 8), (width, 0, 0)))
        made.append(pictures.Picture(data, f"{width}.png", width, 8))
    pictures.write_shards(small.path / "images", made)
    write_features(small.path)
    return [one.id for one in made]


def test_findings_concern_the_queries_of_either_side(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {
        "placeholder": frozenset({("en", "dog"), ("de", "rennen"), ("de", "dog")}), "cut": frozenset({("en", "red")}),
        "both languages": frozenset(), "small": frozenset({("en", "big")}), "new": frozenset({("de", "groß")}),
    }  # fmt: skip
    monkeypatch.setattr(hygiene, "suspects", lambda dataset, pair: words)
    pair = pair_of(small)
    found = clean.suspected(pair)
    assert found == {
        "placeholder": {"dog.N", "run.V"}, "both languages": set(), "small": set(), "new": {"big.A"}
    }, "a right answer counts, a cut picture does not, and a word of the other language is another word"  # fmt: skip
    assert clean.kept(pair, found) == {"hat.N", "hand.N", "ghost.N", "red.A"}
    assert clean.label("new") == "new" and clean.label("few") == f"fewer than {hygiene.FEW} pictures"


def test_every_finding_has_words_of_its_own() -> None:
    assert set(clean.LABELS) == set(hygiene.KINDS) - set(clean.PASSED)


def test_small_pictures_take_away_the_words_that_have_no_others(small: Dataset, tiny: list[str]) -> None:
    less, more = tiny
    rewritten(small, {("en", "hat"): [less], ("de", "groß"): [less, more], ("de", "rot"): [less]})
    assert clean.suspected(pair_of(small))["small"] == {"hat.N", "red.A"}


def test_words_spelled_alike_or_otherwise_than_their_folder_are_found(small: Dataset) -> None:
    rewritten(small, {}, rot="Rot")
    found = clean.suspected(pair_of(small))
    assert found["same-spelled"] == {"hand.N"} and found["spelling"] == {"red.A"}


def test_figures_of_clean_words_are_those_of_their_queries(small: Dataset) -> None:
    pair = pair_of(small)
    frames = ranked.rankings(pair, ["avgmax"])
    found = clean.of_pair(pair)
    assert (found.queries, found.taken) == (7, 7 - len(found.kept)) and found.findings["same-spelled"] == 1
    kept = clean.kept(pair, {"one": {"dog.N", "run.V"}})
    (record,) = [one for one in tables.table({"en-de": tables.only(frames, kept)}) if one["setting"] == "ALL"]
    own = frames["avgmax"].set_index("query").loc[["hat.N", "hand.N", "red.A", "big.A"], "rank"]
    assert record["mrr"] == pytest.approx((1 / own).mean()) and (record["n"], record["asked"]) == (4, 5)


def test_whether_pictures_have_been_compared_is_told(small: Dataset) -> None:
    assert not clean.of_pair(pair_of(small)).complete
    from cldi_core.insight import likeness

    likeness.make(small)
    assert clean.of_pair(pair_of(small)).complete
