"""Words are cleaned of what nobody sees, and nothing else of them changes."""

from __future__ import annotations

import random
import unicodedata

import pytest

from cldi_core.data import wordlists
from cldi_core.errors import LexiconError
from cldi_core.imports.words import COMPOSED, INVISIBLE, MAX_WORD, SPACE, clean, is_clean


@pytest.mark.parametrize(
    ("text", "word", "changed"),
    [
        ("Kuh", "Kuh", ()),
        ("groß", "groß", ()),
        ("€", "€", ()),
        ("♥ 2", "♥ 2", ()),
        ("C:", "C:", ()),
        ("und/oder", "und/oder", ()),
        ("-rf", "-rf", ()),
        ("  Kuh\t", "Kuh", (SPACE,)),
        ("ice\u00a0cream", "ice cream", (SPACE,)),
        ("ice \u3000\u2009cream", "ice cream", (SPACE,)),
        ("ice\r\n\u2028\u0085cream", "ice cream", (SPACE,)),
        ("See\u200bweg", "Seeweg", (INVISIBLE,)),
        ("See\u00adweg", "Seeweg", (INVISIBLE,)),
        ("\ufeffSee\ufeffweg\u2060", "Seeweg", (INVISIBLE,)),
        ("\u202eSeeweg\u202c", "Seeweg", (INVISIBLE,)),
        ("See\0weg\x1b\x7f", "Seeweg", (INVISIBLE,)),
        ("See\u3164\u2800\u034fweg", "Seeweg", (INVISIBLE,)),
        ("cafe\u0301", "café", (COMPOSED,)),
        ("e\u200b\u0301", "é", (INVISIBLE, COMPOSED)),  # what was removed stood between a letter and its accent
        ("\u200b cafe\u0301 \u00a0au lait", "café au lait", (INVISIBLE, COMPOSED, SPACE)),
        ("می\u200cروم", "می\u200cروم", ()),
        ("\u200cمی\u200c روم\u200c", "می روم", (INVISIBLE,)),
        ("a\u200d\u200d\u200db", "a\u200db", (INVISIBLE,)),
        ("അവന\u0d4d\u200d", "അവന\u0d4d\u200d", ()),  # Malayalam's chillu: the joiner is a part of the last letter
        ("👩\u200d🍳", "👩\u200d🍳", ()),
        ("больша\u0301я", "больша\u0301я", ()),  # a stress mark, which nothing composes with
    ],
)  # fmt: skip
def test_clean(text: str, word: str, changed: tuple[str, ...]) -> None:
    assert clean(text) == (word, changed)
    assert clean(word) == (word, ())


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u200b", "\u3164", "\u115f\u1160", "...", "\u0301", "-", "M\udcfcller", "\ue000", "a\ue000", "x" * 101],
)  # fmt: skip
def test_no_words(text: str) -> None:
    with pytest.raises(LexiconError, match="is no word") as caught:
        clean(text)
    assert str(caught.value).isprintable()


def test_a_word_may_have_a_hundred_characters_after_it_was_cleaned() -> None:
    assert clean(" " * 500 + "x" * MAX_WORD + "\u200b" * 500)[0] == "x" * MAX_WORD
    assert len(clean(("x\u0301" * MAX_WORD).replace("x", "e"))[0]) == MAX_WORD
    with pytest.raises(LexiconError, match="it has 1,000,000 characters") as caught:
        clean("x" * 1_000_000)
    assert len(str(caught.value)) < 200


ODD = "aé\u0301 ß1€-'.あ𝒳"
ODD += "\u200b\u200c\u200d\u00ad\ufeff\u00a0\u3000\t\n\0\u202e\u3164\u115f\u1160\u034f\u0d4dക\u0928\u094d\ud800\ue000"


def test_the_quick_way_is_right_and_what_is_cleaned_stays(seed: int = 5) -> None:
    draw = random.Random(seed)
    words = 0
    for _ in range(20_000):
        text = "".join(draw.choices(ODD, k=draw.randrange(0, 7)))
        try:
            word, changed = clean(text)
        except LexiconError:
            assert not is_clean(text)
            continue
        words += 1
        assert clean(word) == (word, ()) and bool(changed) == (word != text)
        assert unicodedata.is_normalized("NFC", word) and word == " ".join(word.split())
        assert not any(map(wordlists.is_control, word)), "a stored list could not be read back"
        assert word == text or not is_clean(text)
    assert words > 5_000
