"""Collecting: what is stored, what is reported, and how a run that was ended is gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cldi_core.collect import job, run
from cldi_core.collect.journal import Journal, folder_of
from cldi_core.collect.keys import Keys
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CollectError, DatasetError, UnknownNameError
from cldi_core.imports import report as reports
from tests.collect.answers import brave
from tests.collect.site import Asked, Site
from tests.collect.small import LIST, WORDS, collect, content, drawn, fetched, listed, searches, stock
from tests.conftest import build_small

EVERY = {(language, word) for language, words in WORDS.items() for word in words}


def numbers(pictures: list[tuple[int, str, str, str]]) -> list[int]:
    """Which of a word's pictures these are, by their addresses."""
    return [int(url.rpartition("/")[2].removesuffix(".png")) for _, _, url, _ in pictures]


def test_each_word_gets_its_first_pictures_in_their_order(site: Site, tmp_path: Path) -> None:
    stock(site)
    path = listed(tmp_path / "new").path
    report = collect(site, path)
    found = content(path)
    assert set(found) == EVERY
    for (_, word), pictures in found.items():
        assert [(place, url) for place, _, url, _ in pictures] == [
            (place, f"https://pictures.example/{word}/{place}.png") for place in range(3)
        ]
    table = Dataset(path).pictures.table
    assert set(table["provider"]) == {"commons"} and set(table["licence"]) == {"CC BY-SA 4.0"}
    assert (
        set(table["author"]) == {"A. Painter"} and all(table["time"]) and all(table["page"].str.startswith("https://"))
    )
    assert set(table["title"]) == {"A cow & a calf 0", "A cow & a calf 1", "A cow & a calf 2"}
    assert report.is_complete and report.counts["languages"] == {"en": 2, "de": 3}
    assert (report.counts["memberships"], report.counts["fetched"], report.counts["searches"]) == (15, 15, 5)
    assert [kept.as_json() for kept in reports.reports(Dataset(path))] == [report.as_json()]
    assert not list((folder_of(path, "commons") / "files").glob("*")), "nothing is kept twice"


def test_files_go_that_a_run_left_which_was_killed_when_it_had_stored_them(site: Site, tmp_path: Path) -> None:
    stock(site)
    path = listed(tmp_path / "new").path
    collect(site, path)
    stored = next(iter(Dataset(path).pictures.ids))
    files = folder_of(path, "commons") / "files"
    for name in (stored, "0" * 32, "not a picture"):
        (files / name).write_bytes(b"x")
    collect(site, path)
    assert sorted(each.name for each in files.iterdir()) == ["0" * 32, "not a picture"], "what is not stored is kept"


def test_the_words_of_one_language_only(site: Site, tmp_path: Path) -> None:
    stock(site)
    path = listed(tmp_path / "new").path
    collect(site, path, planned={"languages": ["de"]})
    assert {language for language, _ in content(path)} == {"de"}


def test_nothing_is_asked_or_fetched_twice(site: Site, tmp_path: Path) -> None:
    stock(site, 60)
    path = listed(tmp_path / "new").path
    collect(site, path)
    before, found = len(site.log), content(path)
    again = collect(site, path)
    assert len(site.log) == before and again.is_complete and content(path) == found
    assert (again.counts["memberships"], again.counts["fetched"]) == (15, 0)
    collect(site, path, per_word=5)  # more of each word
    assert len(searches(site)) == 10, "a request for more is another request"
    assert len(fetched(site)) == len(set(fetched(site))) == 25
    assert {word: len(pictures) for word, pictures in content(path).items()} == dict.fromkeys(EVERY, 5)
    collect(site, path)
    assert len(fetched(site)) == 25
    assert content(path) == found, "and less of each, from what is there"


def test_one_picture_of_two_words_is_fetched_once(site: Site, tmp_path: Path) -> None:
    site.routes["api.search.brave.com"] = lambda asked: asked.json(brave(["https://pictures.example/same.png"]))
    site.routes["pictures.example"] = lambda asked: asked.send(drawn(1), kind="image/png")
    path = listed(tmp_path / "new").path
    collect(site, path, "brave", keys=Keys({"BRAVE_API_KEY": "secret"}))
    assert fetched(site) == ["/same.png"] and set(content(path)) == EVERY
    collect(site, path, "brave", per_word=4, keys=Keys({"BRAVE_API_KEY": "secret"}))
    assert fetched(site) == ["/same.png"], "also when its file is only in the data set"


