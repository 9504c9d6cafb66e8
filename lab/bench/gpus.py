"""What there is to compute on GPUs, as plain data: the driver, the toolkit, the devices, and what is missing."""

from __future__ import annotations

import dataclasses
from importlib import metadata
from pathlib import Path
from typing import Any

from kernels.targets.cuda import driver
from kernels.targets.cuda.driver_answers import DeviceProblem
from lab.graph.devices import choose

TOOLKIT = (
    "numba-cuda",
    "cuda-bindings",
    "cuda-core",
    "nvidia-nvvm",
    "nvidia-nvjitlink",
    "nvidia-cuda-nvrtc",
    "nvidia-cuda-nvcc-cu12",
    "nvidia-nvjitlink-cu12",
    "nvidia-cuda-nvrtc-cu12",
)
"""What compiles and loads kernels, by the names of their packages; those of CUDA 12 end so."""


def gpus() -> dict[str, Any]:
    """driver:  the newest CUDA it knows and its own version, None without a driver;  toolkit: versions by package
    devices: number, name, compute capability, memory in bytes, or the problem of each
    auto:    what `--device auto` takes;  problem: why no GPU can be used, None if one can
    install: what to install where something is missing
    """
    missing = "numba-cuda" not in (toolkit := _versions())
    found: dict[str, Any] = {"driver": None, "toolkit": toolkit, "devices": [], "problem": None}
    try:
        found["driver"] = {"cuda": "{}.{}".format(*driver.driver_version()), "version": _own_version()}
        found["devices"] = [_device(number) for number in range(driver.count())]
    except DeviceProblem as problem:
        found["problem"] = str(problem)
    choice = choose("auto")
    found["auto"] = list(choice.devices)
    if not choice.on_gpu:  # what one of several lacks is said with it
        found["problem"] = choice.reason
    found["install"] = driver.INSTALL if missing else None
    return found


def _device(number: int) -> dict[str, Any]:
    try:
        known = dataclasses.asdict(driver.device(number).properties)
    except DeviceProblem as problem:
        return {"number": number, "problem": str(problem)}
    major, minor = known["capability"]
    return {"number": number, **known, "capability": f"{major}.{minor}"}


def _versions() -> dict[str, str]:
    found = {}
    for name in TOOLKIT:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _own_version(path: Path = Path("/proc/driver/nvidia/version")) -> str | None:
    """The version of the driver, as `nvidia-smi` shows it; None where the system does not tell."""
    try:
        words = path.read_text().split()
    except OSError:
        return None
    return next((each for each in words if each.count(".") in (1, 2) and each.replace(".", "").isdigit()), None)
