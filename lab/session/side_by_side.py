"""Code for a GPU is compiled in several threads: what takes longest, NVVM and the assembler, lets the others go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from lab.session.kernel_thread import KernelThread

Work = Callable[..., None]
"""Something to compile; it has an argument `progress`, which it calls with a name and how many things are left."""


class _Told:
    """What several works tell of what they have left, added up."""

    def __init__(self, progress: Callable[..., None]) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self._now, self._left = "", dict[int, int]()

    def of(self, number: int) -> Callable[..., None]:
        """The listener for one of the works."""

        def tell(name: str, left: int, seconds: float | None = None) -> None:
            with self._lock:
                self._left[number] = left
                self._now = name if left else self._now
                in_all = sum(self._left.values())
                self._progress(self._now if in_all else "", in_all)

        return tell


def side_by_side(works: Sequence[Work], progress: Callable[..., None]) -> None:
    """Do all works, each in a thread of its own, begun in this order, and wait for them. `progress` is told of all
    together.

    Raises what the first of them that fails raises.
    """
    from kernels.targets.cuda import interpreter_kernels, specialized_kernels

    assert interpreter_kernels  # loaded before, since no two threads should do that at the same time
    assert specialized_kernels
    told, problems = _Told(progress), list[BaseException]()

    def attempt(number: int) -> None:
        try:
            works[number](progress=told.of(number))
        except BaseException as problem:
            problems.append(problem)

    threads = [KernelThread(attempt, f"compile-{number}", (number,)) for number in range(len(works))]
    try:
        for each in threads:
            each.start()
    finally:  # be it by an interrupt: who ends a program ends it once no thread is in foreign code
        for each in threads:
            if each.ident is not None:
                each.join()
    if problems:
        raise problems[0]
