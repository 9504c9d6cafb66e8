"""Telling whether the process that began a run still lives.

A process id alone is not enough, because ids are used again: the time at which the process started goes with it.
Neither means anything on another machine, in another container or after a restart of the machine. There a run counts
as alive as long as its writer has reported recently.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPORT_SECONDS = 10.0
"""A writer reports at least this often, even when nothing is measured."""
SILENCE_SECONDS = 60.0
"""A writer elsewhere that has been silent for longer is gone."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process: `machine` names computer, boot and container, `started` is when it began, in the system's words."""

    machine: str
    pid: int
    started: str


def _machine() -> str:
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass  # not Linux: the name of the machine has to do
    return " ".join(parts)


def _started(pid: int) -> str | None:
    """When process `pid` started; None if there is no such process, or it is dead and only not yet collected; "" where
    the system does not tell."""
    if sys.platform == "win32":
        return _started_on_windows(pid)
    if Path("/proc/self/stat").exists():
        try:
            # The second field is the command in parentheses, which may itself hold blanks and parentheses.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, start_time = fields[0], fields[19]
        return None if state in "ZX" else start_time
    try:
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip() or None


if sys.platform == "win32":

    def _started_on_windows(pid: int) -> str | None:
        """See `_started`; after Microsoft's documentation of OpenProcess and GetProcessTimes."""
        import ctypes
        from ctypes import wintypes

        query_limited_information, still_active = 0x1000, 259
        system = ctypes.WinDLL("kernel32", use_last_error=True)
        system.OpenProcess.restype = wintypes.HANDLE
        handle = wintypes.HANDLE(system.OpenProcess(query_limited_information, False, pid))
        if not handle:
            access_denied = 5
            return "" if ctypes.get_last_error() == access_denied else None
        try:
            code, times = wintypes.DWORD(), [wintypes.FILETIME() for _ in range(4)]
            told = system.GetExitCodeProcess(handle, ctypes.byref(code))
            told = told and system.GetProcessTimes(handle, *(ctypes.byref(each) for each in times))
        finally:
            system.CloseHandle(handle)
        if not told:
            return ""
        began = times[0]
        return str(began.dwHighDateTime << 32 | began.dwLowDateTime) if code.value == still_active else None


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(_machine(), pid, _started(pid) or "")


def is_alive(process: Process, seen: float) -> bool:
    """Whether `process` still runs; `seen` (seconds since 1970) is when it last reported."""
    started = _started(process.pid) if process.machine == _machine() else ""
    if started == "":
        return abs(time.time() - seen) < SILENCE_SECONDS  # either way: clocks are set back
    return started == process.started
