"""The command line: exit codes, one line for every mistake, and JSON that other programs can read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import pictures
from cldi_core.data.dataset import Dataset, create
from cldi_core.features import extraction
from cldi_core.insight import map_layout, maps
from cldi_core.scoring.methods import METHODS
from tests.commands.conftest import Run, strict
from tests.conftest import BACKBONE, FakeExtractor, build_small, draw, made_up, picture

pytestmark = pytest.mark.usefixtures("decoding_here")

ROOT = Path(__file__).resolve().parents[2]
USUAL = [name for name, way in METHODS.items() if not way.dear]
COMMANDS = (
    "import-lists",
    "import-folder",
    "extract",
    "score",
    "evaluate",
    "project",
    "explain",
    "learning-curve",
    "check",
)


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cldi_core", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_module_runs_as_a_program(small: Dataset) -> None:
    done = process("evaluate", "--dataset", str(small.path), "--method", "avgmax")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pair     method POS  MRR, 95 %")
    assert len(done.stdout.splitlines()) == 1 + 4 + 1


def test_a_mistake_in_a_real_process_is_one_line(data: Path) -> None:
    done = process("check", "--dataset", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown data set 'nope'") and done.stderr.count("\n") == 1


def test_without_arguments_help_is_shown(run: Run) -> None:
    code, out, err = run()
    assert code == 2 and out == ""
    assert all(command in err for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert "--dataset" in out and "--json" in out


WRONG_USE: dict[str, tuple[str, str]] = {
    "unknown data set": ("evaluate --dataset nope", "unknown data set 'nope'; choose from: small"),
    "unknown pair": ("evaluate --dataset small --pair en-xx", "unknown language pair 'en-xx'; choose from: en-de"),
    "unknown method": ("score --dataset small --method best", "unknown method 'best'; choose from: avgmax"),
    "method of evaluate": ("evaluate --dataset small --method best", "unknown method 'best'; choose from: avgmax"),
    "unknown word": ("explain --dataset small --pair en-de --word dgo", "unknown word 'dgo'; choose from: dog"),
    "missing features": ("project --dataset small --backbone vgg19", "extract --dataset small --backbone vgg19"),
    "unknown backbone": ("extract --dataset small --backbone vgg99", "unknown backbone 'vgg99'"),
    "unknown device": ("extract --dataset small --device tpu", "unknown device 'tpu'"),
    "top 0": ("explain --dataset small --pair en-de --word dog --top 0", "--top"),
    "top many": ("explain --dataset small --pair en-de --word dog --top many", "--top"),
    "nonsense option": ("evaluate --dataset small --nonsense", "No such option: --nonsense"),
    "nonsense command": ("translate", "translate"),
    "missing option": ("evaluate", "'--dataset'"),
    "missing argument": ("import-lists --dataset small", "files"),
    "too many arguments": ("check --dataset small extra", "extra"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use_ends_with_2_and_one_line(run: Run, small: Dataset, name: str) -> None:
    arguments, text = WRONG_USE[name]
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and text in err


def _two_columns(path: Path) -> None:
    (path / "lexicon" / "en-de.tsv").write_text("dog\tHund\n", "utf-8")


def _no_toml(path: Path) -> None:
    (path / "dataset.toml").unlink()


def _cut_features(path: Path) -> None:
    shard = next(path.glob("features/*/*"))
    shard.write_bytes(shard.read_bytes()[:50])


FAILURES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "two columns": (_two_columns, "evaluate --dataset small", "line 1: 'dog\\tHund' has 2 columns"),
    "two columns, explained": (_two_columns, "explain --dataset small --pair en-de --word dog", "has 2 columns"),
    "no toml": (_no_toml, "evaluate --dataset small", "it has no dataset.toml"),
    "cut features": (_cut_features, "score --dataset small", "cannot be read"),
    "no such list": (_cut_features, "import-lists none_en_de.txt --dataset small", "there is no word list"),
    "no such folder": (_cut_features, "import-folder nowhere --dataset small", "'nowhere' is not a folder"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_ends_with_1_and_one_line(run: Run, small: Dataset, name: str) -> None:
    break_it, arguments, text = FAILURES[name]
    break_it(small.path)
    code, out, err = run(*arguments.split())
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and text in err


def test_an_interrupted_command_says_how_to_go_on(
    run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def interrupt(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(maps, "project", interrupt)
    code, out, err = run("project", "--dataset", "small")
    assert (code, out) == (130, "") and err == "error: interrupted; run it again to go on\n"


def test_evaluate_prints_json(ask: Callable[..., dict]) -> None:
    answer = ask("evaluate")
    assert {"dataset", "backbone", "results"} <= set(answer)
    assert (answer["dataset"], answer["backbone"]) == ("small", BACKBONE)
    keys = {"pair", "method", "setting", "mrr", "mrr_low", "mrr_high", "p@1", "p@10", "n", "coverage"}
    assert all(keys <= set(record) for record in answer["results"])
    found = [(record["pair"], record["setting"], record["method"]) for record in answer["results"]]
    assert sorted(found) == sorted(("en-de", s, m) for s in ("ALL", "NN", "VB", "ADJ") for m in USUAL)
    every = [record for record in answer["results"] if record["setting"] == "ALL"]
    assert {(record["n"], record["coverage"]) for record in every} == {(6, 6 / 7)}


def test_evaluate_says_where_words_are_too_few(run: Run, ask: Callable[..., dict]) -> None:
    """Six words, and none of them a verb whose answer has pictures: no interval is printed, no nan, no zero width."""
    code, out, err = run("evaluate", "--dataset", "small", "--method", "avgmax")
    assert (code, err) == (0, "")
    head, *lines, note = out.splitlines()
    assert "words" in head and note.endswith("words: what the intervals are over; there is none below 20 words")
    records = ask("evaluate", "--method", "avgmax")["results"]
    assert len(lines) == len(records) == 4
    for line, record in zip(lines, records, strict=True):
        assert f" {record['mrr']:.2f} (n too small) " in line and "[" not in line and "nan" not in line
        assert (record["mrr_low"], record["p@1_high"], record["p@10_why"]) == (None, None, "n too small")
    assert [record["clusters"] for record in records] == [6, 3, 1, 2]


def test_evaluate_json_has_null_where_nothing_was_measured(run: Run, data: Path) -> None:
    new = create(data / "new")
    (new.path / "lexicon").mkdir()
    (new.path / "lexicon" / "en-de.tsv").write_text("dog\tHund\tN\n", "utf-8")
    from cldi_core.features import shards

    ids = [picture("sun").id]
    shards.write_shard(new.path / "features" / BACKBONE / "x.safetensors", ids, made_up(ids), {})
    code, out, _ = run("evaluate", "--dataset", "new", "--method", "avgmax", "--json")
    records = strict(out)["results"]
    assert code == 0
    assert {(record["mrr"], record["n"]) for record in records} == {(None, 0)}


def test_same_spelled_words_can_be_left_out(ask: Callable[..., dict]) -> None:
    counts = []
    for option in ("--same-spelled", "--no-same-spelled"):
        records = ask("evaluate", "--method", "avgmax", option)["results"]
        counts += [record["n"] for record in records if record["setting"] == "NN"]
    assert counts == [3, 2]


def test_import_lists_prints_one_array_of_several_files(run: Run, data: Path, tmp_path: Path) -> None:
    files = [tmp_path / "imgWords_en_de.txt", tmp_path / "en-fr.tsv"]
    files[0].write_text("hand\tHand\tN\nsit\tsich setzen\tV\nsit\tsitzen\tV\n", "utf-8")
    files[1].write_text("red\trouge\tADJ\n", "utf-8")
    code, out, err = run("import-lists", *files, "--dataset", "new", "--json")
    assert (code, err) == (0, "")
    first, second = strict(out)
    summary = {
        "file": str(files[0]), "pair": "en-de", "rows": 3, "pos": {"N": 1, "V": 2, "A": 0, "X": 0}, "source_words": 2,
        "target_words": 3, "multiword": 1, "same_spelled": {"N": 1, "V": 0, "A": 0, "X": 0},
    }  # fmt: skip
    assert {name: first[name] for name in summary} == summary
    assert second["pair"] == "en-fr" and second["pos"] == {"N": 0, "V": 0, "A": 1, "X": 0}
    assert Dataset(data / "new").pairs == ("en-de", "en-fr")
    again = strict(run("import-lists", files[0], "--dataset", "new", "--json")[1])
    assert {**again, "time": first["time"]} == first, "one list is one object"


def test_one_bad_list_prints_and_writes_nothing(run: Run, data: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "en-fr.tsv", tmp_path / "en-de.tsv"
    good.write_text("red\trouge\tA\n", "utf-8")
    bad.write_text("red\n", "utf-8")
    code, out, err = run("import-lists", good, bad, "--dataset", "new")
    assert (code, out) == (1, "") and err.count("\n") == 1 and "1 column" in err
    assert not (data / "new").exists()


def test_import_folder_names_what_it_could_not_use(run: Run, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drawn" / "en" / "dog"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(draw("sun"))
    assert run("import-folder", tmp_path / "drawn", "--dataset", "new")[::2] == (0, "")
    for number in range(30):
        (folder / f"bad{number:02}.png").write_bytes(b"")
    code, out, err = run("import-folder", tmp_path / "drawn", "--dataset", "new", "--json")
    assert code == 1
    assert err.splitlines()[:2] == [
        "missing: picture that cannot be used (30)",
        "  'en/dog/bad00.png': the file is empty",
    ]
    assert err.splitlines()[-1] == "  … and 10 more" and len(err.splitlines()) == 22
    answer = strict(out)
    assert (answer["pictures"], answer["new"], len(answer["failed"])) == (1, 0, 30)
    assert answer["languages"] == {"en": 1}


def test_extract_prints_json_and_ends_with_1_for_a_broken_picture(
    run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    code, out, err = run("extract", "--dataset", "small", "--force", "--json")
    assert (code, err) == (0, "")
    answer = strict(out)
    assert answer.pop("seconds") >= 0
    assert answer == {"pictures": 17, "extracted": 17, "reused": 0, "failed": []}
    cut = pictures.Picture(draw("house")[:200], "en/cut.png", 96, 96)
    pictures.write_shards(small.path / "images", [cut])
    for _ in range(2):
        code, out, err = run("extract", "--dataset", "small", "--json")
        answer = strict(out)
        assert code == 1 and err.startswith("not used: 'en/cut.png': broken picture") and err.count("\n") == 1
        assert [set(row) for row in answer["failed"]] == [{"file", "reason"}]
        assert (answer["pictures"], answer["extracted"], answer["reused"]) == (18, 0, 17)


@pytest.mark.parametrize("word", ["dog", "run.V", "ghost", "red"])
@pytest.mark.parametrize("method", ["avgmax", "knn"])
def test_explain_prints_json(ask: Callable[..., dict], word: str, method: str) -> None:
    answer = ask("explain", "--pair", "en-de", "--word", word, "--method", method, "--top", 4)
    assert {"word", "gold", "candidates", "dispersion", "senses"} <= set(answer)
    assert answer["word"] == word.removesuffix(".V")
    assert len(answer["candidates"]) == 4
    assert all({"word", "rank", "score"} <= set(record) for record in answer["gold"])
    assert all({"word", "rank", "score", "gold"} <= set(record) for record in answer["candidates"])
    if word == "ghost":
        assert answer["gold"][0]["rank"] is None and answer["dispersion"] is None


def test_explain_prints_the_facts_of_its_json(run: Run, ask: Callable[..., dict], small: Dataset) -> None:
    for word in ("dog", "run", "ghost"):
        told = ("explain", "--dataset", "small", "--pair", "en-de", "--word", word, "--top", 3)
        code, out, _ = run(*told)
        found = ask("explain", "--pair", "en-de", "--word", word, "--top", 3)
        lines = out.splitlines()
        outcome = "no pictures" if found["outcome"] == "uncovered" else found["outcome"]
        assert code == 0 and lines[0] == f"outcome: {outcome}" and "nan" not in "".join(lines[:-3])
        rights = [line for line in lines if line.startswith("right answer: ")]
        assert [line.split(": ")[1].split(",")[0] for line in rights] == [right["word"] for right in found["gold"]]
        assert all(line.endswith(f" of {found['ranked']}") for line in rights)
        assert found["verdict"] and lines.count(f"verdict: {found['verdict']}") == 1
        told_causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
        assert told_causes == [
            f"{one['cause']}, strength {one['strength']:.2f} ({one['missed']} of {one['missed_of']} missed "
            f"{one['among']}, {one['found']} of {one['found_of']} found)"
            for one in found["causes"]
        ]
        assert found["reason"] == (found["causes"][0]["cause"] if found["outcome"] != "found" else "")
        changes = [line.removeprefix("what if: ") for line in lines if line.startswith("what if: ")]
        assert [line.partition(": rank ")[0] for line in changes] == [one["change"] for one in found["what_if"]][:5]
        named = found["outcome"] != "found" and found["winner"] is not None
        assert any(named and line.startswith(f"winner: {found['winner']['word']} (") for line in lines) == named
        assert [line.split()[-1] for line in lines[-3:]] == [one["word"] for one in found["candidates"]]
    assert "pictures 2, dispersion " in run(*told[:6], "dog")[1] and "senses 8\n" in run(*told[:6], "dog")[1]


def test_score_keeps_what_evaluate_needs(ask: Callable[..., dict], small: Dataset) -> None:
    answer = ask("score")
    assert [record["method"] for record in answer["scored"]] == USUAL
    assert {tuple(record["shape"]) for record in answer["scored"]} == {(7, 9)}
    assert {(record["precision"], record["device"], record["found"]) for record in answer["scored"]} == {
        ("exact", "cpu", False)
    }
    kept = {path.stem for path in small.path.glob("rankings/*/en-de/*")}
    assert kept == {*USUAL, "spelling", "identity"}


def test_scoring_again_does_nothing(run: Run, ask: Callable[..., dict], small: Dataset) -> None:
    ask("score")
    before = {path: path.stat().st_mtime_ns for path in small.path.rglob("*") if path.is_file()}
    assert all(record["found"] for record in ask("score")["scored"])
    code, out, err = run("score", "--dataset", "small")
    assert (code, err) == (0, "")
    count = len(USUAL)
    assert out == f"en-de: 7 × 9 words, nothing to compute; there already: {count} of {count} methods\n"
    assert {path: path.stat().st_mtime_ns for path in small.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("given", ["exact", "fast", "auto"])
def test_the_old_precision_is_accepted_and_does_nothing(run: Run, small: Dataset, given: str) -> None:
    code, out, err = run("score", "--dataset", "small", "--method", "maxmax", "--precision", given, "--json")
    (record,) = strict(out)["scored"]
    assert (code, record["precision"]) == (0, "exact")
    assert err == "--precision does nothing any more: scores are exact; leave it out\n"
    assert run("score", "--dataset", "small", "--method", "maxmax", "--precision", given)[1].endswith(
        "nothing to compute; there already: 1 of 1 method\n"
    )


def test_composed_methods(run: Run, ask: Callable[..., dict], small: Dataset) -> None:
    code, out, _ = run("score", "--dataset", "small", "--method", "maxmax+csls", "--pair", "en-de")
    assert code == 0
    assert out == "en-de: 7 × 9 words, computed maxmax+csls on cpu; there already: 0 of 1 method\n"
    answer = ask("evaluate", "--method", "rrf=avgmax,cnn-mean")
    assert {(record["method"], record["precision"]) for record in answer["results"]} == {
        ("rrf=avgmax,cnn-mean", "exact")
    }


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--device", "tpu"), "unknown device 'tpu'; choose from: cpu, cuda"),
        (("--method", "avgmax+"), "unknown method 'avgmax+'; choose from: avgmax, maxmax"),
    ],
)
def test_score_refuses_unknown_choices(run: Run, small: Dataset, option: tuple[str, str], told: str) -> None:
    code, out, err = run("score", "--dataset", "small", *option)
    assert (code, out) == (2, "") and err.startswith(f"error: {told}") and err.count("\n") == 1
    assert not (small.path / "scores").exists()


def test_project_says_what_it_did(ask: Callable[..., dict], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "umap", lambda rows, **named: map_layout.pca(rows))
    assert ask("project") == {"words": "pca", "pictures": "umap"}
    assert ask("project") == {"words": "kept", "pictures": "kept"}
    assert ask("project", "--force") == {"words": "pca", "pictures": "umap"}


def test_check_ends_with_1_only_when_something_is_broken(run: Run, small: Dataset) -> None:
    code, out, err = run("check", "--dataset", "small", "--deep", "--json")
    assert (code, err) == (0, "")
    findings = strict(out)["findings"]
    assert sum(finding["area"] == "files" for finding in findings) == 1, "one was put there by hand: senses.tsv"
    keys = {"level", "area", "text", "next_step", "kind", "pair", "words", "pictures"}
    assert [set(finding) for finding in findings] == [keys] * len(findings)
    _two_columns(small.path)
    code, out, _ = run("check", "--dataset", "small")
    assert code == 1 and out.startswith("error   word lists: ") and "import-lists" in out
    assert len(out.splitlines()) == len(findings) - 5, "one error in place of what was said of the word list"


def test_a_path_is_scored_whatever_bears_its_name(run: Run, small: Dataset, tmp_path: Path) -> None:
    other = build_small(tmp_path / "x" / "small")
    answer = strict(run("score", "--dataset", other.path, "--method", "avgmax", "--json")[1])
    assert answer["dataset"] == "small" and [record["found"] for record in answer["scored"]] == [False]
    assert (other.path / "scores").is_dir() and not (small.path / "scores").exists()
    (other.path / "lexicon" / "en-de.tsv").unlink()
    code, _, err = run("score", "--dataset", other.path)
    assert code == 2 and f"--dataset {other.path}\n" in err


def test_a_guest_finds_features_at_its_host(run: Run, small: Dataset) -> None:
    guest = create(small.path.parent / "guest", pictures="../small")
    (guest.path / "lexicon").mkdir()
    (guest.path / "lexicon" / "en-de.tsv").write_bytes((small.path / "lexicon" / "en-de.tsv").read_bytes())
    (guest.path / "words.parquet").write_bytes((small.path / "words.parquet").read_bytes())
    answers = [strict(run("evaluate", "--dataset", name, "--json")[1])["results"] for name in ("guest", "small")]
    assert answers[0] == answers[1]
    assert not (guest.path / "features").exists()
