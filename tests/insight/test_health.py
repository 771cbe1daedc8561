"""What ``check`` says of a sound data set and of each kind of broken one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cldi_core import rankers
from cldi_core.data import dataset, judgements, pictures, wordlists
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset, create
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import shards
from cldi_core.insight import evidence, hubs, learning, likeness
from cldi_core.insight.finding import NAMED
from cldi_core.insight.health import Finding, findings
from cldi_core.insight.health_counts import UNLISTED, Count, counts
from tests.conftest import ABOUT, BACKBONE, LEXICON, picture

pytestmark = pytest.mark.usefixtures("decoding_here")


def levels(findings: list[Finding], level: str) -> list[str]:
    return [f"{finding.area}: {finding.text}" for finding in findings if finding.level == level]


def matching(findings: list[Finding], text: str) -> Finding:
    (found,) = [finding for finding in findings if text in finding.text]
    assert "\n" not in found.text
    return found


def test_a_sound_set_has_no_errors(small: Dataset) -> None:
    found = findings(small, deep=True)
    assert levels(found, "error") == []
    assert levels(found, "warning") == [
        "coverage: en-de: 1 source word has no pictures: ghost",
        "coverage: en-de: 1 translation has no pictures: Geist",
    ]
    assert "word lists: en-de: 9 lines, queries: 4 N, 1 V, 2 A" in levels(found, "info")
    assert "pictures: 17 pictures in 1 shard" in levels(found, "info")
    assert "features: efficientnet-lite0: features of 17 pictures, 8 dimensions" in levels(found, "info")


def test_an_empty_set_says_what_to_do(data: Path) -> None:
    found = findings(create(data / "new"), deep=True)
    assert [(finding.level, finding.area) for finding in found] == [
        ("error", "word lists"), ("error", "pictures"), ("error", "features")]  # fmt: skip
    for finding, command in zip(found, ("import-lists", "import-folder", "extract"), strict=True):
        assert f"python -m cldi_core {command}" in finding.next_step and "--dataset new" in finding.next_step


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def _missing_picture(path: Path) -> None:
    rows = list(Dataset(path).words.itertuples(index=False, name=None))
    dataset.write_words(path, [*rows, ("en", "dog", 9, "0" * 32)])


def _some_features(path: Path) -> None:
    shard = next(path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(shard)
    shards.write_shard(shard, ids[2:], matrix[2:], meta)


def _put(name: str, text: str) -> Callable[[Path], object]:
    return lambda path: (path / name).write_text(text, "utf-8")


def _shared_picture(path: Path) -> None:
    rows = list(Dataset(path).words.itertuples(index=False, name=None))
    dataset.write_words(path, [*rows, ("de", "Hund", 9, picture("house").id)])


def _unlicensed(path: Path) -> None:
    pictures.write_shards(path / "images", [picture("ring", "fr", 4, ""), picture("sun", "fr", 4, "unknown")])


def _two_dimensions(path: Path) -> None:
    ids = [picture("sun").id]
    shards.write_shard(path / "features" / BACKBONE / "z.safetensors", ids, np.ones((1, 3)), ABOUT)


def _two_networks(path: Path) -> None:
    ids, matrix, meta = shards.read_shard(next(path.glob("features/*/*")))
    ours = {**meta, "weights": "1" * 64, "arithmetic": "bfloat16"}
    shards.write_shard(path / "features" / BACKBONE / "z.safetensors", ids[:1], matrix[:1], ours)


def _exchange_bytes(path: Path) -> None:
    """Another picture under an id, as a damaged or tampered shard has it."""
    (shard,) = path.glob("images/*.parquet")
    table = pq.read_table(shard)
    images = table.column("image").to_pylist()
    images[3] = images[4]
    images[6] = {"bytes": images[6]["bytes"][:200], "path": images[6]["path"]}
    place = table.column_names.index("image")
    pq.write_table(table.set_column(place, "image", pa.array(images)), shard)


def _judged(path: Path) -> None:
    judgements.judge(Dataset(path), "Ada", judgements.Judgement("en-de", "dog", "N", "Hut", judgements.WRONG))
    file = path / judgements.pattern("Ada")
    file.write_text(file.read_text("utf-8").replace("\tHut\t", " Hut "), "utf-8")


def _judged_by_nobody(path: Path) -> None:
    _judged(path)
    file = path / judgements.pattern("Ada")
    file.rename(file.with_stem("0" * 32))


BROKEN: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "two columns": (_put("lexicon/en-de.tsv", "dog\tHund\n"), "error", "line 1", "import-lists"),
    "name of a list": (_put("lexicon/words.tsv", "dog\tHund\tN\n"), "error", "'words'", "import"),
    "doubled lines": (lambda path: wordlists.write_list(path / "lexicon/en-de.tsv", [*LEXICON, LEXICON[0], LEXICON[0]]),
                      "warning", "a line stands twice: dog/Hund", ""),
    "cut pictures": (lambda path: _cut(next(path.glob("images/*"))), "error", "picture shard", ""),
    "cut words": (lambda path: _cut(path / "words.parquet"), "error", "words.parquet", ""),
    "missing pictures": (_missing_picture, "error", "words use 1 picture that is missing", "import-folder"),
    "cut features": (lambda path: _cut(next(path.glob("features/*/*"))), "error", "cannot be read", "extract"),
    "features that differ": (_two_dimensions, "error", "3 dimensions", "--force"),
    "features of two networks": (_two_networks, "error", "features of other weights and arithmetic than", "extract"),
    "features of some": (_some_features, "warning", "2 pictures that words use have no features", "extract"),
    "shared across languages": (_shared_picture, "warning", "1 picture stands in both languages", ""),
    "no licence": (_unlicensed, "warning", "2 pictures have no known licence", "--licence"),
    "ratings": (_put("concreteness.tsv", "dog\t4,85\n"), "error", "decimal comma", "concreteness.tsv"),
    "judgements": (_judged, "error", "does not have 7 columns", ""),
    "judgements of nobody": (_judged_by_nobody, "error", "is not the file of the name in it", ""),
    "bad home": (_put("dataset.toml", 'pictures = "../../etc"\n'), "error", "'../../etc'", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_found(small: Dataset, name: str) -> None:
    break_it, level, text, step = BROKEN[name]
    break_it(small.path)
    finding = matching(findings(Dataset(small.path)), text)
    assert finding.level == level
    assert step in finding.next_step


def test_what_explains_is_looked_at_by_a_deep_check(small: Dataset) -> None:
    pair, ranker = open_pair(small, BACKBONE, "en-de"), rankers.ranker("avgmax")
    scored = stored_scores.scored(pair, [ranker])
    evidence.keep_evidence(pair, [ranker], scored)
    hubs.keep_hubs(pair, [ranker], scored)
    learning.keep_curve(pair, ["maxmax"], draws=1)
    assert [one for one in findings(small, deep=True) if one.level == "error"] == []
    for folder, command in ((evidence.FOLDER, "score"), (hubs.FOLDER, "score"), (learning.FOLDER, "learning-curve")):
        (file,) = small.path.glob(f"{folder}/*/*/*.parquet")
        whole = file.read_bytes()
        file.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        (found,) = [one for one in findings(small, deep=True) if one.level == "error"]
        assert found.area == folder and f"cldi_core {command} " in found.next_step, folder
        file.write_bytes(whole)


def test_shared_and_failed_pictures_are_counted(small: Dataset) -> None:
    """One picture of three words in two languages, one of two words, one twice in one word; two failed of three."""
    rows = list(small.words.itertuples(index=False, name=None))
    sun, house, ring = (picture(concept).id for concept in ("sun", "house", "ring"))
    more = [("en", "red", 8, sun), ("de", "rot", 8, sun), ("en", "red", 9, house), ("en", "run", 9, ring)]
    more += [("en", "hat", 9, picture("house", "en", 1).id)]  # a second time in its only word
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 5)])
    before = matching(findings(small), "belong to several words").text
    dataset.write_words(small.path, [*rows, *more])
    (shard,) = small.path.glob(f"features/{BACKBONE}/*")
    ids, matrix, meta = shards.read_shard(shard)
    failed = [{"id": key, "file": f"{key[:4]}.png", "reason": "broken picture"} for key in ids[:2]]
    shards.write_shard(shard, ids[3:], matrix[3:], {**meta, "failed": json.dumps(failed)})
    found = findings(Dataset(small.path))
    owners: dict[str, set[str]] = {}
    for _, word, _, key in [*rows, *more]:
        owners.setdefault(key, set()).add(word)
    expected = sum(len(words) > 1 for words in owners.values())
    shared = matching(found, "belong to several words").text
    assert shared == f"{expected} pictures belong to several words" != before
    assert len(owners[sun]) == 3 and {sun, house} <= {key for key, words in owners.items() if len(words) > 1}
    named = ", ".join(f"{key[:4]}.png (broken picture)" for key in ids[:2])
    assert matching(found, "could not be used").text == f"{BACKBONE}: 2 pictures could not be used: {named}"
    assert matching(found, "could not be used").area == "features"
    assert matching(found, "has no features").text == f"{BACKBONE}: 1 picture that words use has no features"
    assert matching(found, "features of").text.startswith(f"{BACKBONE}: features of 14 pictures")


def test_one_fault_does_not_hide_another(small: Dataset) -> None:
    other = small.path / "features" / "another" / "x.safetensors"
    shards.write_shard(other, [picture("sun").id], np.ones((1, 3)), ABOUT)
    _cut(next(small.path.glob(f"features/{BACKBONE}/*")))
    (small.path / "lexicon" / "words.tsv").write_text("dog\tHund\tN\n")
    _shared_picture(small.path)
    found = findings(Dataset(small.path))
    for text in ("'words'", "both languages", "ghost", "cannot be read", "another: features of 1 picture,"):
        matching(found, text)


def test_only_a_deep_check_decodes_pictures(small: Dataset) -> None:
    _exchange_bytes(small.path)
    assert levels(findings(Dataset(small.path)), "error") == []
    *errors, damaged = levels(findings(Dataset(small.path), deep=True), "error")
    assert damaged.startswith("files: 'images/part-") and len(errors) == 2
    assert "its bytes are not those that were imported" in errors[0] and "broken picture" in errors[1]


def test_long_lists_are_shortened(small: Dataset) -> None:
    rows = [wordlists.Row(f"word{number:02}", "Hund", "N") for number in range(30)]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    finding = matching(findings(Dataset(small.path)), "source words have no pictures")
    assert "word07, … (30 in all)" in finding.text and "word08" not in finding.text


def test_suspects_are_findings_with_words_pictures_and_what_to_leave_out(small: Dataset) -> None:
    _shared_picture(small.path)
    found = findings(Dataset(small.path), alike=likeness.make(Dataset(small.path), workers=0))
    shared = matching(found, "both languages")
    assert shared.text == "en-de: 1 picture stands in both languages, itself or saved again (1 by bytes)"
    assert (shared.level, shared.kind, shared.pair) == ("warning", "both languages", "en-de")
    house = picture("house").id
    assert shared.pictures == (house,) and [item.picture for item in shared.items] == [house]
    assert set(shared.words) == {("en", "dog"), ("en", "hat"), ("de", "Hund")}
    few = matching(found, "have fewer than 3 pictures")
    assert few.level == "info" and ("de", "Köter") in few.words and ("en", "run") not in few.words
    assert "… (" in few.text and few.text.count(", ") == 8
    assert matching(found, "is spelled as its translation").text.endswith(": hand")
    assert not [one for one in found if "nobody has looked" in one.text]


def test_pictures_that_nobody_looked_at_are_told(small: Dataset) -> None:
    one = matching(findings(small), "nobody has looked")
    assert one.text.startswith("17 pictures may be") and one.level == "info"
    assert one.next_step == "python -m cldi_core check --dataset small"
    likeness.make(small, workers=0)
    assert not [each for each in findings(Dataset(small.path)) if "nobody has looked" in each.text]
    (shard,) = small.path.glob("features/*/*")
    ids, matrix, meta = shards.read_shard(shard)
    shards.write_shard(shard, ids, np.asarray(matrix)[::-1], meta)
    assert "since pictures" in matching(findings(Dataset(small.path)), "nobody has looked").text


def test_features_without_pictures_are_no_error(small: Dataset) -> None:
    for shard in small.pictures.shards:
        shard.unlink()
    bare = Dataset(small.path)
    found = findings(bare, deep=True, alike=likeness.make(bare, workers=0))
    assert levels(found, "error") == []
    told = matching(found, "features of pictures, and no pictures")
    assert (told.level, told.area) == ("info", "pictures")
    for file in small.path.glob("features/*/*"):
        file.unlink()
    assert "pictures: there are no pictures" in levels(findings(Dataset(small.path)), "error")


def test_some_pictures_may_be_features_alone(small: Dataset) -> None:
    _missing_picture(small.path)
    (shard,) = small.path.glob("features/*/*")
    _, matrix, meta = shards.read_shard(shard)
    shards.write_shard(shard.with_stem("more"), ["0" * 32], np.asarray(matrix)[:1], meta)
    told = matching(findings(Dataset(small.path)), "cannot be shown")
    assert told.text == "there are features of 1 picture that cannot be shown" and told.pictures == ("0" * 32,)


def test_words_and_pictures_are_counted_by_language_and_part_of_speech(small: Dataset) -> None:
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("fr", "chien", 0, picture("sun").id)])
    assert counts(Dataset(small.path)) == [
        Count("en", "N", 4, 3, 5), Count("en", "V", 1, 1, 3), Count("en", "A", 2, 2, 3),
        Count("de", "N", 5, 4, 5), Count("de", "V", 2, 2, 3), Count("de", "A", 2, 2, 4),
        Count("fr", UNLISTED, 1, 1, 1),
    ]  # fmt: skip


def test_json_holds_some_of_very_many_pictures() -> None:
    many = Finding("info", "pictures", "many", words=(("en", "dog"),), pictures=tuple(map(str, range(NAMED + 9))))
    told = many.as_json()
    assert len(told["pictures"]) == NAMED and told["words"] == [{"language": "en", "word": "dog"}]
    assert (counted(1, "picture"), counted(0, "picture"), counted(2, "query", "queries")) == (
        "1 picture", "0 pictures", "2 queries",
    )  # fmt: skip
