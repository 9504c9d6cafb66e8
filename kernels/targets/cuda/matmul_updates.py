"""Adam's step as the end of a product whose result is a gradient: numbers of a tile go from registers into the
parameters and their means, and the gradient to memory only where somebody may look at it.

Which products are joined with their update is decided in `kernels.targets.cuda.joined_updates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernels.language import FAST, Kernel

ARGUMENTS = (
    "wanted", "rate", "beta_1", "beta_2", "epsilon", "wholes",
    "parameters", "first", "second", "bias_parameters", "bias_first", "bias_second",
)  # fmt: skip
"""What a product is given beside its own arguments. wanted: whether the gradient is to be in memory, too; the others
are operands of `MULTIPLY_AND_UPDATE`."""


def _multiply_and_update(
    a: Any, b: Any, rate: Any, beta_1: Any, beta_2: Any, epsilon: Any, wholes: Any,
    gradient: Any, sums: Any, parameters: Any, first: Any, second: Any,
    bias_parameters: Any, bias_first: Any, bias_second: Any,
    rows: Any, columns: Any, depth: Any, a_row: Any, a_column: Any, b_row: Any, b_column: Any, shift: Any, options: Any,
    thread: Any, threads: Any,
) -> None:  # fmt: skip
    """As `multiply_matrices` with the gradient as its result, and `adam_corrected`, for its numbers and their sums."""
    raise AssertionError("the code for each row of this kernel is generated")


_multiply_and_update.__name__ = "multiply_and_update"
MULTIPLY_AND_UPDATE = Kernel(
    _multiply_and_update,  # type: ignore[arg-type]
    "a[n] b[m] rate[1] beta_1[1] beta_2[1] epsilon[1] wholes[2] -> gradient[o] sums[s] "
    "parameters[o]! first[o]! second[o]! bias_parameters[s]! bias_first[s]! bias_second[s]! "
    "rows columns depth a_row a_column b_row b_column shift options",
    FAST,
    None,
    None,
)
OPERANDS = tuple(each.name for each in MULTIPLY_AND_UPDATE.operands)
INTEGERS = MULTIPLY_AND_UPDATE.integers

BEFORE = [
    "keep_1, keep_2, small = beta_1[0], beta_2[0], epsilon[0]",
    "learning_rate, stretch = rate[0] / wholes[0], one / wholes[1]",
]
"""What an update needs once."""
POINTERS = ("parameters_at", "first_at", "second_at")


def pointers(place: str) -> list[str]:
    """Pointers to a place in the parameters and their means, from which others lie at known distances."""
    return [f"{name}_at = pointer_into({name}, {place})" for name in ("parameters", "first", "second")]


def update(place: str, gradients: Sequence[str], arrays: Sequence[str]) -> list[str]:
    """The step for neighbouring parameters from a place on: one, two or four.

    gradients: names of their gradients;  arrays: the parameters and their means, or pointers to them
    """
    names = [[f"{letter}_{index}" for index in range(len(gradients))] for letter in "wmv"]
    lines = []
    for array, each in zip(arrays, names, strict=True):
        one = len(each) == 1
        lines.append(f"{', '.join(each)} = {array}[{place}]" if one else _load(array, place, each))
    for gradient, numbers in zip(gradients, zip(*names, strict=True), strict=True):
        given = ", ".join([gradient, *numbers, "learning_rate", "keep_1", "keep_2", "small", "stretch"])
        lines.append(f"{', '.join(numbers)} = after_adam({given})")
    for array, each in zip(arrays, names, strict=True):
        one = len(each) == 1
        lines.append(
            f"{array}[{place}] = {each[0]}" if one else f"store{len(each)}({array}, {place}, {', '.join(each)})"
        )
    return lines


def _load(array: str, place: str, names: Sequence[str]) -> str:
    return f"{', '.join(names)} = load{len(names)}({array}, {place})"


def update_of_sum(place: str) -> list[str]:
    """The step for the parameter whose gradient is `total`, and `sums[place]` where somebody may look at it."""
    biases = ("bias_parameters", "bias_first", "bias_second")
    return ["if wanted:", f"    sums[{place}] = total", *update(place, ["total"], biases)]
