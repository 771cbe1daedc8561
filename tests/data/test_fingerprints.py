"""Pictures are known again after they were saved anew, and what was seen of them is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from cldi_core.data import fingerprints, pictures, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.fingerprints import COLUMNS, Fingerprints, lacks_end, of_picture, size
from cldi_core.data.ids import PictureIds
from cldi_core.data.pictures import Picture, Pictures
from cldi_core.errors import PictureError
from tests.conftest import encoded
from tests.scenes import again, scene

SAVED = [
    ("JPEG", 95, 1.0), ("JPEG", 75, 1.0), ("JPEG", 50, 1.0), ("JPEG", 30, 1.0), ("JPEG", 75, 0.5), ("JPEG", 75, 2.0),
    ("WEBP", 70, 1.0), ("PNG", 0, 0.7),
]  # fmt: skip


def alike(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """The pairs of a frame whose index are names, as ids are longer than a test can read."""
    ids = [str(name).encode().hex().ljust(32, "0") for name in frame.index]
    made = Fingerprints.of([frame.assign(id=ids)], PictureIds.of(ids))
    names = {key: str(name) for key, name in zip(ids, frame.index, strict=True)}
    return [(names[one], names[other]) for one, other in made.alike()]


def of_files(files: dict[str, bytes]) -> pd.DataFrame:
    rows = [of_picture(data) for data in files.values()]
    return pd.DataFrame(rows, index=[*files], columns=[*COLUMNS]).astype(COLUMNS)


def test_a_picture_that_was_saved_again_looks_the_same_and_no_other_does() -> None:
    scenes = {f"{number:02}": scene(number) for number in range(12)}
    files = {f"{name} original": encoded(image) for name, image in scenes.items()}
    for number, how in enumerate(SAVED):
        files |= {f"{name} {number}": again(image, *how) for name, image in scenes.items()}
    pairs = alike(of_files(files))
    assert all(one.split()[0] == other.split()[0] for one, other in pairs)
    with_original = {one for pair in pairs for one in pair if any("original" in other for other in pair)}
    assert with_original == set(files), "each is like its original"


def slow(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """By the definition."""
    rows = [
        (key, int(row["hash"]), np.frombuffer(bytes.fromhex(row["colours"]), np.uint8).astype(int))
        for key, row in frame.iterrows()
    ]
    return sorted(
        (min(one, other), max(one, other))
        for place, (one, hash_one, colours_one) in enumerate(rows)
        for other, hash_other, colours_other in rows[place + 1 :]
        if (hash_one ^ hash_other).bit_count() <= 4 and np.abs(colours_one - colours_other).mean() < 6
    )


@pytest.mark.parametrize("block", [7, 2048])
def test_all_pairs_are_found(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(fingerprints, "_ROWS", block)
    rng = np.random.default_rng(5)
    rows = []
    for base in rng.integers(0, 2**63, 12).tolist():
        ground = rng.integers(20, 230, 48)
        for _ in range(6):
            flips = sum(1 << int(bit) for bit in rng.choice(64, rng.integers(0, 5), replace=False))
            colours = (ground + rng.integers(-9, 10, 48)).clip(0, 255).astype(np.uint8)
            rows.append((base ^ flips, colours.tobytes().hex(), 9, 9, False))
    frame = pd.DataFrame(rows, index=[f"{n:03}" for n in rng.permutation(len(rows))], columns=[*COLUMNS])
    found = alike(frame.astype(COLUMNS))
    assert found == slow(frame) and len(found) > 10


def test_a_picture_that_is_like_very_many_does_not_name_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "_ROWS", 10)
    monkeypatch.setattr(fingerprints, "NEIGHBOURS", 20)
    rows = [(0, "80" * 48, 9, 9, False)] * 500
    frame = pd.DataFrame(rows, index=[f"{number:03}" for number in range(500)], columns=[*COLUMNS]).astype(COLUMNS)
    pairs = alike(frame)
    assert len(pairs) <= 500 * 30 and {key for pair in pairs for key in pair} == set(frame.index)


def turned(image: Image.Image, way: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = way
    return encoded(image, "JPEG", quality=90, exif=exif)


def test_a_turned_picture_is_as_people_see_it() -> None:
    image = scene(1)
    assert size(turned(image, 6)) == (180, 240) and size(turned(image, 3)) == (240, 180)
    upright = encoded(image.transpose(Image.Transpose.ROTATE_270), "JPEG", quality=90)
    assert alike(of_files({"a": turned(image, 6), "b": upright})) == [("a", "b")]


def test_a_jpeg_without_its_end_is_known() -> None:
    whole = encoded(scene(2), "JPEG", quality=90)
    small = encoded(scene(3).resize((40, 30)), "JPEG")
    with_small = whole[:2] + b"\xff\xe1" + (len(small) + 2).to_bytes(2) + small + whole[2:]
    assert b"\xff\xd9" in with_small[:-2], "it has the end of another picture inside"
    for data in (whole, with_small):
        assert not lacks_end(data) and not lacks_end(data + b"and more")
        assert lacks_end(data[:-2]) and lacks_end(data[:-500]) and lacks_end(data[:100])
    assert not lacks_end(encoded(scene(2))[:-9]) and not lacks_end(b""), "of other formats nobody says so"


def test_what_cannot_be_decoded_is_no_picture() -> None:
    with pytest.raises(PictureError):
        of_picture(b"nothing")
    assert [*fingerprints.of_pictures([b"nothing"])] == [fingerprints.UNKNOWN]
    frame = pd.DataFrame([fingerprints.UNKNOWN] * 2, index=["a", "b"], columns=[*COLUMNS]).astype(COLUMNS)
    assert alike(frame) == []


@pytest.fixture
def stored(tmp_path: Path) -> Pictures:
    """Three pictures in two shards, one of them the same as another in other bytes."""
    files = [encoded(scene(1)), again(scene(1), "JPEG", 60, 0.5), encoded(scene(2))]
    for part in (files[:2], files[2:]):
        pictures.write_shards(tmp_path / "images", [Picture(data, "x", *size(data)) for data in part])
    return Pictures(tmp_path / "images")


def test_what_was_seen_is_kept(stored: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fingerprints.read(stored).missing == 3
    told: list[tuple[int, int]] = []
    made = fingerprints.make(stored, workers=0, progress=lambda done, total: told.append((done, total)))
    assert made.missing == 0 and len(made.alike()) == 1 and told[-1] == (3, 3)
    monkeypatch.setattr(pictures, "decode", None)
    kept = fingerprints.make(Pictures(stored.folder), workers=0)
    assert kept.key == made.key == fingerprints.read(stored).key
    assert list(kept.ids) == list(made.ids) == sorted(stored.ids)
    assert (kept.sizes == made.sizes).all() and sorted(kept.sizes[:, 0]) == [120, 240, 240]


def test_one_that_is_damaged_is_made_again(stored: Pictures) -> None:
    made = fingerprints.make(stored, workers=0)
    file = sorted((stored.folder.parent / fingerprints.FOLDER).iterdir())[0]
    file.write_bytes(file.read_bytes()[:-20])
    assert 0 < fingerprints.read(stored).missing < 3
    assert fingerprints.make(stored, workers=0).key == made.key and fingerprints.read(stored).missing == 0


def test_nothing_is_kept_where_nothing_can_be_written(stored: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*anything: object, **more: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(storage, "write_frame", refuse)
    assert fingerprints.make(stored, workers=0).missing == 0
    assert fingerprints.read(stored).missing == 3


def test_processes_see_the_same(small: Dataset) -> None:
    here = fingerprints.make(small.pictures, workers=0)
    for file in (small.path / fingerprints.FOLDER).iterdir():
        file.unlink()
    assert fingerprints.make(small.pictures, workers=1).key == here.key
