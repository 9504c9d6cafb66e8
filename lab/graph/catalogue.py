"""Every kernel there is: its source, the gradient rule it serves, and how fast it is on a typical shape."""

from __future__ import annotations

import inspect

import numpy as np

from kernels.language import KERNELS, Kernel
from kernels.memory import Memory
from kernels.plan import ARENA, Plan, Row
from lab.discovery import modules_of
from lab.graph.gradients import RULES
from lab.graph.profile import Timing, median_seconds
from lab.graph.running import bind

EXTENTS = {
    "n": 8192, "A": 1, "B": 64, "C": 10, "D": 64, "H": 128, "K": 20, "L": 10, "N": 1024, "P": 9, "V": 512,
}  # fmt: skip
"""What is typical for the extents of declarations: batches of 64, layers of 128 units, 8,192 numbers in a row."""

_OWN_EXTENTS = {
    "broadcast": {"B": 1, "C": 64, "D": 128},
    "broadcast_sum": {"B": 1, "C": 64, "D": 128},
    "hierarchical_softmax_probabilities": {"B": 16, "N": 63, "V": 64, "P": 6},
}
_OTHER = 16
_SQUARE = 16  # an extent that an operand has twice, as the Hessian of a few parameters does

_INTEGERS = {"N": 4096, "bits": 6, "examples": 64, "stride_a": 0, "stride_b": 0, "stride_c": 0}
"""Integers of kernels; the others are 1."""

_BELOW = {"labels": "C", "chosen": "N", "indices": "V", "words": "V", "path": "N", "piece": "K"}
"""Operands that are places in something, and in what."""


def all_kernels() -> dict[str, Kernel]:
    """Every kernel of the package by name; imports every file of `kernels` once."""
    modules_of("kernels")
    return {name: each for name, each in sorted(KERNELS.items()) if each.function.__module__.startswith("kernels.")}


def source(kernel: Kernel) -> str:
    """The kernel as it stands in its file, with declaration and docstring."""
    return inspect.getsource(kernel.function).rstrip()


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
    square = {name for each in kernel.operands for name in each.extents if each.extents.count(name) > 1}
    own = EXTENTS | dict.fromkeys(square, _SQUARE) | _OWN_EXTENTS.get(kernel.name, {})
    integers = {name: _INTEGERS.get(name, 1) for name in kernel.integers}
    free = {name: own.get(name, _OTHER) for name in kernel.extents if name not in kernel.defined}
    derived = kernel.derive(free, integers)
    extents = {name: derived[name] for name in kernel.extents}
    places, end = [], 0
    for operand in kernel.operands:
        places.append((ARENA, end))
        end += -(-kernel.size(operand, extents) // 16) * 16
    row = Row(kernel, tuple(places), tuple(extents.values()), tuple(integers.values()))
    memory = Memory(end, np.zeros(16, np.float32))
    random = np.random.default_rng(0)
    for number, (operand, (_, start)) in enumerate(zip(kernel.operands, places, strict=True)):
        shape = row.shape(number)
        # Between -1 and 1: as places in something, these are all 0, which is always inside.
        values = random.uniform(-1, 1, shape)
        if operand.name in _BELOW:
            values = random.integers(0, (own | extents)[_BELOW[operand.name]], shape).astype(float)
        elif operand.name == "length":
            values = np.full(shape, float((own | extents)["P"]))
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
