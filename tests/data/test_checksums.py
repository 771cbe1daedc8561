"""Checksums of files and of lines: whatever is written has one, and one bit makes it another."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from cldi_core.data import checksums, layout, remote, sealing, storage
from cldi_core.data.dataset import create, write_info


def put(folder: Path, name: str = "lexicon/en-de.tsv", text: str = "dog\tHund\tN\n") -> Path:
    storage.write_text(folder / name, text)
    return folder / name


def flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def test_what_is_written_into_a_data_set_is_noted_and_nothing_else(tmp_path: Path) -> None:
    create(tmp_path / "set", "Set")
    for name in ("lexicon/en-de.tsv", "imports/20261129T120000-lists.json"):
        put(tmp_path / "set", name)
    deepest = "pivot/lite/en-de/items/pivot-sym/seed-0/en+de.safetensors"
    put(tmp_path / "set", deepest)
    for name in ("features/lite/extraction.json", "collect/commons/files/0", "people/answers.jsonl", "notes.tsv"):
        put(tmp_path / "set", name, '{"a": 1}')
    put(tmp_path / "elsewhere")
    found, damaged = checksums.lines_of((tmp_path / "set" / checksums.LOG).read_bytes())
    expected = ["dataset.toml", "lexicon/en-de.tsv", "imports/20261129T120000-lists.json", deepest]
    assert ([name for name, _ in found], damaged) == (expected, 0)
    assert not (tmp_path / "elsewhere" / checksums.LOG).exists()
    seen = sealing.look(tmp_path / "set")
    assert (seen.changed, seen.unknown, seen.unread, seen.lines) == ((), (), {}, {})


def test_every_file_of_a_data_set_is_as_deep_as_is_looked(tmp_path: Path) -> None:
    deepest = max(pattern.count("/") for patterns in layout.PARTS.values() for pattern in patterns)
    assert deepest < checksums.DEEP


def test_a_process_that_ended_before_its_file_was_moved_harms_nothing(tmp_path: Path) -> None:
    create(tmp_path, "Set")
    path = put(tmp_path)
    (tmp_path / "new").write_text("cat\tKatze\tN\n")
    checksums.note(tmp_path / "new", path)
    assert sealing.look(tmp_path).changed == ()
    (tmp_path / "new").replace(path)
    assert sealing.look(tmp_path).changed == ()
    path.write_text("cow\tKuh\tN\n")
    assert sealing.look(tmp_path).changed == ("lexicon/en-de.tsv",)


def test_a_list_that_cannot_be_written_stays_as_it_was_and_so_does_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(tmp_path, "Set")
    path, before = put(tmp_path), (tmp_path / checksums.LOG).read_bytes()

    def fsync(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), (tmp_path / checksums.LOG).stat()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path, text="another\tText\tN\n")
    assert (tmp_path / checksums.LOG).read_bytes() == before and path.read_text() == "dog\tHund\tN\n"
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name]


def test_every_bit_of_a_list_of_checksums_counts(tmp_path: Path) -> None:
    create(tmp_path, "Set")
    put(tmp_path)
    log = tmp_path / checksums.LOG
    whole = log.read_bytes()
    for bit in range(8 * len(whole)):
        log.write_bytes(flipped(whole, bit))
        assert sealing.look(tmp_path).lines.get(checksums.LOG), bit
    log.write_bytes(whole[:-5])
    assert sealing.look(tmp_path).lines == {checksums.LOG: 1}


def test_every_bit_of_a_line_with_a_checksum_counts() -> None:
    line = checksums.with_checksum({"player": "Bö", "options": ["a", "b"]}).encode()
    assert json.loads(line)["player"] == "Bö" and not checksums.is_damaged(line)
    assert [bit for bit in range(8 * len(line)) if not checksums.is_damaged(flipped(line, bit))] == []
    old = b'{"player": "Ada"}'
    assert not checksums.is_damaged(old) and checksums.is_damaged(old[:-1]) and checksums.is_damaged(b"[]")
    assert checksums.damaged([line, b"", old, line + old]) == 1


def test_sealing_takes_files_for_right_and_shortens_the_list(tmp_path: Path) -> None:
    create(tmp_path, "Set")
    path = put(tmp_path)
    for text in ("a\tb\tN\n", "c\td\tN\n"):
        put(tmp_path, text=text)
    (tmp_path / "senses.tsv").write_text("dog\t8\n")
    path.write_text("by\thand\tN\n")
    seen = sealing.look(tmp_path)
    assert (seen.changed, seen.unknown) == (("lexicon/en-de.tsv",), ("senses.tsv",))
    assert sealing.seal(tmp_path) == 3
    assert sealing.look(tmp_path).changed == sealing.look(tmp_path).unknown == ()
    write_info(tmp_path, {"title": "Another"})
    assert sealing.seal(tmp_path) == 3
    kept, _ = checksums.lines_of((tmp_path / checksums.LOG).read_bytes())
    assert "dataset.toml" not in [name for name, _ in kept] and sealing.look(tmp_path).changed == ()


def test_what_is_noted_after_the_files_were_sealed_stays(tmp_path: Path) -> None:
    """As of a file that is about to be moved to its place while somebody seals."""
    create(tmp_path, "Set")
    path = put(tmp_path)
    (tmp_path / "new").write_text("cat\tKatze\tN\n")
    checksums.note(tmp_path / "new", path)
    sealing.seal(tmp_path)
    (tmp_path / "new").replace(path)
    assert sealing.look(tmp_path).changed == ()


def test_of_an_address_nothing_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "mirror", lambda path: (None, ""))
    monkeypatch.setattr(remote, "stored", lambda path: None)
    put(tmp_path, "dataset.toml")
    assert not (tmp_path / checksums.LOG).exists()
