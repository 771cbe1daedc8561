"""``cldi app --workers``: several dashboards behind one address, started, kept and ended together."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.commands import main, workers
from cldi_core.errors import CldiError
from tools.browser import ROOT, free_port

HAS_PROXY = pytest.mark.skipif(shutil.which(workers.PROXY) is None, reason="there is no Caddy here")


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    assert holds()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_without_caddy_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["cldi", "app", "--port", str(free_port()), "--workers", "2"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "") and err.count("\n") == 1
    assert "apt install caddy" in err and "leave --workers out" in err


def test_a_browser_stays_with_one_dashboard_by_a_cookie() -> None:
    told = workers.configuration(8501, "127.0.0.1", [7001, 7002])
    assert "http://:8501 {" in told and "bind 127.0.0.1" in told
    assert "reverse_proxy 127.0.0.1:7001 127.0.0.1:7002 {" in told and "lb_policy cookie cldi_worker" in told
    if program := shutil.which(workers.PROXY):
        command = [program, "adapt", "--adapter", "caddyfile", "--config", "/dev/stdin"]
        subprocess.run(command, input=told, text=True, capture_output=True, check=True)


def test_what_ends_is_started_again_and_what_ends_at_once_not_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = workers.Kept("dashboard 1 of 2", python("raise SystemExit(3)"))
    one.start()
    assert one.process is not None
    first = one.process
    first.wait(20)
    one.look()
    assert one.process is first, "it had only just been started"
    monkeypatch.setattr(workers, "SHORTEST", 0.0)
    one.look()
    assert one.process is not first
    one.process.wait(20)
    assert capsys.readouterr().err == "dashboard 1 of 2 ended with 3; it is started again\n", "once"


def test_all_are_ended_also_one_that_does_not_want_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ENDING", 0.5)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); time.sleep(60)"
    kept = [workers.Kept("one", python("import time; time.sleep(60)")), workers.Kept("two", python(stubborn))]
    for one in kept:
        one.start()
    time.sleep(0.5)
    workers.end(kept)
    assert all(one.process is not None and one.process.returncode is not None for one in kept)


def test_a_dashboard_that_cannot_be_started_is_named() -> None:
    one = workers.Kept("dashboard 2 of 2", python("raise SystemExit(1)"))
    one.start()
    with pytest.raises(CldiError, match="dashboard 2 of 2 could not be started \\(it ended with 1\\)"):
        workers._wait(one, free_port(), [])


@HAS_PROXY
def test_whoever_asks_to_end_is_noted_and_nothing_is_waited_for() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    one = workers.Kept("one that never answers", python("import time; time.sleep(60)"))
    one.start()
    try:
        with workers._told() as told:
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)
            until(lambda: len(told) == 2)
            assert told == [signal.SIGINT, signal.SIGTERM]
            workers._wait(one, free_port(), told)
            workers._serve([], one, [], free_port(), told)
    finally:
        workers.end([one])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_two_dashboards_behind_one_address(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.txt"
    command = [sys.executable, "-m", "cldi_core", "app", "--port", str(port), "--workers", "2"]
    with log.open("wb") as printed:
        served = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=printed, env={**os.environ})
    try:
        until(lambda: served.poll() is not None or "2 workers" in log.read_text())
        first = _get(port)
        assert first[0] == 200 and first[1].startswith(f"{workers.COOKIE}=")
        assert {_get(port, first[1])[1] for _ in range(6)} == {""}, "who has a cookie keeps it"
        assert len({_get(port)[1] for _ in range(20)}) == 2, "others get either"
        _kill_one(served.pid)
        until(lambda: "it is started again" in log.read_text())
        assert _get(port, first[1])[0] == 200 and _get(port)[0] == 200, "meanwhile the other one answers"
    finally:
        served.send_signal(signal.SIGINT)
        code = served.wait(40)
    assert code == 0 and not _running(served.pid), log.read_text()
    assert "Traceback" not in log.read_text()


def _get(port: int, cookie: str = "") -> tuple[int, str]:
    """The status of the page, and the cookie that comes with it."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/word", headers={"Cookie": cookie} if cookie else {})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return answer.status, (answer.headers.get("Set-Cookie") or "").partition(";")[0]


def _running(parent: int) -> list[int]:
    """The dashboards that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"cldi_core" in command:
            found.append(int(path.parent.name))
    return found


def _kill_one(parent: int) -> None:
    os.kill(_running(parent)[0], signal.SIGKILL)
