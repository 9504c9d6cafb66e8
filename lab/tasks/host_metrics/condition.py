"""How stretched the data is, as a layer with a bias sees it."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection


class Condition(HostMetric):
    """The condition number of the second moments of the training inputs with a constant 1 beside them.

    For a linear layer with a bias and half the squared error this matrix, the mean of x xᵀ, is the Hessian of the loss,
    so that gradient descent needs steps in proportion to its condition number. A mean far from 0 makes it large, which
    the covariance, in which means are taken off, would not show.
    """

    meanings = {
        "condition": RATIO.of(
            "largest over smallest eigenvalue of the second moments of the training inputs and a constant 1"
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._value: float | None = None

    def measure(self) -> dict[str, float]:
        if self._value is None:
            self._value = condition(self.inspection.split.train.numbers)
        return {"condition": self._value}


def condition(inputs: np.ndarray) -> float:
    """The condition number of the mean of x xᵀ over the rows x = (inputs, 1); directions without inputs are left out.

    inputs: [n, …]; what is below the rounding of float32 counts as nothing.
    """
    rows = inputs.reshape(len(inputs), -1).astype(np.float64)
    rows = np.column_stack([rows, np.ones(len(rows))])
    # Singular values of the data rather than eigenvalues of the matrix keep the small ones exact.
    singular, axes = np.linalg.svd(np.linalg.qr(rows, mode="r"))[1:]
    rounding = np.sqrt(axes[: len(singular)] ** 2 @ np.abs(rows).max(axis=0) ** 2) * np.finfo(np.float32).eps
    spread = singular / np.sqrt(len(rows))
    present = spread[spread > 4 * rounding + 1e-13 * spread[0]]
    return float((present[0] / present[-1]) ** 2) if present.size else float("nan")
