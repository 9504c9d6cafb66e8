"""What becomes of a network's numbers when its images are moved."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

EXAMPLES = 32


class ShiftTest:
    """Images moved to the right, and how far each layer's output is from its own, moved as well.

    A layer whose outputs are `jump` pixels apart can follow a move by whole outputs alone; what is compared lies far
    enough from the borders to know nothing of them.
    """

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self.images = np.asarray(inspection.evaluation_sample.inputs[:EXAMPLES], np.float32)
        self.parts = [
            part for part in inspection.evaluated_layers if len(part.y.shape) == 4 and not part.layer.activation
        ]
        self._predictor: Predictor | None = None

    def difference(self, moved: int) -> dict[str, float]:
        """By layer: the norm of the difference over the norm of the output; NaN where the borders leave nothing."""
        before, after = self._outputs(self.images), self._outputs(_moved(self.images, moved))
        found = {}
        for part in self.parts:
            size, jump = part.reach.size, part.reach.jump
            margin = -(-(size - 1) // (2 * jump)) if size is not None else part.y.shape[2]
            step = round(moved / jump)
            still, there = before[part.name], after[part.name]
            width = still.shape[2]
            left, right = margin, width - margin - step
            if right <= left:
                found[part.name] = float("nan")
                continue
            own, other = still[:, :, left:right], there[:, :, left + step : right + step]
            scale = float(np.linalg.norm(own.astype(np.float64)))
            gap = float(np.linalg.norm(own.astype(np.float64) - other.astype(np.float64)))
            found[part.name] = gap / scale if scale else float("nan")
        return found

    def _outputs(self, images: np.ndarray) -> dict[str, np.ndarray]:
        names = {part.name for part in self.parts}
        if self._predictor is None:
            self._predictor = Predictor(
                self.inspection.network,
                images.shape,
                lambda output, parts: {part.name: part.y for part in parts if part.name in names},
            )
        return self._predictor(images, self.inspection.weights(), self.inspection.settings())


class ShiftDifference(HostMetric):
    """Images moved by one pixel, where the layers know nothing of the borders."""

    meanings = {
        "shift_difference": RATIO.of(
            "per layer that gives images: how far its output for images that are moved by one pixel is "
            "from its output for the images as they were, moved likewise: norm of the difference over that of the "
            "output",
            higher_is_better=False,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._test = ShiftTest(inspection)
        if self.names:
            self.names = tuple(f"shift_difference.{part.name}" for part in self._test.parts)

    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        return {f"shift_difference.{name}": value for name, value in self._test.difference(1).items()}


def _moved(images: np.ndarray, by: int) -> np.ndarray:
    """Images moved to the right; what comes in from the left is 0."""
    moved = np.zeros_like(images)
    moved[:, :, by:] = images[:, :, : images.shape[2] - by]
    return moved
