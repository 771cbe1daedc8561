"""Parts of the section on backbones: cards, the form that starts an extraction, and those under way."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core.errors import CldiError
from cldi_core.features import background
from cldi_core.features.backbones import BACKBONES, label
from cldi_core.features.background import ExtractionJob, Made
from cldi_core.scoring.hardware import devices
from pages._ui import draw, extraction, load, words
from tests.pages.conftest import Shown
from tests.pages.test_words import KNOWN, job


class AgainError(Exception):
    """As Streamlit ends a run."""


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, shown: Shown) -> dict[str, ExtractionJob]:
    """The extractions that there are, of a data set that is the string ``"opened small"``."""
    found: dict[str, ExtractionJob] = {}

    def again() -> None:
        raise AgainError

    monkeypatch.setattr(load, "opened", lambda name: f"opened {name}")
    monkeypatch.setattr(background, "jobs", lambda dataset: found)
    monkeypatch.setattr(st, "rerun", again)
    return found


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_backbone_has_a_card_and_all_failures_one_table(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    lost = {"id": "1", "file": "a.png", "reason": "broken", "more": "x"}
    cards = {
        f"*net{number}*": replace(KNOWN, name=f"*net{number}*", label=f"*Net {number}*") for number in range(count)
    }
    cards["*net0*"] = replace(cards["*net0*"], failed=(lost, lost))
    jobs["*net0*"] = job(made=Made("2026-11-25", 60, 7))
    monkeypatch.setattr(load, "provenance_of", lambda name, backbone: cards[backbone])
    extraction._cards("small", SimpleNamespace(backbones=list(cards)))  # type: ignore[arg-type]
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
    extraction._cards("small", SimpleNamespace(backbones=list(cards)))  # type: ignore[arg-type]
    assert len(shown.of("dataframe")) == 1


def test_so_many_failures_are_listed_and_all_are_counted(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tuple({"id": str(number), "file": "a", "reason": "b"} for number in range(501))
    monkeypatch.setattr(load, "provenance_of", lambda name, backbone: replace(KNOWN, failed=lost))
    extraction._cards("small", SimpleNamespace(backbones=["vgg19"]))  # type: ignore[arg-type]
    assert shown.of("markdown")[-1].endswith("(501):") and len(shown.of("dataframe")[0]) == 500


def test_the_form_starts_what_was_chosen(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(background, "start", lambda *given: begun.append(given))
    extraction._start("small")
    box = shown.widget("extract backbone")
    assert box["given"] == ("Extract features", list(BACKBONES)) and box["accept_new_options"] is True
    assert box["format_func"]("vgg19") == label("vgg19")
    assert shown.widget("extract device")["given"] == ("on", devices())
    (button,) = shown.options("form_submit_button")
    for chosen, wanted in (("vgg19", "vgg19"), (None, "")):
        st.session_state |= {"extract backbone": chosen, "extract device": "cpu"}
        button["on_click"](*button["args"])
        assert begun[-1] == ("opened small", wanted, "cpu")
        assert st.session_state.pop(extraction.CHANGED) is True and extraction.PROBLEM not in st.session_state


def test_what_is_wrong_is_said_by_the_run_that_follows_once(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise CldiError("unknown *backbone*")

    extraction._tried(fail, "small")
    extraction._start("small")
    assert shown.of("error") == [], "the whole page is drawn again first"
    with pytest.raises(AgainError):
        extraction._under_way("small", busy=False)
    extraction._start("small")
    extraction._start("small")
    assert shown.of("error") == [draw.safe("unknown *backbone*")]


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("state", ["running", "starting", "done", "failed", None])
def test_the_page_is_drawn_again_once_the_last_one_has_ended(
    jobs: dict[str, ExtractionJob], shown: Shown, busy: bool, state: Any
) -> None:
    if state:
        jobs["vgg19"] = job(state)
    if busy and state not in {"running", "starting"}:
        with pytest.raises(AgainError):
            extraction._under_way("small", busy)
    else:
        extraction._under_way("small", busy)
    assert len(shown.of("progress")) == (state is not None), "each is shown, also one that is not whole"


def test_a_data_set_that_is_gone_is_one_line(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> None:
        raise CldiError("it is *gone*")

    monkeypatch.setattr(load, "opened", gone)
    extraction._under_way("small", busy=True)
    assert shown.of("error") == [draw.safe("it is *gone*")] and len(shown.calls) == 1


@pytest.mark.parametrize(
    ("one", "bar", "button", "error"),
    [
        (job(), 0.07, "Cancel", False),
        (job("starting", said="12 % of *it*" + "x" * 200), 0.0, "", False),
        (job("interrupted"), 0.07, "Go on", False),
        (job("interrupted", total=0, done=0), 0.0, "Go on", False),
        (job("failed", error="no *network*"), 0.07, "Go on", True),
        (job("failed", error="no *network*", total=0, done=0), None, "", True),
        (job("done", done=2000), None, "", False),
        (job("done", done=1999), 0.9995, "Go on", False),
    ],
)
def test_each_extraction_shows_how_far_it_is_and_what_can_be_done(
    jobs: dict[str, ExtractionJob], shown: Shown, one: ExtractionJob, bar: float | None, button: str, error: bool
) -> None:
    extraction._one("small", one)
    assert shown.of("progress") == ([] if bar is None else [pytest.approx(bar)])
    assert shown.of("button") == ([button] if button else [])
    assert shown.of("error") == [draw.safe(f"{label('vgg19')}: no *network*")] * error
    (told,) = [given[1] for name, given, _ in shown.calls if name == "progress"] or [""]
    if one.state == "starting":
        assert told == draw.safe(f"{label('vgg19')}: starting … {one.said[:120]}")
    elif told:
        assert told == draw.safe(f"{label('vgg19')}: {words.progress(one)}")


@pytest.mark.parametrize(("state", "wanted"), [("running", "cancel"), ("interrupted", "start")])
def test_the_button_ends_it_or_goes_on(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch, state: str, wanted: str
) -> None:
    done: list[Any] = []
    for name in ("cancel", "start"):
        monkeypatch.setattr(background, name, lambda *given, _name=name: done.append((_name, *given)))
    extraction._one("small", job(state))
    (options,) = shown.options("button")
    options["on_click"](*options["args"])
    assert done == [(wanted, "opened small", "vgg19")] and st.session_state[extraction.CHANGED]
    assert options["key"].endswith(" vgg19")
    assert options["icon"] == {"cancel": ":material/stop:", "start": ":material/play_arrow:"}[wanted]


@pytest.mark.parametrize("state", ["running", "done"])
@pytest.mark.parametrize("there", [True, False])
def test_it_is_looked_at_again_and_again_only_while_something_runs(
    jobs: dict[str, ExtractionJob], shown: Shown, monkeypatch: pytest.MonkeyPatch, state: str, there: bool
) -> None:
    jobs["vgg19"] = job(state)
    watched: list[Any] = []
    drawn: list[Any] = []
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(backbones=["vgg19"] * there))
    monkeypatch.setattr(extraction, "_cards", lambda *given: drawn.append("cards"))
    monkeypatch.setattr(extraction, "_start", lambda name: drawn.append("form"))

    def fragment(function: Any, run_every: float | None) -> Any:
        watched.append((function, run_every))
        return lambda *given: drawn.append(given)

    monkeypatch.setattr(st, "fragment", fragment)
    extraction.panel("small")
    assert watched == [(extraction._under_way, 1.0 if state == "running" else None)]
    assert drawn == [*["cards"] * there, "form", ("small", state == "running")]
    assert shown.of("info") == ["No features have been extracted yet."] * (not there)
