"""Thumbnails kept at hand: what is read, how often, and what makes room for what."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

import pytest

from benchmarks.soak.hostile_crafted import scans
from cldi_core.data import picture_formats, thumbnails
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


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process decodes nothing."""

    def refuse(*given: object, **how: object) -> None:
        raise AssertionError("it was decoded here")

    for name in ("opened", "loaded"):
        monkeypatch.setattr(picture_formats, name, refuse)


@pytest.mark.usefixtures("alone")
def test_pictures_are_decoded_by_other_processes_which_stay() -> None:
    assert Shelf(Disk()).get(CONCEPTS) == SMALL  # type: ignore[arg-type]
    pids = set(thumbnails.decoders().pids)
    assert pids and Shelf(Disk()).get(["sun"]) == {"sun": SMALL["sun"]}  # type: ignore[arg-type]
    assert thumbnails.decoders().pids >= pids


@pytest.mark.usefixtures("alone")
def test_thumbnails_that_are_stored_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "decoders", None)
    monkeypatch.setitem(FILES, "small", SMALL["sun"])
    assert Shelf(Disk()).get(["small", "gone"]) == {"small": SMALL["sun"]}  # type: ignore[arg-type]


def test_what_cannot_be_shown_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "bomb", scans(3000))
    disk = Disk()
    shelf = Shelf(disk)  # type: ignore[arg-type]
    assert shelf.get(["bomb", "sun", "broken"]) == {"sun": SMALL["sun"]} == shelf.get(["bomb", "sun", "broken"])
    assert disk.asked == [["bomb", "sun", "broken"]]


def test_a_page_waits_for_its_pictures_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "PATIENCE", 0.0)
    monkeypatch.setitem(FILES, "small", SMALL["ring"])
    shelf = Shelf(Disk())  # type: ignore[arg-type]
    assert "small" in shelf.get(["sun", "small", "tree", "house", "ring"])
    monkeypatch.undo()
    assert shelf.get(["sun", "tree"]) == {key: SMALL[key] for key in ("sun", "tree")}


def test_of_large_files_those_are_shown_that_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST", len(FILES["house"]) + len(FILES["ring"]))
    assert list(Shelf(Disk()).get(["sun", "tree", "ring", "house"])) == ["ring", "house"]  # type: ignore[arg-type]
