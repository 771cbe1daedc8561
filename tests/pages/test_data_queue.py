"""The Data page on the queue: what runs, what waits and who started it, for those who may know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.collect.job import CollectionJob, Wanted
from cldi_core.data import job_queue, permissions
from cldi_core.data.dataset import Dataset
from cldi_core.data.job_queue import Request, Ticket
from cldi_core.data.processes import Holder
from cldi_core.evaluation.scoring_job import ScoringJob
from cldi_core.features.background import ExtractionJob
from cldi_core.imports.job import ImportJob
from pages._ui import data_words, words
from tests.pages_data import healthy, open_page, texts, unescaped

EVIL = "the import of <b>*x*"


def test_what_runs_is_told_on_every_part_of_the_page(small: Dataset, tmp_path: Path) -> None:
    assert "at work" not in texts(healthy(open_page("data")))
    with job_queue.turn(Request(EVIL, str(tmp_path), "ann@x.org")):
        for section in ("sets", "features"):
            said = texts(healthy(open_page("data", section=section)))
            assert f"{EVIL}, started by ann@x.org: at work" in unescaped(said)
            assert EVIL not in said, "it is no Markdown"


def test_who_started_it_is_told_to_those_who_may_start_something(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(permissions.VARIABLE, "1")
    with job_queue.turn(Request("x", str(tmp_path), "ann@x.org")):
        said = texts(healthy(open_page("data")))
    assert "x: at work" in unescaped(said) and "ann" not in said


def test_those_who_wait_say_for_how_many() -> None:
    one = Ticket(3, Request("the scoring", "x", "ann"), Holder.this_process("score"), 1)
    assert data_words.ticket(one, named=False) == "the scoring: waits until 1 job before it is done"
    assert data_words.waits(2) == "waits until 2 jobs before it are done"
    waits = ImportJob("x.zip", state="waiting", ticket=replace(one, before=2))
    assert data_words.importing(waits) == "Storing x.zip waits until 2 jobs before it are done"


def test_what_was_ended_before_its_turn_says_so() -> None:
    for one in (ScoringJob("vgg19", state="interrupted"), ExtractionJob("vgg19", "cpu", state="interrupted")):
        assert data_words.progress(one) == "it was ended before it began"
    assert data_words.collecting(CollectionJob(Wanted("en-de", "commons"), state="interrupted")) == words.NOT_BEGUN
    assert data_words.progress(ScoringJob("vgg19", state="interrupted", total=5, done=1)).startswith("1 of 5")
