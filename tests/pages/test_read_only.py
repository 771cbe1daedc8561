"""``CLDI_READ_ONLY=1``: whatever writes is hidden, and refuses when it is called all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import judgements as files
from cldi_core.data import permissions
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.evaluation import scoring_job
from cldi_core.features import background
from pages._ui import act, data_sets, extraction, judge_act, play_load, view
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


ACTS: dict[str, Callable[[], Any]] = {
    "a new data set": data_sets.begin,
    "judge": lambda: judge_act.decide(CURRENT, ONE),
    "undo": lambda: judge_act.undo(CURRENT),
    "withdraw": lambda: judge_act.withdraw(CURRENT, [ONE.key]),
    "begin": lambda: judge_act.begin(CURRENT, "typed"),
    "take in": lambda: judge_act.take_in(CURRENT, "table"),
    "delete": lambda: judge_act.delete(CURRENT),
    "delete answers": lambda: play_load.delete("small", "Ann"),
    "extract": lambda: extraction.begin("small", "vgg19"),
    "score": lambda: extraction.score("small", BACKBONE),
    "cancel": lambda: extraction._act(background, "cancel", "small", BACKBONE),
}


@pytest.mark.parametrize("what", ACTS)
def test_an_act_that_is_called_all_the_same_writes_nothing(
    small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    done: list[object] = []
    for kind in (background, scoring_job):
        for name in ("start", "cancel"):
            monkeypatch.setattr(kind, name, lambda *given: done.append(given))
    st.session_state.update(
        {
            data_sets.NAME: "new", "typed": "Bob",
            judge_act.UNDO: [("small", "Ann", ONE.key, None)],
            "table": type("Uploaded", (), {"getvalue": lambda self: b"pair\tword\tpos\tcandidate\tverdict\n"})(),
        }
    )  # fmt: skip
    before = snapshot(small.path.parent)
    ACTS[what]()
    assert done == [] and snapshot(small.path.parent) == before
    for where in ("sets", "judge", "import", "health", "collect", "features"):
        act.said(where)
    said = [*shown.of("error"), st.session_state.get(play_load.PROBLEM)]
    assert len([line for line in said if line and "CLDI_READ_ONLY" in unescaped(line)]) == 1
    monkeypatch.delenv(permissions.VARIABLE)
    ACTS[what]()
    assert done or what == "delete answers" or snapshot(small.path.parent) != before, "else nothing was refused"


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
