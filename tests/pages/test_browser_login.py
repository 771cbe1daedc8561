"""Logging in by OpenID Connect, in a real browser and with a real provider: who gets in, as what, and who does not."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from cldi_core.data.permissions import LASTS
from pages._ui.back import COOKIE
from pages._ui.login import LOG_IN
from tests.conftest import build_small
from tests.oidc import SECRET, Provider, provide
from tests.pages.test_pages_only_read import snapshot
from tools.browser import Server, drawn, serve, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted"),
    pytest.mark.skipif(importlib.util.find_spec("authlib") is None, reason="Authlib is not installed (make dev)"),
]
ANN, EVE = ({"email": f"{name}@example.org", "email_verified": True, "name": name.title()} for name in ("ann", "eve"))
MAIN, SIDEBAR = "[data-testid='stMain']", "[data-testid='stSidebarUserContent']"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provide() as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard over the tiny data set that is logged into by the provider; Ann is an editor."""
    home = tmp_path_factory.mktemp("home")
    build_small(home / "data" / "small")
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(provider.secrets_toml(), "utf-8")
    here = {"HOME": str(home), "CLDI_DATA": str(home / "data"), "CLDI_LOGIN": "oidc", "CLDI_EDITORS": ANN["email"]}
    before = snapshot(home / "data")
    with serve(home / "log.txt", **here) as running:
        yield running
    assert SECRET not in running.log()
    kept = {path: own for path, own in snapshot(home / "data").items() if "cache" not in str(path)}
    assert kept == before, "whoever looks changes nothing"


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[Any]:
    """One page for all tests: opening another costs more than drawing it anew."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Any, provider: Provider) -> Iterator[Any]:
    """A browser that has not logged in, before a provider that tells the truth."""
    provider.person, provider.changed, provider.forged = {}, {}, False
    yield tab
    tab.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    tab.goto("about:blank")
    tab.context.clear_cookies()


def outside(page: Any) -> None:
    """The page shows that nobody has logged in, and nothing else."""
    page.get_by_role("button", name="Log in").wait_for(timeout=60_000)
    shown = " ".join(page.locator(MAIN).inner_text().split())
    assert shown in (f"CLDI Explorer {LOG_IN} login Log in", f"CLDI Explorer {LOG_IN} Log in"), shown
    assert page.locator(SIDEBAR).count() == 0 and page.locator("img").count() == 0


def log_in(page: Any, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Log in").click(timeout=60_000)


def test_no_address_shows_anything_to_who_has_not_logged_in(page: Any, server: Server) -> None:
    for name in ("", "word", "judge", "data"):
        page.goto(f"{server.url}/{name}?dataset=small&word=dog.N&section=import&judge=Ann")
        outside(page)


def test_a_viewer_looks_and_an_editor_starts_work(page: Any, server: Server, provider: Provider) -> None:
    provider.person = EVE
    log_in(page, server.url)
    drawn(page)
    assert "eve@example.org, viewer" in page.locator(SIDEBAR).inner_text()
    visit(page, f"{server.url}/word?word=dog.N")
    assert page.locator(".board").count() == 1
    visit(page, f"{server.url}/data?section=import")
    assert "Only editors may do this, and eve@example.org is none." in page.locator(MAIN).inner_text()
    assert page.locator("[data-testid='stFileUploader']").count() == 0

    page.get_by_role("button", name="Log out").click()
    outside(page)
    assert provider.asked[-1] == "/logout", "the provider hears of it"
    link = f"{server.url}/data?section=import&pair=en-de"
    page.goto(link)
    outside(page)

    provider.person = ANN
    log_in(page, link)
    drawn(page)
    assert page.url == link and not [one for one in page.context.cookies() if one["name"] == COOKIE]
    assert "ann@example.org, editor" in page.locator(SIDEBAR).inner_text()
    visit(page, f"{server.url}/data?section=import")
    assert page.locator("[data-testid='stFileUploader']").count() == 1


def test_an_address_that_nobody_has_verified_only_looks(page: Any, server: Server, provider: Provider) -> None:
    provider.person = {**ANN, "email_verified": False}
    log_in(page, server.url)
    drawn(page)
    assert "ann@example.org, may only look" in page.locator(SIDEBAR).inner_text()
    visit(page, f"{server.url}/judge")
    assert "The login did not say that ann@example.org is yours" in page.locator(MAIN).inner_text()


def stale(provider: Provider) -> None:
    provider.changed = {"iat": int(time.time()) - LASTS - 60}


def over(provider: Provider) -> None:
    provider.changed = {"exp": int(time.time()) - 3600}


def of_another_login(provider: Provider) -> None:
    provider.changed = {"nonce": "of another login"}


def for_another_site(provider: Provider) -> None:
    provider.changed = {"aud": "somebody else's"}


def of_another_provider(provider: Provider) -> None:
    provider.changed = {"iss": "http://127.0.0.1:9"}


def forged(provider: Provider) -> None:
    provider.forged = True


@pytest.mark.parametrize("how", [stale, over, of_another_login, for_another_site, of_another_provider, forged])
def test_a_token_that_does_not_hold_opens_nothing(
    page: Any, server: Server, provider: Provider, how: Callable[[Provider], None]
) -> None:
    provider.person = ANN
    how(provider)
    asked = len(provider.asked)
    with page.expect_response("**/oauth2callback?*", timeout=60_000) as coming:
        log_in(page, server.url)
    assert coming.value.status == 302 and "/token" in provider.asked[asked:]
    page.wait_for_url(f"{server.url}/")
    outside(page)


def test_an_answer_that_nobody_asked_for_opens_nothing(page: Any, server: Server, provider: Provider) -> None:
    """Somebody sends a link that would log the reader in as another: its state is not of this browser."""
    provider.person = ANN
    provider.codes["known"] = {"nonce": "n", "code_challenge": "c"}
    page.goto(f"{server.url}/oauth2callback?code=known&state=guessed")
    outside(page)
    assert "known" in provider.codes, "the code was not even used"


def test_a_cookie_of_ones_own_making_opens_nothing(page: Any, server: Server) -> None:
    for value in ('{"is_logged_in": true}', "2|1:0|10:1|15:_streamlit_user|4:e30=|0"):
        page.context.add_cookies([{"name": "_streamlit_user", "value": value, "url": server.url}])
        page.goto(server.url)
        outside(page)


def test_what_the_server_itself_answers_tells_nothing_of_the_data(server: Server) -> None:
    for path in (
        "",
        "_stcore/health",
        "_stcore/host-config",
        "_stcore/metrics",
        "_stcore/agent/openapi.json",
        "media/x",
    ):
        try:
            with urlopen(f"{server.url}/{path}") as answer:
                assert b"small" not in answer.read().lower().replace(b"smaller", b""), path
        except OSError as error:
            assert getattr(error, "code", 0) == 404, path
