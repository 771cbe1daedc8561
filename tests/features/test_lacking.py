"""What a backbone has no features of: the pictures, words and languages."""

from __future__ import annotations

import json

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.features import shards
from cldi_core.features.lacking import Lacking, lacking
from tests.conftest import BACKBONE, made_up


def test_nothing_is_lacking_where_all_is_extracted(small: Dataset) -> None:
    assert lacking(small, BACKBONE) == []
    with pytest.raises(UnknownNameError):
        lacking(small, "vgg19")


@pytest.mark.parametrize("failed", [False, True])
def test_what_is_lacking_is_named_by_language_and_word(small: Dataset, failed: bool) -> None:
    first, *others = small.members("en")["run"]
    (dog,) = small.members("de")["Hund"][:1]
    everything = [key for key in small.pictures.table.index if key not in {first, dog}]
    lost = [{"id": dog, "file": "x", "reason": "broken"}] if failed else []
    folder = small.path / "features" / "mine"
    shards.write_shard(folder / "one.safetensors", everything, made_up(everything), {"failed": json.dumps(lost)})
    found = {one.language: one for one in lacking(Dataset(small.path), "mine")}
    users = {
        language: {word for word, keys in small.members(language).items() if {first} & {*keys} or
                   (not failed and dog in keys)} for language in ("en", "de")
    }  # fmt: skip
    assert {language: {*one.words} for language, one in found.items()} == {
        language: words for language, words in users.items() if words
    }
    assert found["en"].words["run"] == 1 and "run" not in found["en"].bare and len(others) == 2


def test_of_a_backbone_that_was_never_extracted_everything_is(small: Dataset) -> None:
    found = lacking(small)
    assert [one.language for one in found] == ["de", "en"]
    for one in found:
        assert one.words == {word: len(keys) for word, keys in small.stored_members(one.language).items()}
        assert one.bare == tuple(sorted(one.words)) and isinstance(one, Lacking)
