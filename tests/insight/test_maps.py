"""Maps of words and pictures: repeatable, of the right features; their groups and joins, and what a selection means."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import map_layout, maps
from cldi_core.scoring.imagesets import unit_rows
from tests import ranked
from tests.conftest import BACKBONE, WORDS, picture

pytestmark = pytest.mark.usefixtures("no_umap")

RNG = np.random.default_rng(3)


def winding(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    """Even-odd rule by casting a ray to the right, one edge at a time."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


POLYGONS = {
    "square": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
    "concave": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)],
    "crossing itself": [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)],
    "closed": [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0), (0.0, 0.0)],
    "a line": [(0.0, 0.0), (1.0, 1.0)],
    "nothing": [],
}


@pytest.mark.parametrize("polygon", POLYGONS.values(), ids=list(POLYGONS))
def test_inside_against_a_literal_loop(polygon: list[tuple[float, float]]) -> None:
    points = RNG.uniform(-0.5, 1.5, size=(400, 2))
    found = maps.inside(points, polygon)
    expected = [bool(polygon) and winding(x, y, polygon) for x, y in points]
    assert found.dtype == bool and found.tolist() == expected
    assert maps.inside(np.zeros((0, 2)), polygon).tolist() == []


def test_inside_a_square() -> None:
    points = np.array([[0.5, 0.5], [0.01, 0.99], [-0.01, 0.5], [0.5, 1.01], [2, 2]])
    assert maps.inside(points, POLYGONS["square"]).tolist() == [True, True, False, False, False]


def words_of(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["language"], frame["word"], strict=True))


ALL_WORDS = {(language, word) for language, words in WORDS.items() for word in words}


def test_without_a_stored_map_pca_is_shown(small: Dataset) -> None:
    found = maps.coordinates(small, BACKBONE, "words")
    assert found.attrs["method"] == "pca"
    assert words_of(found) == ALL_WORDS
    pictures = maps.coordinates(small, BACKBONE, "pictures")
    assert sorted(pictures["id"]) == sorted(set(small.words["id"]))
    assert not (small.path / "projections").exists()


def test_a_words_place_is_that_of_its_mean_picture(small: Dataset) -> None:
    loaded = shards.open_features(small, BACKBONE)
    means = []
    for language, words in WORDS.items():
        for word in small.members(language):
            rows = loaded.matrix[loaded.ids.find(small.members(language)[word])].astype(np.float64)
            mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
            means.append(mean / np.linalg.norm(mean))
        assert len(words) == len(small.members(language))
    found = maps.coordinates(small, BACKBONE, "words")
    np.testing.assert_allclose(found[["x", "y"]], map_layout.pca(np.array(means, np.float32)), atol=1e-5)


def test_a_map_is_stored_kept_and_read_back(small: Dataset) -> None:
    assert maps.project(small, BACKBONE, ["words"]) == {"words": "pca"}, "too few words for UMAP"
    assert maps.project(small, BACKBONE, ["words"]) == {"words": "kept"}
    assert maps.project(small, BACKBONE, ["words"], force=True) == {"words": "pca"}
    path = small.path / "projections" / BACKBONE / "words.parquet"
    stored = pd.read_parquet(path)
    stored["x"] += 100
    storage.write_frame(path, stored)
    assert maps.coordinates(small, BACKBONE, "words")["x"].min() > 50, "the stored map is the one that is shown"


def test_a_map_of_other_features_or_members_is_not_shown(small: Dataset) -> None:
    maps.project(small, BACKBONE, ["words"])
    stored = maps.coordinates(small, BACKBONE, "words")
    assert "parameters" in stored.attrs
    shard = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(shard)
    shards.write_shard(shard, ids, -matrix[:, ::-1] + 1, meta)
    assert "parameters" not in maps.coordinates(small, BACKBONE, "words").attrs
    shards.write_shard(shard, ids, matrix, meta)
    assert "parameters" in maps.coordinates(small, BACKBONE, "words").attrs
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "dog", 2, picture("cross").id)])
    assert "parameters" not in maps.coordinates(Dataset(small.path), BACKBONE, "words").attrs


def test_a_broken_map_is_not_shown(small: Dataset) -> None:
    maps.project(small, BACKBONE, ["words"])
    (small.path / "projections" / BACKBONE / "words.parquet").write_bytes(b"junk")
    assert words_of(maps.coordinates(small, BACKBONE, "words")) == ALL_WORDS
    assert maps.project(small, BACKBONE, ["words"]) == {"words": "pca"}


