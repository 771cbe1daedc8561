"""How often files are looked at: what commands alone write once for visitors who come at once, all else every time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cldi_core.data import judgements, stamping
from cldi_core.data.dataset import Dataset
from pages._ui import data_load, keep


class Looked(SimpleNamespace):
    """A data set that counts how often its files are looked at."""

    def stamp(self, patterns: tuple[str, ...]) -> str:
        self.count += 1
        return f"{patterns[0]} {self.count}"


@pytest.fixture
def looked(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Looked:
    monkeypatch.setattr(keep, "_seen", {})
    monkeypatch.setattr(keep, "fresh", 1.0)
    return Looked(path=small.path, count=0)


def test_visitors_who_come_at_once_share_a_look_at_what_commands_write(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(keep, "time", SimpleNamespace(monotonic=lambda: now))
    first = keep._stamp(looked, keep.RANKINGS)
    now += 0.9
    assert keep._stamp(looked, keep.RANKINGS) == first and looked.count == 1
    now += 0.2
    assert keep._stamp(looked, keep.RANKINGS) != first and looked.count == 2


@pytest.mark.parametrize("patterns", [stamping.STAMPED, (judgements.pattern("Ada"),), data_load.REPORTS])
def test_what_pages_write_is_looked_at_every_time(looked: Looked, patterns: tuple[str, ...]) -> None:
    assert keep._stamp(looked, patterns) != keep._stamp(looked, patterns)


def test_without_a_server_everything_is_looked_at_every_time(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "fresh", 0.0)
    assert keep._stamp(looked, keep.RANKINGS) != keep._stamp(looked, keep.RANKINGS)
