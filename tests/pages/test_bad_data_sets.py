"""Pages of one data set while others beside it are broken in every way."""

from __future__ import annotations

import pytest

from cldi_core.data.dataset import Dataset
from tests.data.test_small_files import BAD_TOML
from tests.pages_data import healthy, open_page, texts


@pytest.mark.parametrize("page", ["overview", "data"])
def test_a_page_is_drawn_whatever_lies_beside_its_data_set(small: Dataset, page: str) -> None:
    for number, spoil in enumerate(BAD_TOML.values()):
        folder = small.path.parent / f"bad{number}"
        folder.mkdir()
        spoil(folder / "dataset.toml")
    (small.path.parent / "lists").mkdir()
    (small.path.parent / "lists" / "dataset.toml").write_text("x = " + "[" * 300 + "]" * 300)
    (small.path.parent / "link").symlink_to("link")
    at = healthy(open_page(page, dataset="small"))
    assert "could not be drawn" not in texts(at)
    assert len(at.sidebar.selectbox[0].options) > 1, "the broken ones are still offered, and say what is wrong"
