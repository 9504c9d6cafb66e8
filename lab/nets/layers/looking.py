"""What layers in which the steps of a sequence look at each other have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from lab.graph.shapes import Shape
from lab.nets.layer import Layer
from lab.validation import Real, Whole


class Looking(Layer):
    """Base of attention and of blocks that hold one: whom a step may look at, and how its scores are made."""

    knows_padding: ClassVar[bool] = True

    num_heads: Whole = Field(
        default=1,
        ge=1,
        le=10_000,
        description="How many parts the features have, each of which looks by itself.",
    )
    causal: bool = Field(default=False, description="Whether a step may only look at itself and the steps before it.")
    scale: Real | None = Field(
        default=None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="By what products of queries and keys are multiplied; by default 1 / √(features / num_heads).",
    )

    def window(self, x: Shape) -> None:
        return None
