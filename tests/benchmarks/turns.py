"""Two processes that train by turns, so that whatever else the machine does meets both alike.

While one trains for a second or so the other is stopped (SIGSTOP). Both say in shared memory how many steps they have
done, and when; a pair of turns gives a ratio of their speeds, and the middle of many such ratios is the answer.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORMAT = "dq"
_EVERY = 0.02
SETTLE = 0.4
"""Seconds at the beginning of a turn that do not count: a trainer that was stopped finds its pace again."""


def publish(session: Any, path: Path) -> None:
    """In the process that trains: say from now on how far it is, and which of its threads train."""

    def work() -> None:
        with path.open("r+b") as file, mmap.mmap(file.fileno(), struct.calcsize(_FORMAT)) as shared:
            while True:
                steps = sum(each.experiment.step for each in session.replicas if each.experiment is not None)
                shared[:] = struct.pack(_FORMAT, time.monotonic(), steps)
                if steps and not trainers.exists():
                    found = [each.native_id for each in threading.enumerate() if each.name.startswith("replica-")]
                    trainers.write_text(" ".join(map(str, found)))
                time.sleep(_EVERY)

    trainers = _trainers(path)
    threading.Thread(target=work, name="steps", daemon=True).start()


def _trainers(path: Path) -> Path:
    return path.with_suffix(".trainers")


@dataclass(frozen=True, slots=True)
class Turn:
    """Steps per second, and processor time of all threads but those that train, in cores."""

    rate: float
    interface: float


class Player:
    """The other side: one process, stopped unless it is its turn.

    path: where it publishes;  idle: called again and again while it runs, for a while each, to read what it writes
    """

    def __init__(self, process: int, path: Path, idle: Callable[[float], object]) -> None:
        self.process, self._path, self._idle = process, path, idle

    @staticmethod
    def prepare(path: Path) -> None:
        """Before the process begins."""
        path.write_bytes(bytes(struct.calcsize(_FORMAT)))
        _trainers(path).unlink(missing_ok=True)

    def begin(self, seconds: float = 120) -> None:
        """Wait until it trains, and stop it."""
        end = time.monotonic() + seconds
        while not _trainers(self._path).exists():
            if time.monotonic() > end:
                raise TimeoutError("it does not train")
            self._idle(0.05)
        self._wait(1.0)
        os.kill(self.process, signal.SIGSTOP)

    def turn(self, seconds: float) -> Turn:
        """Let it run for a while."""
        os.kill(self.process, signal.SIGCONT)
        self._wait(SETTLE)
        first, used = self._read(), self._used()
        self._wait(seconds)
        last, used = self._read(), self._used() - used
        os.kill(self.process, signal.SIGSTOP)
        took = last[0] - first[0]
        return Turn((last[1] - first[1]) / took, used / took)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._idle(left)

    def _read(self) -> tuple[float, int]:
        return struct.unpack(_FORMAT, self._path.read_bytes())  # type: ignore[return-value]  # as it was packed

    def _used(self) -> float:
        trainers = set(_trainers(self._path).read_text().split())
        total = 0
        for task in Path(f"/proc/{self.process}/task").iterdir():
            if task.name not in trainers:
                with contextlib.suppress(OSError):
                    fields = (task / "stat").read_text().rpartition(")")[2].split()
                    total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


def ratios(first: Player, second: Player, pairs: int, seconds: float) -> list[tuple[Turn, Turn]]:
    """Turns of both, in pairs; who begins changes from pair to pair."""
    found = []
    for number in range(pairs):
        if number % 2:
            after = second.turn(seconds)
            found.append((first.turn(seconds), after))
        else:
            before = first.turn(seconds)
            found.append((before, second.turn(seconds)))
    return found
