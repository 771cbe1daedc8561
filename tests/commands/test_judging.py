"""``cldi judgements``: listed, taken out, taken in, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import judgements as files
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.evaluation.pairs import open_pair
from cldi_core.scoring.scores import score
from tests import oracles
from tests.commands.conftest import Run, strict
from tests.conftest import BACKBONE

GIVEN = (
    Judgement("en-de", "run", "V", "groß", "acceptable", "=tall"),
    Judgement("en-de", "dog", "N", "Köter", "wrong"),
)


@pytest.fixture
def judging(small: Dataset) -> Dataset:
    """A data set in which Ann has judged."""
    files.judge_all(small, "Ann", GIVEN)
    return small


def kept(made: Dataset, name: str) -> list[tuple[str, ...]]:
    return [(*one.key, one.verdict, one.note) for one in files.judgements(made, name)]


def test_from_one_name_to_another_and_away(judging: Dataset, run: Run, tmp_path: Path) -> None:
    data, table = ("--dataset", "small"), tmp_path / "own" / "judged.tsv"
    code, out, err = run("judgements", "list", *data)
    assert (code, out, err) == (0, "'Ann': 2 judgements\n", "")
    code, out, err = run("judgements", "list", *data, "--name", "Ann")
    assert out.splitlines() == ["en-de  run.V → groß: acceptable  =tall", "en-de  dog.N → Köter: wrong"]
    assert run("judgements", "export", table, *data, "--name", "Ann")[0] == 0
    assert "'=tall" in table.read_text("utf-8")
    code, out, err = run("judgements", "import", table, *data, "--name", "Bob")
    assert (code, out, err) == (0, "2 judgements taken, 0 in place of earlier ones\n", "")
    assert kept(judging, "Bob") == kept(judging, "Ann")
    assert run("judgements", "import", table, *data, "--name", "Bob")[1].endswith("2 in place of earlier ones\n")
    assert run("judgements", "delete", *data, "--name", "Ann")[:2] == (0, "the judgements of 'Ann' are deleted\n")
    assert files.names(judging) == ("Bob",)
    assert run("judgements", "delete", *data, "--name", "Bob")[0] == 0
    assert run("judgements", "list", *data)[1] == "nobody has judged yet\n"


def test_what_is_not_taken_is_named_and_ends_with_1(judging: Dataset, run: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.tsv"
    lines = ["pair\tword\tpos\tcandidate\tverdict", "en-de\that\tN\tHand\twrong", "en-de\tfly\tV\tHand\twrong", "x"]
    table.write_text("\n".join(lines), "utf-8")
    code, out, err = run("judgements", "import", table, "--dataset", "small", "--name", "Ann")
    assert (code, out) == (1, "1 judgement taken, 0 in place of earlier ones\n")
    assert [line.split(": ")[1] for line in err.splitlines()] == ["line 3", "line 4"]
    code, out, err = run("judgements", "import", table, "--dataset", "small", "--name", "Ann", "--json")
    found = strict(out)
    assert (code, found["taken"], found["replaced"]) == (1, 1, 1)
    assert found["left_out"][0] == {"line": 3, "text": lines[2], "reason": "unknown word 'fly' ('V')"}
    assert len(kept(judging, "Ann")) == 3


def test_a_list_can_be_imported(judging: Dataset, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "en-de.tsv"
    code, out, _ = run("judgements", "export", file, "--dataset", "small", "--name", "Ann", "--as", "list", "--json")
    assert (code, json.loads(out)["lines"]) == (0, 9)
    assert run("import-lists", file, "--dataset", "other")[0] == 0
    rows = Dataset(judging.path.parent / "other").lexicon("en-de")
    assert wordlists.Row("run", "groß", "V") in rows and wordlists.Row("dog", "Köter", "N") not in rows


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("list", "--name", "Bob"), 2, "unknown judge 'Bob'; choose from: Ann"),
        (("export", "FILE", "--name", "Bob"), 2, "unknown judge 'Bob'"),
        (("export", "FILE", "--name", "Ann", "--as", "cards"), 2, "unknown form 'cards'"),
        (("export", "FILE", "--name", "Ann", "--pair", "en-xx"), 2, "unknown language pair 'en-xx'"),
        (("delete", "--name", "Bob"), 2, "unknown judge 'Bob'"),
        (("delete", "--name", "a\nb"), 1, "cannot be the name of a judge"),
        (("import", "FILE", "--name", "Ann"), 1, "cannot read the table"),
        (("import", "/dev/zero", "--name", "Ann"), 1, "it is not a regular file"),
        (("export", "/dev/null/x", "--name", "Ann"), 1, "cannot write '/dev/null/x'"),
        (("delete",), 2, "Missing option '--name'"),
    ],
)
def test_mistakes_are_one_line(
    judging: Dataset, run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    given = [str(tmp_path / "none.tsv") if one == "FILE" else one for one in arguments]
    ended, out, err = run("judgements", *given, "--dataset", "small")
    assert (ended, out) == (code, "") and said in err and len(err.splitlines()) == 1
    assert kept(judging, "Ann") and not (tmp_path / "none.tsv").exists()


def test_json_of_lists(judging: Dataset, run: Run) -> None:
    assert strict(run("judgements", "list", "--dataset", "small", "--json")[1])["judgements"] == {"Ann": 2}
    found = strict(run("judgements", "list", "--dataset", "small", "--name", "Ann", "--json")[1])
    assert [one["candidate"] for one in found["judgements"]] == ["groß", "Köter"]
    found = strict(run("judgements", "delete", "--dataset", "small", "--name", "Ann", "--json")[1])
    assert found == {"name": "Ann", "deleted": True}


def test_evaluate_has_figures_with_and_without(judging: Dataset, run: Run) -> None:
    """By ranking the judged words in the whole matrix, with the right answers that the judgements leave."""
    asked = ("evaluate", "--dataset", "small", "--method", "avgmax", "--method", "avgmax+csls", "--json")
    before = strict(run(*asked)[1])
    code, out, err = run(*asked, "--judge", "Ann")
    found = strict(out)
    assert (code, err, found["judge"]) == (0, "", "Ann") and "judge" not in before
    assert found["results"] == before["results"], "without them nothing changes"
    pair = open_pair(judging, BACKBONE, "en-de")
    for method in ("avgmax", "avgmax+csls"):
        matrix = score(pair.source, pair.target, method)
        gold = [set(own) for own in pair.gold]
        gold[pair.index["run.V"]].add(pair.target.row("groß"))
        gold[pair.index["dog.N"]].discard(pair.target.row("Köter"))
        ranks = np.array(oracles.gold_ranks(matrix[pair.rows], gold))
        own = {one["setting"]: one for one in found["with_judgements"] if one["method"] == method}
        assert own["ALL"]["mrr"] == pytest.approx(np.nanmean(1 / ranks), abs=1e-9)
        verbs = [query.pos == "V" for query in pair.queries]
        assert own["VB"]["mrr"] == pytest.approx(np.nanmean(1 / ranks[verbs]), abs=1e-9)
        assert own["ALL"]["mrr"] != next(
            one["mrr"] for one in before["results"] if (one["method"], one["setting"]) == (method, "ALL")
        )
    lines = run(*asked[:-1], "--judge", "Ann")[1].splitlines()
    assert "with 2 judgements of 'Ann'" in lines


def test_a_judge_who_is_not_there(judging: Dataset, run: Run) -> None:
    code, out, err = run("evaluate", "--dataset", "small", "--method", "avgmax", "--judge", "Eve")
    assert (code, out) == (2, "") and "'Eve'" in err and "Ann" in err and err.count("\n") == 1
