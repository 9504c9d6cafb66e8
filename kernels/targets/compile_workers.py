"""What is compiled, one unit after the other; many units in several processes side by side.

Numba compiles under one lock, so threads would not help. Each process takes the next unit as soon as it is done with
one, and leaves the code in the cache, from where this process loads it and so does without numba itself. What a process
fails to do, for whatever reason, is compiled here when it is needed. Where nothing is compiled yet, they can be started
while this process still reads what it is to do.

To load numba, and to compile anything for the first time, takes a process more than a second. So one of them does
that, and the others are copies of it (`kernels.targets.compile_processes`).
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kernels.cores import available_cores
from kernels.language import KERNELS, Kernel
from kernels.targets import cache
from kernels.targets.compile_processes import Process, start
from kernels.targets.forms import COMMON, SCATTERED, TILES, WINOGRAD

FEWEST = 4
"""Units for which a process is worth its start."""
MOST = 8
"""Processes."""


@dataclass(frozen=True)
class Unit:
    """Something that is compiled and kept as one file.

    kind:   kernel, product, fetching, windows or executor
    module: where a kernel is declared
    form:   of a kernel; see `kernels.targets.forms`
    """

    kind: str
    kernel: str = ""
    real_name: str = ""
    module: str = ""
    form: str = ""

    @classmethod
    def of(cls, kernel: Kernel, real_name: str, form: str = "") -> Unit:
        return cls("kernel", kernel.name, real_name, kernel.function.__module__, form)

    @property
    def name(self) -> str:
        """The name of the unit's file in the cache: for a kernel, the kernel's name, its form and its real type."""
        form = f"-{self.form}" if self.form else ""
        return f"{self.kernel}{form}_{self.real_name}" if self.kind == "kernel" else self.kind

    @property
    def line(self) -> str:
        """The words by which a worker process is told of it."""
        return " ".join(word or "-" for word in (self.kind, self.kernel, self.real_name, self.module, self.form))

    @classmethod
    def from_line(cls, line: str) -> Unit:
        """The unit that a worker process is told of."""
        return cls(*("" if word == "-" else word for word in line.split()))

    @property
    def cost(self) -> int:
        """About how long it takes to compile, in quarters of a second of a core, as measured."""
        if self.kind != "kernel":
            return _COSTS[self.kind]
        return _COSTS_OF_KERNELS.get(self.kernel) or _COSTS_OF_FORMS[self.form]

    @property
    def elsewhere(self) -> bool:
        """Whether another process can compile the unit: it would not find what a test or a notebook declares."""
        return self.kind != "kernel" or self.module.startswith("kernels.")

    def compile(self) -> bytes:
        """Compile the unit in this process, put its object code into the cache, and return it."""
        from kernels.targets import compiler

        if self.kind == "kernel":
            code = compiler.kernel_code(KERNELS[self.kernel], self.real_name, self.form)
        else:
            code = getattr(compiler, f"{self.kind}_code")()
        cache.write(self.name, code)
        return code


PRODUCT = Unit("product")
FETCHING = Unit("fetching")
WINDOWS = Unit("windows")
EXECUTOR = Unit("executor")


_early: list[Process] = []
"""Processes that were started before it was known what there is to compile."""


def start_early() -> None:
    """Start the processes now if this machine has compiled nothing yet, so that each has loaded numba when it gets its
    first unit. One that gets none ends with this process."""
    count = min(MOST, available_cores())
    if count > 1 and sys.executable and not _early and not cache.has(EXECUTOR.name):
        _early.extend(start(count))
        atexit.register(_end_early)


def _taken() -> Iterator[Process]:
    """The processes that were started early, each given to one caller only, whichever threads ask."""
    with contextlib.suppress(IndexError):
        while True:
            yield _early.pop()


def _end(processes: Iterable[Process]) -> None:
    ended = []
    for process in processes:
        process.kill()
        ended.append(process)
    for process in ended:
        process.communicate()


def _end_early() -> None:
    _end(_taken())


def _workers(count: int) -> list[Process]:
    """So many processes that wait for units."""
    found = list(itertools.islice((each for each in _taken() if each.poll() is None), count))
    return found + start(count - len(found)) if len(found) < count else found


Progress = Callable[[str, int, float | None], None]
"""What is told before each kernel: its name, how many are left with it, and about how many seconds it will take until
all are there, once that can be told."""
_COSTS = {"product": 5, "fetching": 5, "windows": 7, "executor": 1}
_COSTS_OF_FORMS = {COMMON: 1, SCATTERED: 3, TILES: 6, WINOGRAD: 8}
_COSTS_OF_KERNELS = {
    **dict.fromkeys(("gru_gradient", "lstm_gradient"), 6),
    **dict.fromkeys(("control_episode", "lstm", "gru"), 5),
    **dict.fromkeys(("rnn_gradient", "max_pool_gradient", "average_pool_gradient"), 4),
    **dict.fromkeys(("batch_norm", "relu_max_pool_gradient", "rnn", "newton_step", "batch_norm_relu_gradient"), 3),
    **dict.fromkeys(("max_pool", "relu_max_pool", "local_response_norm_gradient", "local_response_norm"), 2),
    "convolution_batch_norm": 8,
    **dict.fromkeys(("batch_norm_relu", "batch_norm_gradient", "group_norm_gradient"), 2),
}
_KNOWN = 0.1
"""Of the work, after which the time that is left is told: before, processes have rather loaded numba than compiled."""


def compile_all(units: Sequence[Unit], progress: Progress | None = None) -> None:
    """Compile units into the cache. `progress` is called at the beginning and before each kernel; if it raises, that
    ends it.

    Units of no kernel are not counted.
    """
    alone = [each for each in units if not each.elsewhere]
    shared = [each for each in units if each.elsewhere]
    count = min(MOST, available_cores(), len(shared) // FEWEST)
    told = _Told(units, progress)
    if count > 1 and sys.executable:
        _side_by_side(shared, count, told)
    else:
        alone = list(units)
    for unit in alone:
        told.before(unit)
        unit.compile()
        told.after(unit)


class _Told:
    """A count of the kernels that are left to compile, and of the time that they take, told to a listener."""

    def __init__(self, units: Sequence[Unit], progress: Progress | None) -> None:
        kernels = [each for each in units if each.kind == "kernel"]
        self._left, self._progress = len(kernels), progress
        self._begun, self._work, self._done = time.monotonic(), sum(each.cost for each in units), 0
        if kernels and units[0].kind != "kernel":
            self._tell(kernels[0])  # what several kernels call comes first, and is not told

    def before(self, unit: Unit) -> None:
        if unit.kind == "kernel":
            self._tell(unit)
            self._left -= 1

    def after(self, unit: Unit) -> None:
        self._done += unit.cost

    def _tell(self, unit: Unit) -> None:
        if self._progress:
            passed = time.monotonic() - self._begun
            known = self._done >= _KNOWN * self._work
            left = passed * (self._work - self._done) / self._done if known else None
            self._progress(unit.kernel, self._left, left)


def _side_by_side(units: Sequence[Unit], count: int, told: _Told) -> None:
    waiting = deque(units)
    lock = threading.Lock()
    failures: list[BaseException] = []
    processes = _workers(count)

    def keep_busy(process: Process) -> None:
        try:
            while True:
                with lock:
                    if not waiting or failures:
                        break
                    unit = waiting.popleft()
                    told.before(unit)
                process.stdin.write(f"{unit.line}\n")
                process.stdin.flush()
                if not process.stdout.readline():
                    break  # it ended by itself: what it has not done will be compiled when it is needed
                told.after(unit)
        except OSError:
            pass
        except BaseException as error:  # what the listener raised
            failures.append(error)

    threads = [threading.Thread(target=keep_busy, args=(each,), daemon=True) for each in processes]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not failures:
                thread.join(0.05)
    finally:
        _end(processes)
        _end_early()
    if failures:
        raise failures[0]
