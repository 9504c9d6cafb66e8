"""What layers of images have in common: pairs of sizes, and images as what they take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from lab.errors import InvalidValue
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.validation import NUMBER, shown

MOST = 10_000
Pair = tuple[int, int]


def _pair(least: int) -> BeforeValidator:
    def read(value: Any) -> Pair:
        both = value if isinstance(value, (list, tuple)) else (value, value)
        if len(both) != 2:
            raise ValueError(f"{shown(value)} must be a number, or two: [height, width]")
        numbers = []
        for each in both:
            number = NUMBER.func(each)  # type: ignore[call-arg]
            if not isinstance(number, (int, float)) or number != int(number) or not least <= number <= MOST:
                raise ValueError(f"{shown(each)} must be a whole number of at least {least} and at most {MOST}")
            numbers.append(int(number))
        return numbers[0], numbers[1]

    return BeforeValidator(read)


def _schema(least: int, *words: str) -> WithJsonSchema:
    number = {"type": "integer", "minimum": least, "maximum": MOST}
    both = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return WithJsonSchema({"anyOf": [number, both, *({"const": word} for word in words)]})


Sizes = Annotated[Pair, _pair(1), _schema(1)]
"""For fields: a number of pixels, or [height, width]; at least 1."""

Paddings = Annotated[Pair, _pair(0), _schema(0)]
"""For fields: a number of pixels, or [height, width]; 0 is possible."""


def check_images(x: Tensor, name: str) -> None:
    """Raise InvalidValue if a layer of this name does not get images [batch, height, width, channels]."""
    if len(x.shape) != 4:
        raise InvalidValue(
            (),
            f"{name} works on images of height, width and channels, but gets {told(x.shape[1:])}; it must stand before "
            "flatten and dense layers, and the data must be images.",
        )


def told(shape: Shape) -> str:
    """A shape of one example in words: `12 numbers`, or `8×8×3`."""
    return f"{shape[0]} numbers" if len(shape) == 1 else "×".join(map(str, shape))
