"""What a click leaves out where a suspect of ``insight.hygiene`` is a fault."""

from __future__ import annotations

from cldi_core.data.left_out import Item
from cldi_core.insight.hygiene import Suspect

BY_WORD = ("few", "same-spelled")  # kinds of suspects in which a word is at fault, and none of its pictures


def items(suspect: Suspect) -> tuple[Item, ...]:
    """The pictures of a suspect, under whatever words they are; of those in ``BY_WORD`` its words."""
    if suspect.kind in BY_WORD or not suspect.pictures:
        return tuple(Item(language=language, word=word) for language, word in suspect.words)
    return tuple(Item(picture=key) for key in suspect.pictures)
