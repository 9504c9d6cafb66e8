"""Finding out where a network stopped being finite: the step that did it is repeated row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.dropout import enter_block
from kernels.memory import Memory
from kernels.newton import newton_step
from kernels.plan import HALT, SHARED, STEP, Row
from lab.graph import Layout
from lab.graph.running import Program


def rows_left_out(row: Row, memory: Memory) -> int:
    """How many of the rows behind this one are not executed, after it has run: those of a block whose gate is shut."""
    if row.kernel is not enter_block:
        return 0
    _, gate = row.operands[1]
    return 0 if memory.arena[gate] > 0.5 else row.integers[0]


def not_finite(values: np.ndarray | float) -> str:
    """What numbers are of which one at least is not finite, "NaN" or "infinite"; "" if all are finite."""
    if np.isfinite(values).all():
        return ""
    return "NaN" if np.isnan(values).any() else "infinite"


def first_bad_tensor(program: Program, layout: Layout) -> str:
    """Run one step of `program` row by row from the memory as it is; name the first tensor that is not finite.

    Returns the beginning of a sentence, such as "The result of dense (dense2) became NaN".
    """
    memory = program.memory
    memory.state[STEP] += 1
    memory.state[HALT] = 0
    left_out = 0
    for index, row in enumerate(program.plan.rows):
        if left_out:
            left_out -= 1
            continue
        program.run_row(index)
        left_out = rows_left_out(row, memory)
        if left_out:
            continue  # it has written nothing
        if memory.state[HALT] and row.kernel is newton_step:
            return "the Hessian became singular (give the optimizer some `damping`, such as 0.001)"
        for place, (operand, (segment, offset)) in enumerate(zip(row.kernel.operands, row.operands, strict=True)):
            if not operand.written or segment == SHARED:
                continue
            values = memory.arena[offset : offset + int(np.prod(row.shape(place)))]
            if kind := not_finite(values):
                where = f" in {row.label}" if row.label else ""
                return f"{operand.name.replace('_', ' ')} of {row.kernel.name.replace('_', ' ')}{where} became {kind}"
    return "the loss became NaN"


def bad_weights(experiment: Any) -> str | None:
    """A sentence on the first of a network's weights that are not finite, for an experiment that has made its last
    step: what went wrong in that one would have been found by the next, which there is not. None if all are finite, or
    there is no such network."""
    network = getattr(experiment, "network", None)
    for name, values in experiment.numbers(network.kept).items() if network is not None else ():
        if kind := not_finite(values):
            return f"{name} became {kind} at step {experiment.step}."
    return None
