"""``--json``: exactly one JSON document on standard output, whatever is given and however it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from cldi_core.commands import main
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import Dataset
from cldi_core.features import extraction
from cldi_core.insight import map_layout, maps
from tests.conftest import FakeExtractor, draw

pytestmark = pytest.mark.usefixtures("decoding_here")

Answer = tuple[int, Any, str]


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], small: Dataset, tmp_path: Path
) -> Callable[[str], Answer]:
    """Run a command with ``--json``: → exit code, the one document, standard error.  ``TMP`` is a folder of files."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    monkeypatch.setattr(
        map_layout, "umap", lambda rows, **named: map_layout.pca(rows)
    )  # which compiles for half a minute
    for pair in ("en-fr", "en-it"):
        (tmp_path / f"{pair}.tsv").write_text("red\trouge\tA\n", "utf-8")
    (tmp_path / "en-es.tsv").write_text("red\n", "utf-8")
    (tmp_path / "half_en_de.tsv").write_text("red\trot\tA\nred\n", "utf-8")
    for name, data in (("good/en/dog/1.png", draw("sun")), ("half/en/dog/1.png", draw("sun")),
                       ("half/en/dog/2.png", b""), ("half/en/_/1.png", b"x"), ("bad/en/dog/1.png", b"")):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    (tmp_path / "mmid" / "1").mkdir(parents=True)
    (tmp_path / "mmid" / "1" / "word.txt").write_text("Hund\n", "utf-8")
    (tmp_path / "mmid" / "1" / "01.png").write_bytes(draw("sun"))
    np.savez(tmp_path / "rows.npz", Hund=np.eye(3))
    (tmp_path / "ratings.tsv").write_text("dog\t4.85\n", "utf-8")

    def call(line: str) -> Answer:
        arguments = [word.replace("TMP", str(tmp_path)) for word in line.split()]
        monkeypatch.setattr(sys, "argv", ["cldi_core", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), strict(out), err

    return call


def strict(text: str) -> Any:
    """The one document, on one line, without nan and infinity, which JSON does not have."""
    (line,) = text.splitlines()

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(line, parse_constant=refuse)


# command → how it can be asked for → the exit code
ASKED: dict[str, dict[str, int]] = {
    "import-lists": {
        "TMP/en-fr.tsv --dataset new": 0,
        "TMP/en-fr.tsv TMP/en-it.tsv --dataset new": 0,
        "TMP/en-fr.tsv TMP/en-es.tsv --dataset new": 1,
        "TMP/none.tsv --dataset new": 1,
        "TMP/half_en_de.tsv --dataset new": 1,
        "TMP/en-fr.tsv --dataset new --pos Q": 2,
        "--dataset new": 2,
    },
    "import-folder": {
        "TMP/good --dataset new": 0,
        "TMP/half --dataset new": 1,
        "TMP/bad --dataset new": 1,
        "TMP/none --dataset new": 1,
        "TMP/good": 2,
    },
    "collect": {  # the good case: test_collecting.py
        "--dataset small --pair en-de --provider commons --dry-run": 0,
        "--dataset small --pair en-de --provider commons": 1,  # no contact
        "--dataset small --pair en-de --provider no": 2,
        "--dataset small --pair en-xx --provider commons": 2,
    },
    "doctor": {"": 0},
    "import-mmid": {
        "TMP/mmid --dataset new --lang german": 0,
        "TMP/mmid --dataset new": 1,
        "TMP/none --dataset new --lang de": 1,
        "TMP/mmid": 2,
    },
    "import-features": {
        "TMP/rows.npz --dataset new --backbone mine --lang de": 0,
        "TMP/rows.npz --dataset new --backbone mine": 1,
        "TMP/rows.npz --dataset new --backbone vgg19 --lang de": 1,
        "TMP/rows.npz --dataset new": 2,
    },
    "import-hf": {
        "TMP/good/en --dataset new --lang en": 0,
        "TMP/bad/en --dataset new --lang en": 1,
        "TMP/none --dataset new --lang en": 1,
        "TMP/good/en --dataset new": 2,
    },
    "import-concreteness": {
        "TMP/ratings.tsv --dataset small": 0,
        "TMP/en-es.tsv --dataset small": 1,
        "--dataset small": 2,
    },
    "export": {
        "--dataset small --output TMP/out.zip": 0,
        "--dataset small --output TMP/out.zip --language xx": 2,
        "--dataset small --output TMP": 2,
        "--dataset none --output TMP/out.zip": 2,
    },
    "import": {"TMP/none.zip --dataset new": 1, "TMP/en-fr.tsv --dataset new": 1, "--dataset new": 2},
    "export-lexicon": {
        "--dataset small --pair en-de --output TMP/out.tsv": 1,  # it has no scores; good cases: test_exporting.py
        "--dataset small --pair en-de --output TMP/out.tsv --format no": 2,
        "--dataset small --pair en-de --output TMP/out.tsv --min-precision 2": 2,
    },
    "extract": {"--dataset small --force": 0, "--dataset small --backbone no": 2, "--dataset none": 2, "--no": 2},
    "score": {"--dataset small": 0, "--dataset small --method no": 2, "--dataset small --pair en-xx": 2},
    "evaluate": {"--dataset small --method avgmax": 0, "--dataset small --method no": 2, "--dataset small --clean": 0},
    "prepare": {
        "--dataset small": 0,
        "--dataset small --backbone no": 2,
    },
    "project": {"--dataset small": 0, "--dataset small --backbone no": 2},
    "explain": {
        "--dataset small --pair en-de --word dog": 0,
        "--dataset small --pair en-de --word ghost": 0,
        "--dataset small --pair en-de --word no": 2,
        "--dataset small --pair en-de --word dog --top 0": 2,
    },
    "learning-curve": {
        "--dataset small --method avgmax --draws 1": 0,
        "--dataset small --method no": 2,
        "--dataset small --pair en-xx": 2,
        "--dataset small --draws 0": 2,
    },
    "check": {"--dataset small": 0, "--dataset small --deep": 0, "--dataset none": 2},
    "answers": {"--dataset small": 0, "--dataset small --delete Eve": 2, "--dataset none": 2},
    "judgements list": {"--dataset small": 0, "--dataset small --name Eve": 2, "--dataset none": 2},
    "judgements export": {"TMP/out.tsv --dataset small --name Eve": 2, "TMP/out.tsv --dataset small": 2},
    "judgements import": {"TMP/en-fr.tsv --dataset small --name Eve": 1, "TMP/none.tsv --dataset small --name Eve": 1},
    "judgements delete": {"--dataset small --name Eve": 2, "--dataset small": 2},
    # Their good cases: test_pivot.py
    "pivot train": {
        "--dataset small --model no": 2,
        "--dataset small --holdout no": 2,
        "--dataset small --preset no": 2,
        "--dataset small": 1,  # it has no descriptions
    },
    "pivot evaluate": {"--dataset small --pair en-de --model no": 2, "--no": 2},
    "pivot translate": {"--dataset small --pair en-de --model no dog": 2},
}


def with_json(app: typer.Typer, before: str = "") -> set[str]:
    """The commands that have ``--json``."""
    group = typer.main.get_group(app)
    found = set()
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {own}" for own, each in command.commands.items() if _has_json(each)}
        elif _has_json(command):
            found.add(name)
    return found


def _has_json(command: Any) -> bool:
    return any("--json" in option.opts for option in command.params)


def test_no_command_with_json_is_forgotten() -> None:
    assert with_json(main.app) == set(ASKED)


@pytest.mark.parametrize(
    ("line", "code"),
    [(f"{command} {options}", code) for command, cases in ASKED.items() for options, code in cases.items()],
)
def test_one_document_is_printed(ask: Callable[[str], Answer], line: str, code: int) -> None:
    found, document, err = ask(line)
    assert found == code
    several = line.startswith("import-lists") and line.count("TMP") == 2 and code == 0
    assert isinstance(document, list if several else dict)
    if code == 2 or err.startswith("error: "):
        assert list(document) == ["error"] and err == f"error: {document['error']}\n"
    else:
        assert "error" not in document and (err == "") == (code == 0)


def test_an_interruption_is_a_document_too(ask: Callable[[str], Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(maps, "project", interrupt)
    assert ask("project --dataset small")[:2] == (130, {"error": "interrupted; run it again to go on"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have_are_null(capsys: pytest.CaptureFixture[str], value: float) -> None:
    print_json({"a": [value, (value, 1.5)], "b": {"c": value}})
    assert strict(capsys.readouterr().out) == {"a": [None, [None, 1.5]], "b": {"c": None}}


def test_what_could_not_be_used_is_said_in_the_document(ask: Callable[[str], Answer]) -> None:
    code, document, err = ask("import-folder TMP/half --dataset new")
    assert code == 1 and [row["file"] for row in document["failed"]] == ["en/_", "en/dog/2.png"]
    assert document["skipped"] == [] and err.count("missing: ") == 2
