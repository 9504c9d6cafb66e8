"""What a case of a kernel is run on, and what must come out."""

from __future__ import annotations

import numpy as np

from kernels.language import Kernel
from tests.kernels.cases import Case
from tests.kernels.running import Run, shape_of


def drawn(kernel: Kernel, case: Case, sizes: dict[str, int], seed: int) -> dict[str, np.ndarray]:
    """Numbers for every operand that is read or updated, such as both real types have exactly, so that a comparison
    comes out the same in both."""
    rng = np.random.default_rng(seed)
    inputs = {}
    limits = kernel.limits(sizes, case.integers(sizes))
    for operand in kernel.operands:
        if operand.updated or not operand.written:
            shape = shape_of(operand.extents, sizes)
            make = case.inputs.get(operand.name)
            if make is not None:
                values = np.broadcast_to(make(rng, sizes), shape)
            elif operand.name in limits:
                values = rng.integers(0, limits[operand.name], shape)
            else:
                values = rng.standard_normal(shape)
            inputs[operand.name] = np.asarray(values).astype(np.float32).astype(np.float64)
    return inputs


def compare(
    kernel: Kernel,
    case: Case,
    sizes: dict[str, int],
    inputs: dict[str, np.ndarray],
    expected: dict[str, np.ndarray],
    target: str,
    dtype: str,
    tolerance: float,
) -> None:
    """Run a kernel on a target and compare what it writes; what it only reads must be as it was."""
    run = Run(kernel, inputs, sizes, case.integers(sizes), target=target, dtype=dtype).at_step(case.step)()
    for output, right in expected.items():
        right = np.asarray(right, np.float64)
        scale = max(1.0, float(np.abs(right).max()))
        np.testing.assert_allclose(
            run[output].reshape(right.shape),
            right,
            rtol=tolerance,
            atol=tolerance * scale,
            err_msg=f"{kernel.name}.{output} on {target} in {dtype}, {sizes}",
        )
    for operand in kernel.operands:
        if not operand.written:
            np.testing.assert_array_equal(run[operand.name], inputs[operand.name].astype(dtype))
