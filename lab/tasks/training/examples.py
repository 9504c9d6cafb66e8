"""Inputs of examples in the graph: numbers as they are, or images that stay bytes until a program wants some."""

from __future__ import annotations

import numpy as np

from kernels.batches import gather_images, gather_rows
from lab.data.images.pixels import Pixels
from lab.graph import Tensor, data
from lab.graph.tensor import call, constant


class ImagePool:
    """Images in the segment that replicas share, as bytes; each pool once in a graph, however many parts read it."""

    def __init__(self) -> None:
        self._words: dict[int, Tensor] = {}

    def words(self, pixels: Pixels) -> Tensor:
        """The bytes of the pool that these images are in."""
        return self._words.setdefault(id(pixels.pool), data(pixels.pool, "images"))


class Inputs:
    """The inputs of some examples: [count, …].

    name: what the tensors are called
    pool: where images stand
    """

    def __init__(self, values: np.ndarray | Pixels, name: str, pool: ImagePool) -> None:
        self.count, self.shape = len(values), tuple(values.shape[1:])
        if isinstance(values, Pixels):
            self._words: Tensor | None = pool.words(values)
            self._levels = constant(values.table, "levels")
            self._table = constant(values.rows, f"{name} rows")
        else:
            self._words, self._table = None, data(values, name)
        self._name, self._values, self._pool = name, values, pool

    @property
    def are_bytes(self) -> bool:
        """Whether they are images that stay bytes."""
        return self._words is not None

    def from_0_to_1(self) -> Inputs:
        """The same images, as bytes are read, before any preparation."""
        assert isinstance(self._values, Pixels)
        return Inputs(Pixels(self._values.pool, self._values.rows), self._name, self._pool)

    def whole(self) -> Tensor:
        """All of them, in their order."""
        return self._table if self._words is None else self._images(self._table)

    def part(self, first: int, end: int) -> Tensor:
        """Those from number `first` up to but not including `end`."""
        each = self._table.size // self.count
        shape = (end - first, *self._table.shape[1:])
        rows = Tensor(shape, self._name, base=self._table, offset=first * each)
        return rows if self._words is None else self._images(rows)

    def chosen(self, rows: Tensor) -> Tensor:
        """Those whose numbers stand in `rows` [batch]."""
        table = self._table.reshape(self.count, -1)
        made = call(gather_rows, table, rows).result
        if self._words is None:
            return made.reshape(rows.size, *self.shape)
        return self._images(made.reshape(rows.size))

    def _images(self, rows: Tensor) -> Tensor:
        assert self._words is not None
        height, width, channels = self.shape
        shapes = [(rows.size, height * width * channels)]
        made = call(gather_images, self._words, self._levels, rows, shapes=shapes).result
        return made.reshape(rows.size, *self.shape)
