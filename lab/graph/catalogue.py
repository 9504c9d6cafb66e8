"""Every kernel there is: its source, the gradient rule it serves, and how fast it is on a typical shape."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from kernels.language import KERNELS, Device, Kernel, global_names
from kernels.memory import Memory
from kernels.plan import ARENA, Plan, Row
from lab.discovery import modules_of
from lab.graph.gradients import RULES
from lab.graph.profile import Timing, median_seconds
from lab.graph.running import bind

USUAL = {"n": 8192, "B": 64, "C": 10, "D": 64, "H": 128}
"""What the letters of declarations usually stand for: numbers in a row, examples of a batch, classes, a layer's inputs
and its units. A kernel for which this is not typical says so beside itself (`typical=`)."""
_OTHER_EXTENT = 16
_OTHER_INTEGER = 1


def all_kernels() -> dict[str, Kernel]:
    """Every kernel of the package by name; imports every file of `kernels` once."""
    modules_of("kernels")
    return {name: each for name, each in sorted(KERNELS.items()) if each.function.__module__.startswith("kernels.")}


def source(kernel: Kernel) -> str:
    """The kernel as it stands in its file, with declaration and docstring, and what it calls of the same file."""
    function = kernel.function
    called = (function.__globals__.get(name) for name in sorted(global_names(function.__code__)))
    parts: list[Callable] = [function, *(each.generic for each in called if isinstance(each, Device))]
    own = [each for each in parts if inspect.getmodule(each) is inspect.getmodule(function)]
    return "\n\n\n".join(inspect.getsource(each).rstrip() for each in own)


def rules_of(kernel: Kernel) -> dict[str, str]:
    """The source of the rule of its own gradient, and of the rules it serves, by the operation whose gradient it is."""
    from lab.graph import functions

    assert functions  # importing the operations fills the table
    codes = {name: inspect.unwrap(rule).__code__ for name, rule in RULES.items()}
    found = [kernel.name] if kernel.name in RULES else []
    found += [name for name, code in codes.items() if name != kernel.name and kernel.name in code.co_names]
    return {name: inspect.getsource(RULES[name]).rstrip() for name in found}


def shapes(row: Row) -> str:
    """The operands of a row with their shapes, and its integers: `x[100×2] weight[2×64] → y[100×64]`.

    Behind an operand that is written and read, too, stands an exclamation mark.
    """
    reads: list[str] = []
    writes: list[str] = []
    for number, operand in enumerate(row.kernel.operands):
        shape = "×".join(map(str, row.shape(number)))
        (writes if operand.written else reads).append(f"{operand.name}[{shape}]{'!' if operand.updated else ''}")
    reads += [f"{name}={value}" for name, value in zip(row.kernel.integers, row.integers, strict=True)]
    return " ".join([*reads, "→", *writes])


def typical(kernel: Kernel) -> tuple[Plan, Memory]:
    """A plan of this kernel alone on a typical shape, and memory for it with numbers that make sense."""
    chosen = USUAL | dict(kernel.typical)
    integers = {name: kernel.typical.get(name, _OTHER_INTEGER) for name in kernel.integers}
    free = {name: chosen.get(name, _OTHER_EXTENT) for name in kernel.extents if name not in kernel.defined}
    derived = kernel.derive(free, integers)
    extents = {name: derived[name] for name in kernel.extents}
    places, end = [], 0
    for operand in kernel.operands:
        places.append((ARENA, end))
        end += -(-kernel.size(operand, extents) // 16) * 16
    row = Row(kernel, tuple(places), tuple(extents.values()), tuple(integers.values()))
    memory = Memory(end, np.zeros(16, np.float32))
    random = np.random.default_rng(0)
    limits = kernel.limits(extents, integers)
    for number, (operand, (_, start)) in enumerate(zip(kernel.operands, places, strict=True)):
        shape, limit = row.shape(number), limits.get(operand.name)
        values = random.uniform(-1, 1, shape) if limit is None else random.integers(0, limit, shape).astype(float)
        memory.arena[start : start + values.size] = values.ravel()
    return Plan((row,), end, 0), memory


def timing(kernel: Kernel) -> Timing:
    """Seconds of one call on a typical shape, warm, the median of several rounds.

    Raises ValueError for a kernel whose typical shape is not known: reading or writing outside its operands would not
    be noticed when it is compiled, so it runs once with bounds checks before.
    """
    plan, memory = typical(kernel)
    try:
        bind(plan, memory, "python").run()
    except (IndexError, ZeroDivisionError) as error:
        raise ValueError(f"no typical shape is known for {kernel.name}: {error}") from None
    plan, memory = typical(kernel)
    return Timing(plan.rows[0], median_seconds([bind(plan, memory)])[0])
