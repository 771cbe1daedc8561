"""``command:``: any program as a provider."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from cldi_core.collect import command, run
from cldi_core.collect.providers import find_provider
from cldi_core.collect.records import AnswerError, Hit
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CollectError
from tests.collect.site import Site
from tests.collect.small import collect, content, fetched, listed, stock

PROGRAM = """
import json, sys
asked = json.loads(sys.stdin.readline())
open(sys.argv[1], "a").write(json.dumps(asked) + "\\n")
for place in range(asked["count"]):
    url = f"https://pictures.example/{asked['query']}/{place}.png"
    print(json.dumps({"url": url, "title": "T", "licence": "CC0", "author": "A", "page": "https://site.example/"}))
print(json.dumps({"url": "file:///etc/passwd"}), json.dumps({"nothing": 1}), 7, sep="\\n")
"""


def program(folder: Path, text: str = PROGRAM, *arguments: object) -> str:
    """A provider that runs a Python program."""
    path = folder / "program.py"
    path.write_text(text)
    return "command:" + shlex.join([sys.executable, str(path), *map(str, arguments)])


def test_it_is_asked_once_for_each_word(site: Site, tmp_path: Path) -> None:
    stock(site)
    path, log = listed(tmp_path / "new").path, tmp_path / "my secret log"
    given = program(tmp_path, PROGRAM, log)
    report = collect(site, path, given, 2)
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(each["query"] for each in asked) == ["Kuh", "cow", "laufen", "rennen", "run"]
    assert {"query": "Kuh", "language": "de", "count": 2} in asked
    assert report.is_complete and len(fetched(site)) == 10 and len(content(path)) == 5
    table = Dataset(path).pictures.table
    assert set(table["provider"]) == {f"command:{Path(sys.executable).name}"} and set(table["licence"]) == {"CC0"}
    collect(site, path, given, 2)
    assert len(log.read_text().splitlines()) == 5, "and not again"
    files = [file for file in path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"my secret log" in file.read_bytes()], "its arguments may be secrets"


def test_no_shell_is_between(tmp_path: Path) -> None:
    text = "import json, sys; print(json.dumps({'url': 'https://a/' + sys.argv[1]}))"
    provider = find_provider(program(tmp_path, text, "$(id);x"))
    (request,) = provider.requests("`id`", "en", 1)
    assert provider.results(command.answer(provider.program, request)) == [Hit("https://a/$(id);x")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise SystemExit('no luck')", "it ended with 1: no luck"),
        ("print('https://a.example/1.png')", "not a JSON object a line"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not a JSON object a line"),
        ("print('x' * 10_000_001)", "more than 10,000,000 bytes"),
        ("import time; time.sleep(60)", "it took more than 1 s"),
    ],
)
def test_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    monkeypatch.setattr(command, "SECONDS", 1)
    provider = find_provider(program(tmp_path, text))
    with pytest.raises(AnswerError, match=why):
        command.answer(provider.program, provider.requests("x", "en", 1)[0])


def test_one_that_is_not_there_ends_the_run(site: Site, tmp_path: Path) -> None:
    report = collect(site, listed(tmp_path / "new").path, "command:/no/such/program --key s3cret")
    assert "the program '/no/such/program' cannot be started" in report.remarks[0] and len(report.missing) == 5
    assert "s3cret" not in json.dumps(report.as_json())
    with pytest.raises(CollectError, match="names no program"):
        run.plan(Dataset(tmp_path / "new"), "en-de", "command: ")
