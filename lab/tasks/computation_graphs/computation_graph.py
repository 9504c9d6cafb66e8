"""Formulas as graphs of elementary operations, such as `q = x + y; f = q * z`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.graph import Tensor, constant, scope
from lab.graph import functions as f

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "negate": f.negate,
    "exp": f.exp,
    "log": f.log,
    "square": f.square,
    "sqrt": f.square_root,
    "abs": f.absolute,
    "reciprocal": f.reciprocal,
    "sigmoid": f.sigmoid,
    "tanh": f.tanh,
    "relu": f.relu,
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": f.add,
    "subtract": f.subtract,
    "multiply": f.multiply,
    "divide": f.divide,
    "max": f.maximum,
    "min": f.minimum,
}
SIGNS = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "negate": "−",
    "reciprocal": "1/x",
    "square": "x²",
    "sqrt": "√",
    "sigmoid": "σ",
    "abs": "|x|",
}
"""How an operation is drawn; the others by their names."""


@dataclass(frozen=True)
class Operation:
    """One elementary operation; its operands are names of inputs, of constants or of earlier operations.

    named: whether the formula gives it a name; otherwise it is called after its operation, with a number
    """

    name: str
    function: str
    operands: tuple[str, ...]
    named: bool = False

    @property
    def sign(self) -> str:
        """Its operation, as it is drawn."""
        return SIGNS.get(self.function, self.function)

    @property
    def label(self) -> str:
        """How it is drawn in a graph, with the name that the formula gives it."""
        return f"{self.name}: {self.sign}" if self.named else self.sign

    def apply(self, *operands: Tensor) -> Tensor:
        """The operation in the graph."""
        return (UNARY | BINARY)[self.function](*operands)


@dataclass(frozen=True)
class ComputationGraph:
    """Operations in the order in which they are computed; the last one is the result.

    inputs:    names, in the order in which they first occur
    constants: name (the number as it is written) to value
    """

    text: str
    inputs: tuple[str, ...]
    constants: Mapping[str, float]
    operations: tuple[Operation, ...]

    @property
    def result(self) -> str:
        """The name of the last operation."""
        return self.operations[-1].name

    def build(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Add the operations to the graph, each under its name as label: every input, constant and result by name."""
        made = dict(inputs) | {name: constant(value, name) for name, value in self.constants.items()}
        for operation in self.operations:
            with scope(operation.name):
                made[operation.name] = operation.apply(*(made[each] for each in operation.operands))
            made[operation.name].name = operation.name
        return made
