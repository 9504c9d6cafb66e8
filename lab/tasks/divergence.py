"""Finding out where a network stopped being finite: the step that did it is repeated row by row."""

from __future__ import annotations

import numpy as np

from kernels.plan import HALT, SHARED, STEP
from lab.graph import Layout
from lab.graph.running import Program


def first_bad_tensor(program: Program, layout: Layout) -> str:
    """Run one step of `program` row by row from the memory as it is; name the first tensor that is not finite.

    Returns the beginning of a sentence, such as "The result of dense (dense2) became NaN".
    """
    memory = program.memory
    memory.state[STEP] += 1
    memory.state[HALT] = 0
    for index, row in enumerate(program.plan.rows):
        program.run_row(index)
        for place, (operand, (segment, offset)) in enumerate(zip(row.kernel.operands, row.operands, strict=True)):
            if not operand.written or segment == SHARED:
                continue
            values = memory.arena[offset : offset + int(np.prod(row.shape(place)))]
            if not np.isfinite(values).all():
                kind = "NaN" if np.isnan(values).any() else "infinite"
                where = f" in {row.label}" if row.label else ""
                return f"{operand.name.replace('_', ' ')} of {row.kernel.name.replace('_', ' ')}{where} became {kind}"
    return "the loss became NaN"
