"""A learned row of numbers for every symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kernels.arithmetic import scale
from kernels.embedding import embedding_step
from lab.graph.functions.embedding import embedding
from lab.graph.shapes import Shape
from lab.graph.tensor import Call, Tensor, call, constant
from lab.nets.builder import Builder, BuiltLayer
from lab.nets.initialisers import Initialiser, Normal, initialiser
from lab.nets.layer import Layer
from lab.nets.symbols import USUAL_SYMBOLS
from lab.nets.tables import Table
from lab.validation import Whole


class Embedding(Layer, name="embedding"):
    """Every symbol (a word, a character, by its number) becomes a learned row: [batch, n] to [batch, n, width].

    A dense layer on what follows sees the rows side by side; of tokens of a text (`columns: {review: {tokens: 5000}}`)
    it sees each by itself, as they are a sequence.

    Formula: y[i] = weight[x[i]], a row of a table for each symbol.

    Paper: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", 2003.

    Example on sequences: `{embedding: 8}`
    """

    takes_symbols: ClassVar[bool] = True
    knows_padding: ClassVar[bool] = True

    width: Whole = Field(ge=1, le=10**9, description="Numbers per symbol.")
    symbols: Whole | Literal["classes", "outputs"] | None = Field(
        default=None, description=f"How many symbols there are; by default {USUAL_SYMBOLS}."
    )
    init: Any = Field(default=None, description="How the rows begin; by default normal numbers of variance 1 / width.")

    def multiply_adds(self, x: Shape, y: Shape, weights: Sequence[Shape]) -> int:
        return 0

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        own: Initialiser = Normal(std=self.width**-0.5) if self.init is None else initialiser(self.init)
        symbols = builder.symbols(self.symbols)
        builder.reads_symbols(x, symbols)
        weight = builder.parameter("weight", (symbols, self.width), own, symbols, self.width, table=True)
        return embedding(weight, x)

    @staticmethod
    def table(built: BuiltLayer, weight: Tensor) -> Table:
        """The rows of a built layer, [symbols, width], as a table: gradient descent changes those in use."""

        def update(d_y: Tensor | None, rate: Tensor) -> list[Call]:
            assert d_y is not None
            indices = built.x.reshape(built.x.size)
            downhill = call(scale, rate, constant(-1.0)).result
            rows = d_y.reshape(indices.size, weight.shape[1])
            return [call(embedding_step, indices, rows, downhill, updates=[weight])]

        return Table(built.y, update)
