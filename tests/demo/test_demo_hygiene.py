"""What was seen of the demo's pictures is shipped, and what hygiene finds among honest drawings is little."""

from __future__ import annotations

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.insight import hygiene
from tests.demo.test_demo import NAMES, ROOT


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_is_clean(name: str) -> None:
    known = hygiene.known(Dataset(ROOT / name))
    assert known.alike.complete and known.alike.looks.missing == 0, "run check for it, and ship what it keeps"
    for pair in known.dataset.pairs:
        found = hygiene.found(known, pair)
        assert not any(found[kind] for kind in ("placeholder", "small", "cut", "spelling")), pair
        assert len(found["both languages"]) < 30, "plain shapes that two artists drew alike"
        concepts = known.dataset.pictures.concepts
        pairs = [[concepts[key] for key in one.pictures] for one in found["both languages"] if "look" in one.how]
        assert sum(one != other for one, other in pairs) <= 1, (
            f"{pair}: of one thing each, but for two exclamation marks"
        )
