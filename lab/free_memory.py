"""How much memory there is to be had, as far as the system tells."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
OWN_GROUPS = Path("/proc/self/cgroup")


def free_memory() -> int | None:
    """Bytes that this process could still take without anything being swapped out; None where nobody says.

    On Linux what the kernel calls available, or less where a control group (a container, a batch job) allows less; on
    Windows the free physical memory; macOS has no such number, since it compresses memory before it runs out.
    """
    if sys.platform == "win32":
        return _free_on_windows()
    found = [each for each in (_available(), _left_in_group()) if each is not None]
    return min(found, default=None)


def _available() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _left_in_group() -> int | None:
    """What the group's limit leaves (version 2 of control groups, then version 1); None without a limit.

    The group's cached files count as used, but give way: they are left out.
    """
    second, first = _own_groups()
    for limit, used, root, own in (
        ("memory.max", "memory.current", CGROUP, second),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", CGROUP / "memory", first),
    ):
        # A batch job's limit stands at its own group, or at one above it; a container's at what it sees as the root.
        left = [_left(root / each, limit, used) for each in (own, *own.parents)]
        found = [each for each in left if each is not None]
        if found:
            return min(found)
    return None


def _own_groups() -> tuple[Path, Path]:
    """The groups that this process is in, below the roots: of version 2, and of memory in version 1."""
    second = first = Path()
    with contextlib.suppress(OSError, ValueError):
        for line in OWN_GROUPS.read_text().splitlines():
            number, controllers, place = line.split(":", 2)
            if number == "0" and not controllers:
                second = Path(place.lstrip("/"))
            elif "memory" in controllers.split(","):
                first = Path(place.lstrip("/"))
    return second, first


def _left(folder: Path, limit: str, used: str) -> int | None:
    try:
        most = (folder / limit).read_text().strip()
        taken = int((folder / used).read_text())
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if not most.isdecimal():  # "max": there is none
        return None
    files = int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
    return max(int(most) - taken + files, 0)


def _free_on_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
        )

    status = Status(length=ctypes.sizeof(Status))
    found = getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # noqa: B009
    return int(status.free) if found else None
