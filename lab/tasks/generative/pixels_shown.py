"""Pictures of a network that draws pixel by pixel: samples as they grow, and which pixels a pixel depends on."""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING

import numpy as np

from lab.pictures import Images, Picture
from lab.tasks.generative.variational_shown import mosaic

if TYPE_CHECKING:
    from lab.tasks.generative.pixel_by_pixel import PixelByPixel

ROWS, FRAMES = 6, 5
NOTICED = 0.00001
"""A logit that changes by more depends on what was changed; less is rounding."""
GROWING = 12
TIMES = 4
"""So often samples grow from nothing in a run."""
UNKNOWN = 0.4
"""The grey of what is not drawn yet."""
DARKEST = 0.3
"""The grey of a pixel that changes a logit least; what does not change it is black."""


class PixelsShown:
    """What there is to see of an experiment."""

    def __init__(self, experiment: PixelByPixel) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._experiment: PixelByPixel = weakref.proxy(experiment)

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        drawn = self._experiment.draw()
        return [self._growing(drawn), self._pixel_by_pixel(drawn), self._seen()]

    def _until(self, drawn: np.ndarray, known: int) -> np.ndarray:
        """Images [n, height, width] of which only so many pixels are drawn."""
        made = np.where(np.arange(drawn.shape[1]) < known, drawn, np.float32(UNKNOWN))
        return self._experiment.on_image(made)

    def _growing(self, drawn: np.ndarray) -> Picture:
        pixels = self._experiment.pixels
        frames = [self._until(drawn[:ROWS], math.ceil(pixels * (frame + 1) / FRAMES)) for frame in range(FRAMES)]
        strips = np.stack([mosaic(each, FRAMES) for each in np.stack(frames, axis=1)])
        return Images("Samples as they grow", strips, name="growing")

    def _pixel_by_pixel(self, drawn: np.ndarray) -> Picture:
        experiment = self._experiment
        known = known_after(experiment.step, experiment.steps, experiment.pixels)
        captions = [f"pixel {known}"] + [""] * (GROWING - 1)
        images = self._until(drawn[:GROWING], known)
        return Images("Samples, one pixel after the other", images, tuple(captions), name="pixel_by_pixel")

    def _seen(self) -> Picture:
        experiment = self._experiment
        experiment.run_beside("measure")
        changes = experiment.dependence(experiment.read(experiment.measured.members["probes"]).astype(np.float64))
        chosen = [experiment.pixels * share // 8 + experiment.held.inputs.shape[2] // 2 for share in (2, 4, 6)]
        places = experiment.order[np.minimum(chosen, experiment.pixels - 1)]
        made, captions = [], []
        for pixel, place in zip(chosen, places.tolist(), strict=True):
            made.append(self._seen_of(pixel, changes[:, pixel]))
            row, column = divmod(place, experiment.held.inputs.shape[2])
            captions.append(f"row {row + 1}\ncolumn {column + 1}")
        return Images("Which pixels count for the red one", np.stack(made), tuple(captions), name="seen")

    def _seen_of(self, pixel: int, changes: np.ndarray) -> np.ndarray:
        """An image [height, width, 3]. changes: [probed] of the logit of a pixel"""
        experiment = self._experiment
        grey = np.zeros((1, experiment.pixels), np.float32)
        counts = changes > NOTICED
        grey[0, experiment.probed] = np.where(counts, DARKEST + (1 - DARKEST) * changes / max(changes.max(), 1e-9), 0)
        colours = np.repeat(grey, 3, axis=0)
        colours[0, pixel] = 1.0
        return np.stack([experiment.on_image(each[None])[0] for each in colours], axis=-1)


def known_after(step: int, steps: int, pixels: int) -> int:
    """How many pixels of the samples are shown after a step: they grow TIMES times in a run and end whole."""
    if step >= steps:
        return pixels
    return 1 + int(step * TIMES * pixels / max(steps, 1)) % pixels