def test_what_is_no_picture_is_named_and_not_tried_again(site: Site, tmp_path: Path) -> None:
    stock(site)
    answers = {
        "/Kuh/0.png": lambda asked: asked.send(b"<html>", kind="text/html"),
        "/Kuh/1.png": lambda asked: asked.send(b"no picture at all", kind="image/png"),
        "/laufen/1.png": lambda asked: asked.send(b"", 404),
        "/rennen/2.png": lambda asked: asked.send(drawn(7)[:60], kind="image/png"),
    }
    for path, route in answers.items():
        site.routes[f"pictures.example{path}"] = route
    path = listed(tmp_path / "new").path
    report = collect(site, path)
    assert {word: numbers(pictures) for (_, word), pictures in content(path).items()} == {
        "cow": [0, 1, 2], "run": [0, 1, 2], "Kuh": [2], "laufen": [0, 2], "rennen": [0, 1],
    }  # fmt: skip
    assert report.is_complete, "a web without dead links is not to be had"
    lost = {note.place.removeprefix("https://pictures.example"): note.what for note in report.passed.kept}
    assert set(lost) == set(answers)
    assert lost["/Kuh/0.png"].endswith("a page in place of a picture") and lost["/laufen/1.png"].endswith("HTTP 404")
    assert "not a picture" in lost["/Kuh/1.png"] and "broken" in lost["/rennen/2.png"]
    before = len(site.log)
    collect(site, path)
    assert len(site.log) == before
    collect(site, path, per_word=4)
    assert len(fetched(site)) == len(set(fetched(site)))


def test_what_may_be_had_another_day_is_tried_then(site: Site, tmp_path: Path) -> None:
    stock(site)
    site.routes["pictures.example/Kuh/1.png"] = lambda asked: asked.send(b"", 503)
    path = listed(tmp_path / "new").path
    report = collect(site, path)
    assert report.remarks == ["1 picture may be had another day: run it again to try"] and report.is_complete
    assert numbers(content(path)["de", "Kuh"]) == [0, 2]
    del site.routes["pictures.example/Kuh/1.png"]
    before = len(site.log)
    assert collect(site, path).remarks == []
    assert [asked.path for asked in site.log[before:]] == ["/Kuh/1.png"]
    assert numbers(content(path)["de", "Kuh"]) == [0, 1, 2]


def test_words_that_got_nothing_are_missing(site: Site, tmp_path: Path) -> None:
    stock(site)
    search = site.routes["commons.wikimedia.org"]

    def some(asked: Asked) -> None:
        word = asked.parameters["gsrsearch"].split()[0]
        if word == "Kuh":
            asked.json({"batchcomplete": True})
        elif word == "run":
            asked.send(b"<html>", kind="text/html")
        else:
            search(asked)

    site.routes["commons.wikimedia.org"] = some
    for place in range(3):
        site.routes[f"pictures.example/rennen/{place}.png"] = lambda asked: asked.send(b"", 404)
    path = listed(tmp_path / "new").path
    report = collect(site, path)
    missing = {note.place: note.text for note in report.missing.kept}
    assert missing == {
        "en: run": "the search failed: the answer is not JSON (text/html)",
        "de: Kuh": "nothing was found",
        "de: rennen": "none of 3 could be had",
    }
    assert set(content(path)) == {("en", "cow"), ("de", "laufen")}
    site.routes["commons.wikimedia.org"] = search
    before = len(searches(site))
    again = collect(site, path)
    assert {note.place for note in again.missing.kept} == {"de: Kuh", "de: rennen"}, "they are told of again"
    assert len(searches(site)) == before + 1, "what failed is asked again, and nothing else"


