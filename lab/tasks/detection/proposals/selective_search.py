"""Selective search: an image is cut into segments, the most similar neighbours are grouped until all is one, and every
region on the way is a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from kernels import segments as kernels
from kernels.language import Kernel
from lab.data.randomness import generator
from lab.graph import Layout, Storage, assign
from lab.graph import functions as f
from lab.graph.devices import CPU, on
from lab.graph.running import bind
from lab.graph.scopes import scope
from lab.graph.tensor import call
from lab.validation import Real, Settings, Whole

Similarity = Literal["colour", "size", "fill"]
SIMILARITIES: tuple[Similarity, ...] = ("colour", "size", "fill")
BINS = 25
"""Of each channel's histogram, as in the paper."""
LEVELS = 255.0
"""Of which scales are told: distances of colours are those of numbers from 0 to 255, as in the papers."""


class SelectiveSearch(Settings):
    """Settings of selective search."""

    scales: list[Real] = Field(
        default=[100.0, 400.0],
        min_length=1,
        max_length=10,
        description="How far the colours of a segment may differ (0 to 255, times the number of its pixels): larger "
        "scales make larger segments. Of several, each gives regions of its own.",
    )
    smallest: Whole = Field(
        default=16, ge=1, le=100_000, description="Pixels of a segment at least; smaller ones join a neighbour."
    )
    blurs: Whole = Field(
        default=1,
        ge=0,
        le=20,
        description="So often each pixel is averaged with its neighbours, by the weights 1, 2, 1 down and along, "
        "before the image is cut into segments.",
    )
    similarities: list[Similarity] = Field(
        default=["colour", "size", "fill"],
        min_length=1,
        max_length=3,
        description="What makes two regions similar, summed. colour: what their histograms have in common; size: that "
        "they are small; fill: that they fill the box around both.",
    )

    @field_validator("scales")
    @classmethod
    def _not_negative(cls, values: list[float]) -> list[float]:
        for value in values:
            if not 0 <= value <= 1e9:
                raise ValueError(f"{value:g} is not from 0 to a billion.")
        return values

    @field_validator("similarities")
    @classmethod
    def _each_once(cls, names: list[Similarity]) -> list[Similarity]:
        if len(set(names)) < len(names):
            raise ValueError(f"{max(names, key=names.count)} is there twice.")
        return names


@dataclass(frozen=True, eq=False)
class Grouping:
    """The regions of one image at one scale.

    labels: int64 [height, width], the segment of each pixel
    boxes:  float64 [regions, 4], of the segments and then of the groups in the order in which they were made
    parts:  int64 [regions, 2], of each group the two regions that it was made of; -1 of segments
    """

    labels: np.ndarray
    boxes: np.ndarray
    parts: np.ndarray

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return int(self.labels.max()) + 1

    def after(self, merges: int) -> np.ndarray:
        """Of each pixel the number of the region that it is in after so many groups: int64 [height, width]."""
        number = np.arange(len(self.parts))
        for group in range(self.segments, min(self.segments + merges, len(self.parts))):
            number[np.isin(number, self.parts[group])] = group
        return np.asarray(number[self.labels])


class SelectiveSearcher:
    """Selective search in images of one shape, by compiled code on the CPU.

    Source: Uijlings, van de Sande, Gevers and Smeulders, "Selective search for object recognition", 2013, with the
    segments of Felzenszwalb and Huttenlocher, "Efficient graph-based image segmentation", 2004. Of the paper's four
    similarities that of texture is left out, and of its colour spaces only that of the image is used.
    """

    def __init__(self, options: SelectiveSearch, shape: tuple[int, int, int]) -> None:
        self.options, self.shape = options, shape
        height, width, _ = shape
        given, kept = Storage("states"), Storage("statistics")
        self._image, self._scale = given.member("image", (1, *shape)), given.member("scale", (1,))
        self._weights = given.member("weights", (3,))
        with scope("segments"):
            smooth = self._image
            for _ in range(options.blurs):
                smooth = f.blur(smooth)
            distance = call(kernels.neighbour_distances, smooth.reshape(*shape)).results[0]
            smallest = min(options.smallest, height * width)
            found = call(kernels.segment_pixels, distance, self._scale, width=width, smallest=smallest)
            label, count = found.results[:2]
        with scope("groups"):
            image = self._image.reshape(*shape)
            grouped = call(kernels.group_segments, image, label, count, self._weights, smallest=smallest, bins=BINS)
            boxes, parts, regions = grouped.results[:3]
        results = {"label": label, "segments": count, "boxes": boxes, "parts": parts, "regions": regions}
        self._results = {name: assign(each, kept.member(name, each.shape)) for name, each in results.items()}
        with on(CPU):
            self._layout = Layout({"search": list(self._results.values())})

    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels that will be needed."""
        return self._layout.plans["search"].kernels

    def prepare(self) -> None:
        """Take memory."""
        with on(CPU):
            self._memory = self._layout.memory(self._layout.shared_memory("float32"), 0)
            self._program = bind(self._layout.plans["search"], self._memory)
        chosen = [float(name in self.options.similarities) for name in SIMILARITIES]
        self._view(self._weights)[...] = chosen

    def _view(self, tensor: object) -> np.ndarray:
        return self._layout.view(self._memory, tensor)  # type: ignore[arg-type]

    def grouping(self, image: np.ndarray, scale: float) -> Grouping:
        """The regions of an image [height, width, channels] of numbers from 0 to 1, at one scale."""
        self._view(self._image)[...] = image
        self._view(self._scale)[...] = scale / LEVELS
        self._program.run()
        count = int(self._view(self._results["regions"])[0])
        return Grouping(
            self._view(self._results["label"]).astype(np.int64).reshape(self.shape[:2]),
            self._view(self._results["boxes"])[:count].astype(np.float64),
            self._view(self._results["parts"])[:count].astype(np.int64),
        )

    def search(self, image: np.ndarray, seed: int = 0) -> np.ndarray:
        """The boxes of all regions, float64 [n, 4], none of them twice, likely ones first.

        As in the paper a region's place is how many groups were made after it, 1 for the whole image, times a random
        number from 0 to 1: large regions tend to come first, but not all of them.
        """
        boxes, places = [], []
        for scale in self.options.scales:
            found = self.grouping(image, scale).boxes
            boxes.append(found)
            places.append(np.arange(len(found), 0, -1))
        every, place = np.concatenate(boxes), np.concatenate(places)
        drawn = generator(seed, "order of proposals").random(len(place))
        ordered = every[np.argsort(place * drawn, kind="stable")]
        _, first = np.unique(ordered, axis=0, return_index=True)
        return np.asarray(ordered[np.sort(first)])
