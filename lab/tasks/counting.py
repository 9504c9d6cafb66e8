"""What a network costs, counted layer by layer from its shapes alone: no weights are made, nothing is computed.

The conventions are those of papers and of torchvision. Parameters: weights, biases, gamma and beta, not running
statistics. Multiply-adds: of convolutions and dense layers, forward, for one example, without biases, norms, pools and
additions. Activations: the numbers that convolutions, dense layers and pools write for one example, and the input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.graph.shapes import Shape
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network

POOLS = ("max_pool", "average_pool", "fractional_max_pool")


@dataclass(frozen=True, slots=True)
class Count:
    """One layer, or several together.

    name:    `conv1`;  input, output: the shapes of one example before and behind it
    written: numbers that convolutions and dense layers write;  activations: those and what pools write
    reach:   pixels along an axis that one output sees; None for the whole image
    depth:   layers with weights on the longest way to its output
    arithmetic: how parameters and multiply-adds come about, each as text; "" where there are none
    """

    name: str
    input: Shape
    output: Shape
    parameters: int
    multiply_adds: int
    written: int
    activations: int
    reach: int | None
    depth: int
    arithmetic: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Counts:
    """A network. input: the shape of one example;  layers: each layer, those that hold others behind these."""

    input: Shape
    layers: tuple[Count, ...]

    @property
    def outer(self) -> list[Count]:
        """The layers that stand in no other, each with all that is in it."""
        names = {each.name for each in self.layers}
        return [_with_inside(each, self.layers) for each in self.layers if not names.intersection(around(each.name))]

    @property
    def parameters(self) -> int:
        return sum(each.parameters for each in self.layers)

    @property
    def multiply_adds(self) -> int:
        return sum(each.multiply_adds for each in self.layers)

    @property
    def written(self) -> int:
        return sum(each.written for each in self.layers)

    @property
    def activations(self) -> int:
        """With the input."""
        return math.prod(self.input) + sum(each.activations for each in self.layers)

    @property
    def reach(self) -> int:
        """The receptive field before the first layer that sees the whole image."""
        return max((each.reach for each in self.layers if each.reach is not None), default=1)

    @property
    def depth(self) -> int:
        return max((each.depth for each in self.layers), default=0)


def count(network: Network, parts: Sequence[BuiltLayer], input_shape: Shape) -> Counts:
    """The layers of a network as they were built."""
    names = {part.name for part in parts}
    own: dict[str, dict[str, Shape]] = {}
    for full_name, tensor in {**network.parameters.members, **network.tables.members}.items():
        layer_name = next((name for name in reversed(around(full_name)) if name in names), "")
        own.setdefault(layer_name, {})[full_name.removeprefix(f"{layer_name}.")] = tensor.shape
    return Counts(input_shape, tuple(_count(part, own.get(part.name, {})) for part in parts))


def around(name: str) -> list[str]:
    """The names of the layers in which one may stand: `a` and `a.b` for `a.b.c`."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _count(part: BuiltLayer, own: dict[str, Shape]) -> Count:
    x, y = part.x.shape[1:], part.y.shape[1:]
    weights = [shape for name, shape in own.items() if name.endswith("weight")]
    multiply_adds = part.layer.multiply_adds(x, y, weights)
    size = math.prod(y)
    written = size if multiply_adds else 0
    return Count(
        part.name,
        x,
        y,
        sum(map(math.prod, own.values())),
        multiply_adds,
        written,
        size if multiply_adds or part.layer.name in POOLS else 0,
        part.reach.size,
        part.reach.depth,
        (_sum(own), _product(y, weights, multiply_adds, part.layer.products_of_inputs(x))),
    )


def _sum(own: dict[str, Shape]) -> str:
    return " + ".join(_times(shape) for shape in own.values())


def _product(y: Shape, weights: Sequence[Shape], multiply_adds: int, of_inputs: int) -> str:
    if not multiply_adds:
        return ""
    places = (multiply_adds - of_inputs) // sum(map(math.prod, weights))
    told = " + ".join(map(_times, weights))
    if places != 1:
        told = told if len(weights) == 1 else f"({told})"
        told = f"{_times(y[:-1]) if math.prod(y[:-1]) == places else f'{places:,}'} × {told}"
    return f"{told} + {of_inputs:,}" if of_inputs else told


def _times(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _with_inside(outer: Count, layers: Sequence[Count]) -> Count:
    inside = [each for each in layers if each.name.startswith(f"{outer.name}.")]
    if not inside:
        return outer
    whole = [outer, *inside]
    return Count(
        outer.name,
        outer.input,
        outer.output,
        sum(each.parameters for each in whole),
        sum(each.multiply_adds for each in whole),
        sum(each.written for each in whole),
        sum(each.activations for each in whole),
        outer.reach,
        outer.depth,
    )
