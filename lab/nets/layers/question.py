"""A layer that reads a question and looks at an image for its answer."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import functions as f
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Uniform
from lab.nets.layer import Layer
from lab.nets.layers.writer import places_of
from lab.validation import Whole


class Question(Layer, name="question"):
    """Gated recurrent units read the question that goes with each image; what is seen is weighed in its light.

    At each place of the image [height, width, channels], the features and the question go through one layer with ReLU;
    the last state stands beside the sum and the largest over all places in the result, [3 units].

    Formula: s = ReLU(features W + place + q U) at each place; y = [q, Σ s / √places, largest s], q the last state.

    Example: `{question: 16}`
    """

    units: Whole = Field(ge=1, le=100_000, description="Numbers in the state, and at each place.")
    uses: Literal["both", "question", "image"] = Field(
        default="both", description="Whether it knows the question, the image, or both."
    )

    def window(self, x: Shape) -> None:
        return None

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        words, units, vocabulary = builder.states.words, self.units, builder.states.vocabulary
        if len(x.shape) != 4 or words is None:
            raise InvalidValue((), f"{builder.layer_name} takes images with questions, in the task answer.")
        batch, usual = x.shape[0], Uniform(bound=units**-0.5)
        parts: list[Tensor] = []
        if self.uses != "image":
            mask = f.minimum(words, constant(1.0))
            _, last = f.gru(
                words,
                builder.parameter("input.weight", (vocabulary, 3 * units), usual, vocabulary, units),
                builder.parameter("recurrent.weight", (units, 3 * units), usual, units, units),
                builder.parameter("bias", (3 * units,), 0.0),
                builder.parameter("candidate.bias", (units,), 0.0),
                mask=mask,
            )
            parts.append(last)
        if self.uses != "question":
            added = None
            if parts:
                added = f.matmul(parts[0], builder.parameter("asked.weight", (units, units), usual, units, units))
            seen = places_of(x, units, builder, added)
            count = seen.shape[1]
            everywhere = constant(np.full((batch, 1, count), count**-0.5), "everywhere")
            parts.append(f.attend(everywhere, seen).reshape(batch, units))
            parts.append(f.max(f.transpose(seen, 0, 2, 1).reshape(-1, count), of="rows").reshape(batch, units))
        return f.concatenate(parts) if len(parts) > 1 else parts[0]