def test_each_map_is_kept_as_soon_as_it_is_there(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str, int, int]] = []

    @contextlib.contextmanager
    def stages(what: str, unit: str) -> Iterator[map_layout.Report]:
        yield lambda done, total: told.append((what, unit, done, total))

    def interrupt(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(map_layout, "umap", interrupt)
    with pytest.raises(KeyboardInterrupt):
        maps.project(small, BACKBONE, stages=stages)
    count = len(ALL_WORDS)
    assert told[-1] == ("words: reading", "words", count, count)
    monkeypatch.setattr(map_layout, "umap", lambda rows, *given, **named: map_layout.pca(rows))
    assert maps.project(small, BACKBONE) == {"words": "kept", "pictures": "umap"}


def test_a_map_of_a_sample_says_of_how_many(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "umap", lambda rows, *given, **named: map_layout.pca(rows))
    monkeypatch.setattr(map_layout, "WHOLE", 16)
    monkeypatch.setattr(map_layout, "FITTED", 16)
    count = small.words["id"].nunique()
    assert maps.project(small, BACKBONE, ["pictures"]) == {"pictures": f"umap of 16 of {count}"}
    places = maps.coordinates(small, BACKBONE, "pictures")
    assert len(places) == count and np.isfinite(places[["x", "y"]]).all(axis=None)
    assert places.attrs["fitted"] == 16 and '"components": 50' in places.attrs["parameters"]


@pytest.mark.parametrize("kind", maps.KINDS)
def test_what_is_shown_at_once_is_of_a_few_and_never_by_umap(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    every = maps.coordinates(small, BACKBONE, kind)
    assert every.attrs["of"] == len(every)
    read: list[int] = []
    look = shards.FeatureRows.__getitem__
    monkeypatch.setattr(
        shards.FeatureRows, "__getitem__", lambda rows, key: read.append(np.size(rows.index[key])) or look(rows, key)
    )
    monkeypatch.setattr(map_layout, "umap", lambda *given, **named: pytest.fail("UMAP on a page"))
    monkeypatch.setattr(maps, "SHOWN", 5)
    monkeypatch.setattr(maps, "READ", 5)
    few = maps.coordinates(small, BACKBONE, kind)
    assert (len(few), few.attrs["of"], few.attrs["method"], sum(read)) == (5, len(every), "pca", 5)
    columns = ["id"] if kind == "pictures" else ["language", "word"]
    assert len(few.merge(every, on=columns)) == 5
    pd.testing.assert_frame_equal(maps.coordinates(small, BACKBONE, kind), few)


def test_words_without_features_have_no_place(small: Dataset) -> None:
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "new", 0, "0" * 32), ("fr", "neuf", 0, "0" * 32)])
    assert words_of(maps.coordinates(Dataset(small.path), BACKBONE, "words")) == ALL_WORDS


def test_unknown_kinds_and_backbones(small: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="choose from: words, pictures"):
        maps.coordinates(small, BACKBONE, "languages")
    with pytest.raises(UnknownNameError, match="extract"):
        maps.project(small, "vgg19")


@pytest.fixture
def pair(small: Dataset) -> Pair:
    """en-de of the tiny data set."""
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def frame(pair: Pair) -> pd.DataFrame:
    """Its rankings with ranks set by hand, in the order of the queries."""
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"].copy()
    assert frame["query"].tolist() == ["dog.N", "hat.N", "hand.N", "ghost.N", "run.V", "red.A", "big.A"]
    frame["rank"] = [1, 4, 40, np.nan, 11, 2, 1]
    return frame


def words(pair: Pair) -> pd.DataFrame:
    """The map of words."""
    return maps.coordinates(pair.dataset, BACKBONE, "words")


def test_words_carry_what_became_of_them(pair: Pair, frame: pd.DataFrame) -> None:
    table = maps.points(words(pair), pair, frame, "NVA")
    assert len(table) == 14  # ghost and Geist have no pictures
    facts = {label: (pos, found) for label, pos, found in table[["label", "pos", "outcome"]].itertuples(index=False)}
    assert facts["dog (en)"] == facts["Köter (de)"] == ("N", "found")
    assert facts["hat (en)"] == facts["Hut (de)"] == ("N", "nearly")
    assert facts["run (en)"] == facts["rennen (de)"] == ("V", "missed")
    places = words(pair).set_index(["language", "word"])
    for row in table.itertuples():
        assert (row.x, row.y) == tuple(places.loc[(row.language, row.word), ["x", "y"]])


def test_only_the_chosen_parts_of_speech_are_shown(pair: Pair, frame: pd.DataFrame) -> None:
    table = maps.points(words(pair), pair, frame, "VA")
    assert sorted(table["word"]) == sorted(["run", "laufen", "rennen", "red", "rot", "big", "groß"])
    assert len(table) == 7
    assert len(maps.points(words(pair), pair, frame, "")) == 0


