"""The documents as a reader uses them: links lead somewhere, commands exist, examples run and say what is shown."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer
from typer.exceptions import TyperException

from cldi_core.commands.main import app
from cldi_core.imports import folder
from tools.documents import example, records

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".venv", ".git", ".pytest_cache", "node_modules", "build", "shared"}
PATHS = [path for path in sorted(ROOT.rglob("*.md")) if not NOT_OURS & {*path.relative_to(ROOT).parts}]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PATHS}
README = TEXTS["README.md"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
VARIABLES = set(re.findall(r"\b([A-Z][A-Z_]+)=", (ROOT / "Makefile").read_text("utf-8"))) | {"CLDI_NO_BROWSER"}
PROGRAMS = (("cldi",), ("python", "-m", "cldi_core"), (".venv/bin/python", "-m", "cldi_core"))


def blocks(text: str, *kinds: str) -> list[str]:
    """What stands in fenced blocks of these kinds."""
    found = re.findall(r"^```(\S*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for kind, body in found if kind in kinds]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What one can link to: headings as GitHub makes anchors of them, the second of a name with ``-1``."""
    found, seen = set(), Counter[str]()
    for heading in re.findall(r"^#+ (.+?)\s*$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def broken(name: str, text: str) -> list[str]:
    """The links and pictures of a document, within this project, that lead nowhere."""
    inline = re.sub(r"`[^`\n]*`", "", prose(text))
    links = re.findall(r"\]\(([^)\s]+)\)", inline) + re.findall(r'(?:src|href)="([^"]+)"', inline)
    found = []
    for link in links:
        place, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        path = (ROOT / name).parent / place if place else ROOT / name
        known = anchors(path.read_text("utf-8")) if anchor and path.is_file() and path.suffix == ".md" else set()
        if not path.exists() or (anchor and anchor not in known):
            found.append(link)
    return found


def lines(block: str) -> Iterator[str]:
    """The commands of a block: without prompts, comments and what was printed; continued lines together."""
    is_console = any(line.startswith("$ ") for line in block.splitlines())
    for line in block.replace("\\\n", " ").splitlines():
        if is_console and not line.startswith("$ "):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        command: list[str] = []
        for word in [*words, "&&"]:
            if word in ("&&", ";", "|"):
                if command:
                    yield shlex.join(command)
                command = []
            else:
                command.append(word)


def spoken(text: str) -> list[str]:
    """The commands in a sentence: ``cldi …`` and ``make …`` in backquotes."""
    found = re.findall(r"`((?:cldi|make|python -m cldi_core) [^`]*)`", prose(text))
    return [" ".join(one.split()) for one in found]


def wrong(line: str, *, whole: bool = True) -> str:
    """What is wrong with a command, or nothing.

    Args:
        whole: it can be run as it stands; else words may be missing from it, and only names are looked at.
    """
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    if words[:1] == ["make"]:
        names = [word.partition("=")[0] for word in words[1:]]
        known = [name in (VARIABLES if name.isupper() or "_" in name else TARGETS) for name in names]
        return "" if all(known) else f"no target or variable: {names[known.index(False)]}"
    start = next((program for program in PROGRAMS if tuple(words[: len(program)]) == program), None)
    return "" if start is None else _wrong(typer.main.get_command(app), words[len(start) :], whole=whole)


def _wrong(command: object, words: list[str], *, whole: bool) -> str:
    while commands := getattr(command, "commands", None):
        if not words or words == ["--help"]:
            return ""
        if words[0] not in commands:
            return f"no command {words[0]}"
        command, words = commands[words[0]], words[1:]
    if whole:
        try:
            command.make_context("command", list(words))  # type: ignore[attr-defined]
        except TyperException as error:
            return error.format_message()
        return ""
    options = {option for each in command.params for option in each.opts + each.secondary_opts}  # type: ignore[attr-defined]
    unknown = [word for word in words if word.startswith("--") and word not in options | {"--help"}]
    return f"no option {unknown[0]}" if unknown else ""


def test_the_documents_are_found() -> None:
    assert {"README.md", "docs/DATA.md", "ARCHITECTURE.md", "data/demo/LICENSES.md"} <= set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    assert broken(name, TEXTS[name]) == []


@pytest.mark.parametrize("name", TEXTS)
def test_commands_exist_with_their_options(name: str) -> None:
    shown = [line for block in blocks(TEXTS[name], "sh", "console") for line in lines(block)]
    found = {line: wrong(line) for line in shown} | {line: wrong(line, whole=False) for line in spoken(TEXTS[name])}
    assert {line: why for line, why in found.items() if why} == {}


def test_a_link_or_a_command_that_is_wrong_is_seen() -> None:
    assert broken("README.md", "[a](docs/NONE.md) [b](docs/DATA.md#none) [c](https://x.org/y)") == [
        "docs/NONE.md",
        "docs/DATA.md#none",
    ]
    assert broken("docs/DATA.md", '[a](README.md) <img src="screenshots/none.webp">') == [
        "README.md",
        "screenshots/none.webp",
    ]
    assert anchors("# A `b`, c?\n## A b c\n```\n# no\n```\n") == {"a-b-c", "a-b-c-1"}
    assert list(lines("$ cldi a  # b\nsaid\n$ X=1 cldi b && cldi c \\\n  d\n")) == ["cldi a", "X=1 cldi b", "cldi c d"]
    assert wrong("cldi nothing") == "no command nothing" and wrong("make nothing") == "no target or variable: nothing"
    assert wrong("make run NONE=1") and not wrong("make run PORT=1") and not wrong("pip install .")
    assert "--none" in wrong("cldi check --dataset mine --none") and wrong("cldi check") and wrong("cldi pivot none")
    assert wrong("cldi score --dataset a --direction up") and not wrong("cldi check --dataset mine")
    assert wrong("cldi check --none …", whole=False) and not wrong("cldi check …", whole=False)
    assert spoken("`cldi check\n--deep` and `make run`\n```sh\n`cldi no`\n```\n") == ["cldi check --deep", "make run"]


def test_the_readme_is_short_and_says_what_to_do_with_own_data() -> None:
    assert len(README.encode()) <= 14_000
    headings = re.findall(r"^## (.+)$", prose(README), re.MULTILINE)
    assert headings[:2] == ["What you see", "Your own data"]


def test_the_example_in_python_runs(tmp_path: Path) -> None:
    (code,) = blocks(README, "python")
    asked = "\nassert scores.shape == (2, 2) and scores.dtype == 'float32' and result.n == 2 and 0 < result.mrr <= 1"
    program = [sys.executable, "-c", code + asked]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_an_import_says_is_what_is_shown() -> None:
    """All commands, run again; and what the sentences beside it say of them."""
    (shown,) = (block for block in blocks(README, "console") if "import-folder" in block)
    assert shown == example.transcript()
    assert "missing: picture that cannot be used (1)\n  'de/laufen/3.jpg'" in shown
    assert "de: 'Kuh' has the pictures of 'kuh'" in shown and "in no list: 'Pferd'" in shown


def test_a_word_with_a_slash_is_named_as_the_readme_says(tmp_path: Path) -> None:
    example.write(tmp_path)
    given = folder.read_words(tmp_path / "words.tsv")
    assert {("en", "km/h"), ("de", "km/h")} <= set(folder.look(tmp_path / "pictures", given).words)
    (tmp_path / "pictures/en/km_h/word.txt").unlink()
    alone = folder.look(tmp_path / "pictures").words
    assert {("en", "km h"), ("de", "kmh")} <= set(alone) and ("en", "km/h") not in alone
    (tmp_path / "pictures/en/km_h/word.txt").write_text("of the file", "utf-8")
    assert ("en", "of the file") in folder.look(tmp_path / "pictures").words
    assert ("en", "given") in folder.look(tmp_path / "pictures", {"km_h": "given"}).words, "goes before word.txt"
    report = folder.look(tmp_path / "pictures", {"en/none": "a"}).report
    assert [note.place for note in report.missing.of(folder.NO_FOLDER)] == ["en/none"]


def test_csls_helps_most() -> None:
    (body,) = re.findall(r"<!-- table: beyond -->\n(.*?)<!-- end -->", TEXTS["docs/RESULTS.md"], re.DOTALL)
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in body.splitlines()[2:]]
    gains = {row[0]: float(row[1].split()[0].replace("−", "-")) for row in rows}
    assert max(gains, key=lambda name: gains[name]) == "AVGMAX + CSLS"


@pytest.mark.parametrize("made", [records.formulas, records.backbones, records.providers])
def test_tables_of_records_have_a_row_for_each(made: object) -> None:
    rows = list(made())  # type: ignore[operator]
    assert rows[1] == "|" + "---|" * rows[1].count("---") and all(row.count("|") == rows[0].count("|") for row in rows)
    text = "\n".join(rows)
    for name in {
        "formulas": ("avgmax", "rrf", "METHOD+csls", "identity"),
        "backbones": ("vgg19", "resnet50"),
        "providers": ("wikipedia", "google", "pexels"),
    }[made.__name__]:  # type: ignore[attr-defined]
        assert f"\n| `{name}` |" in text  # fmt: skip
