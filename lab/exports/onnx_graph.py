"""A graph in ONNX's words while it is written: nodes, initializers, and in which order of axes each value is at hand.

The lab has channels last, ONNX's images have them first. A value is turned round where a node needs it the other way,
once, so that layers of images that follow each other stay as ONNX wants them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Value:
    """A number array of the graph, under one name or two.

    last, first: its names with the channels last and, of images [examples, channels, height, width], first; "" where it
                 is not at hand so
    """

    last: str = ""
    first: str = ""


class OnnxGraph:
    """Nodes and initializers, in order."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: dict[str, np.ndarray] = {}
        self._count = 0

    def add(self, operator: str, *inputs: str, outputs: int = 1, label: str = "", **attributes: Any) -> str:
        """A node: the name of its result, its first one's of several (the others have /1, /2 behind it)."""
        from onnx import helper

        self._count += 1
        name = f"{label or 'node'}/{operator}{self._count}"
        names = [name, *(f"{name}/{number}" for number in range(1, outputs))]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=name, **attributes))
        return name

    def keep(self, values: np.ndarray | Sequence[float], name: str = "", dtype: Any = np.float32) -> str:
        """An initializer; its name. The same name stands for the same values."""
        self._count += not name
        name = name or f"constant{self._count}"
        if name not in self.initializers:
            self.initializers[name] = np.ascontiguousarray(np.asarray(values, dtype))
        return name

    def whole(self, numbers: Sequence[int]) -> str:
        """Whole numbers, as shapes and places are."""
        return self.keep(np.asarray(numbers), dtype=np.int64)

    def last(self, value: Value) -> str:
        """The value with its channels last."""
        if not value.last:
            value.last = self.add("Transpose", value.first, perm=[0, 2, 3, 1])
        return value.last

    def first(self, value: Value) -> str:
        """Images with their channels first."""
        if not value.first:
            value.first = self.add("Transpose", value.last, perm=[0, 3, 1, 2])
        return value.first

    def drop_unused(self, wanted: Sequence[str]) -> None:
        """Leave out what does not lead to these."""
        needed, kept = set(wanted), []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                needed |= set(node.input)
                kept.append(node)
        self.nodes = kept[::-1]
        self.initializers = {name: values for name, values in self.initializers.items() if name in needed}
