"""``answers``: counts of what people answered, and deleting one player's."""

from __future__ import annotations

from dataclasses import replace

from cldi_core.data import answers
from cldi_core.data.dataset import Dataset
from tests.commands.conftest import Run
from tests.data.test_answers import ONE, many


def test_players_are_counted_and_one_is_deleted(run: Run, small: Dataset, ask: object) -> None:
    assert run("answers", "--dataset", "small") == (0, "nobody has played yet\n", "")
    many(small.path, "Ada\u2019s <b>", 2)
    answers.add(small.path, replace(ONE, player="Bob", chosen="laufen"))
    code, out, _ = run("answers", "--dataset", "small")
    assert (code, out.splitlines()) == (0, ["     2 answered,      0 right: 'Ada’s <b>'",
                                            "     1 answered,      1 right: 'Bob'"])  # fmt: skip
    assert ask("answers", "--delete", " Ada’s  <b>") == {  # type: ignore[operator]
        "dataset": "small", "players": [{"player": "Bob", "answers": 1, "right": 1}], "broken": 0, "deleted": 2,
    }  # fmt: skip
    code, out, err = run("answers", "--dataset", "small", "--delete", "Eve")
    assert (code, out) == (2, "") and "unknown player 'Eve'; choose from: Bob" in err
    answers.path_of(small.path).write_text("{}\n")
    assert run("answers", "--dataset", "small")[1].splitlines()[1] == "no answers: 1 line of people/answers.jsonl"
