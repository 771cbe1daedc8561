"""No test of imports makes a map by UMAP, which compiles for a dozen seconds in each process."""

from __future__ import annotations

import pytest

from cldi_core.insight import map_layout


@pytest.fixture(autouse=True)
def no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps that come along are of principal components: which method made them does not matter to a copy."""
    monkeypatch.setattr(map_layout, "umap", lambda rows, *given, **named: map_layout.pca(rows))