def test_pictures_from_elsewhere_stay_unless_they_are_to_be_replaced(site: Site, tmp_path: Path) -> None:
    stock(site)
    path = build_small(tmp_path / "small").path
    before = {word: keys for word, keys in content(path).items() if word != ("de", "laufen")}
    opened = Dataset(path)
    planned = run.plan(opened, "en-de", "commons", 3)
    assert ("en", "dog") in planned.kept and planned.todo == (("en", "ghost"), ("de", "Geist"))
    report = collect(site, path)
    assert "with pictures from elsewhere, which stay" in report.remarks[0] and report.is_complete
    after = content(path)
    assert {word: after[word] for word in before} == before and len(after["en", "ghost"]) == 3
    collect(site, path, planned={"replace": True})
    assert {url.split("/")[2] for pictures in content(path).values() for _, _, url, _ in pictures} == {
        "pictures.example"
    }


def test_the_budget_of_requests_ends_it_and_the_next_run_goes_on(site: Site, tmp_path: Path) -> None:
    stock(site)
    whole, parts = listed(tmp_path / "whole").path, listed(tmp_path / "parts").path
    collect(site, whole)
    runs = 0
    while runs < 20:
        site.log.clear()
        runs += 1
        report = collect(site, parts, max_requests=7)
        assert len(site.log) <= 7 and report.counts["requests"] == len(site.log)
        if report.is_complete:
            break
        assert "the 7 requests of --max-requests are used up; run it again to go on" in report.remarks[0]
        assert report.missing.of("no pictures")[0].text == "not reached"
        assert job.jobs(Dataset(parts))["commons"].state == "stopped"
    assert runs == 3, "20 requests"
    assert content(parts) == content(whole)


def test_the_budget_of_bytes_ends_it(site: Site, tmp_path: Path) -> None:
    stock(site)
    report = collect(site, listed(tmp_path / "new").path, max_bytes=3000)
    assert "3,000 bytes of --max-bytes" in report.remarks[0] and report.counts["bytes"] < 10_000


def test_a_refused_key_ends_it_and_what_there_is_stays(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(run, "AT_ONCE", 1)
    asked_for = []

    def search(asked: Asked) -> None:
        with site.lock:
            asked_for.append(asked.parameters["q"])
            fits = len(asked_for) < 3
        known = brave([f"https://pictures.example/{asked.parameters['q']}/0.png"])
        asked.json(*((known, 200) if fits else ({"error": {"detail": "no such subscription"}}, 403)))

    stock(site)
    site.routes["api.search.brave.com"] = search
    path = listed(tmp_path / "new").path
    report = collect(site, path, "brave", keys=Keys({"BRAVE_API_KEY": "s3cret-key"}))
    assert "Brave Search refuses (HTTP 403: no such subscription)" in report.remarks[0]
    assert len(content(path)) == 2 and len(report.missing) == 3 and len(asked_for) == 3


def test_a_provider_that_only_fails_is_left_alone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(run, "IN_A_ROW", 3)
    site.routes["commons.wikimedia.org"] = lambda asked: asked.send(b"<html>", kind="text/html")
    report = collect(site, listed(tmp_path / "new").path)
    assert "3 searches in a row failed, the last one with: the answer is not JSON (text/html)" in report.remarks[0]
    assert len(site.log) <= 5 and len(report.missing) == 5


def test_no_secret_is_in_any_file(site: Site, tmp_path: Path) -> None:
    secret = "s3cret/key+of=mine"

    def search(asked: Asked) -> None:
        answer = brave([f"https://pictures.example/{asked.parameters['q']}/0.png?k={secret}"])
        answer["results"][0]["title"] = f"your key is {secret}"
        asked.json(answer)

    stock(site)
    site.routes["api.search.brave.com"] = search
    site.routes["pictures.example/run/0.png"] = lambda asked: asked.send(secret.encode(), 404)
    path = listed(tmp_path / "new").path
    collect(site, path, "brave", keys=Keys({"BRAVE_API_KEY": secret}))
    assert {title for pictures in content(path).values() for *_, title in pictures} == {"your key is …"}
    files = [file for file in path.rglob("*") if file.is_file()]
    assert len(files) > 5 and not [file for file in files if b"s3cret" in file.read_bytes()]


def test_the_plan_says_what_is_left(site: Site, tmp_path: Path) -> None:
    stock(site)
    opened = listed(tmp_path / "new")
    planned = run.plan(opened, "en-de", "commons", 120)
    assert (planned.searches, planned.pictures, planned.requests) == (15, 600, 615)
    assert (planned.cost, planned.seconds) == (0, 120) and planned.missing_keys == ()
    collect(site, opened.path, planned={"languages": ["en"]})
    planned = run.plan(opened, "en-de", "commons", 3)
    assert (len(planned.words), len(planned.done), planned.searches, planned.pictures) == (5, 2, 3, 9)
    paid = run.plan(opened, "en-de", "google", 50, replace=True)
    assert (paid.searches, paid.cost, paid.missing_keys) == (25, 0.125, ("GOOGLE_API_KEY", "GOOGLE_SEARCH_ENGINE"))
    assert run.plan(opened, "en-de", "wikipedia", 50, replace=True).searches == 20, "two requests a page"
    assert json.loads(json.dumps(paid.as_json()))["cost_usd"] == 0.12
    assert not (opened.path / "collect" / "google").exists(), "nothing is written"


def test_what_cannot_be_planned(tmp_path: Path) -> None:
    opened = listed(tmp_path / "new")
    for given, error, why in (
        (("en-de", "flickr"), UnknownNameError, "unknown provider"),
        (("en-fr", "commons"), UnknownNameError, "unknown language pair"),
        (("en-de", "commons", 0), CollectError, "choose 1 to 1000"),
        (("en-de", "commons", 1001), CollectError, "choose 1 to 1000"),
        (("en-de", "command:"), CollectError, "names no program"),
        (("en-de", "command:'"), CollectError, "cannot be taken apart"),
    ):
        with pytest.raises(error, match=why):
            run.plan(opened, *given)
    with pytest.raises(UnknownNameError, match="language of the pair"):
        run.plan(opened, "en-de", "commons", languages=["fr"])
    listed(tmp_path / "other").path.joinpath("lexicon/en-sw.tsv").write_text("cow\tng'ombe\tN\n")
    with pytest.raises(CollectError, match="Pexels does not search in 'sw'"):
        run.plan(Dataset(tmp_path / "other"), "en-sw", "pexels")
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "dataset.toml").write_text('pictures = "../new"')
    (tmp_path / "new" / "lexicon").rename(tmp_path / "third" / "lexicon")
    with pytest.raises(DatasetError, match="uses the pictures of 'new'"):
        run.plan(Dataset(tmp_path / "third"), "en-de", "commons")