def test_a_picture_stands_once_under_the_first_word_it_belongs_to(pair: Pair, frame: pd.DataFrame) -> None:
    coordinates = maps.coordinates(pair.dataset, BACKBONE, "pictures")
    table = maps.points(coordinates, pair, frame, "NVA")
    assert table["id"].is_unique
    assert len(table) == 17
    owners = [(language, word) for language in ("en", "de") for word in WORDS[language]]
    for row in table.itertuples():
        first = next(owner for owner in owners if row.id in pair.dataset.members(owner[0])[owner[1]])
        assert (row.language, row.word) == first


def test_too_many_points_are_sampled_the_same_way_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    always = np.arange(1000) == 700
    monkeypatch.setattr(maps, "LIMIT", 5)
    mask = maps.sample(1000, always)
    np.testing.assert_array_equal(mask, maps.sample(1000, always))
    assert mask[700] and mask.sum() in (5, 6) and always.sum() == 1, "what is chosen is drawn in any case"
    without = maps.sample(1000, ~np.ones(1000, bool))
    assert without.sum() == 5 and (mask | (np.arange(1000) == 700)).sum() == (without | always).sum()
    assert maps.sample(5, ~np.ones(5, bool)).all()


def test_a_few_far_places_do_not_squeeze_the_rest() -> None:
    xy = np.stack([np.linspace(0, 1, 1001), np.linspace(0, 2, 1001)], axis=1)
    np.testing.assert_allclose(maps.limits(xy), [[0, 1], [0, 2]], err_msg="no further than places are")
    far = np.concatenate([xy, [[50, -70]] * 2])
    (left, right), (low, high) = maps.limits(far)
    expected = np.percentile(far, (1, 99), axis=0)
    assert left == 0 and high == 2
    assert right == pytest.approx(expected[1, 0] + 0.1 * (expected[1, 0] - expected[0, 0]))
    assert low == pytest.approx(expected[0, 1] - 0.1 * (expected[1, 1] - expected[0, 1]))
    assert maps.limits(np.zeros((0, 2))).tolist() == [[0, 1], [0, 1]]


def test_far_points_stand_at_the_rim_and_keep_their_places(pair: Pair, frame: pd.DataFrame) -> None:
    places = words(pair)
    far = maps.placed(places, pair, frame, "NVA")
    assert not far.outside.any() and far.method == "pca"
    np.testing.assert_array_equal(far.xy, far.table[["x", "y"]])
    many = pd.concat([places] * 60, ignore_index=True).assign(
        word=lambda table: table["word"] + table.index.astype(str)
    )
    many.attrs = places.attrs
    moved = pd.concat([many, places.assign(x=np.where(places["word"] == "dog", 99, places["x"]))], ignore_index=True)
    moved.attrs = places.attrs
    made = maps.placed(moved, pair, frame, "NVA")
    (row,) = np.flatnonzero(made.outside)
    assert made.table["label"][row] == "dog (en)" and made.table["x"][row] == 99
    assert made.xy[row, 0] == np.float32(made.limits[0, 1]) < 99 and made.xy[row, 1] == made.table["y"][row]
    only = maps.placed(moved, pair, frame, "V")
    np.testing.assert_array_equal(only.limits, made.limits, err_msg="the axes stay when fewer words are shown")


def test_the_stamp_of_a_map_changes_with_its_places(pair: Pair, frame: pd.DataFrame) -> None:
    places = words(pair)
    first = maps.placed(places, pair, frame, "NVA").stamp
    assert first == maps.placed(places, pair, frame, "V").stamp
    for changed in ({"key": "other"}, {"method": "umap"}):
        again = places.copy()
        again.attrs = places.attrs | changed
        assert maps.placed(again, pair, frame, "NVA").stamp != first


def test_umap_is_asked_for_where_project_would_make_it(small: Dataset) -> None:
    few = maps.coordinates(small, BACKBONE, "words")
    assert len(few) < map_layout.FEWEST and not maps.asks_for_umap(few)
    assert maps.project(small, BACKBONE, ["words"]) == {"words": "pca"}
    assert not maps.asks_for_umap(maps.coordinates(small, BACKBONE, "words"))
    pictures = maps.coordinates(small, BACKBONE, "pictures")
    assert len(pictures) >= map_layout.FEWEST and maps.asks_for_umap(pictures)
    pictures.attrs["method"] = "umap"
    assert not maps.asks_for_umap(pictures)


