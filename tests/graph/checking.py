"""One helper that checks an operation of the graph in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lab.graph import evaluate

STEP = 1e-6


def check(
    function: Callable[..., Any],
    *arrays: Any,
    equals: Any,
    wrt: Sequence[int] | None = None,
    tolerance: float = 2e-6,
    **options: Any,
) -> None:
    """Check `function` on `arrays` against `equals`, and its gradients against centred finite differences.

    equals:  what NumPy gives (the first result)
    wrt:     which arrays have a gradient (all of them by default); the others must have none
    options: passed on to the function
    The value on the CPU in float32 and float64 and in plain Python; the gradients too, with the finite difference
    in float64.
    """
    values = [np.array(each, np.float64, ndmin=1) for each in arrays]
    wanted = set(range(len(values)) if wrt is None else wrt)

    def run(*inputs: np.ndarray, **settings: Any) -> Any:
        return evaluate(function, *inputs, **options, **settings)

    right = np.asarray(equals, np.float64)
    value = _first(run(*values, dtype="float64"))
    assert value.size == right.size
    np.testing.assert_allclose(value.reshape(right.shape), right, rtol=1e-10, atol=1e-12)
    weights = np.random.default_rng(0).standard_normal(value.shape)
    answers = {
        (target, dtype): run(*values, gradients=weights, target=target, dtype=dtype)
        for target in ("cpu", "python")
        for dtype in ("float64", "float32")
    }
    exact = answers["cpu", "float64"][1]
    for (_, dtype), (result, gradients) in answers.items():
        loose = 1e-10 if dtype == "float64" else 3e-5
        np.testing.assert_allclose(_first(result), value, rtol=loose, atol=loose)
        for found, known in zip(gradients, exact, strict=True):
            assert (found is None) == (known is None)
            if known is not None:
                scale = max(1.0, float(np.abs(known).max()))
                np.testing.assert_allclose(found, known, rtol=loose, atol=loose * scale)
    for index, (array, gradient) in enumerate(zip(values, exact, strict=True)):
        if index not in wanted:
            assert gradient is None, f"argument {index} has a gradient"
            continue
        assert gradient is not None, f"argument {index} has no gradient"
        assert gradient.shape == array.shape
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [each.copy() for each in values]
                moved[index][place] += sign * STEP
                ends.append(float((_first(run(*moved, dtype="float64")) * weights).sum()))
            difference = (ends[0] - ends[1]) / (2 * STEP)
            error = abs(gradient[place] - difference)
            assert error <= tolerance * max(1.0, abs(difference)), (
                f"argument {index} at {place}: gradient {gradient[place]!r}, finite difference {difference!r}"
            )


def _first(result: Any) -> np.ndarray:
    return result[0] if isinstance(result, tuple) else result