@pytest.mark.parametrize("contact", ["", "me", "@", "a@b\r\nX: y", "ä@example.org", "a@b (x)", "a@b" * 99])
def test_without_a_contact_nobody_is_asked(site: Site, tmp_path: Path, contact: str) -> None:
    planned = run.plan(listed(tmp_path / "new"), "en-de", "commons")
    with pytest.raises(CollectError, match="is no contact; give your e-mail address or a URL with --contact"):
        run.collect(planned, contact)
    assert not (planned.dataset.path / "collect").exists()


def test_a_second_run_beside_the_first_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    from cldi_core.data import storage

    monkeypatch.setattr(storage, "LOCK_WAIT", 0.05)
    stock(site)
    path = listed(tmp_path / "new").path
    with storage.lock(folder_of(path, "commons")), pytest.raises(DatasetError, match="has been writing"):
        collect(site, path)
    assert site.log == []


def test_a_broken_journal_is_read_as_far_as_it_goes(site: Site, tmp_path: Path) -> None:
    stock(site)
    path = listed(tmp_path / "new").path
    collect(site, path)
    found, journal = content(path), folder_of(path, "commons") / "journal.jsonl"
    whole = journal.read_bytes()
    odd = b'[]\nnull\n{"search": []}\n{"url": "x", "id": "../../../etc/passwd"}\n{"stored": [1]}\n\xff\n'
    texts = {
        whole[:-20]: 0,
        odd + b"[" * 100_000 + b"\n" + whole: 0,
        whole + b"\n\n{": 0,
        whole.replace(b'"hits": [', b'"hits": 7, "x": [').replace(b'"stored"', b'"later"'): 5,
        b"": 20,
    }
    for text, asked in texts.items():
        journal.write_bytes(text)
        assert "x" not in Journal(journal.parent).fetched
        site.log.clear()
        collect(site, path, planned={"replace": True})
        assert content(path) == found and len(site.log) == asked


def test_the_list_has_words_once() -> None:
    assert [row.source for row in LIST] == ["cow", "run", "run"], "which is asked for once"
