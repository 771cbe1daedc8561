"""The table of extraction: every row on a few pictures, and the ratios made of the rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import extraction

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def records() -> Records:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "MANY", {"efficientnet-lite0": 16})  # VGG19 takes half a gigabyte
        patch.setattr(extraction, "SOME", 2)
        return extraction.measure(2)


def test_every_row_is_measured(records: Records) -> None:
    rows = {record["row"]: record for record in records if record["kind"] == "extract"}
    expected = {"decode-pillow", "decode-torchvision", "decode-draft", "decode-ours"}
    expected |= {f"efficientnet-lite0-{part}" for part in ("eager", "ours", "decode", "network")}
    assert expected <= set(rows) <= {*expected, "decode-simplejpeg"}
    for row in rows.values():
        assert 0 < row["fastest"] <= row["seconds"] <= row["slowest"] and row["repeats"] == 2
    assert rows["efficientnet-lite0-ours"]["pictures"] == 16
    assert json.loads(json.dumps(records)) == records


def test_the_text_holds_every_row(records: Records) -> None:
    text = extraction.table(records)
    for record in records:
        assert (record.get("label") or record["name"]) in text


def test_ratios_are_made_of_rows() -> None:
    seconds = {"decode-pillow": 4.0, "decode-ours": 1.0, "decode-draft": 2.5}
    for name in ("efficientnet-lite0", "vgg19"):
        seconds |= {f"{name}-eager": 10.0, f"{name}-ours": 3.5, f"{name}-decode": 1.0, f"{name}-network": 3.0}
    found = [round(ratio["measured"], 2) for ratio in extraction.ratios(seconds)]
    assert found == [4.0, 1.6, 2.86, 1.17, 0.88, 2.86, 1.17, 0.88]
