"""Languages as people write them."""

from __future__ import annotations

import pytest

from cldi_core.data.wordlists import pair_languages
from cldi_core.errors import DatasetError
from cldi_core.imports.languages import is_meant, language, same

WRITTEN = {
    "de": "de", "DE": "de", "De": "de", "zh-CN": "zh", "zh_Hans_CN": "zh", "pt_BR": "pt", "sr-Latn": "sr",
    "en-GB": "en", "german": "de", "GERMAN": "de", "Deutsch": "de", "English": "en", "français": "fr", "Francais": "fr",
    "русский": "ru", "Chinese (Simplified)": "zh", "chinese-simplified": "zh", "Scottish_Gaelic": "gd", "日本語": "ja",
    "中文": "zh", "deu": "deu", "xx": "xx", "ceb": "ceb", "العربية": "ar",
}  # fmt: skip
NONE = ["", " ", "_", "e1", "things", "images", "photos", "Male", "Bench", "Even", "Hawaiian", "my notes", "english\0",
        "x" * 5000, "en-zzzzzzzzz", "en--", "de-", "xx_YY?", "xx_YY", "..", "\udcff", "Sun", "Dog"]  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_codes_and_names_become_codes_of_word_lists(name: str) -> None:
    assert language(name) == WRITTEN[name]
    if WRITTEN[name] != "en":
        assert "-".join(pair_languages(f"en-{language(name)}")) == f"en-{WRITTEN[name]}"


@pytest.mark.parametrize("name", NONE)
def test_all_else_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        language(name)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300


def test_codes_with_a_slip_are_seen_to_be_meant() -> None:
    assert [name for name in NONE if is_meant(name)] == ["en--", "de-", "xx_YY?", "xx_YY", "Sun", "Dog"]


def test_codes_of_one_language_are_the_same() -> None:
    assert same("de") == same("ger") == same("deu") == "de"
    assert same("xx") == "xx" and same("pt") != same("es")
