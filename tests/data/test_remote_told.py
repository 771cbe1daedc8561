"""What goes wrong at an address, in one line: what is read out of an error of whatever package."""

from __future__ import annotations

import pytest

from cldi_core.data.remote_files import Files
from tests.object_store import SECRET


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    told = str(Files("s3://words/x")._told("read", RuntimeError(f"odd:\n{SECRET} has no …")))
    assert told == "s3://words/x cannot be read: odd: … has no …"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("HTTP error: error sending request; elapsed: 403.571112ms", "nobody answers"),
        ("HTTP error: error sending request; elapsed: 416.2ms", "nobody answers"),
        ("in 12.5ms: status: 403, and no more", "not allowed"),
        ("Client error '401'", "not allowed"),
        ("status 416.", "was changed"),
    ],
)
def test_a_time_is_no_status(error: str, said: str) -> None:
    assert said in str(Files("s3://words/x")._told("read", RuntimeError(error)))
