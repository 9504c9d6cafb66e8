"""A dense layer of which weights are switched off at random while it trains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.graph.functions.dense import dense
from lab.graph.functions.dropout import dropout
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real, Whole


class DropConnect(Layer, name="dropconnect"):
    """A dense layer whose weights are set to 0 with probability `rate` in training, the others divided by the
    probability of keeping (Wan, Zeiler, Zhang, LeCun and Fergus 2013). One choice serves all examples of a step, where
    the paper draws one for each example. In evaluation every weight is there.

    Formula: y = x (m weight) / (1 - rate) + bias, each m 1 with probability 1 - rate and 0 otherwise.

    Paper: Wan, Zeiler, Zhang, LeCun and Fergus, "Regularization of neural networks using DropConnect", 2013.

    Example: `{dropconnect: 32}`
    """

    units: Whole | Literal["classes", "outputs"] = Field(description="Number of units, or what the data needs.", ge=1)
    rate: Real = adjustable(0.5, "Probability with which a weight is dropped.", steps="tenths", ge=0, lt=1)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if len(x.shape) > 2:
            x = x.reshape(x.shape[0], -1)
        fan_in, fan_out = x.shape[1], builder.units(self.units)
        weight = builder.parameter("weight", (fan_in, fan_out), None, fan_in, fan_out)
        bias = builder.parameter("bias", (fan_out,), builder.first_bias(None))
        rate = builder.setting(self, "rate")
        return dense(x, dropout(weight, rate, builder.stream()) if builder.training else weight, bias)
