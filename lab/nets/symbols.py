"""Layers that read symbols: whole numbers of the data, each of them the place of a row in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import InvalidValue
from lab.graph.tensor import Tensor

USUAL_SYMBOLS = "as many as the texts have tokens, or else the data classes"
"""How many symbols there are where nobody says it."""


@dataclass(frozen=True)
class SymbolReader:
    """A layer that reads symbols.

    name, entry: the layer, and to which entry of `model` it belongs
    count:       how many symbols it has rows for, from 0 on
    channels:    which numbers of an example it reads; None: all
    """

    name: str
    entry: int
    count: int
    channels: tuple[int, ...] | None = None

    def check(self, inputs: Any) -> None:
        """Raises InvalidValue if inputs [examples, …] hold anything else than symbols for which there are rows."""
        values = np.asarray(inputs)
        values = values if self.channels is None else values[..., list(self.channels)]
        odd = values[(values != np.floor(values)) | (values < 0)]  # a NaN is unequal to itself
        if odd.size:
            raise InvalidValue(
                ("model", self.entry),
                f"{self.name} takes symbols, which are whole numbers from 0 on, but {odd.flat[0]:g} is among its "
                "inputs.",
            )
        highest = int(values.max(initial=0))
        if highest >= self.count:
            raise InvalidValue(
                ("model", self.entry),
                f"{self.name} has rows for the symbols 0 to {self.count - 1}, but {highest} is among its inputs: it "
                f"needs `symbols: {highest + 1}`.",
            )


def read_by(name: str, entry: int, x: Tensor, count: int, parts: Sequence[Any]) -> SymbolReader:
    """The layer `name` as one that reads the symbols x. Raises InvalidValue if they come from a layer that computes.

    parts: the layers that were built before it, see `lab.nets.network.BuiltLayer`
    """
    channels: tuple[int, ...] | None = None
    while (part := next((each for each in parts if each.y is x and each.x is not x), None)) is not None:
        if not part.layer.passes_on:
            raise InvalidValue(
                (),
                f"{name} takes symbols, which are whole numbers of the data, but gets what {part.name} computes: it "
                "must stand before layers that compute.",
            )
        chosen = tuple(getattr(part.layer, "channels", ())) or None
        if chosen is not None:
            channels = chosen if channels is None else tuple(chosen[each] for each in channels)
        x = part.x
    return SymbolReader(name, entry, count, channels)
