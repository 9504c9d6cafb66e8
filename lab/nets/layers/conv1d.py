"""Every step of a sequence sees a few of its neighbours, through the same weights everywhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.convolution import Borders, convolution
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.nets.layers.images import MOST, told
from lab.nets.padding import mask_of_windows, without_padding
from lab.validation import Whole

Steps = Annotated[Whole, Field(ge=1, le=MOST)]


class Conv1d(Layer, name="conv1d"):
    """Convolution over time: every step sees a few steps in a row, through the same weights everywhere: [batch, time,
    features] to [batch, time, channels].

    Its weights are [kernel_size, features / groups, channels]. A sequence of T steps becomes (T + 2 padding - dilation
    (kernel_size - 1) - 1) // stride + 1 long. Behind the end of a text there are zeros, and what only sees them does
    not count; a text shorter than the window is filled up with zeros.

    Formula: y[t, o] = bias[o] + Σ over a, c of weight[a, c, o] x[t stride + a dilation - padding, c].

    Paper: Kim, "Convolutional neural networks for sentence classification", 2014; with `padding: causal`: van den Oord
    et al., "WaveNet: a generative model for raw audio", 2016.

    Example: `{conv1d: 16, kernel_size: 3}`
    """

    knows_padding = True

    channels: Annotated[Whole, Field(ge=1, le=10**6)] | Literal["classes", "outputs"] = Field(
        description="Number of channels that come out, one per filter; or what the data needs."
    )
    kernel_size: Steps = Field(description="Steps that one output sees.")
    stride: Steps = Field(default=1, description="Steps from window to window.")
    padding: Literal["same", "causal"] | Annotated[Whole, Field(ge=0, le=MOST)] = Field(
        default=0,
        description="Steps of zeros at each end; `same` keeps the length; `causal` keeps it with zeros before the "
        "sequence alone, so that no step sees a later one.",
    )
    dilation: Steps = Field(default=1, description="Steps from one weight of a window to the next.")
    groups: Whole = Field(
        default=1, ge=1, le=10**6, description="Groups of channels, each of which sees its own inputs alone."
    )
    bias: bool = Field(default=True, description="Whether a bias is added.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if len(x.shape) != 3:
            raise InvalidValue(
                (),
                f"{builder.layer_name} works on sequences, [time, features] of each example, but gets "
                f"{told(x.shape[1:])}: tokens need an embedding before it, images are for conv.",
            )
        batch, time, features = x.shape
        mask = builder.mask(x)
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        before, after = self._ends()
        inputs, channels = max(1, features // self.groups), builder.units(self.channels)
        fan_out = self.kernel_size * max(1, channels // self.groups)
        weight = builder.parameter(
            "weight", (self.kernel_size, inputs, channels), own, self.kernel_size * inputs, fan_out
        )
        bias = builder.parameter("bias", (channels,), builder.first_bias(own)) if self.bias else None
        y = convolution(
            without_padding(x, mask).reshape(batch, time, 1, features),
            weight.reshape(self.kernel_size, 1, inputs, channels),
            bias,
            stride=(self.stride, 1),
            borders=Borders(before, 0, after, 0),
            dilation=(self.dilation, 1),
            groups=self.groups,
        )
        y = y.reshape(batch, y.shape[1], channels)
        if mask is not None:
            beyond = self.dilation * (self.kernel_size - 1) - before - after
            builder.padding.masks[y] = mask_of_windows(mask, y.shape[1], self.stride, beyond)
        builder.timed = True
        return y

    def _ends(self) -> tuple[int, int]:
        """How many steps of zeros are put before and behind a sequence. Raises InvalidValue where `same` cannot be."""
        if not isinstance(self.padding, str):
            return self.padding, self.padding
        if self.stride != 1:
            raise InvalidValue((), f"padding: {self.padding} needs stride 1, or the length cannot be kept.")
        missing = self.dilation * (self.kernel_size - 1)
        return (missing, 0) if self.padding == "causal" else (missing // 2, -(-missing // 2))

    def other_steps(self) -> tuple[bool, bool]:
        before, after = self._ends()
        return before > 0, after > 0

    def window(self, x: Shape) -> tuple[int, int]:
        """How many steps one output sees, and how far windows are apart."""
        return self.dilation * (self.kernel_size - 1) + 1, self.stride
