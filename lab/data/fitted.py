"""What a preparation has found out of the training examples, as numbers that can be kept and applied again."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

Operation = Literal["greater_equal", "subtract", "divide", "multiply", "project", "levels"]

LISTED = 4096
"""Up to so many numbers are kept as a list that people can read."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """One operation on inputs [n, features], in float64.

    operation: subtract, divide by or multiply with `numbers`, [features] or a single one; or 1 where they are at least
               `numbers`, a single one, and 0 elsewhere; or project on the columns of `numbers`, [features, axes]; or,
               of images from 0 to 1, put `numbers`, [channels, 256], in the place of their levels
    """

    operation: Operation
    numbers: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The values after it, in place where that is possible."""
        if self.operation == "project":
            return np.asarray(values @ self.numbers)
        if self.operation == "levels":
            return self._leveled(values)
        if self.operation == "greater_equal":
            return np.asarray(np.greater_equal(values, self.numbers, out=values))
        apply = {"subtract": np.subtract, "divide": np.divide, "multiply": np.multiply}[self.operation]
        return np.asarray(apply(values, self.numbers, out=values))

    def _leveled(self, values: np.ndarray) -> np.ndarray:
        """Images that were bytes get exactly the numbers of the table; between them it is a straight line."""
        images = values.reshape(len(values), -1, len(self.numbers)) * 255
        places = np.arange(256.0)
        nearest = np.rint(images)
        images = np.where(np.abs(images - nearest) < 1e-4, nearest, images)
        for channel, levels in enumerate(self.numbers):
            images[..., channel] = np.interp(images[..., channel], places, levels)
        return images.reshape(values.shape)

    def to_json(self) -> dict[str, Any]:
        """As JSON's values, which give the same bits again."""
        return {self.operation: numbers_to_json(self.numbers)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Fitted:
        """The same again. Raises ValueError for what is none."""
        [(operation, numbers)] = content.items()
        if operation not in get_args(Operation):
            raise ValueError(f"there is no operation {operation!r}")
        return cls(cast(Operation, operation), numbers_from_json(numbers))


def numbers_to_json(numbers: np.ndarray) -> Any:
    """Numbers in float64 as lists, or many of them as text in base 64."""
    if numbers.size <= LISTED:
        return numbers.tolist()
    content = np.ascontiguousarray(numbers, "<f8").tobytes()
    return {"shape": list(numbers.shape), "float64": base64.b64encode(content).decode()}


def numbers_from_json(content: Any) -> np.ndarray:
    """The same numbers again. Raises ValueError or KeyError for what is none."""
    if isinstance(content, dict):
        numbers = np.frombuffer(base64.b64decode(content["float64"], validate=True), "<f8")
        return numbers.reshape(content["shape"])
    return np.array(content, np.float64)
