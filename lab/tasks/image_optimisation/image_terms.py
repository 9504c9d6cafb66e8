"""What images are to become: terms of a loss, each from what a network makes of the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import InvalidValue, nearest
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network

TINY = 1e-8
"""Added to what is divided by: features may all be 0."""
WEIGHTS = ("score", "activation", "content", "style", "l2", "total_variation", "code_l2")


@dataclass(frozen=True)
class Wanted:
    """What images are held against, as tensors.

    content: the features of the content images, [images, …]
    grams:   by layer the Gram matrices of the style images, [images or 1, channels, channels]
    units:   [images, units], 1 at the unit of each image
    """

    content: Tensor | None = None
    grams: Mapping[str, Tensor] = field(default_factory=dict)
    units: Tensor | None = None


class Seen:
    """What a network that stays as it is makes of images [n, height, width, channels]."""

    def __init__(self, network: Network, x: Tensor) -> None:
        self.x = x
        self.output, parts = network.apply(x, training=False)
        self.layers = {part.name: part.y for part in parts}

    def layer(self, name: str | None, option: str) -> Tensor:
        """The numbers of a layer; of the last one if none is named. Raises InvalidValue"""
        if name is None:
            return self.output
        if name not in self.layers:
            raise InvalidValue(("options", option), f"there is no layer {name!r}; {nearest(name, self.layers)}.")
        return self.layers[name]

    def scores(self, name: str | None) -> Tensor:
        """By image the number of each unit of a layer, or the mean of each channel: [n, units]."""
        y = self.layer(name, "target_layer")
        return f.global_average_pool(y) if len(y.shape) == 4 else y

    def grams(self, names: list[str]) -> dict[str, Tensor]:
        """The Gram matrix of each of these layers, by name. Raises InvalidValue"""
        found = {}
        for number, name in enumerate(names):
            y = self.layer(name, "style_layers")
            if len(y.shape) != 4:
                place = ("options", "style_layers", number)
                raise InvalidValue(place, f"{name} gives no maps of channels, but single numbers.")
            found[name] = f.gram_matrix(y)
        return found


def relative(found: Tensor, wanted: Tensor) -> Tensor:
    """Of each image the squared distance of two tensors over the sum of squares of the second: [n]."""
    count = found.shape[0]
    if wanted.shape != found.shape:
        wanted = f.broadcast(wanted, found.shape)
    apart = f.sum_squares((found - wanted).reshape(count, -1), "rows")
    return apart / (f.sum_squares(wanted.reshape(count, -1), "rows") + TINY)


class Terms:
    """The terms of images as a network sees them, by name, each [n]: one number for each image."""

    def __init__(self, options: Any, seen: Seen, wanted: Wanted, codes: Tensor | None = None) -> None:
        self.options, self.seen, self.wanted, self.codes = options, seen, wanted, codes
        self.count = seen.x.shape[0]

    def score(self) -> Tensor:
        scores = self.seen.scores(self.options.target_layer)
        assert self.wanted.units is not None
        return f.sum(scores * self.wanted.units, "rows")

    def activation(self) -> Tensor:
        y = self.seen.layer(self.options.activation_layer, "activation_layer")
        return f.sum_squares(y.reshape(self.count, -1), "rows") * (self.count / y.size)

    def content(self) -> Tensor:
        assert self.wanted.content is not None
        return relative(self.seen.layer(self.options.content_layer, "content_layer"), self.wanted.content)

    def style(self) -> Tensor:
        each = [
            relative(gram, self.wanted.grams[name]) for name, gram in self.seen.grams(self.options.style_layers).items()
        ]
        total = each[0]
        for more in each[1:]:
            total = total + more
        return total * (1.0 / len(each))

    def l2(self) -> Tensor:
        x = self.seen.x
        return f.sum_squares(x.reshape(self.count, -1), "rows") * (self.count / x.size)

    def total_variation(self) -> Tensor:
        _, height, width, _ = self.seen.x.shape
        return f.total_variation(self.seen.x) * (1.0 / (height * width))

    def code_l2(self) -> Tensor:
        """Of each code the mean square of its numbers: 1 on average where they are standard normal."""
        assert self.codes is not None
        return f.sum_squares(self.codes, "rows") * (1.0 / self.codes.shape[1])

    def loss(self, adjustable: AdjustableNumbers) -> Tensor:
        """The sum of all terms that have a weight, mean over the images: [1]."""
        total: Tensor | None = None
        for name in WEIGHTS:
            if not getattr(self.options, name):
                continue
            weight = adjustable.number(f"options.{name}", self.options, name)
            term = f.mean(getattr(self, name)()) * weight
            term = -term if name in ("score", "activation") else term
            total = term if total is None else total + term
        assert total is not None
        return total


def one_unit_each(count: int, units: int) -> Tensor:
    """The first unit for the first image, and so on: [count, units]."""
    return constant(np.eye(count, units), "units")
