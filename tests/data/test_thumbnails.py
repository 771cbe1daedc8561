"""Thumbnails kept at hand: what is read, how often, and what makes room for what."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from cldi_core.data.pictures import thumbnail
from cldi_core.data.thumbnails import Shelf
from tests.conftest import CONCEPTS, draw

FILES = {concept: draw(concept) for concept in CONCEPTS} | {"broken": b"no picture"}
SMALL = {concept: thumbnail(draw(concept)) for concept in CONCEPTS}


class Disk:
    """Pictures on a disk that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def files(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        self.asked.append(list(ids))
        return iter([(key, FILES[key]) for key in reversed(self.asked[-1]) if key in FILES])


def test_thumbnails_come_in_the_order_asked_for() -> None:
    disk = Disk()
    found = Shelf(disk).get(["tree", "gone", "sun", "tree", "broken", "house"])  # type: ignore[arg-type]
    assert list(found.items()) == [(key, SMALL[key]) for key in ("tree", "sun", "house")]
    assert disk.asked == [["tree", "gone", "sun", "broken", "house"]], "each once, and in one go"


def test_what_is_at_hand_is_not_read_again() -> None:
    disk = Disk()
    shelf = Shelf(disk)  # type: ignore[arg-type]
    shelf.get(["sun", "tree"])
    assert list(shelf.get(["ring", "tree", "sun"])) == ["ring", "tree", "sun"]
    assert shelf.get(["tree", "ring"]) == {key: SMALL[key] for key in ("tree", "ring")}
    assert disk.asked == [["sun", "tree"], ["ring"]]
    assert shelf.get([]) == {} and len(disk.asked) == 2


def test_what_was_asked_for_longest_ago_makes_room() -> None:
    disk = Disk()
    shelf = Shelf(disk, size=3)  # type: ignore[arg-type]
    for wanted in ("tree", "sun", "ring", "tree", "cross"):
        shelf.get([wanted])
    disk.asked.clear()
    shelf.get(["tree", "ring", "cross"])
    assert disk.asked == [], "the sun was not asked for since; the tree was"
    shelf.get(["sun"])
    assert disk.asked == [["sun"]]


def test_more_than_there_is_room_for_is_shown_all_the_same() -> None:
    shelf = Shelf(Disk(), size=2)  # type: ignore[arg-type]
    assert shelf.get(CONCEPTS) == SMALL
    assert shelf.get(CONCEPTS) == SMALL


def test_what_is_kept_is_looked_at_and_changed_under_the_lock_only() -> None:
    shelf = Shelf(Disk(), size=1)  # type: ignore[arg-type]

    class Guarded(OrderedDict[str, bytes]):
        def __contains__(self, key: object) -> bool:
            assert shelf._lock.locked()
            return super().__contains__(key)

        def __setitem__(self, key: str, value: bytes) -> None:
            assert shelf._lock.locked()
            super().__setitem__(key, value)

    shelf._kept = Guarded()
    assert list(shelf.get(["sun", "tree"])) == list(shelf.get(["sun", "tree"])) == ["sun", "tree"]
    assert not shelf._lock.locked()
