"""Sliding windows: every place of an image, with a few sizes and ratios of sides."""

from __future__ import annotations

import itertools
from typing import Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from lab.validation import Real, Settings, Whole


class Windows(Settings):
    """Settings of sliding windows."""

    sizes: list[Real] = Field(
        min_length=1,
        max_length=20,
        description="Roots of the areas of the windows, in pixels: 12 is 12 × 12, or 17 × 8 with the ratio 2. Sides "
        "are rounded.",
    )
    ratios: list[Real] = Field(
        default=[1.0], min_length=1, max_length=20, description="Widths over heights of the windows."
    )
    strides: list[Whole] = Field(
        default=[1],
        min_length=1,
        max_length=10,
        description="Pixels from one window to the next. Of several, such as [8, 4, 2, 1], all windows of the first "
        "are looked at, then those of the second that are new, and so on: coarse to fine.",
    )

    @field_validator("sizes", "ratios", "strides")
    @classmethod
    def _above_zero(cls, values: list[float]) -> list[float]:
        for value in values:
            if not 0 < value <= 1e4:
                raise ValueError(f"{value:g} is not above 0 and at most 10,000.")
        return values

    @model_validator(mode="after")
    def _finer_and_finer(self) -> Self:
        for coarse, fine in itertools.pairwise(self.strides):
            if coarse % fine or coarse == fine:
                problem = (
                    f"{fine} does not divide {coarse}, so that windows would not be those before and some between."
                )
                raise ValueError(problem)
        return self

    def shapes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Width and height of the windows that fit into an image, without those that are the same when rounded."""
        made = [
            (max(1, round(size * ratio**0.5)), max(1, round(size / ratio**0.5)))
            for size in self.sizes
            for ratio in self.ratios
        ]
        return [(across, down) for across, down in dict.fromkeys(made) if across <= width and down <= height]


def sliding_windows(windows: Windows, height: int, width: int) -> np.ndarray:
    """All windows in an image, float64 [n, 4], in the order in which they slide: stride after stride, shape after
    shape, row after row. None is there twice."""
    shapes = windows.shapes(height, width)
    found = [np.zeros((0, 4))]
    before = 0
    for stride in windows.strides:
        for across, down in shapes:
            top, left = np.meshgrid(
                np.arange(0, height - down + 1, stride), np.arange(0, width - across + 1, stride), indexing="ij"
            )
            new = (top % before > 0) | (left % before > 0) if before else np.ones(top.shape, bool)
            corner = np.stack([left[new], top[new]], axis=1).astype(np.float64)
            found.append(np.concatenate([corner, corner + np.array([across, down])], axis=1))
        before = stride
    return np.concatenate(found)


def count_boxes(height: int, width: int) -> int:
    """How many boxes with whole numbers as corners an image has: all places, sizes and ratios."""
    return height * (height + 1) // 2 * (width * (width + 1) // 2)
