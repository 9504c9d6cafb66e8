"""Some of the channels."""

from __future__ import annotations

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.windows import concatenate, take
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.validation import Whole


class Select(Layer, name="select"):
    """Some of the channels, in the order in which they are listed; the first one is 0.

    Formula: y[…, k] = x[…, channels[k]].

    Example: `{select: [0, 1]}`
    """

    passes_on = True

    channels: list[Whole] = Field(min_length=1, max_length=10_000, description="Which channels.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        there = x.shape[-1]
        for channel in self.channels:
            if not 0 <= channel < there:
                raise InvalidValue(
                    (), f"{builder.layer_name}: there is no channel {channel}: they are 0 to {there - 1}."
                )
        runs: list[list[int]] = []
        for channel in self.channels:
            if runs and runs[-1][-1] + 1 == channel:
                runs[-1].append(channel)
            else:
                runs.append([channel])
        return concatenate([take(x, (..., slice(run[0], run[-1] + 1))) for run in runs])
