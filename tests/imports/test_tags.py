"""Names of parts of speech: those of tagsets mean what they mean there, and everything else is other."""

from __future__ import annotations

import pytest

from cldi_core.imports import tags


@pytest.mark.parametrize(
    ("letter", "names"),
    [
        ("N", "NOUN PROPN NN NNS NNP NNPS NE n noun Noun nouns n. Substantiv nom NOM NAM существительное NN1"),
        ("V", "VERB AUX VB VBD VBG VBN VBP VBZ MD v verb V. VVFIN VAFIN VMINF VER:pres verbe глагол vt V;PST VB|Fin"),
        ("A", "ADJ JJ JJR JJS ADJA ADJD a adj adj. Adjective adjectif Adjektiv JJ-x aggettivo прилагательное"),
        ("X", "ADP ADV DET PRON NUM PUNCT SYM X CCONJ SCONJ PART INTJ IN RB CD article 0.93 zzz N/V nounish - ?"),
    ],
)
def test_names_of_tagsets(letter: str, names: str) -> None:
    assert {name: tags.letter(name) for name in names.split()} == dict.fromkeys(names.split(), letter)


def test_what_is_no_name_of_any_part_of_speech_is_told_from_one_that_is_other() -> None:
    assert all(map(tags.is_tag, ("ADP", "noun", "noun, feminine", " Proper  Noun ", "n. (pl.)")))
    assert not any(map(tags.is_tag, ("", "0.93", "Kuh", "x" * 1_000_000, "\0")))
    assert tags.letter("noun, feminine") == "N" and tags.letter("proper noun") == "N"
