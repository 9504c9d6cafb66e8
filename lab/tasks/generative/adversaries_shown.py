"""Pictures of two networks against each other: samples beside examples, and which classes were made when."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.graph import Storage, assign, data, scope
from lab.graph import functions as f
from lab.pictures import Field, Images, Picture, Regions
from lab.tasks.figures.snapshot import some

if TYPE_CHECKING:
    from lab.tasks.generative.adversaries import Adversaries

COLUMNS, ROWS = 60, 40
MARGIN = 0.25
MOST_POINTS = 300
"""So many examples and as many samples are drawn."""
MOST_IMAGES = 12
MOMENTS = 64
FAKE, REAL = 0, 1


class AdversariesShown:
    """program: what is to be computed for the pictures, beside the last measurement."""

    def __init__(self, experiment: Adversaries) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._experiment: Adversaries = weakref.proxy(experiment)
        self._kept = Storage("statistics")
        self.program: list[Any] = []
        examples = experiment.split.train
        self._plane = examples.inputs.shape[1:] == (2,)
        self._images = examples.image_shape is not None
        if self._plane:
            low, high = examples.numbers.min(axis=0), examples.numbers.max(axis=0)
            pad = MARGIN * np.maximum(high - low, 1e-6)
            (left, bottom), (right, top) = low - pad, high + pad
            self._extent = float(left), float(right), float(bottom), float(top)
            x, y = np.meshgrid(np.linspace(left, right, COLUMNS), np.linspace(top, bottom, ROWS))
            grid = np.stack([x.ravel(), y.ravel()], axis=1)
            self._keep("map", experiment, data(grid, "grid"))
        if self._images:
            self._keep("scores", experiment, experiment.samples[:MOST_IMAGES])

    def _keep(self, name: str, experiment: Adversaries, x: Any) -> None:
        with scope("look"):
            scores = f.sigmoid(experiment.judged(x, training=False))
        self.program.append(assign(scores, self._kept.member(name, scores.shape)))

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        experiment = self._experiment
        experiment.run_beside("measure")
        experiment.run_beside("look")
        samples = experiment.read(experiment.samples)
        shown = [self._in_the_plane(samples)] if self._plane else []
        shown += [self._of_images(samples)] if self._images else []
        return [*shown, self._modes_over_time()]

    def _in_the_plane(self, samples: np.ndarray) -> Picture:
        real = self._experiment.read(self._kept.members["map"]).reshape(ROWS, COLUMNS)
        real = np.where(np.isfinite(real), real, 0.5)
        inputs = self._experiment.split.train.numbers
        inputs, samples = inputs[some(len(inputs), MOST_POINTS)], samples[some(len(samples), MOST_POINTS)]
        points = np.concatenate([inputs, samples])  # what comes last is seen where both are
        labels = np.repeat([REAL, FAKE], [len(inputs), len(samples)])
        return Regions(
            "Examples, samples, and D's opinion", (real >= 0.5).astype(np.int32),
            np.maximum(real, 1 - real).astype(np.float32), self._extent, points.astype(np.float32),
            labels.astype(np.int32), ("sample, or fake to D", "example, or real to D"), name="samples",
        )  # fmt: skip

    def _of_images(self, samples: np.ndarray) -> Picture:
        inputs = self._experiment.split.train.numbers[:1].astype(np.float64)
        chosen = samples[:MOST_IMAGES].astype(np.float64)
        low, high = inputs.min(), inputs.max()
        shown = np.clip((chosen - low) / max(high - low, 1e-9), 0, 1)
        scores = self._experiment.read(self._kept.members["scores"]).ravel()
        return Images(
            "Samples, and how real D finds them", (shown[..., 0] if shown.shape[3] == 1 else shown).astype(np.float32),
            tuple(f"{score:.2f}" for score in scores), name="samples",
        )  # fmt: skip

    def _modes_over_time(self) -> Picture:
        steps, shares = self._experiment.recording.history("shares")
        names = self._experiment.split.train.classes
        if not len(steps):
            steps, shares = np.zeros(1), np.full((1, len(names)), np.nan, np.float32)
        moments = np.linspace(steps[0], steps[-1], MOMENTS if len(steps) > 1 else 1)
        latest = np.searchsorted(steps, moments + 1e-9, side="right") - 1
        return Field(
            "Share of each class in the samples", shares[latest].T[::-1].astype(np.float32), low=0.0,
            high=float(2 * self._experiment.modes.data_shares.max()),
            extent=(float(steps[0]), float(max(steps[-1], steps[0] + 1)), -0.5, len(names) - 0.5),
            x_label="step", y_label="class", name="modes_over_time",
        )  # fmt: skip
