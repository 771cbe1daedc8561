"""Fixtures: ``site``, a web of one machine (see ``site.py``)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collect.site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as up:
        yield up
