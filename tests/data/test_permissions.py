"""Who may do what: of what is set and of who asks; what nobody knows counts as the strictest there is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import permissions
from cldi_core.data.permissions import EDIT, JUDGE, LOCAL, OIDC, PROXY, SEE, Settings, Visitor

ANN = Visitor("Ann", "ann@example.org", True)
EVE = Visitor("Ann", "eve@elsewhere.org", True)
CLAIMS: dict[str, Any] = {
    "is_logged_in": True, "iat": 1_000_000, "name": "Ann", "email": "Ann@Example.org", "email_verified": True,
}  # fmt: skip
NOW = 1_000_100.0
LISTED = ("ann@example.org", "*@lab.example.org")


@pytest.mark.parametrize(("said", "wanted"), [
    ("", False), ("0", False), ("false", False), (" No ", False), ("1", True), ("true", True), ("YES", True),
    ("off", True), ("ture", True), ("2", True),
])  # fmt: skip
def test_what_nobody_knows_is_read_only(monkeypatch: pytest.MonkeyPatch, said: str, wanted: bool) -> None:
    monkeypatch.setenv(permissions.VARIABLE, said)
    assert permissions.read_only() is wanted
    known = said.strip().lower() in (*permissions.ON, *permissions.OFF)
    assert (permissions.problem() == "") == known and "\n" not in permissions.problem()
    if wanted:
        with pytest.raises(permissions.ReadOnlyError, match="CLDI_READ_ONLY="):
            permissions.refuse()
    else:
        permissions.refuse()


def test_without_the_variable_work_may_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permissions.VARIABLE, raising=False)
    assert not permissions.read_only() and permissions.problem() == ""
    permissions.refuse()


@pytest.mark.parametrize(("said", "login"), [
    ("", ""), ("oidc", OIDC), (" OIDC ", OIDC), ("proxy", PROXY), ("no", OIDC), ("0", OIDC), ("prxy", OIDC),
])  # fmt: skip
def test_a_word_that_nobody_knows_asks_for_a_login(monkeypatch: pytest.MonkeyPatch, said: str, login: str) -> None:
    monkeypatch.setenv(permissions.LOGIN, said)
    assert permissions.settings().login == login
    known = said.strip().lower() in ("", OIDC, PROXY)
    assert (permissions.problem() == "") == known and "\n" not in permissions.problem()
    if not known:
        with pytest.raises(permissions.RightError, match="log in"):
            permissions.refuse(SEE, visitor=None)


@pytest.mark.parametrize(("said", "editors", "problem"), [
    ("Ann@example.org,*@lab.example.org , *", ("ann@example.org", "*@lab.example.org", "*"), ""),
    ("", (), ""), (" , ", (), ""),
    ("ann", (), "'ann'"), ("ann@x.org, *@*@x.org", ("ann@x.org",), "'*@*@x.org'"), ("a n@x.org", (), "'a n@x.org'"),
])  # fmt: skip
def test_editors_are_addresses(
    monkeypatch: pytest.MonkeyPatch, said: str, editors: tuple[str, ...], problem: str
) -> None:
    monkeypatch.setenv(permissions.LOGIN, OIDC)
    monkeypatch.setenv(permissions.EDITORS, said)
    assert permissions.settings().editors == editors
    assert (problem in permissions.problem()) if problem else permissions.problem() == ""


def test_editors_without_a_login_are_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permissions.LOGIN, raising=False)
    monkeypatch.setenv(permissions.EDITORS, "ann@example.org")
    assert "nobody logs in" in permissions.problem()


ALL, JUDGES, SEES, NONE = {SEE, JUDGE, EDIT}, {SEE, JUDGE}, {SEE}, set[str]()
NAMELESS = Visitor()
UNVERIFIED = Visitor("Ann", "ann@example.org", False)
COLLEAGUE = Visitor("Bob", "bob@lab.example.org", True)


@pytest.mark.parametrize(("login", "editors", "visitor", "wanted"), [
    ("", (), LOCAL, ALL),
    (OIDC, LISTED, None, NONE), (OIDC, LISTED, ANN, ALL), (OIDC, LISTED, COLLEAGUE, ALL), (OIDC, LISTED, EVE, JUDGES),
    (OIDC, LISTED, UNVERIFIED, SEES), (OIDC, ("*",), UNVERIFIED, SEES), (OIDC, ("*",), EVE, ALL),
    (OIDC, LISTED, Visitor("Bob", "bob@sub.lab.example.org", True), JUDGES),
    (OIDC, LISTED, Visitor("Bob", "bob@evil-lab.example.org", True), JUDGES),
    (OIDC, (), ANN, JUDGES), (OIDC, ("*",), Visitor("*", "", True), JUDGES), (OIDC, ("*",), NAMELESS, SEES),
    (PROXY, (), NAMELESS, ALL), (PROXY, (), EVE, ALL), (PROXY, LISTED, ANN, ALL), (PROXY, LISTED, EVE, JUDGES),
    (PROXY, LISTED, NAMELESS, JUDGES),
])  # fmt: skip
def test_rights(login: str, editors: tuple[str, ...], visitor: Visitor | None, wanted: set[str]) -> None:
    given = Settings(False, login, editors)
    assert permissions.rights(given, visitor) == wanted
    assert permissions.rights(Settings(True, login, editors), visitor) == wanted & {SEE}
    for right in (SEE, JUDGE, EDIT):
        if right in wanted:
            permissions.refuse(right, given, visitor)
        else:
            with pytest.raises(permissions.RightError) as refused:
                permissions.refuse(right, given, visitor)
            assert "nothing was done" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(("changed", "visitor"), [
    ({}, ANN),
    ({"is_logged_in": False}, None), ({"is_logged_in": "yes"}, None), ({"iat": None}, None), ({"iat": "soon"}, None),
    ({"iat": NOW - permissions.LASTS}, None), ({"iat": NOW - permissions.LASTS + 1}, ANN), ({"iat": NOW + 60}, ANN),
    ({"iat": NOW + 3600}, None), ({"iat": float("nan")}, None), ({"iat": True}, None),
    ({"email_verified": "true"}, ANN), ({"email_verified": False}, UNVERIFIED), ({"email_verified": "no"}, UNVERIFIED),
    ({"email_verified": None}, UNVERIFIED), ({"email_verified": 1}, ANN), ({"email_verified": "1"}, UNVERIFIED),
    ({"email": None}, Visitor("Ann", "", True)), ({"email": "ann"}, Visitor("Ann", "", True)),
    ({"email": "ann@example.org, eve@x.org"}, Visitor("Ann", "", True)), ({"email": ["a@b"]}, Visitor("Ann", "", True)),
    ({"email": "a\n@example.org"}, Visitor("Ann", "", True)), ({"name": None}, Visitor("", "ann@example.org", True)),
])  # fmt: skip
def test_who_has_logged_in(changed: dict[str, Any], visitor: Visitor | None) -> None:
    assert permissions.of_claims({**CLAIMS, **changed}, NOW) == visitor


def test_whom_a_proxy_lets_in() -> None:
    assert permissions.of_proxy({}) == permissions.of_proxy({"email": None}) == NAMELESS
    assert permissions.of_proxy({"email": "Ann@example.org"}) == Visitor("ann@example.org", "ann@example.org", True)
    assert permissions.of_proxy({"email": "<b>"}) == NAMELESS


def test_nobody_speaks_under_the_name_of_another() -> None:
    given = Settings(False, OIDC, LISTED)
    permissions.refuse(JUDGE, given, EVE, "eve@elsewhere.org")
    for visitor in (EVE, ANN):  # nor does an editor
        with pytest.raises(permissions.RightError, match="under that name alone"):
            permissions.refuse(JUDGE, given, visitor, "bob@example.org")
    permissions.refuse(JUDGE, Settings(), LOCAL, "bob@example.org")
    assert permissions.own_name(Settings(), LOCAL) == permissions.own_name(given, UNVERIFIED) == ""
    assert permissions.own_name(Settings(False, PROXY), permissions.of_proxy({"email": "a@b.org"})) == "a@b.org"


@pytest.mark.parametrize(("login", "path", "allowed"), [
    ("", "/etc/passwd", True), (OIDC, "/etc/passwd", False), (PROXY, "/etc/passwd", False),
    (OIDC, "words/en-de.tsv", True), (OIDC, "words", True), (OIDC, "words/../secret", False),
    (OIDC, "words/out", False), (OIDC, "words-2", False),
])  # fmt: skip
def test_an_editor_reads_no_other_file_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, login: str, path: str, allowed: bool
) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "out").symlink_to("/etc/passwd")
    monkeypatch.setenv(permissions.LOGIN, login)
    monkeypatch.setenv(permissions.IMPORT_FROM, f"{tmp_path / 'words'}{os.pathsep}{tmp_path / 'none'}")
    if allowed:
        permissions.refuse_path(tmp_path / path)
    else:
        with pytest.raises(permissions.RightError, match="upload it"):
            permissions.refuse_path(tmp_path / path)
    monkeypatch.delenv(permissions.IMPORT_FROM)
    if login:
        with pytest.raises(permissions.RightError, match="upload it"):
            permissions.refuse_path(tmp_path / path)
