"""Branches beside each other, joined at the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from lab.errors import InvalidValue
from lab.graph.functions.arithmetic import add, multiply
from lab.graph.functions.windows import concatenate
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.layer import ENTRY, Layer, layer, read_layers
from lab.validation import shown

Join = Literal["concatenate", "add", "average"]
HOW = {"concatenate": "joined over channels", "add": "added", "average": "averaged"}


def _branches(entries: Any) -> list[list[Layer]]:
    if not isinstance(entries, list):
        raise InvalidValue(("branches",), f"is a list of branches, not {shown(entries)}.")
    return [
        read_layers(each, "branches", number) if isinstance(each, list) else [layer(each, ("branches", number))]
        for number, each in enumerate(entries)
    ]


class Parallel(Layer, name="parallel"):
    """Branches that all get the same input, and whose outputs are joined: over channels, or added, or averaged.

    Each branch is a list of layers, or one layer; `identity` passes the input on. The layers of the second branch are
    named `parallel1.branch2.dense1` and so on.

    Formula: y = [f_1(x), f_2(x), …], or their sum, or their mean.

    Example: `{parallel: [identity, [{dense: 8}, relu]]}`
    """

    takes_symbols = True
    knows_padding = True

    branches: Annotated[
        list[Any],
        BeforeValidator(_branches),
        WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "array", "items": ENTRY}, ENTRY]}}),
    ] = Field(min_length=2, max_length=64, description="The branches; each a list of layers, or one layer.")
    join: Join = Field(
        default="concatenate",
        description="What is done with their outputs; `concatenate`: beside each other, over channels.",
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        made = [
            builder.inside(layers, x, "parallel", "branches", number, part=f"branch{number + 1}")
            for number, layers in enumerate(self.branches)
        ]
        return join(made, self.join, builder)


def join(made: Sequence[Tensor], how: Join, builder: Builder) -> Tensor:
    """The outputs of branches joined. Raises InvalidValue if their sizes do not go together."""
    shapes = [each.shape[1:-1] if how == "concatenate" else each.shape[1:] for each in made]
    if len(set(shapes)) > 1 or len({len(each.shape) for each in made}) > 1:
        given = ", ".join(str(list(each.shape[1:])) for each in made[:-1])
        needed = "differ in their channels alone" if how == "concatenate" else "have the same size"
        first = list(made[0].shape[1:])
        odd = next(number for number, each in enumerate(shapes) if each != shapes[0])
        fit = [*made[0].shape[1:-1], made[odd].shape[-1]] if how == "concatenate" else first
        raise InvalidValue(
            (),
            f"{builder.layer_name}: the branches give {given} and {list(made[-1].shape[1:])}; to be {HOW[how]} "
            f"they must {needed}: branch {odd + 1} would have to give {fit}.",
        )
    if how == "concatenate":
        return builder.joined(concatenate(made), made)
    total = reduce(add, made)
    return builder.joined(multiply(total, constant(1 / len(made))) if how == "average" else total, made)
