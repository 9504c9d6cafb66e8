"""A recurrent layer that writes words about what it is given, and may look at a part of it before each of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import functions as f
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Normal, Uniform
from lab.nets.layer import Layer
from lab.validation import Whole


class Writer(Layer, name="writer"):
    """Gated recurrent units that write words: logits of the next word at each step, [batch, time, classes].

    Without attention it sees everything at once, as one vector, the largest of what each unit sees at any place, which
    is its first state or an input of every step. With attention its first state is their mean, and it chooses before
    each word where to look: `soft` is a weighted mean over all places (Bahdanau et al.
    2015), `hard` a single one, drawn by these weights in training and the likeliest one otherwise (Xu et al. 2015).
    Inputs are maps of features [height, width, channels], sequences [time, features], or a code of everything
    [features], which is one place.

    Formula: a = softmax(q · k / √units) over the places, or softmax(w · tanh(q + k)); c = Σ a v; h = GRU([word, c], h).

    Paper: Xu et al., "Show, attend and tell: neural image caption generation with visual attention", 2015.

    Example: `{writer: 16}`
    """

    units: Whole = Field(ge=1, le=100_000, description="Numbers in the state.")
    attention: Literal["none", "soft", "hard"] = Field(
        default="none", description="Whether it looks at all places at once, at their weighted mean, or at one."
    )
    score: Literal["dot", "additive"] = Field(
        default="dot", description="How it is computed how well a place fits: dot product, or a layer of its own."
    )
    feed: Literal["first", "every"] = Field(
        default="first",
        description="Without attention: whether what is seen is the first state, or an input of every step.",
    )
    embedding: Whole = Field(default=16, ge=1, le=100_000, description="Numbers for each word that is read.")

    def window(self, x: Shape) -> None:
        return None

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        states, kept = builder.states, builder.outputs
        length = states.length if states.words is None else states.words.shape[1]
        if length < 1:
            raise InvalidValue((), f"{builder.layer_name} writes only in the tasks caption and translate.")
        batch, name, weights = x.shape[0], builder.layer_name, _Weights(self, x, builder)
        h, glimpse = weights.begun()
        states.last |= {f"{name}.values": weights.values, f"{name}.whole": weights.whole, f"{name}.begun": h}
        h = states.first.get(f"{name}.h", h)
        word = constant(np.zeros((batch, 1)), "start") if states.words is None else states.words[:, :1]
        written = constant(np.zeros((batch, length * kept)), "nothing written")
        looked: dict[str, Tensor] = {}
        for step in range(length):
            if self.attention != "none":
                glimpse = self._look(h, weights, builder, step, length, looked)
            read = f.embedding(weights.words, word)
            seen = read if glimpse is None else f.concatenate([read, glimpse])
            _, h = f.gru(seen, *weights.recurrent, h)
            told = h if self.attention == "none" or glimpse is None else f.concatenate([h, glimpse.reshape(batch, -1)])
            given = f.dense(told, *weights.output)
            written = f.add_columns(written, given, step * kept)
            if step < length - 1:
                if states.words is None:
                    word = f.argmax(given, of="rows").reshape(batch, 1)
                else:
                    word = states.words[:, step + 1 : step + 2]
        states.last[f"{name}.h"] = h
        for kind, each in looked.items():
            states.seen[f"{name}.{kind}"] = each.reshape(batch, length, -1) if kind != "drawn" else each
        return written.reshape(batch, length, kept)

    def _look(
        self, h: Tensor, weights: _Weights, builder: Builder, step: int, length: int, looked: dict[str, Tensor]
    ) -> Tensor:
        """What is seen before a step, of `length` in all, [batch, 1, units]."""

        def keep(kind: str, each: Tensor) -> None:
            """The same of all steps side by side, [batch, steps * width]."""
            batch = each.shape[0]
            part = each.reshape(batch, each.size // batch)
            known = looked.get(kind, constant(np.zeros((batch, length * part.shape[1])), f"no {kind}"))
            looked[kind] = f.add_columns(known, part, step * part.shape[1])

        query = f.matmul(h, weights.query).reshape(h.shape[0], 1, -1)
        if self.score == "dot":
            scores = f.dot_product_scores(query, weights.keys)
        else:
            scores = f.additive_scores(query, weights.keys, weights.fit)
        chances = f.attention_weights(scores, weights.mask)
        keep("weights", chances)
        if self.attention == "soft":
            return f.attend(chances, weights.values)
        if builder.training:
            place = f.draw(chances, builder.stream() + step)
            keep("scores", scores)
            keep("drawn", place)
        else:
            place = f.argmax(chances.reshape(h.shape[0], -1), of="rows").reshape(h.shape[0], 1)
        return f.look_at(place, weights.values)


class _Weights:
    """The parameters of a writer, and what is computed once, before the first step.

    values: what there is to see at each place, [batch, places, units];  whole: what is seen of all, [batch, units]
    mask:   [batch, places], 1 where there is something to see; None: everywhere
    """

    def __init__(self, layer: Writer, x: Tensor, builder: Builder) -> None:
        self.layer, self.batch = layer, x.shape[0]
        units, usual = layer.units, Uniform(bound=layer.units**-0.5)
        classes = builder.outputs
        self.words = builder.parameter("words.weight", (classes, layer.embedding), Normal(std=1.0), classes, units)
        looks = layer.attention != "none"
        seen = units if looks or layer.feed == "every" else 0

        def weight(name: str, *shape: int) -> Tensor:
            return builder.parameter(name, shape, usual, shape[0], shape[-1])

        given, name = builder.states.first, builder.layer_name
        values = places_of(x, units, builder)
        self.values = given.get(f"{name}.values", values)
        self.mask = builder.states.mask if len(x.shape) == 3 else None
        if looks:
            self.keys = f.matmul(self.values, weight("key.weight", units, units))
            self.query = weight("query.weight", units, units)
            self.fit = weight("fit.weight", units) if layer.score == "additive" else self.query
        count = self.values.shape[1]
        if looks:
            everywhere = constant(np.full((self.batch, 1, count), 1 / count), "everywhere")
            if self.mask is not None:
                everywhere = f.attention_weights(everywhere, self.mask)
            overall = f.attend(everywhere, self.values).reshape(self.batch, units)
        else:
            overall = f.max(f.transpose(self.values, 0, 2, 1).reshape(-1, count), of="rows").reshape(self.batch, units)
        first = weight("first.weight", units, units)
        whole = f.dense(overall, first, builder.parameter("first.bias", (units,), 0.0))
        self.whole = given.get(f"{name}.whole", whole)
        self.recurrent = (
            weight("input.weight", layer.embedding + seen, 3 * units),
            weight("recurrent.weight", units, 3 * units),
            builder.parameter("bias", (3 * units,), 0.0),
            builder.parameter("candidate.bias", (units,), 0.0),
        )
        told = 2 * units if looks else units
        self.output = (
            builder.parameter("output.weight", (told, classes), Uniform(bound=told**-0.5), told, classes),
            builder.parameter("output.bias", (classes,), 0.0),
        )

    def begun(self) -> tuple[Tensor, Tensor | None]:
        """The first state, and what is an input of every step, if anything is."""
        if self.layer.attention != "none" or self.layer.feed == "first":
            return self.whole, None
        units = self.layer.units
        return constant(np.zeros((self.batch, units)), "first state"), self.whole.reshape(self.batch, 1, units)


def places_of(x: Tensor, units: int, builder: Builder, added: Tensor | None = None) -> Tensor:
    """What there is to see at each place, [batch, places, units]: ReLU of a layer on the features there, to which a
    learned vector for each place of an image is added, so that it can be known where it is.

    added: [batch, units], what is added everywhere
    """
    batch, features = x.shape[0], x.shape[-1]
    count = x.size // batch // features
    weight = builder.parameter("image.weight", (features, units), None, features, units)
    seen = f.dense(x.reshape(batch, count, features), weight, builder.parameter("image.bias", (units,), 0.0))
    if len(x.shape) == 4:
        place = builder.parameter("place.weight", (count, units), Uniform(bound=0.3), units, units)
        seen = f.add(seen, f.broadcast(place.reshape(1, count, units), seen.shape))
    if added is not None:
        seen = f.add(seen, f.broadcast(added.reshape(batch, 1, units), seen.shape))
    return f.relu(seen)
