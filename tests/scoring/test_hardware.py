"""What the machine at hand can do, on made-up machines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cldi_core.errors import UnknownNameError
from cldi_core.scoring import hardware


def test_only_processors_that_this_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 7}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert hardware.processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert hardware.processors() == 64, "where nothing is known of that, all"
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert hardware.processors() == 1


@pytest.mark.parametrize("driver", [True, False])
def test_devices_are_told_by_the_driver(monkeypatch: pytest.MonkeyPatch, driver: bool) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Path, "exists", lambda path: asked.append(str(path)) or driver)
    assert hardware.devices() == (("cpu", "cuda") if driver else ("cpu",))
    assert asked == ["/proc/driver/nvidia/version"]


@pytest.mark.parametrize("name", ["tpu", "CPU", "", "cuda:0"])
def test_an_unknown_device_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown device '{name}'; choose from: cpu, cuda"):
        hardware.check_device(name)


@pytest.mark.parametrize("there", [True, False])
def test_a_graphics_card_must_be_there(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    hardware.check_device("cpu")
    if there:
        hardware.check_device("cuda")
    else:
        with pytest.raises(UnknownNameError, match=r"'cuda'; choose from: cpu\..* No CUDA device was found"):
            hardware.check_device("cuda")


def test_the_processor_is_checked_without_torch() -> None:
    """Importing it takes a second, and every command looks at its device first."""
    code = "import sys; from cldi_core.scoring import hardware as h; h.check_device('cpu'); h.devices(); h.processors()"
    done = subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("device", "capability", "wide"),
    [("cuda", (8, 0), True), ("cuda:1", (9, 0), True), ("cuda", (7, 5), False), ("cuda", (7, 9), False)],
)
def test_graphics_cards_have_bfloat16_from_8_on(
    monkeypatch: pytest.MonkeyPatch, device: str, capability: tuple[int, int], wide: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda name: asked.append(name) or capability)
    assert hardware.has_bfloat16(device) is wide and asked == [device]


@pytest.mark.parametrize(
    ("known", "wide"),
    [
        ({"amx_bf16": True, "avx512_bf16": False}, True), ({"avx512_bf16": True}, True), ({"amx_bf16": False}, False),
        ({"avx2": True, "avx512_f": True}, False), ({}, False),
    ],
)  # fmt: skip
def test_processors_have_bfloat16_where_they_say_so(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], wide: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    assert hardware.has_bfloat16("cpu") is wide
