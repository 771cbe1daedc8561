"""Keys: where they are looked for, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from cldi_core.collect.keys import Keys, find_keys, missing_keys
from cldi_core.collect.providers import PROVIDERS
from cldi_core.errors import CollectError

GOOGLE = PROVIDERS["google"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of keys that only its owner can read; none are in the environment."""
    for key in GOOGLE.keys:
        monkeypatch.delenv(key.variable, raising=False)
    path = tmp_path / "keys"
    path.write_text("# mine\nexport GOOGLE_API_KEY = 'one'\n\nGOOGLE_SEARCH_ENGINE=two\n")
    path.chmod(0o600)
    return path


def test_they_are_found(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = find_keys(GOOGLE, tmp_path / "data", file)
    assert (keys.value("GOOGLE_API_KEY"), keys.value("GOOGLE_SEARCH_ENGINE")) == ("one", "two")
    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    assert find_keys(GOOGLE, tmp_path / "data", file).value("GOOGLE_API_KEY") == "one", "the file goes first"
    monkeypatch.setenv("GOOGLE_SEARCH_ENGINE", " engine ")
    assert find_keys(GOOGLE, tmp_path).value("GOOGLE_SEARCH_ENGINE") == "engine"
    assert "OPENVERSE_TOKEN" not in find_keys(PROVIDERS["openverse"], tmp_path)


def test_one_is_missing(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="Google Custom Search needs GOOGLE_API_KEY and GOOGLE_SEARCH_ENGINE: set"):
        find_keys(GOOGLE, tmp_path)
    assert missing_keys(GOOGLE, {"GOOGLE_API_KEY": "x"}) == ("GOOGLE_SEARCH_ENGINE",)


def test_a_file_that_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="lies in the data set"):
        find_keys(GOOGLE, tmp_path, file)
    for mode in (0o640, 0o604, 0o644):
        file.chmod(mode)
        with pytest.raises(CollectError, match="can be read by other users of this machine; run: chmod 600"):
            find_keys(GOOGLE, tmp_path / "data", file)
    file.chmod(0o600)
    odd = {b"s3cret\n": "not NAME = key", b"A=\xffs3cret": "it is not UTF-8", b"x" * 2_000_000: "larger"}
    for text, why in odd.items():
        file.write_bytes(text)
        with pytest.raises(CollectError, match=why) as told:
            find_keys(GOOGLE, tmp_path / "data", file)
        assert "s3cret" not in str(told.value) and told.value.__cause__ is None
    with pytest.raises(CollectError, match="cannot be read"):
        find_keys(GOOGLE, tmp_path / "data", tmp_path / "none")


@pytest.mark.parametrize("bad", ["a\nX-Evil: 1", "ключ", "a b"])
def test_a_key_that_is_none(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", bad)
    monkeypatch.setenv("GOOGLE_SEARCH_ENGINE", "x")
    with pytest.raises(CollectError, match="GOOGLE_API_KEY holds spaces or characters that no key has") as told:
        find_keys(GOOGLE, tmp_path)
    assert bad not in str(told.value)


def test_they_are_neither_shown_nor_stored() -> None:
    keys = Keys({"A": "s3cret", "B": "s3cret+more/"})
    assert repr(keys) == "Keys(A, B)" and "s3cret" not in str(keys)
    assert keys.hide("s3cret+more/ s3cret%2Bmore%2F s3cret x") == "… … … x"
    assert Keys({"A": "abc"}).hide("abc") == "abc", "too short to be a key, and part of many words"
    with pytest.raises(TypeError, match="not to be stored"):
        pickle.dumps(keys)
