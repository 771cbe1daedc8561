"""What a click leaves out of a suspect: its pictures, or its words where a word is at fault."""

from __future__ import annotations

import pytest

from cldi_core.data.left_out import Item
from cldi_core.insight import hygiene, leaving
from cldi_core.insight.hygiene import Suspect

WORDS = (("en", "dog"), ("de", "Hund"))
IDS = ("a" * 32, "b" * 32)


@pytest.mark.parametrize("kind", hygiene.KINDS)
def test_pictures_are_left_out_or_words_where_a_word_is_at_fault(kind: str) -> None:
    found = leaving.items(Suspect(kind, WORDS, IDS))
    words = (Item(language="en", word="dog"), Item(language="de", word="Hund"))
    assert found == (words if kind in ("few", "same-spelled", "case") else tuple(Item(picture=key) for key in IDS))
    assert leaving.items(Suspect(kind, WORDS)) == words
