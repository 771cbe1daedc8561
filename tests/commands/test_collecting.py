"""``collect`` as a command: what it prints, how it ends, and what it never prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cldi_core.collect import run as collecting
from cldi_core.data import dataset
from tests.collect.answers import brave
from tests.collect.site import CONTACT, Site, serving
from tests.collect.small import content, listed, stock
from tests.commands.conftest import Run

ASKED = ("collect", "--dataset", "new", "--pair", "en-de", "--per-word", "2")


@pytest.fixture
def site(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web of one machine that the command reaches, and the data set ``new`` with a list."""
    listed(data / "new")
    for name in ("CLDI_CONTACT", "BRAVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as up:
        stock(up)
        monkeypatch.setattr(collecting, "_usual", lambda contact: up.client)
        yield up


def test_it_stores_pictures_and_tells_so(site: Site, data: Path, run: Run) -> None:
    code, out, err = run(*ASKED, "--provider", "commons", "--contact", CONTACT)
    assert (code, err) == (0, "")
    assert out.startswith("10 pictures for 2 words in en, 3 words in de (10 new); 15 requests, ")
    code, out, err = run(*ASKED, "--provider", "commons", "--contact", CONTACT, "--json")
    document = json.loads(out)
    assert (code, document["kind"], document["counts"]["memberships"]) == (0, "collect", 10)
    assert len(content(data / "new")) == 5


def test_words_without_pictures_end_it_with_1(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_CONTACT", CONTACT)
    code, out, err = run(*ASKED, "--provider", "commons", "--max-requests", 3)
    assert code == 1 and "requests" in out
    assert err.startswith("stopped: the 3 requests of --max-requests are used up; run it again to go on\n")
    assert "missing: no pictures (" in err and "not reached" in err
    assert run(*ASKED, "--provider", "commons")[0] == 0


def test_a_dry_run_asks_nothing(site: Site, data: Path, run: Run) -> None:
    code, out, err = run(*ASKED, "--provider", "brave", "--dry-run")
    assert (code, err, site.log) == (0, "", []) and not (data / "new" / "collect").exists()
    lines = (
        "5 of 5 words left (0 done, 0 have pictures from elsewhere)",
        "at most 5 searches and 10 pictures",
        "cost: about 0.03 US dollars",
        "time: under a minute, or more",
        "not in the environment: BRAVE_API_KEY",
    )
    for line in lines:
        assert line in out
    planned = json.loads(run(*ASKED, "--provider", "wikipedia", "--lang", "de", "--dry-run", "--json")[1])
    assert (planned["searches"], planned["requests"], planned["languages"]) == (6, 12, {"de": 3})


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        ("--provider commons", 1, "is no contact"),
        (f"--provider brave --contact {CONTACT}", 1, "Brave Search needs BRAVE_API_KEY"),
        (f"--provider flickr --contact {CONTACT}", 2, "unknown provider 'flickr'"),
        (f"--provider commons --lang fr --contact {CONTACT}", 2, "unknown language of the pair 'fr'"),
        ("--contact a@b.c", 2, "'--provider'"),
        ("--provider commons --max-requests 0", 2, "--max-requests"),
    ],
)
def test_what_is_wrong_is_one_line(site: Site, run: Run, options: str, code: int, text: str) -> None:
    found, out, err = run(*ASKED, *options.split())
    assert (found, out, err.count("\n")) == (code, "", 1) and text in err and site.log == []


def test_a_key_is_in_nothing_that_is_printed(site: Site, data: Path, run: Run, tmp_path: Path) -> None:
    secret, file = "s3cret-of-mine", tmp_path / "keys"
    file.write_text(f"BRAVE_API_KEY={secret}\n")
    file.chmod(0o600)
    echo = {"error": {"detail": f"{secret} is used up"}}
    site.routes["api.search.brave.com"] = lambda asked: asked.json(echo, 402)
    given = (*ASKED, "--provider", "brave", "--contact", CONTACT, "--keys", file)
    printed = [*run(*given), *run(*given, "--json"), *run(*given, "--dry-run")]
    assert "refuses (HTTP 402: … is used up)" in printed[2] and site.log[0].headers["x-subscription-token"] == secret
    site.routes["api.search.brave.com"] = lambda asked: asked.json(brave([f"https://pictures.example/{secret}/0.png"]))
    printed += run(*given)
    assert not [text for text in map(str, printed) if "s3cret" in text]
    assert not [path for path in (data / "new").rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


def test_without_a_list_it_says_how_to_get_one(data: Path, run: Run) -> None:
    dataset.create(data / "empty")
    code, _, err = run("collect", "--dataset", "empty", "--pair", "en-de", "--provider", "commons", "--dry-run")
    assert code == 2 and "unknown language pair 'en-de'" in err and "import-lists" in err
