"""The picture of a descent: a map of the function with the ways of the points on it, or its curve with the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels.memory import Memory
from lab.graph import Layout, assign, data, scope
from lab.graph.tensor import Storage
from lab.pictures import Field, Picture, Scatter
from lab.tasks.descent.landscapes import Landscape
from lab.tasks.descent.landscapes.landscape import Window

CELLS = 64
POINTS = 1201
BANDS = 16
"""Heights are shown in so many steps, so that their edges are contour lines."""
TOWERS = 60
"""Over a curve, points so near to each other that they lie in the same of so many parts of it stand on each other."""


class DescentMap:
    """The function on a grid: over its first and its last coordinate, the others 0; or over its only one.

    programs: computes the function on the grid, once
    minima:   how many minima a function of one number has on the grid
    """

    def __init__(self, landscape: Landscape, seed: int, window: Window | None) -> None:
        self.landscape = landscape
        self.window = window or landscape.window
        left, right, bottom, top = self.window
        self.minima = float("nan")
        if landscape.size == 1:
            points = np.linspace(left, right, POINTS).reshape(-1, 1)
        else:
            points = np.zeros((CELLS * CELLS, landscape.size))
            across, down = np.meshgrid(np.linspace(left, right, CELLS), np.linspace(top, bottom, CELLS))
            points[:, 0], points[:, -1] = across.ravel(), down.ravel()
        self.points = points
        with scope("map"):
            values = landscape.values(data(points, "grid"), seed)
            self._heights = assign(values, Storage("statistics").member("heights", values.shape))
        self.programs: dict[str, Any] = {"map": [self._heights]}
        self.heights = np.zeros(len(points))

    def take(self, layout: Layout, memory: Memory) -> None:
        """Keep the heights that were computed."""
        self.heights = layout.view(memory, self._heights).astype(np.float64)
        if self.landscape.size == 1:
            inner = self.heights[1:-1]
            lower = (inner < self.heights[:-2]) & (inner <= self.heights[2:])
            self.minima = float(lower.sum())

    def pictures(self, ways: Sequence[np.ndarray], points: np.ndarray) -> list[Picture]:
        """ways: of some of the points where they have been, [moments, 2], oldest first; points: [walkers, size] now."""
        if self.landscape.size == 1:
            return [self._curve(points)]
        left, right, bottom, top = self.window
        names = ["path"] if len(ways) == 1 else [f"point {number + 1}" for number in range(len(ways))]
        paths = {name: way.astype(np.float32) for name, way in zip(names, ways, strict=True)}
        title = f"{self.landscape.name.capitalize()}"
        title += " (log10 of the height)" if self.landscape.bounded else ""
        return [
            Field(title, self._bands(), extent=(left, right, bottom, top), paths=paths,
                  diverging=not self.landscape.bounded, name="landscape")
        ]  # fmt: skip

    def _bands(self) -> np.ndarray:
        heights = self.heights.reshape(CELLS, CELLS)
        if self.landscape.bounded:
            known = self.landscape.minima()
            above = heights - min(0.0, float(heights.min())) if len(known) else heights - float(heights.min())
            above = np.maximum(above, max(float(above.max()) * 1e-5, 1e-12))
            heights = np.log10(above)
        low, high = float(heights.min()), float(heights.max())
        step = (high - low) / BANDS or 1.0
        return ((np.floor((heights - low) / step).clip(0, BANDS - 1) + 0.5) * step + low).astype(np.float32)

    def _curve(self, points: np.ndarray) -> Picture:
        x = self.points.ravel()
        inside = np.sort(points[(points >= x[0]) & (points <= x[-1])])
        gone = len(points) - len(inside)
        # A little above the curve, where they can be told from it; those that came to one place stand on each other,
        # since hundreds of points on one dot look like a single one.
        part = np.floor((inside - x[0]) / (x[-1] - x[0]) * TOWERS)
        begins = np.flatnonzero(np.diff(part, prepend=-1.0))
        floor = np.arange(len(inside)) - np.repeat(begins, np.diff(begins, append=len(inside)))
        above = np.interp(inside, x, self.heights) + (0.04 + floor / len(points)) * float(np.ptp(self.heights))
        places = np.stack([inside, above], axis=1)
        curve = np.stack([x, self.heights], axis=1)
        return Scatter(
            self.landscape.name.capitalize(),
            {f"points, {gone} outside" if gone else "points": places.astype(np.float32)},
            {"function": curve.astype(np.float32)},
            x_label="w",
            y_label="height",
            name="landscape",
        )
