"""Who may start work: what the variable says, and what nobody knows counts as read-only."""

from __future__ import annotations

import pytest

from cldi_core.data import permissions


@pytest.mark.parametrize(("said", "wanted"), [
    ("", False), ("0", False), ("false", False), (" No ", False), ("1", True), ("true", True), ("YES", True),
    ("off", True), ("ture", True), ("2", True),
])  # fmt: skip
def test_what_nobody_knows_is_read_only(monkeypatch: pytest.MonkeyPatch, said: str, wanted: bool) -> None:
    monkeypatch.setenv(permissions.VARIABLE, said)
    assert permissions.read_only() is wanted
    known = said.strip().lower() in (*permissions.ON, *permissions.OFF)
    assert (permissions.problem() == "") == known and "\n" not in permissions.problem()
    if wanted:
        with pytest.raises(permissions.ReadOnlyError, match="CLDI_READ_ONLY="):
            permissions.refuse()
    else:
        permissions.refuse()


def test_without_the_variable_work_may_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permissions.VARIABLE, raising=False)
    assert not permissions.read_only() and permissions.problem() == ""
    permissions.refuse()