@pytest.mark.parametrize(
    ("colouring", "counts"),
    [
        ("pos", {"N": 7, "V": 3, "A": 4}),
        ("language", {"en": 6, "de": 8}),
        ("outcome", {"found": 5, "nearly": 4, "missed": 5}),
    ],
)
def test_groups_split_the_points(pair: Pair, frame: pd.DataFrame, colouring: str, counts: dict[str, int]) -> None:
    table = maps.points(words(pair), pair, frame, "NVA")
    groups = maps.groups(table, colouring, pair.languages)
    assert [(value, int(mask.sum())) for value, mask in groups] == list(counts.items())
    np.testing.assert_array_equal(sum(mask.astype(int) for _, mask in groups), np.ones(len(table)))
    for value, mask in groups:
        assert set(table.loc[mask, colouring]) == {value}


def test_a_word_without_answer_on_the_map_is_uncovered(pair: Pair, frame: pd.DataFrame) -> None:
    frame.loc[1, "rank"] = np.nan
    table = maps.points(words(pair), pair, frame, "N")
    value, mask = maps.groups(table, "outcome", pair.languages)[-1]
    assert (value, int(mask.sum())) == ("uncovered", 2)


def test_joins_lead_from_a_word_to_each_right_answer(pair: Pair, frame: pd.DataFrame) -> None:
    table = maps.points(words(pair), pair, frame, "NV")
    place = table.set_index("label")[["x", "y"]]
    expected = [("dog", "Hund"), ("dog", "Köter"), ("hat", "Hut"), ("hand", "Hand"), ("run", "laufen"),
                ("run", "rennen")]  # fmt: skip
    lines = [[place.loc[f"{one} (en)"], place.loc[f"{other} (de)"]] for one, other in expected]
    xy, every = table[["x", "y"]].to_numpy(), np.ones(len(table), bool)
    np.testing.assert_array_equal(maps.joins(table, xy, pair, every), np.array(lines))
    assert maps.joins(table[:0], xy[:0], pair, every[:0]).shape == (0, 2, 2)
    dog, answers = ((table["word"] == "dog").to_numpy(), table["word"].isin(["laufen", "Hut"]).to_numpy())
    np.testing.assert_array_equal(maps.joins(table, xy, pair, dog), np.array(lines)[:2])
    np.testing.assert_array_equal(maps.joins(table, xy, pair, answers), np.array(lines)[[2, 4]])


@pytest.mark.parametrize("kind", maps.KINDS)
def test_a_stored_map_is_found_without_a_look_at_the_features(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    maps.project(small, BACKBONE)
    expected = maps.coordinates(small, BACKBONE, kind)
    read: list[str] = []

    def never(*given: object, **named: object) -> None:
        read.append("features")
        raise AssertionError("the features are read")

    monkeypatch.setattr(shards.FeatureRows, "__getitem__", never)
    monkeypatch.setattr(shards.FeatureRows, "take", never)
    monkeypatch.setattr(maps, "unit_rows", never)
    monkeypatch.setattr(maps, "aggregate", never)
    pd.testing.assert_frame_equal(maps.coordinates(Dataset(small.path), BACKBONE, kind), expected)
    assert maps.project(Dataset(small.path), BACKBONE, [kind]) == {kind: "kept"} and not read
    with pytest.raises(AssertionError, match="are read"):
        maps.project(Dataset(small.path), BACKBONE, [kind], force=True)


@pytest.mark.parametrize("kind", maps.KINDS)
def test_names_and_rows_stay_together(small: Dataset, kind: str) -> None:
    """A word without features has no place, and those after it keep theirs."""
    path = next((small.path / "features" / BACKBONE).glob("*.safetensors"))
    ids, matrix, meta = shards.read_shard(path)
    gone = set(small.members("en")["dog"]) | {small.members("de")["rot"][0]}
    left = [row for row, key in enumerate(ids) if key not in gone]
    shards.write_shard(path, [ids[row] for row in left], np.array(matrix[left]), meta)
    opened = Dataset(small.path)
    loaded = shards.open_features(opened, BACKBONE)
    names, _ = maps._names(opened, loaded, kind)
    rows = unit_rows(maps._rows(opened, loaded, names)[:])
    assert len(names) == len(rows)
    unit = {key: np.asarray(loaded.matrix[[row]], np.float64)[0] for row, key in enumerate(loaded.ids)}
    unit = {key: vector / np.linalg.norm(vector) for key, vector in unit.items()}
    for place, one in enumerate(names.itertuples(index=False)):
        keys = (
            [one.id] if kind == "pictures" else [key for key in opened.members(one.language)[one.word] if key in unit]
        )
        mean = np.mean([unit[key] for key in keys], axis=0)
        np.testing.assert_allclose(rows[place], mean / np.linalg.norm(mean), atol=2e-3)
    if kind == "words":
        assert ("en", "dog") not in words_of(names) and ("de", "rot") in words_of(names)
