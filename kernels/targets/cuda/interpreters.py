"""The compiled interpreters: one for a set of kernels, a type of number, a device, and a size of team."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kernels.language import Kernel
from kernels.plan import Plan, Row
from kernels.targets.cuda import interpreter as text
from kernels.targets.cuda.choices import MOST_REGISTERS, Facts, facts
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.memory import Segment
from kernels.targets.cuda.rows import table, width

Progress = Callable[[str, int], None]


class Interpreter:
    """The compiled interpreter of a set of kernels on one device, and the rows it has been given."""

    def __init__(self, number: int, kernels: Sequence[Kernel], real_name: str, tiled: bool) -> None:
        from kernels.targets.cuda import compiler, products, store

        assert products
        self.device = device(number)
        self.kernels, self.real_name, self.tiled = text.ordered(kernels), real_name, tiled
        self.width = width(self.kernels)
        self._numbers = {each.name: index for index, each in enumerate(self.kernels)}
        if isinstance(self.device, SimulatedDevice):
            self.function: Any = compiler.simulated(text.interpreter(self.kernels, real_name, tiled))
        else:
            capability = self.device.capability
            key = _key(self.kernels, real_name, capability, tiled)
            name, code = store.machine_code(key, lambda: text.interpreter(self.kernels, real_name, tiled), capability)
            self.function = self.device.load(code, name, self.device.properties.scratch)
        self._table: Segment | None = None
        self._rows = np.zeros((0, self.width), np.int32)
        self._stretches: dict[bytes, tuple[int, int]] = {}
        self._plans: dict[int, tuple[Facts, tuple[int, int]]] = {}
        self._uploaded = 0

    def stretch(self, plan: Plan) -> tuple[int, int]:
        """Where a plan's rows stand in the table: the first one, and the one behind the last."""
        about = facts(plan)
        known = self._plans.get(id(plan))
        if known is None or known[0] is not about:
            known = self._plans[id(plan)] = (about, self._placed(plan.shortest))
        return known[1]

    def _placed(self, rows: Sequence[Row]) -> tuple[int, int]:
        from kernels.targets.cuda.products import lowered

        encoded = table([lowered(row) for row in rows], self.width, lambda kernel: self._numbers[kernel.name])
        key = encoded.tobytes()
        with _lock:  # two sessions may be on one GPU, while one of them ends
            if key not in self._stretches:
                first = len(self._rows)
                self._rows = np.concatenate([self._rows, encoded])
                self._stretches[key] = (first, first + len(rows))
            return self._stretches[key]

    @property
    def table(self) -> int:
        """The address of all rows."""
        with _lock:
            if self._table is None or self._uploaded < len(self._rows):
                self._table = Segment(self.device, self._rows.nbytes)
                self.device.upload(self._table.address, self._rows)
                self._uploaded = len(self._rows)
            return self._table.address


def _key(kernels: Sequence[Kernel], real_name: str, capability: tuple[int, int], tiled: bool) -> list[str]:
    return [f"block {tiled}", real_name, f"{capability}", f"{MOST_REGISTERS}", *(each.name for each in kernels)]


_interpreters: dict[tuple[int, str, bool], list[Interpreter]] = {}
_lock = threading.RLock()


def interpreter(number: int, kernels: Iterable[Kernel], real_name: str, tiled: bool) -> Interpreter:
    """An interpreter that knows these kernels: the smallest one there is, or a new one."""
    wanted = set(text.ordered(tuple(kernels)))
    with _lock:
        known = _interpreters.setdefault((number, real_name, tiled), [])
        fitting = [each for each in known if wanted <= set(each.kernels)]
        if not fitting:
            fitting = [Interpreter(number, tuple(wanted), real_name, tiled)]
            known.append(fitting[0])
        return min(fitting, key=lambda each: len(each.kernels))


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
