"""Records of the pages at the paper's size: as text, and as a table of the documents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import paper_pages, report
from pages._ui import frame
from tools.documents import speed

RECORDS = [
    {"kind": "paper", "words": [1767, 1634], "pictures": 143142, **record}
    for record in (
        {"part": "step", "label": "cldi score", "seconds": 100.4, "megabytes": 512.2},
        {"part": "page", "label": "Map", "seconds": 1.5, "fastest": 1.25, "slowest": 2.0, "repeats": 3, "first": 4.0,
         "goal": 2.0},
        {"part": "memory", "label": "server", "megabytes": 640.0, "own": 500.4, "goal": 700},
        {"part": "memory", "label": "a session", "megabytes": None, "goal": 20},
    )
]  # fmt: skip


def test_every_record_is_a_line() -> None:
    first, _, *lines = paper_pages.table(RECORDS).split("\n")
    assert first == "1,767 × 1,634 words, 143,142 pictures"
    assert [line.split() for line in lines] == [
        ["cldi", "score", "100.40", "s", "–", "–", "–", "512", "MB", "–"],
        ["Map", "1.50", "s", "1.25", "s", "2.00", "s", "4.00", "s", "–", "2.00", "s"],
        ["server", "–", "–", "–", "–", "640", "MB", "700", "MB"],
        ["a", "session", "–", "–", "–", "–", "–", "20", "MB"],
    ]


def test_the_documents_have_a_table_of_them_and_can_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path)
    assert len(list(speed.paper())) == 2
    report.keep("paper", RECORDS, tmp_path)
    assert list(speed.paper())[2:] == [
        "| cldi score | 100 s, 512 MB | | |",
        "| Map (3 times) | 1.5 s [1.2, 2.0] | 4.0 s | ≤ 2 s |",
        "| server | 640 MB, of which mapped files 140 MB | | ≤ 700 MB |",
        "| a session | unknown | | ≤ 20 MB |",
    ]


def test_the_memory_of_a_process_is_told_where_the_system_does() -> None:
    found = paper_pages.resident(os.getpid())
    own = paper_pages.resident(os.getpid(), "RssAnon")
    assert found is None or own is None or 10 < own < found < 10_000
    assert paper_pages.resident(-1) is None


def test_every_page_is_opened() -> None:
    assert tuple(frame.PAGES.values()) == paper_pages.PAGES
