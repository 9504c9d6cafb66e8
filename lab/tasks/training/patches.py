"""Which pieces of the data set a channel of a convolution answers to most: its maximal patches, and where they lie."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from lab.data import Data
from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.nets.layers.conv import Conv
from lab.nets.layers.pooling import AveragePool, MaxPool
from lab.tasks.training.predictor import Predictor

if TYPE_CHECKING:
    from lab.tasks.training.inspection import Inspection

MOST = 512
"""So many images are searched, of those that are held back, or, where none are, of the evaluation sample."""
AT_ONCE = 64
TOP = 9
"""So many patches of a channel, each of another image, as Zeiler and Fergus show."""


@dataclass(frozen=True)
class Place:
    """Where the receptive fields of a layer's numbers lie in the image; each pair is down and along.

    size:  pixels that one number sees;  step: pixels from one number's to the next one's;  first: the first pixel of
    that of the first number, below 0 where it begins outside of the image
    """

    size: tuple[int, int] = (1, 1)
    step: tuple[int, int] = (1, 1)
    first: tuple[int, int] = (0, 0)

    def behind(self, window: tuple[int, int], stride: tuple[int, int], before: tuple[int, int]) -> Place:
        """That of a layer behind this one, whose windows of so many numbers begin `before` numbers outside."""
        (high, wide), (down, along), (top, left) = self.size, self.step, self.first
        return Place(
            (high + (window[0] - 1) * down, wide + (window[1] - 1) * along),
            (down * stride[0], along * stride[1]),
            (top - before[0] * down, left - before[1] * along),
        )

    def of(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first pixels, rows and columns, of what the numbers there see."""
        return self.first[0] + rows * self.step[0], self.first[1] + columns * self.step[1]


def places(parts: Sequence[BuiltLayer]) -> dict[str, Place]:
    """Where the numbers of each layer of images look, exactly, by name; those behind branches are left out."""
    known: dict[Tensor, Place] = {}
    found: dict[str, Place] = {}
    for part in parts:
        if not known:
            known[part.x] = Place()
        before = known.get(part.x)
        if before is None or len(part.y.shape) != 4:
            continue
        behind = _behind(part, before)
        # A layer that holds others says nothing of where they look; how far tells whether this is one.
        if behind is not None and max(behind.size) == part.reach.size:
            known[part.y] = found[part.name] = behind
    return found


def _behind(part: BuiltLayer, before: Place) -> Place | None:
    layer = part.layer
    if isinstance(layer, Conv):
        (down, along), (high, wide), borders = layer.dilation, layer.kernel_size, layer.borders()
        window = down * (high - 1) + 1, along * (wide - 1) + 1
        return before.behind(window, layer.stride, (borders.top, borders.left))
    if isinstance(layer, (MaxPool, AveragePool)):
        return before.behind(layer.kernel_size, layer.stride or layer.kernel_size, layer.padding)
    pixel_by_pixel = layer.window(part.x.shape[1:]) == (1, 1) and part.x.shape == part.y.shape
    return before if pixel_by_pixel else None


@dataclass(frozen=True)
class Maxima:
    """The patches that make one channel largest, the best first.

    images: numbers of the images in the sample, [k];  values: what the channel gives there, [k]
    rows, columns: the first pixel of each patch, [k], below 0 where it begins outside of the image
    size:   height and width of each in pixels
    """

    images: np.ndarray
    values: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    size: tuple[int, int]


class MaximalPatches:
    """What channels answer to most, at any time; computed once for the same weights."""

    def __init__(self, inspection: Inspection) -> None:
        # The inspection has this. If this had the inspection, too, memory would wait for the collector of cycles.
        self._inspection: Inspection = weakref.proxy(inspection)
        self._weights: dict[str, np.ndarray] = {}
        self._best: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._predictor: Predictor | None = None

    @cached_property
    def sample(self) -> Data:
        """The images that are searched."""
        return self._inspection.held_back(MOST)

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where the channels look, of each convolution's activation (or the convolution, where none follows)."""
        every = places(self._inspection.evaluated_layers)
        return {name: every[name] for name in self._names() if name in every}

    def _names(self) -> list[str]:
        parts = [part for part in self._inspection.evaluated_layers if len(part.y.shape) == 4]
        found = []
        for part, after in zip_longest(parts, parts[1:]):
            if isinstance(part.layer, Conv):
                found.append(after.name if after is not None and after.layer.activation else part.name)
        return found

    def channels(self, layer: str) -> int:
        """How many channels a layer has."""
        return next(part.y.shape[-1] for part in self._inspection.evaluated_layers if part.name == layer)

    def of(self, layer: str, channel: int, count: int = TOP) -> Maxima:
        """The patches of a channel, each of another image; fewer where it is above 0 in fewer images."""
        self._look()
        values, where = (each[:, channel] for each in self._best[layer])
        order = np.argsort(-values, kind="stable")[:count]
        order = order[values[order] > 0]
        width = next(part.y.shape[2] for part in self._inspection.evaluated_layers if part.name == layer)
        place = self.places[layer]
        rows, columns = np.divmod(where[order], width)
        top, left = place.of(rows, columns)
        return Maxima(order, values[order], top, left, place.size)

    def activations(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the layers give for images [n, height, width, channels]: [n, height, width, channels], by name."""
        names = list(self.places)

        def wanted(output: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            return {part.name: part.y for part in parts if part.name in names}

        if self._predictor is None:
            self._predictor = Predictor(self._inspection.network, (AT_ONCE, *images.shape[1:]), wanted)
        weights, settings = self._inspection.weights(), self._inspection.settings()
        found: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for first in range(0, len(images), AT_ONCE):
            rows = np.arange(first, first + AT_ONCE) % len(images)  # the last part is filled up with the first ones
            count = min(AT_ONCE, len(images) - first)
            for name, values in self._predictor(images[rows], weights, settings).items():
                found[name].append(values[:count])
        self._predictor.let_go()
        return {name: np.concatenate(each) for name, each in found.items()}

    def _look(self) -> None:
        """Find the largest number of each channel in each image, and where it is, if the weights are others."""
        weights = self._inspection.weights()
        known = self._weights.keys() == weights.keys()
        if known and all(np.array_equal(each, self._weights[name]) for name, each in weights.items()):
            return
        self._weights, self._best = weights, {}
        for name, values in self.activations(self.sample.numbers).items():
            flat = np.nan_to_num(values.reshape(len(values), -1, values.shape[-1]))
            self._best[name] = flat.max(axis=1), flat.argmax(axis=1)


def patch(image: np.ndarray, row: int, column: int, size: tuple[int, int], outside: float = 0.0) -> np.ndarray:
    """A piece of an image [height, width, channels] from a pixel on; what lies outside of the image is `outside`."""
    out = np.full((*size, image.shape[2]), outside, np.float64)
    height, width = image.shape[:2]
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + size[0], height), min(column + size[1], width)
    if bottom > top and right > left:
        out[top - row : bottom - row, left - column : right - column] = image[top:bottom, left:right]
    return out
