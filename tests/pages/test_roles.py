"""Viewers browse, play and judge; editors do the rest: whoever calls an act without the right to it is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core.data import judgements as files
from cldi_core.data import permissions
from cldi_core.data.dataset import Dataset
from cldi_core.data.permissions import Visitor
from pages._ui import act, data_preview, login, play_load
from tests.pages.conftest import Shown
from tests.pages.test_pages_only_read import snapshot
from tests.pages.test_read_only import EDITING, JUDGING, ONE, ready
from tests.pages_data import APP, PAGES, healthy, open_page, texts, unescaped

ANN = Visitor("Ann", "ann@example.org", True)  # an editor
BOB = Visitor("Bob", "bob@example.org", True)
UNVERIFIED = Visitor("Ann", "ann@example.org", False)
WHERE = ("sets", "judge", "import", "health", "collect", "features")
SECTIONS = ("sets", "import", "collect", "health", "features", "pictures")


@pytest.fixture(autouse=True)
def logged_in(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set in which Ann and Bob have judged, in a dashboard with a login."""
    st.cache_data.clear()
    st.cache_resource.clear()
    for visitor in (ANN, BOB):
        files.judge(small, visitor.email, ONE)
    monkeypatch.setenv(permissions.LOGIN, permissions.OIDC)
    monkeypatch.setenv(permissions.EDITORS, ANN.email)


def tried(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch, do: Any, visitor: Visitor | None, name: str = "typed"
) -> tuple[bool, str]:
    """Whether an act of somebody did anything, and what was said of it."""
    monkeypatch.setattr(act, "visitor", lambda: visitor)
    done, before = ready(monkeypatch, name), snapshot(small.path.parent)
    do()
    for where in WHERE:
        act.said(where)
    said = [*shown.of("error"), *shown.of("caption"), st.session_state.get(play_load.PROBLEM) or ""]
    return bool(done) or snapshot(small.path.parent) != before, unescaped("\n".join(said))


@pytest.mark.parametrize("what", EDITING)
@pytest.mark.parametrize("visitor", [ANN, BOB, UNVERIFIED, None])
def test_editors_edit(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch, what: str, visitor: Visitor | None
) -> None:
    did, said = tried(small, shown, monkeypatch, EDITING[what], visitor)
    if visitor == ANN:
        assert (did or "looked at" in said) and "nothing was done" not in said
    else:
        assert not did and "nothing was done" in said and "looked at" not in said
        why = {BOB: "only editors", UNVERIFIED: "the login did not say", None: "log in"}[visitor]
        assert why in said


@pytest.mark.parametrize("what", JUDGING)
@pytest.mark.parametrize(("visitor", "name", "allowed"), [
    (ANN, ANN.email, True), (BOB, BOB.email, True), (BOB, ANN.email, False), (ANN, BOB.email, False),
    (UNVERIFIED, ANN.email, False), (UNVERIFIED, "Ann", False), (None, ANN.email, False), (BOB, "Bob", False),
])  # fmt: skip
def test_who_judges_does_so_under_their_own_name(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch, what: str, visitor: Visitor | None, name: str,
    allowed: bool,
) -> None:  # fmt: skip
    if what == "delete answers":
        monkeypatch.setattr(play_load.answers, "delete", lambda folder, player: (folder / player).touch())
    did, said = tried(small, shown, monkeypatch, lambda: JUDGING[what](name), visitor, name)
    takes_away = what in ("withdraw", "delete", "delete answers")
    if what == "begin" and visitor in (ANN, BOB):  # whatever was typed, or is in the address
        assert set(files.names(small)) == {ANN.email, BOB.email} and said.strip() == ""
    elif allowed or (visitor == ANN and takes_away):  # what others said an editor may take away, and not change
        assert did and "nothing was" not in said
    else:
        assert not did and "nothing was" in said


