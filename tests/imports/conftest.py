"""No test of imports makes a map by UMAP: which method made those that come along does not matter to a copy."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def without_umap(no_umap: None) -> None:
    """For every test of this folder."""
