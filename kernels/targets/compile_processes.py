"""Processes that compile: each is told a unit a line, and answers a line when the unit's code is in the cache.

To load numba, and to compile anything for the first time, takes more than a second. So the first one of several does
that, and all others are copies of it; where the system cannot copy processes, each begins anew.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import TextIOBase
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

_ROOT = Path(__file__).resolve().parent.parent.parent
CAN_COPY = hasattr(os, "fork")
"""Whether the system can copy a process."""


class Process(Protocol):
    """What those that compile have in common: that of `subprocess.Popen` which is used of it."""

    stdin: Any
    stdout: Any

    def poll(self) -> int | None:
        """Return None while it runs."""
        ...

    def kill(self) -> None:
        """Let it end now."""
        ...

    def communicate(self) -> Any:
        """Wait until it has ended."""
        ...


class Copy:
    """A copy of another process, at the other end of a socket; it ends when it reads the end of what it is told."""

    def __init__(self, end: socket.socket) -> None:
        self._socket, self._ended = end, False
        self.stdin, self.stdout = end.makefile("w"), end.makefile("r")

    def poll(self) -> int | None:
        """Return None until `communicate` has found that it ended."""
        return 0 if self._ended else None

    def kill(self) -> None:
        """Tell it that nothing comes any more, whatever it does."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # it ended by itself
            self._ended = True

    def communicate(self) -> None:
        """Wait until its end of the socket is closed, be it before it was copied."""
        with contextlib.suppress(OSError):
            while self._socket.recv(1024):
                pass
        self._ended = True
        for each in (self.stdin, self.stdout, self._socket):
            with contextlib.suppress(OSError):  # of what could not be sent any more
                each.close()


def start(count: int) -> list[Process]:
    """Start so many processes."""
    if not CAN_COPY:
        return [_started() for _ in range(count)]
    pairs = [socket.socketpair() for _ in range(count - 1)]
    try:
        return [_started([theirs.fileno() for _, theirs in pairs]), *(Copy(ours) for ours, _ in pairs)]
    finally:
        for _, theirs in pairs:
            theirs.close()


def _started(sockets: list[int] | None = None) -> subprocess.Popen[str]:
    """A process that copies itself for each of these sockets, whose numbers it inherits."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    code = f"from kernels.targets.compile_processes import serve; serve({sockets or []})"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # an interrupt from the terminal is for the lab, which ends them
        pass_fds=sockets or [],
    )


def serve(sockets: list[int]) -> None:
    """Compile, in a process of its own, what standard input names, and let a copy do so for each of the sockets."""
    import gc

    import kernels.targets.compiler  # noqa: F401 - before the first unit is known
    from kernels.targets import cache
    from kernels.targets.compile_workers import EXECUTOR

    gc.disable()  # what numba leaves are 20 MB in five seconds, and looking for them would take a twelfth of its time
    if sockets and not cache.has(EXECUTOR.name):
        EXECUTOR.compile()  # everybody needs it, and the first unit takes half a second more than any other
    for number, each in enumerate(sockets):
        if os.fork() == 0:
            os.setsid()  # like the first one: a busy system may share its time among sessions
            for other in (*sockets[number + 1 :], 0, 1):  # whoever waits for the end of one process waits for that one
                os.close(other)
            end = socket.socket(fileno=each)
            _compile(_until_closed(end.makefile("r")), end.makefile("w"))
            os._exit(0)
        os.close(each)
    _compile(sys.stdin, sys.stdout)


def _until_closed(lines: TextIOBase) -> Iterator[str]:
    """The lines that a copy is told. At their end it ends at once, in the middle of whatever it does."""
    waiting: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        try:
            for line in lines:
                waiting.put(line)
        finally:
            os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return iter(waiting.get, "")


def _compile(lines: Any, answers: Any) -> None:
    from importlib import import_module

    from kernels.targets import cache
    from kernels.targets.compile_workers import Unit

    for line in lines:
        unit = Unit.from_line(line)
        if unit.module:
            import_module(unit.module)
        if cache.read(unit.name) is None:
            unit.compile()
        print("done", file=answers, flush=True)
