"""JSON and TOML that would take all memory or time: refused before they are parsed, and all else is parsed."""

from __future__ import annotations

import pytest

from cldi_core.data import parsing


def test_json_of_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 10)
    assert parsing.parsed_json('{"a": [1, 2, "three"]}') == parsing.parsed_json(b'{"a": [1, 2, "three"]}')
    for text in ("[" + "[]," * 10 + "1]", "[" * 11 + "]" * 11, "[" + "{}," * 6 + "1]"):
        for given in (text, text.encode()):
            with pytest.raises(ValueError, match="more than the 10 values"):
                parsing.parsed_json(given)


def test_a_name_that_stands_twice_is_refused_where_it_matters() -> None:
    assert parsing.parsed_json('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="stands there twice"):
        parsing.parsed_json('{"a": 1, "a": 2}', parsing.without_repeats)


def test_toml_of_endless_keys_is_refused_and_texts_with_dots_are_not() -> None:
    about = "One. Two. " * 10_000
    text = f'a.b.c = 1\nabout = "{"." * 3000}"\nmore = """{about[:20_000]}"""'
    assert parsing.parsed_toml(text)["a"] == {"b": {"c": 1}}
    for text in ("a" + ".a" * 8000 + " = 1", "[a" + ".a" * 8000 + "]", "x = {a" + ".a" * 8000 + " = 1}",
                 "".join(f"{'a.' * 500}k{number} = 1\n" for number in range(200))):  # fmt: skip
        with pytest.raises(ValueError, match="more dots"):
            parsing.parsed_toml(text)
