"""How much residual layers add to what goes past them."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.nets.layers.residual import Residual
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

EXAMPLES = 64


class BranchNorm(HostMetric):
    """Residual layers whose shortcut is the identity, on some of the evaluation sample."""

    meanings = {
        "branch_norm": RATIO.of(
            "norm of what the layers inside of a residual add, over the norm of what goes past them; per "
            "residual whose shortcut is the identity, and the mean of them"
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._layers = [
            part.name
            for part in inspection.evaluated_layers
            if isinstance(part.layer, Residual) and part.layer.shortcut == "identity"
        ]
        if self.names:
            self.names = ("branch_norm", *(f"branch_norm.{name}" for name in self._layers)) if self._layers else ()
        self._predictor: Predictor | None = None

    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        inputs = np.asarray(self.inspection.evaluation_sample.inputs[:EXAMPLES])
        if self._predictor is None:
            self._predictor = Predictor(
                self.inspection.network,
                inputs.shape,
                lambda output, parts: {
                    f"{side} {part.name}": tensor
                    for part in parts
                    if part.name in self._layers
                    for side, tensor in (("x", part.x), ("y", part.y))
                },
            )
        found = self._predictor(inputs, self.inspection.weights(), self.inspection.settings())
        values = {}
        for name in self._layers:
            x, y = (found[f"{side} {name}"].astype(np.float64) for side in "xy")
            past = float(np.linalg.norm(x))
            values[f"branch_norm.{name}"] = float(np.linalg.norm(y - x)) / past if past else float("nan")
        return {"branch_norm": float(np.mean(list(values.values()))), **values}
