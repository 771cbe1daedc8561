"""Many files and their places: told as they were added, found in their order and in any other."""

from __future__ import annotations

import tracemalloc

from cldi_core.imports.placed_files import PlacedFiles

PATHS = ["en/dog/1.png", "en/dog/ä.png", "en/dog/\udcff.png", "de/Hund/1.png", "en/dog/10.png", ""]


def made() -> PlacedFiles:
    files = PlacedFiles()
    for path in PATHS:
        files.add(path)
    return files


def test_paths_come_back_as_they_were() -> None:
    files = made()
    assert list(files) == PATHS and len(files) == 6 and files[-3:] == PATHS[-3:] and files[:100] == PATHS


def test_a_file_has_the_place_that_it_was_given_last() -> None:
    files = made()
    assert files.placed == 0 and all(files.place(number) is None for number in (*range(6), -1))
    files.put(3, 0, 7)
    files.put(0, 2, 0)
    files.put(0, 2, 5)
    assert files.placed == 2 and [files.place(number) for number in (0, 1, 3)] == [(2, 5), None, (0, 7)]


def test_files_are_found_in_their_order_and_in_any_other() -> None:
    files = made()
    find = files.finder()
    assert [find(path) for path in PATHS] == list(range(6)) and find("en") == -1
    find = files.finder()
    assert [find(path) for path in [PATHS[0], "new", PATHS[2], PATHS[1], "en/dog/\udcff", PATHS[2], PATHS[3]]] == [
        0, -1, 2, 1, -1, 2, 3,
    ]  # fmt: skip
    find = files.finder()
    assert [find(PATHS[3]), find(PATHS[0]), find(PATHS[5])] == [3, 0, 5]


def test_a_file_takes_its_path_and_a_few_bytes() -> None:
    """By hand 16 more than the path; texts in a list take 60 more, and a table of them as much again."""
    tracemalloc.start()
    files = PlacedFiles()
    for number in range(20_000):
        files.add(f"en/word {number // 40:06}/{number:09}.jpg")
        files.put(number, number // 40, number % 40)
    find = files.finder()
    assert all(find(f"en/word {number // 40:06}/{number:09}.jpg") == number for number in range(20_000))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < (len(files[0]) + 30) * 20_000