def test_the_first_judgement_is_kept_under_the_own_address(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    carl = Visitor("Carl", "carl@example.org", True)
    did, _ = tried(small, shown, monkeypatch, lambda: JUDGING["begin"](""), carl, "Somebody Else")
    assert did and set(files.names(small)) == {ANN.email, BOB.email, carl.email}


def told(visitor: Visitor | None, **more: Any) -> dict[str, Any]:
    """What Streamlit says of a visitor."""
    if visitor is None:
        return {"is_logged_in": False}
    own = {"email": visitor.email, "email_verified": visitor.verified, "name": visitor.name, "iat": int(time.time())}
    return {"is_logged_in": True, **own, **more}


def page_of(page: str, user: dict[str, Any], /, **params: str) -> AppTest:
    """A page as somebody gets it."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.user = user
    for name, value in params.items():
        at.query_params[name] = value
    return at.switch_page(f"pages/{page}.py").run()


@pytest.mark.parametrize("user", [told(None), {}, told(ANN, iat=0), told(ANN, is_logged_in="true")])
def test_who_has_not_logged_in_sees_nothing(small: Dataset, monkeypatch: pytest.MonkeyPatch, user: dict) -> None:
    monkeypatch.setattr(login, "providers", lambda: ["", "lab"])
    for page in PAGES:
        at = healthy(page_of(page, user, section="import", word="dog.N"))
        assert texts(at) == f"CLDI Explorer\n{login.LOG_IN}"
        assert [one.label for one in at.button] == ["Log in", "Log in with lab"]
        assert not (at.sidebar.selectbox or at.get("page_link") or at.get("image") or at.dataframe)


def test_each_section_with_a_name_is_somebody_to_log_in_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "secrets", {"auth": {"redirect_uri": "x", "lab": {"client_id": "1"}, "expose": {"no": 1}}})
    assert login.providers() == ["lab"]
    monkeypatch.setattr(st, "secrets", {"auth": {"redirect_uri": "x", "client_id": "1"}})
    assert login.providers() == [""]


@pytest.mark.parametrize(("visitor", "role"), [(ANN, "editor"), (BOB, "viewer"), (UNVERIFIED, "may only look")])
def test_the_sidebar_says_who_it_is(small: Dataset, visitor: Visitor, role: str) -> None:
    at = healthy(page_of("overview", told(visitor)))
    assert f"{visitor.email}, {role}" in unescaped("\n".join(one.value for one in at.sidebar.caption))
    assert [one.label for one in at.sidebar.button if one.key == "log out"] == ["Log out"]
    assert not [one for one in at.main.button if one.label.startswith("Log in")]


@pytest.mark.parametrize("section", SECTIONS)
def test_viewers_are_not_shown_what_only_editors_may_do(small: Dataset, section: str) -> None:
    drawn = {}
    for visitor in (BOB, ANN):
        at = healthy(page_of("data", told(visitor), section=section))
        drawn[visitor.name] = {one.label for one in at.main.button if one.key != "log out"}
        closed = "Only editors may do this, and bob@example.org is none of CLDI_EDITORS."
        assert (closed in unescaped(texts(at))) == (visitor == BOB and section in ("import", "collect"))
    assert not drawn["Bob"] & {"Start", "Start it", "Look at it", "Dry run", "Score", "Leave out"}
    assert drawn["Ann"] > drawn["Bob"] or section in ("pictures", "health")


def test_judging_is_for_viewers_and_not_for_those_without_an_address(small: Dataset) -> None:
    at = healthy(page_of("judge", told(BOB)))
    assert "Your judgements are kept as **bob@example.org**" in unescaped(texts(at)) and not at.main.text_input
    (begin,) = [one for one in at.main.button if one.label == "Begin"]
    at = healthy(begin.click().run())
    assert {"Withdraw", "Take in"} <= {one.label for one in at.main.button}
    at = healthy(page_of("judge", told(BOB), judge=ANN.email))  # a link to what Ann judged
    labels = {one.label for one in at.main.button}
    assert "Begin" in labels and not labels & {"Acceptable", "Take in", "Withdraw", "Delete them"}
    assert len(at.dataframe), "which he may see"
    at = healthy(page_of("judge", told(ANN), judge=BOB.email))
    assert {"Begin", "Withdraw", "Delete them"} <= {one.label for one in at.main.button}
    at = healthy(page_of("judge", told(UNVERIFIED)))
    assert "The login did not say that ann@example.org is yours" in unescaped(texts(at))
    assert not [one for one in at.main.button if one.label == "Begin"]


@pytest.mark.parametrize("keep", [True, False])
def test_answers_are_kept_under_the_own_address_if_that_is_wanted(small: Dataset, keep: bool) -> None:
    at = healthy(page_of("play", told(BOB)))
    assert not [one for one in at.main.text_input if one.label == "Your name"]
    at.main.checkbox(key="play-keep").set_value(keep)
    (begin,) = [one for one in at.main.button if one.label == "Start"]
    at = healthy(begin.click().run())
    healthy(at.main.button(key="play-option-0").click().run())
    assert [one.player for one in play_load.answers.read(small.path).answers] == [BOB.email] * keep


def test_a_login_that_ends_while_a_page_is_open_keeps_nothing(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "providers", lambda: [""])
    at = healthy(page_of("play", told(BOB)))
    at.main.checkbox(key="play-keep").set_value(True)
    (begin,) = [one for one in at.main.button if one.label == "Start"]
    at = healthy(begin.click().run())
    before = snapshot(small.path)
    at.user = told(BOB, iat=int(time.time()) - permissions.LASTS)
    at = healthy(at.main.button(key="play-option-0").click().run())
    assert texts(at) == f"CLDI Explorer\n{login.LOG_IN}" and snapshot(small.path) == before


def test_a_path_of_the_server_is_not_every_editors(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> None:
        data_preview.look("small", lambda: str(data_preview.typed_path("/etc/passwd")))

    did, said = tried(small, shown, monkeypatch, look, ANN)
    assert not did and "'/etc/passwd' lies in no folder of the server that may be imported from" in said


@pytest.mark.parametrize(("user", "editors", "role"), [
    ({"email": "ann@example.org"}, "ann@example.org", "editor"), ({"email": "bob@x.org"}, "ann@example.org", "viewer"),
    ({"email": "bob@x.org"}, "", "editor"), ({}, "", ""), ({"email": None}, "ann@example.org", ""),
])  # fmt: skip
def test_a_proxy_that_asks_for_a_login(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, user: dict, editors: str, role: str
) -> None:
    monkeypatch.setenv(permissions.LOGIN, permissions.PROXY)
    monkeypatch.setenv(permissions.EDITORS, editors)
    at = healthy(page_of("data", user, section="import"))
    said = [unescaped(one.value) for one in at.sidebar.caption if role and one.value.endswith(role)]
    assert said == ([f"{user['email']}, {role}"] if role else []) and "log out" not in {one.key for one in at.button}
    assert bool(at.main.get("file_uploader")) == (not editors or role == "editor")


def test_without_a_login_nobody_is_named(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permissions.LOGIN)
    monkeypatch.delenv(permissions.EDITORS)
    at = healthy(open_page("overview"))
    assert "log out" not in {one.key for one in at.button} and act.who() == "" and act.allowed()
