"""The compiled interpreters: one for a set of kernels, a type of number, a device, and a size of team."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from kernels.language import Kernel
from kernels.plan import Plan
from kernels.targets.cuda import interpreter as text
from kernels.targets.cuda.choices import MOST_REGISTERS, Facts, facts
from kernels.targets.cuda.code import Code
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.rows import table, width

Progress = Callable[[str, int], None]


class Interpreter(Code):
    """The compiled interpreter of a set of kernels on one device."""

    def __init__(self, number: int, kernels: Sequence[Kernel], real_name: str, tiled: bool) -> None:
        from kernels.targets.cuda import products

        assert products
        self.kernels = text.ordered(kernels)
        super().__init__(device(number), width(self.kernels))
        self._numbers = {each.name: index for index, each in enumerate(self.kernels)}
        self._plans: dict[int, tuple[Facts, tuple[int, int]]] = {}
        key = _key(self.kernels, real_name, self.device.capability, tiled)
        self._load(lambda: text.interpreter(self.kernels, real_name, tiled), key, small=True)

    def stretch(self, plan: Plan, inside: bool) -> tuple[int, int]:
        about = facts(plan)
        known = self._plans.get(id(plan))
        if known is None or known[0] is not about:
            encoded = table(about.rows, self.width, lambda kernel: self._numbers[kernel.name])
            known = self._plans[id(plan)] = (about, self._placed(encoded))
        return known[1]


def _key(kernels: Sequence[Kernel], real_name: str, capability: tuple[int, int], tiled: bool) -> list[str]:
    return [f"block {tiled}", real_name, f"{capability}", f"{MOST_REGISTERS}", *(each.name for each in kernels)]


_interpreters: dict[tuple[int, str, bool], list[Interpreter]] = {}
_lock = threading.RLock()


def interpreter(number: int, kernels: Iterable[Kernel], real_name: str, tiled: bool) -> Interpreter:
    """An interpreter that knows these kernels: the smallest one there is, or a new one."""
    wanted = set(text.ordered(tuple(kernels)))
    known = _interpreters.setdefault((number, real_name, tiled), [])
    found = _smallest(known, wanted)
    if found is None:
        with _lock:  # what is there already need not wait for what is being compiled
            found = _smallest(known, wanted)
            if found is None:
                found = Interpreter(number, tuple(wanted), real_name, tiled)
                known.append(found)
    return found


def _smallest(known: Sequence[Interpreter], wanted: set[Kernel]) -> Interpreter | None:
    fitting = [each for each in known if wanted <= set(each.kernels)]
    return min(fitting, key=lambda each: len(each.kernels)) if fitting else None


def prepare(
    number: int, kernels: Iterable[Kernel], real_name: str, progress: Progress | None = None, tiled: bool = False
) -> None:
    """Compile one interpreter for all these kernels, or load it. `progress` is told when it has to be compiled."""
    from kernels.targets.cuda import store

    wanted = text.ordered(tuple(kernels))
    on = device(number)
    ready = isinstance(on, SimulatedDevice) or store.has(_key(wanted, real_name, on.capability, tiled))
    if progress and not ready:
        progress(f"{len(wanted)} kernels for {on.properties.name}", 1)
    interpreter(number, wanted, real_name, tiled)
    if progress and not ready:
        progress("", 0)
