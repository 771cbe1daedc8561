"""Parts of the section on backbones: cards, the form that starts an extraction, and what is under way."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core.errors import CldiError
from cldi_core.evaluation import scoring_job
from cldi_core.evaluation.scoring_job import ScoringJob
from cldi_core.features import background
from cldi_core.features.backbones import BACKBONES, label
from cldi_core.features.background import ExtractionJob, Made
from cldi_core.features.lacking import Lacking
from cldi_core.scoring.hardware import devices
from pages._ui import data_load, data_missing, data_words, draw, extraction, load, words
from tests.pages.conftest import Shown
from tests.pages.test_words import KNOWN, job

Jobs = dict[str, Any]


class AgainError(Exception):
    """As Streamlit ends a run."""


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, shown: Shown) -> Jobs:
    """The extractions that there are, of a data set that is the string ``"opened small"``."""
    found: Jobs = {}

    def again() -> None:
        raise AgainError

    monkeypatch.setattr(load, "opened", lambda name: f"opened {name}")
    monkeypatch.setattr(background, "jobs", lambda dataset: found)
    monkeypatch.setattr(scoring_job, "jobs", lambda dataset: {})
    monkeypatch.setattr(scoring_job, "is_due", lambda dataset, backbone: False)
    monkeypatch.setattr(st, "rerun", again)
    return found


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_backbone_has_a_card_and_all_failures_one_table(
    jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    lost = {"id": "1", "file": "a.png", "reason": "broken", "more": "x"}
    cards = {
        f"*net{number}*": replace(KNOWN, name=f"*net{number}*", label=f"*Net {number}*") for number in range(count)
    }
    cards["*net0*"] = replace(cards["*net0*"], failed=(lost, lost))
    jobs["*net0*"] = job(made=Made("2026-11-25", 60, 7))
    monkeypatch.setattr(load, "provenance_of", lambda name, backbone: cards[backbone])
    dataset: Any = SimpleNamespace(backbones=list(cards), pairs=("en-de",))
    extraction._cards("small", dataset)
    first, *others, note = shown.of("markdown")
    assert [first, *others] == [f"**{draw.safe(card.label)}**" for card in cards.values()]
    assert note == "Pictures without features, and why (2):"
    lines = [
        draw.safe(line) for card in cards.values()
        for line in words.provenance(card, jobs["*net0*"].made if card.name == "*net0*" else None)
    ]  # fmt: skip
    assert shown.of("caption") == lines
    (table,) = shown.of("dataframe")
    assert table.to_dict("records") == [{"backbone": "*Net 0*", "file": "a.png", "reason": "broken", "id": "1"}] * 2
    monkeypatch.setattr(load, "provenance_of", lambda name, backbone: replace(cards[backbone], failed=()))
    extraction._cards("small", dataset)
    assert len(shown.of("dataframe")) == 1


def test_so_many_failures_are_listed_and_all_can_be_reached(
    jobs: Jobs, shown: Shown, url: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tuple({"id": str(number), "file": "a", "reason": "b"} for number in range(501))
    monkeypatch.setattr(load, "provenance_of", lambda name, backbone: replace(KNOWN, failed=lost))
    dataset: Any = SimpleNamespace(backbones=["vgg19"], pairs=())
    extraction._cards("small", dataset)
    assert shown.of("markdown")[-1].endswith("(501):") and len(shown.of("dataframe")[0]) == 500
    assert shown.widget("page on")["kwargs"] == {"page": "2"}
    url["page"] = "2"
    extraction._cards("small", dataset)
    assert shown.of("dataframe")[1]["id"].tolist() == ["500"]


@pytest.mark.parametrize("due", [True, False])
def test_a_card_offers_to_score(jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch, due: bool) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(scoring_job, "is_due", lambda dataset, backbone: due)
    monkeypatch.setattr(scoring_job, "start", lambda *given, by: begun.append(given))
    extraction._score("small", SimpleNamespace(pairs=("en-de",)), "vgg19")  # type: ignore[arg-type]
    button = shown.widget("score vgg19")
    assert button["type"] == ("primary" if due else "secondary")
    assert shown.of("caption") == [data_words.NOT_SCORED] * due
    button["on_click"](*button["args"])
    assert begun == [("opened small", "vgg19")]
    extraction._score("small", SimpleNamespace(pairs=()), "vgg19")  # type: ignore[arg-type]
    assert shown.of("caption")[-1] == data_words.NO_LIST_TO_SCORE and len(shown.of("button")) == 1


def test_the_form_starts_what_was_chosen(jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(background, "start", lambda *given, by: begun.append(given))
    extraction._form("small")
    box = shown.widget("extract backbone")
    assert box["given"] == ("Extract features", list(BACKBONES)) and box["format_func"]("vgg19") == label("vgg19")
    assert box["filter_mode"] == "contains" and not box.get("accept_new_options"), "Enter chooses, and adds nothing"
    assert shown.widget("extract device")["given"] == ("on", devices())
    (button,) = shown.options("form_submit_button")
    for chosen, other, wanted in (
        ("vgg19", "", "vgg19"), (None, None, ""), ("vgg19", " alexnet ", "alexnet"),
        ("vgg19", "timm:resnet18", "timm:resnet18"), ("vgg19", "resnet18", "timm:resnet18"),
    ):  # fmt: skip
        st.session_state |= {"extract backbone": chosen, "extract other": other, "extract device": "cpu"}
        button["on_click"](*button["args"])
        assert begun[-1] == ("opened small", wanted, "cpu")


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("state", ["running", "starting", "done", "failed", None])
def test_the_page_is_drawn_again_when_work_begins_or_ends(jobs: Jobs, shown: Shown, busy: bool, state: Any) -> None:
    if state:
        jobs["vgg19"] = job(state)
    if busy != (state in {"running", "starting"}):
        with pytest.raises(AgainError):
            extraction._under_way("small", busy)
    else:
        extraction._under_way("small", busy)
        assert len(shown.of("progress")) == (state is not None), "each is shown, also one that is not whole"


def test_a_data_set_that_is_gone_is_one_line(jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise CldiError("it is *gone*")

    monkeypatch.setattr(load, "opened", gone)
    extraction._under_way("small", busy=True)
    assert shown.of("error") == [draw.safe("it is *gone*")] and len(shown.calls) == 1


@pytest.mark.parametrize(
    ("one", "bar", "button", "error"),
    [
        (job(), 0.07, "Cancel", False),
        (job("starting", said="12 % of *it*" + "x" * 200), 0.07, "Cancel", False),
        (ExtractionJob("vgg19", state="starting"), 0.0, "Cancel", False),
        (job("interrupted"), 0.07, "Go on", False),
        (job("interrupted", total=0, done=0), 0.0, "Go on", False),
        (job("failed", error="no *network*"), 0.07, "Go on", True),
        (job("failed", error="no *network*", total=0, done=0), None, "", True),
        (job("done", done=2000), None, "", False),
        (job("done", done=1999), 0.9995, "Go on", False),
    ],
)
def test_each_extraction_shows_how_far_it_is_and_what_can_be_done(
    jobs: Jobs, shown: Shown, one: ExtractionJob, bar: float | None, button: str, error: bool
) -> None:
    extraction._one("small", background, one)
    assert shown.of("progress") == ([] if bar is None else [pytest.approx(bar)])
    assert shown.of("button") == ([button] if button else [])
    assert shown.of("error") == [draw.safe(f"{label('vgg19')}: no *network*")] * error
    (told,) = [given[1] for name, given, _ in shown.calls if name == "progress"] or [""]
    if one.state == "starting":
        assert told == draw.safe(f"{label('vgg19')}: starting … {one.said[:120]}".rstrip())
    elif told:
        assert told == draw.safe(f"{label('vgg19')}: {words.progress(one)}")


@pytest.mark.parametrize(("state", "told"), [
    ("running", "1 of 4 language pairs, now en-fr, 30 of 1,200 pictures"),
    ("interrupted", "1 of 4 language pairs; it was interrupted"),
])  # fmt: skip
def test_a_scoring_shows_how_far_it_is(jobs: Jobs, shown: Shown, state: Any, told: str) -> None:
    one = ScoringJob("vgg19", state=state, total=4, done=1, pair="en-fr", pictures=30, of=1200)
    extraction._one("small", scoring_job, one)
    (given,) = [given for name, given, _ in shown.calls if name == "progress"]
    assert given[1] == draw.safe(f"Scoring with {label('vgg19')}: {told}")
    assert shown.of("button") == ["Cancel" if state == "running" else "Go on"]


@pytest.mark.parametrize("kind", [background, scoring_job], ids=["extraction", "scoring"])
@pytest.mark.parametrize(("state", "wanted"), [("running", "cancel"), ("starting", "cancel"), ("interrupted", "start")])
def test_the_button_ends_it_or_goes_on(
    jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch, kind: Any, state: Any, wanted: str
) -> None:
    done: list[Any] = []
    for name in ("cancel", "start"):
        monkeypatch.setattr(kind, name, lambda *given, by="", _name=name: done.append((_name, *given)))
    one = job(state) if kind is background else ScoringJob("vgg19", state=state)
    extraction._one("small", kind, one)
    (options,) = shown.options("button")
    options["on_click"](*options["args"])
    assert done == [(wanted, "opened small", "vgg19")]
    assert options["icon"] == {"cancel": ":material/stop:", "start": ":material/play_arrow:"}[wanted]


@pytest.mark.parametrize("state", ["running", "done"])
@pytest.mark.parametrize("there", [True, False])
def test_it_is_looked_at_again_and_again_only_while_something_runs(
    jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch, state: str, there: bool
) -> None:
    jobs["vgg19"] = job(state)
    watched: list[Any] = []
    drawn: list[Any] = []
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=["vgg19"] * there))
    monkeypatch.setattr(extraction, "_cards", lambda *given: drawn.append("cards"))
    monkeypatch.setattr(data_missing, "draw", lambda *given: drawn.append("missing"))
    monkeypatch.setattr(extraction, "_form", lambda name: drawn.append("form"))

    def fragment(function: Any, run_every: float | None) -> Any:
        watched.append((function, run_every))
        return lambda *given: drawn.append(given)

    monkeypatch.setattr(st, "fragment", fragment)
    extraction.panel("small")
    assert watched == [(extraction._under_way, 1.0 if state == "running" else None)]
    assert drawn == ["form", ("small", state == "running"), "missing", *["cards"] * there]
    assert shown.of("info") == ["No features have been extracted yet."] * (not there)


def test_what_is_missing_is_named_with_the_step_that_makes_it(
    jobs: Jobs, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [Lacking("en", 1200, {f"w{number}": 2 for number in range(9)}, ("w8",))]
    found = {"vgg19": own, "theirs": own, "alexnet": []}
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=tuple(found)))
    monkeypatch.setattr(load, "command", lambda name, *given: " ".join(given))
    monkeypatch.setattr(data_load, "lacking", lambda name, backbone: found[backbone])
    begun: list[Any] = []
    data_missing.draw("small", lambda *given: begun.append(given))
    (table,) = shown.of("dataframe")
    assert table.to_dict("records")[0] == {
        "backbone": label("vgg19"), "language": "en", "pictures": 1200, "of words": 9, "words without any": 1,
        "for example": "w8, w0, w1, w2 and 5 more",
    }  # fmt: skip
    assert table["backbone"].tolist() == [label("vgg19"), "theirs"]
    assert shown.of("code") == ["import-features FILE --backbone theirs"]
    (button,) = [options for options in shown.options("button") if "missing" in options["key"]]
    button["on_click"](*button["args"])
    assert begun == [("small", "vgg19")]
