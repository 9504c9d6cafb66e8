"""Sequences of several lengths in one batch: which of their places are padding, as far as the layers go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.errors import InvalidValue
from lab.graph.functions.arithmetic import add, divide, minimum, multiply, subtract
from lab.graph.functions.broadcasting import broadcast
from lab.graph.functions.pooling import global_average_pool, global_max_pool
from lab.graph.functions.reductions import sum as sum_of
from lab.graph.functions.windows import concatenate, take
from lab.graph.tensor import Tensor, constant

if TYPE_CHECKING:
    from lab.nets.layer import Layer

PADDING = 0
"""The symbol that fills texts up behind their end."""

BELOW_ALL = 1e9
"""So much less is what stands behind the end of a sequence where the largest number is sought."""


@dataclass
class Padding:
    """The masks [batch, time] of tensors [batch, time, …] of one building of a network: 1 where a sequence goes on, 0
    behind its end. Each has at least one 1.

    symbols: how many symbols there are, padding among them, where the network's inputs are tokens of texts
    """

    masks: dict[Tensor, Tensor] = field(default_factory=dict)
    symbols: int | None = None

    def begin(self, x: Tensor, symbols: int) -> None:
        """Note that x [batch, time] are tokens of texts, with `PADDING` behind the end of each."""
        self.symbols = symbols
        self.masks[x] = minimum(x, constant(1.0))

    def hand_on(self, y: Tensor, *sources: Tensor) -> None:
        """Let y have the mask of the first source that has one for as many steps, if it has none of its own."""
        for each in sources:
            mask = self.masks.get(each)
            if y not in self.masks and mask is not None and len(y.shape) > 2 and y.shape[:2] == mask.shape:
                self.masks[y] = mask

    def refuse(self, layer: Layer, name: str, x: Tensor) -> None:
        """Raise InvalidValue for a layer to which padding, or the number of a token, would be a measurement."""
        if x not in self.masks:
            return
        if len(x.shape) == 2 and not layer.takes_symbols:
            raise InvalidValue(
                (), f"{name} gets tokens, which are numbers of words: put `{{embedding: 32}}` before it."
            )
        if len(x.shape) > 2 and not layer.knows_padding:
            raise InvalidValue(
                (),
                f"{name} would count the padding behind texts that are shorter: let a recurrent layer with "
                "`return: last`, global_average_pool or global_max_pool make one row of each text before it.",
            )


def without_padding(x: Tensor, mask: Tensor | None) -> Tensor:
    """x [batch, time, …] with 0 where its mask is 0; as it is, without a mask."""
    if mask is None:
        return x
    batch, time = mask.shape
    return multiply(x, broadcast(mask.reshape(batch, time, *[1] * (len(x.shape) - 2)), x.shape))


def mean_over_time(x: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of x [batch, time, features] over the steps that its mask has, [batch, features]."""
    batch, time, features = x.shape
    if mask is None:
        return global_average_pool(x.reshape(batch, time, 1, features))
    shares = divide(mask, broadcast(sum_of(mask, of="rows").reshape(batch, 1), mask.shape))
    weighed = multiply(without_padding(x, shares), constant(float(time)))
    return global_average_pool(weighed.reshape(batch, time, 1, features))


def largest_over_time(x: Tensor, mask: Tensor | None) -> Tensor:
    """The largest number of x [batch, time, features] over the steps that its mask has, [batch, features]."""
    batch, time, features = x.shape
    if mask is not None:
        shut = multiply(subtract(mask, constant(1.0)), constant(BELOW_ALL))
        x = add(x, broadcast(shut.reshape(batch, time, 1), x.shape))
    return global_max_pool(x.reshape(batch, time, 1, features))


def mask_of_windows(mask: Tensor, count: int, stride: int, beyond: int) -> Tensor:
    """The mask [batch, count] of windows that are moved over sequences by `stride`.

    beyond: which place of a sequence must be there for the first window to count, as it would be there without anything
            behind the sequence: the last one that it sees, less the zeros that follow a sequence
    The first window always counts, so that a sequence shorter than a window is filled up with zeros.
    """
    first = take(mask, (slice(None), slice(0, 1)))
    places = [max(0, number * stride + beyond) for number in range(count)]
    early = max(1, sum(place == 0 for place in places))
    parts = [first] * early
    if rest := places[early:]:
        parts.append(take(mask, (slice(None), slice(rest[0], rest[-1] + 1, stride))))
    return concatenate(parts)
