"""What the machine at hand can do."""

from __future__ import annotations

import os
from pathlib import Path

from cldi_core.errors import unknown

DEVICES = ("cpu", "cuda")


def processors() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def devices() -> tuple[str, ...]:
    """The devices that this machine seems to have; told without loading torch, which takes a second."""
    return DEVICES if Path("/proc/driver/nvidia/version").exists() else DEVICES[:1]


def check_device(device: str) -> None:
    """Refuse a device that is unknown or not there."""
    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    if device == "cpu":
        return
    import torch  # takes a second to import

    if not torch.cuda.is_available():
        raise unknown("device", device, ["cpu"], "No CUDA device was found.")


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 faster than float32."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.get_device_capability(device) >= (8, 0)
    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
