"""Units that are switched off at random while a network trains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.graph.functions.arithmetic import multiply, subtract
from lab.graph.functions.dropout import dropout
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class Dropout(Layer, name="dropout"):
    """In training each number is set to 0 with probability `rate`, another choice for each example and step (Srivastava
    et al. 2014). In evaluation nothing is dropped.

    Formula: y = m x / (1 - rate) in training, each m 1 with probability 1 - rate and 0 otherwise; y = x in evaluation.

    Paper: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent neural
    networks from overfitting", 2014.
    """

    knows_padding = True

    rate: Real = adjustable(0.5, "Probability with which a number is dropped.", steps="tenths", ge=0, lt=1)
    form: Literal["inverted", "plain", "scaled_by_drop_probability"] = Field(
        default="inverted",
        description="`inverted` divides by the probability of keeping in training; `plain` multiplies by it in "
        "evaluation; `scaled_by_drop_probability` is a slip to try out: it multiplies by the rate in evaluation.",
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        rate = builder.setting(self, "rate")
        if builder.training:
            return dropout(x, rate, builder.stream(), inverted=self.form == "inverted")
        if self.form == "inverted":
            return x.reshape(*x.shape)
        return multiply(x, rate if self.form == "scaled_by_drop_probability" else subtract(constant(1.0), rate))
