"""Which step of a sequence a step is."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.arithmetic import add
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Normal
from lab.nets.layer import Layer
from lab.nets.layers.multi_head_attention import check_steps

LONGEST_WAVE = 10_000.0


class PositionalEncoding(Layer, name="positional_encoding"):
    """A row of numbers is added to each step of a sequence [time, features], another one for each place, so that layers
    without order, such as attention, can tell places apart.

    `sinusoidal`: waves, from one of 2π steps to one of 10,000 times as many (Vaswani et al. 2017, section 3.5).
    `learned`: the row of each place is learned; there are as many as the sequences are long that it is built for.

    Formula: y[t, 2i] = x[t, 2i] + sin(t / 10000^(2i / features)); y[t, 2i + 1] = x[t, 2i + 1] + cos(t / 10000^(2i /
    features)); learned: y = x + weight.

    Paper: Vaswani et al., "Attention is all you need", 2017.

    Example on sequences: `{positional_encoding: sinusoidal}`
    """

    knows_padding: ClassVar[bool] = True

    encoding: Literal["sinusoidal", "learned"] = Field(default="sinusoidal", description="Where the rows come from.")

    def multiply_adds(self, x: Shape, y: Shape, weights: object) -> int:
        return 0

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_steps(x, builder.layer_name)
        _, time, features = x.shape
        builder.timed = True
        if self.encoding == "sinusoidal":
            return add(x, constant(sinusoids(time, features), "positions"))
        rows = builder.parameter("weight", (time, features), Normal(std=features**-0.5), time, features)
        if rows.shape[0] < time:
            raise InvalidValue(
                (), f"{builder.layer_name} has learned {rows.shape[0]} places, but here are sequences of {time} steps."
            )
        return add(x, rows if rows.shape[0] == time else rows[:time])


def sinusoids(time: int, features: int) -> np.ndarray:
    """The rows of numbers of so many places, counted from 0: [time, features]."""
    waves = LONGEST_WAVE ** (-2 * (np.arange(features) // 2) / features)
    angles = np.arange(time)[:, None] * waves
    return np.where(np.arange(features) % 2 == 0, np.sin(angles), np.cos(angles))
