"""``CLDI_READ_ONLY=1``: whatever writes is hidden, and refuses when it is called all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import streamlit as st

from cldi_core.collect import job
from cldi_core.collect.job import Wanted
from cldi_core.data import dataset, left_out, permissions
from cldi_core.data import judgements as files
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.data.left_out import Item
from cldi_core.evaluation import scoring_job
from cldi_core.features import background
from cldi_core.imports import job as import_job
from cldi_core.imports.given import Given
from cldi_core.imports.wanted import WantedLists
from pages._ui import (
    act,
    data_collect,
    data_left_out,
    data_preview,
    data_sets,
    extraction,
    judge_act,
    play_load,
    view,
)
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages.test_pages_only_read import snapshot
from tests.pages_data import healthy, open_page, texts, unescaped

CURRENT = view.View("small", "en-de", backbone=BACKBONE, judge="Ann")
ONE = Judgement("en-de", "dog", "N", "Hut", files.ACCEPTABLE)


@pytest.fixture(autouse=True)
def closed(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set in which Ann has judged, seen in a dashboard that only shows."""
    st.cache_data.clear()
    st.cache_resource.clear()
    files.judge(small, "Ann", ONE)
    monkeypatch.setenv(permissions.VARIABLE, "1")


# What a page can do that writes, by whom it is judged or played: what it is → the act, under a name.
JUDGING: dict[str, Callable[[str], Any]] = {
    "judge": lambda name: judge_act.decide(replace(CURRENT, judge=name), ONE),
    "undo": lambda name: judge_act.undo(replace(CURRENT, judge=name)),
    "withdraw": lambda name: judge_act.withdraw(replace(CURRENT, judge=name), [ONE.key]),
    "begin": lambda name: judge_act.begin(replace(CURRENT, judge=name), "typed"),
    "take in": lambda name: judge_act.take_in(replace(CURRENT, judge=name), "table"),
    "delete": lambda name: judge_act.delete(replace(CURRENT, judge=name)),
    "delete answers": lambda name: play_load.delete("small", name),
}
# And whatever else it writes or starts, or asks of others.
EDITING: dict[str, Callable[[], Any]] = {
    "a new data set": data_sets.begin,
    "extract": lambda: extraction.begin("small", "vgg19"),
    "score": lambda: extraction.score("small", BACKBONE),
    "cancel": lambda: extraction._cancel(background, "small", BACKBONE),
    "cancel scoring": lambda: extraction._cancel(scoring_job, "small", BACKBONE),
    "collect": lambda: data_collect.begin("small", Wanted("en-de", "openverse", contact="me@example.org")),
    "stop": lambda: data_collect.stop("small", "openverse"),
    "look": lambda: data_preview.look("small", lambda: "looked at"),
    "store": lambda: data_preview.store("small"),
    "cancel an import": lambda: data_preview.cancel("small"),
    "leave out": lambda: data_left_out.leave_out("small", [Item(language="en", word="dog")], "wrong"),
    "take back": lambda: data_left_out.take_back("small", [Item(language="en", word="hat")]),
}
ACTS = EDITING | {what: partial(do, "Ann") for what, do in JUDGING.items()}


def ready(monkeypatch: pytest.MonkeyPatch, name: str) -> list[object]:
    """A session in which each act has what it needs; what would run beside the pages is noted in its place."""
    done: list[object] = []
    left_out.leave_out(dataset.Dataset(dataset.available()["small"]), [Item(language="en", word="hat")], "wrong")
    for kind in (background, scoring_job, job, import_job):
        for what in ("start", "cancel"):
            if hasattr(kind, what):
                monkeypatch.setattr(kind, what, lambda *given, by="": done.append(given))
    st.session_state.update(
        {
            data_sets.NAME: "new", "typed": name,
            judge_act.UNDO: [("small", name, ONE.key, None)],
            data_preview.PREVIEW: data_preview.Preview("small", WantedLists(()), Given(), "", lambda: None),
            "table": type("Uploaded", (), {"getvalue": lambda self: b"pair\tword\tpos\tcandidate\tverdict\n"})(),
        }
    )  # fmt: skip
    return done


@pytest.mark.parametrize("what", ACTS)
def test_an_act_that_is_called_all_the_same_writes_nothing(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    done = ready(monkeypatch, "Ann")
    before = snapshot(small.path.parent)
    ACTS[what]()
    assert done == [] and snapshot(small.path.parent) == before
    for where in ("sets", "judge", "import", "health", "collect", "features"):
        act.said(where)
    said = [*shown.of("error"), st.session_state.get(play_load.PROBLEM)]
    assert len([line for line in said if line and "CLDI_READ_ONLY" in unescaped(line)]) == 1
    monkeypatch.delenv(permissions.VARIABLE)
    ACTS[what]()
    assert (
        done or what in ("look", "delete answers") or what == "delete answers" or snapshot(small.path.parent) != before
    ), "else nothing was refused"


SECTIONS = ("sets", "import", "collect", "health", "features", "pictures")


@pytest.mark.parametrize(("page", "section"), [("judge", ""), ("word", ""), *(("data", name) for name in SECTIONS)])
def test_what_writes_is_not_drawn(small: Dataset, page: str, section: str) -> None:
    before = snapshot(small.path)
    at = healthy(open_page(page, section=section, judge="Ann", word="dog.N"))
    labels = {one.label for one in at.main.button}
    assert not labels & {"Start", "Start it", "Cancel", "Go on", "Begin", "Acceptable", "Wrong", "Withdraw", "Take in"}
    assert not at.main.get("file_uploader") and snapshot(small.path) == before
    if page == "judge":
        assert act.ONLY_SHOWS in texts(at) and len(at.dataframe), "what was judged is shown"


def test_the_game_is_played_and_nothing_is_kept(small: Dataset) -> None:
    before = snapshot(small.path)
    at = healthy(open_page("play"))
    assert f"{act.ONLY_SHOWS} You can play, and no answer is kept." in texts(at)
    at.main.text_input(key="play-name").set_value("Bob")
    (begin,) = [one for one in at.main.button if one.label == "Start"]
    at = healthy(begin.click().run())
    at = healthy(at.main.button(key="play-option-0").click().run())
    assert "Next" in {one.label for one in at.main.button} and "is not kept" not in texts(at)
    assert snapshot(small.path) == before
