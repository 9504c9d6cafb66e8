"""The block of FractalNet: deep and shallow columns beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.arithmetic import add, divide, multiply
from lab.graph.functions.dropout import open_gate
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.layer import Layer, Layers
from lab.nets.layers.parallel import join
from lab.nets.limits import adjustable
from lab.validation import Real, Whole


class Fractal(Layer, name="fractal"):
    """Columns beside each other, averaged where they meet: the first consists of the layers inside, each further one
    of twice as many pieces of them as the one before it (Larsson, Maire and Shakhnarovich 2017).

    Three columns are 1, 2 and 4 pieces deep; where a piece of a shallow column ends, the columns that end there are
    averaged, and all of them go on from the mean. Every piece has weights of its own, named fractal1.column3.conv1, …

    With `drop_path`, training steps leave paths out: half of the steps keep one column alone, the others drop each
    input of each mean with this probability, but at least one stays. Evaluation uses them all.

    Formula: f_1(x) = layers(x); f_(c+1)(x) = mean of f_c(f_c(x)) and layers(x).

    Paper: Larsson, Maire and Shakhnarovich, "FractalNet: ultra-deep neural networks without residuals", 2017.

    Example: `{fractal: 2, layers: [{dense: 32}, relu]}`
    """

    columns: Whole = Field(ge=1, le=6, description="How many columns; the deepest has 2 to the power of columns - 1.")
    layers: Layers = Field(
        min_length=1, max_length=20, description="The layers of one piece, which must keep the size."
    )
    drop_path: Real | None = adjustable(
        None, "Probability with which an input of a mean is left out.", steps="tenths", ge=0, lt=1
    )

    only: Whole | None = Field(
        default=None, ge=1, le=6, description="This column alone, the first being the shallowest."
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if self.only is not None:
            return self._alone(self.only, x, builder)
        gates = _Gates(self, builder) if self.drop_path is not None and builder.training else None
        ends = [x] * self.columns
        for row in range(1, 2 ** (self.columns - 1) + 1):
            met = [column for column in range(self.columns) if row % 2 ** (self.columns - 1 - column) == 0]
            made = [
                builder.inside(self.layers, ends[column], "fractal", "layers", part=f"column{column + 1}")
                for column in met
            ]
            mean = made[0] if len(made) == 1 else gates.mean(met, made) if gates else join(made, "average", builder)
            for column in met:
                ends[column] = mean
        return ends[0]

    def _alone(self, column: int, x: Tensor, builder: Builder) -> Tensor:
        if column > self.columns:
            raise InvalidValue(
                ("fractal", "only"), f"there are {self.columns} columns, so there is no column {column}."
            )
        for _ in range(2 ** (column - 1)):
            x = builder.inside(self.layers, x, "fractal", "layers", part=f"column{column}")
        return x


class _Gates:
    """Which paths a training step keeps: numbers [1] that are 1 or 0, drawn anew in each step."""

    def __init__(self, layer: Fractal, builder: Builder) -> None:
        self.builder, self.drawn = builder, builder.stream()
        self.kept = constant(1.0) - builder.setting(layer, "drop_path")
        self.alone = self._draw(constant(0.5))
        self.chosen: list[Tensor] = []
        left = constant(1.0)
        for column in range(layer.columns):
            one = multiply(left, self._draw(constant(1 / (layer.columns - column))))
            self.chosen.append(one)
            left = left - one

    def mean(self, columns: Sequence[int], made: Sequence[Tensor]) -> Tensor:
        """The mean of those inputs that this step keeps; 0 where it keeps none, since nothing looks at it then."""
        local = [self._draw(self.kept) for _ in made]
        local[-1] = local[-1] + _none(local)
        weights = [
            multiply(self.alone, self.chosen[column]) + multiply(constant(1.0) - self.alone, own)
            for column, own in zip(columns, local, strict=True)
        ]
        total = reduce(add, weights) + _none(weights)
        parts = [multiply(each, divide(weight, total)) for each, weight in zip(made, weights, strict=True)]
        return self.builder.joined(reduce(add, parts), made)

    def _draw(self, chance: Tensor) -> Tensor:
        self.drawn += 1
        return open_gate(chance, self.drawn)


def _none(gates: Sequence[Tensor]) -> Tensor:
    """1 where no gate is open, else 0."""
    return reduce(multiply, [constant(1.0) - each for each in gates])
