"""The compiled interpreters: one for a set of kernels, a type of number, a device, and a size of thread group."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from kernels.language import Kernel
from kernels.plan import Plan
from kernels.targets.cuda import kept_rows
from kernels.targets.cuda import persistent_kernel_source as text
from kernels.targets.cuda.by_plan import ByPlan
from kernels.targets.cuda.driver import device
from kernels.targets.cuda.launch_configuration import MOST_REGISTERS, analysis_of
from kernels.targets.cuda.persistent_kernel import LoadedKernels, PersistentKernel, Progress, announced
from kernels.targets.cuda.placement import Placement
from kernels.targets.cuda.row_table import table


class InterpreterKernel(PersistentKernel):
    """The compiled interpreter of a set of kernels on one device."""

    def __init__(self, number: int, kernels: Sequence[Kernel], real_name: str, tiled: bool) -> None:
        from kernels.targets.cuda import matmul

        assert matmul
        self.kernels = text.ordered(kernels)
        super().__init__(device(number), text.columns_for(self.kernels))
        self.row_bytes = text.bytes_of_row(self.width)
        self._numbers = {each.name: index for index, each in enumerate(self.kernels)}
        self._row_ranges: ByPlan[tuple[int, int]] = ByPlan()
        on = self.device.capability
        self._load(
            lambda: text.simulated_interpreter(self.kernels, real_name, tiled),
            lambda: kept_rows.to_ptx(self.kernels, real_name, tiled, on),
            _key(self.kernels, real_name, on, tiled),
        )

    def row_range(self, plan: Plan, placement: Placement) -> tuple[int, int]:
        return self._row_ranges.get(plan, self._encode)

    def _encode(self, plan: Plan) -> tuple[int, int]:
        return self._append_rows(table(analysis_of(plan).folded, self.width, lambda kernel: self._numbers[kernel.name]))


def _key(kernels: Sequence[Kernel], real_name: str, capability: tuple[int, int], tiled: bool) -> list[str]:
    return [f"block {tiled}", real_name, f"{capability}", f"{MOST_REGISTERS}", *(each.name for each in kernels)]


_interpreters: dict[tuple[int, str, bool], LoadedKernels[InterpreterKernel]] = {}
_lock = threading.RLock()


def interpreter(number: int, kernels: Iterable[Kernel], real_name: str, tiled: bool) -> InterpreterKernel:
    """An interpreter that knows these kernels: the smallest one there is, or a new one."""
    wanted = set(text.ordered(tuple(kernels)))
    known = _interpreters.setdefault((number, real_name, tiled), LoadedKernels())
    found = _smallest(known, wanted)
    if found is None:
        with _lock:  # what is there already need not wait for what is being compiled
            found = _smallest(known, wanted)
            if found is None:
                found = InterpreterKernel(number, tuple(wanted), real_name, tiled)
                known.add(found)
    return found


def _smallest(known: Iterable[InterpreterKernel], wanted: set[Kernel]) -> InterpreterKernel | None:
    fitting = [each for each in known if wanted <= set(each.kernels)]
    return min(fitting, key=lambda each: len(each.kernels)) if fitting else None


def prepare(
    number: int, kernels: Iterable[Kernel], real_name: str, progress: Progress | None = None, tiled: bool = False
) -> None:
    """Compile one interpreter for all these kernels, or load it. `progress` is told when it has to be compiled."""
    wanted = text.ordered(tuple(kernels))
    on = device(number)
    with announced(progress, f"{len(wanted)} kernels", on, _key(wanted, real_name, on.capability, tiled)):
        interpreter(number, wanted, real_name, tiled)
