"""The documents' tables: what is typed by hand is seen, and what is written is what was stored and measured."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import report
from cldi_core.errors import CldiError
from cldi_core.evaluation import metrics, tables
from cldi_core.evaluation.metrics import Interval
from tests.oracles import mean_of_means
from tools.documents import __main__ as program
from tools.documents import coverage, results, speed
from tools.documents.form import Made, fill, short, shown, table

MADE = Made({"one": ["| | a |", "|---|---|", "| b | 1 |"]}, {"all": "9"})
TEXT = "Before\n\n<!-- table: one -->\nold\n<!-- end -->\n\n1 of <!-- figure: all -->?<!-- end --> words\n"


def filled(text: str, made: Made = MADE) -> str:
    return fill({"A.md": text}, made)["A.md"]


def test_tables_and_figures_are_filled_in_and_nothing_else_changes() -> None:
    once = filled(TEXT)
    assert once == (
        "Before\n\n<!-- table: one -->\n| | a |\n|---|---|\n| b | 1 |\n<!-- end -->\n\n"
        "1 of <!-- figure: all -->9<!-- end --> words\n"
    )
    assert filled(once) == once, "twice is as once"
    words = "<!-- words -->\n| page | what |\n|---|---|\n<!-- end -->\n"
    assert filled(words, Made({}, {})) == words
    said = Made({}, {}, {"run": "$ run\ndone\n"})
    assert filled("<!-- output: run -->\n<!-- end -->\n", said) == (
        "<!-- output: run -->\n```console\n$ run\ndone\n```\n<!-- end -->\n"
    )


def test_what_is_made_may_stand_in_any_document_and_in_several() -> None:
    figure = "<!-- figure: all -->?<!-- end -->\n"
    both = fill({"A.md": TEXT, "B.md": figure}, MADE)
    assert both == {"A.md": filled(TEXT), "B.md": "<!-- figure: all -->9<!-- end -->\n"}
    with pytest.raises(CldiError, match="no document has a place for: table one"):
        fill({"A.md": figure, "B.md": figure}, MADE)
    with pytest.raises(CldiError, match=r"^B\.md: a table is typed by hand"):
        fill({"A.md": TEXT, "B.md": "| typed | .61 |\n"}, MADE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("table: one", "table: two"), "nothing makes the table 'two'; choose from: one"),
        (TEXT.replace("figure: all", "figure: some"), "nothing makes the figure 'some'; choose from: all"),
        (TEXT.replace("\n<!-- end -->\n\n1", "\n\n1"), "has a place for: figure all|has no partner"),
        (TEXT + "<!-- output: one -->\n<!-- end -->\n", "nothing makes the output 'one'"),
        (TEXT + "<!-- table: one -->\n", r"<!-- table: one --> has no partner"),
        (TEXT + "<!-- end -->\n", r"<!-- end --> has no partner"),
        (TEXT + "\n| typed | .61 |\n", r"a table is typed by hand: \| typed \| \.61 \|"),
        (TEXT + "\n  | indented | .61 |\n", r"a table is typed by hand: \| indented"),
        ("nothing", "no document has a place for: table one, figure all"),
    ],
)
def test_what_is_not_made_is_named(text: str, message: str) -> None:
    with pytest.raises(CldiError, match=message):
        filled(text)


@pytest.mark.parametrize(
    ("value", "sign", "digits", "text"),
    [
        (0.604, "", 2, ".60"), (1.0, "", 2, "1.00"), (0.094, "+", 2, "+.09"), (-0.014, "+", 2, "−.01"),
        (-0.004, "+", 2, ".00"), (0.004, "+", 2, ".00"), (0.0, "", 2, ".00"), (-0.0021, "+", 3, "−.002"),
        (10.0, "+", 2, "+10.00"), (-0.5, "", 2, "−.50"),
    ],
)  # fmt: skip
def test_figures_are_short(value: float, sign: str, digits: int, text: str) -> None:
    assert short(value, sign, digits) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Interval(0.09, 0.06, 0.12, 99), "**+.09 [+.06, +.12]**"),
        (Interval(-0.09, -0.12, -0.06, 99), "**−.09 [−.12, −.06]**"),
        (Interval(0.02, 0.004, 0.05, 99), "+.02 [.00, +.05]"),
        (Interval(-0.02, -0.04, -0.004, 99), "−.02 [−.04, .00]"),
        (Interval(0.001, -0.002, 0.003, 99), "+.001 [−.002, +.003]"),
        (Interval(0.15, math.nan, math.nan, 11), "+.15 (n too small)"),
    ],
)
def test_a_difference_is_bold_only_where_what_is_written_excludes_0(found: Interval, text: str) -> None:
    assert shown(found, "+") == text
    assert "*" not in shown(found), "figures that are no differences are never bold"


def test_a_table_has_its_head_and_empty_cells() -> None:
    assert list(table(["", "a"], ["b", ""])) == ["| | a |", "|---|---|", "| b | |"]


@pytest.fixture(scope="module")
def demo() -> results.Set:
    return results.Set("demo")


def test_the_tables_of_results_are_those_of_the_stored_ranks(demo: results.Set) -> None:
    """Computed once more, literally, for one method and part of speech."""
    frames = {pair: own["cnn-max"][own["cnn-max"]["pos"] == "V"] for pair, own in demo.frames.items()}
    every = pd.concat([frame.set_index("query")["rank"] for frame in frames.values()], axis=1)
    mean = mean_of_means((1 / every).to_numpy().tolist())
    assert demo.interval("cnn-max", "VB").value == pytest.approx(mean)
    assert demo.interval("cnn-max", "VB").n == len({query[:-2] for query in every.index})
    base = pd.concat(
        [own["avgmax"][own["avgmax"]["pos"] == "V"].set_index("query")["rank"] for own in demo.frames.values()], axis=1
    )
    less = mean_of_means((1 / every - 1 / base.loc[every.index]).to_numpy().tolist())
    (line,) = [line for line in results.beyond(demo, demo) if line.startswith("| CNN-MAX |")]
    assert demo.gains["cnn-max", "VB"].value == pytest.approx(less)
    assert line.split(" | ")[3].strip("*").startswith(short(less, "+"))


def test_a_stale_ranking_is_an_error(demo: results.Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "stored_rankings", lambda pair, ways: {})
    with pytest.raises(CldiError, match=r"demo has no fitting rankings for: avgmax.*; run: python -m cldi_core score"):
        results.Set("demo").frames  # noqa: B018


def test_coverage_is_counted() -> None:
    """An interval that always, never, or for every other draw holds the truth."""
    low, high = Interval(0, 0.4, 0.6, 30), Interval(0, 0.6, 0.8, 30)
    assert coverage.held(0.5, lambda drawn: low, 9, 20) == "1.00"
    assert coverage.held(0.5, lambda drawn: high, 9, 20) == ".00"
    assert coverage.held(0.5, lambda drawn: low if drawn[0] < 5 else high, 10, 20) in (
        ".48",
        ".49",
        ".50",
        ".51",
        ".52",
    )
    assert coverage.held(0.5, lambda drawn: metrics.NOTHING, 9, 20) == ".00", "no interval holds nothing"


def test_tables_of_speed_are_made_of_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path)
    where = {"kind": "machine", "cpu": "A processor", "cores": 4, "peers": {"faiss-cpu": "9.9"}}
    speeds = [
        {"kind": "speed", "label": label, "dim": dim, "seconds": seconds, "status": "measured"}
        for label, dim, seconds in (("ours: all", 8, 0.5), ("faiss-cpu, flat", 8, 1.25), ("ours: all", 16, 2.0))
    ]
    missing = {"kind": "speed", "label": "faiss-cpu, flat", "dim": 16, "status": "not installed"}
    report.keep("scoring", [where, *speeds, missing], tmp_path)
    report.keep("extraction", [where, {"kind": "extract", "label": "ours", "seconds": 0.0123}], tmp_path)
    page = {"kind": "page", "label": "first", "seconds": 0.5, "fastest": 0.25, "slowest": 2.0, "repeats": 5}
    report.keep("pages", [where, page], tmp_path)
    assert list(speed.scoring())[2:] == [
        "| **ours**: all | 0.50 s | 2.00 s |",
        "| faiss-cpu 9.9, flat | 1.25 s | not installed |",
    ]
    assert list(speed.extraction())[2:] == ["| **ours** | 12.3 |"]
    assert list(speed.pages())[2:] == ["| first (5 times) | 0.50 s [0.25, 2.0] |"]
    day = json.loads((tmp_path / "pages.json").read_text("utf-8"))["date"]
    said = speed.figures()
    assert dict([next(said), next(said), next(said)])["pages-machine"] == f"{day}, 4 cores of A processor"
    with pytest.raises(
        CldiError, match="of the measurements 'scoring', 0 are of row ours, dim 1280, and one is expected"
    ):
        next(said)


def test_sentences_on_speed_have_the_figures_of_the_tables() -> None:
    said, scored, extracted, opened = (
        dict(speed.figures()), *("\n".join(made()) for made in (speed.scoring, speed.extraction, speed.pages)),
    )  # fmt: skip
    assert f"| **ours**: all methods of best matches | {said['scoring-ours']} |" in scored
    assert f"| numpy, a product per word pair: AVGMAX | {said['scoring-pairs']} |" in scored
    for network, row in (
        ("efficientnet-lite0", "EfficientNet-Lite0: **ours** from files"),
        ("vgg19", "VGG19: **ours**"),
    ):
        (line,) = [line for line in extracted.splitlines() if line.startswith(f"| {row}")]
        assert said[f"{network}-rate"] == f"{1000 / float(line.split('|')[2]):.0f}"
    assert f"down to its chart (5 times) | {said['first-page']} [" in opened
    assert f"last picture (20 times) | {said['next-word']} [" in opened


def test_a_table_by_hand_leaves_all_documents_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    readme, other = tmp_path / "README.md", tmp_path / "docs/OTHER.md"
    other.write_text("| by | hand |\n", "utf-8")
    readme.write_text(TEXT, "utf-8")
    found = program.documents(tmp_path)
    assert list(found) == ["README.md", "docs/OTHER.md"]
    monkeypatch.setattr(program, "documents", lambda: found)
    monkeypatch.setattr(program, "made", lambda: MADE)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 1 and readme.read_text("utf-8") == TEXT
    assert capsys.readouterr().err.startswith("error: docs/OTHER.md: a table is typed by hand")
    other.write_text("No table.\n", "utf-8")
    program.main()
    assert readme.read_text("utf-8") == filled(TEXT) and other.read_text("utf-8") == "No table.\n"


def test_averages_need_all_pairs(demo: results.Set) -> None:
    assert {record["pair"] for record in demo.average.values()} == {tables.AVERAGE}
    assert len(demo.frames) == 5
