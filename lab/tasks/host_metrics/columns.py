"""How good each column of a FractalNet is by itself."""

from __future__ import annotations

import copy

import numpy as np

from lab.metrics.meaning import SHARE
from lab.nets.layers.fractal import Fractal
from lab.nets.network import Network
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

EXAMPLES = 512


class ColumnAccuracy(HostMetric):
    """The network with one column alone in each fractal, with the weights that it has, on examples held back."""

    meanings = {
        "column_accuracy": SHARE.of(
            "accuracy on examples that are held back of each column of the fractals by itself, the "
            "shallowest first, and of all together",
            higher_is_better=True,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        columns = min((each.columns for each in inspection.network.layers if isinstance(each, Fractal)), default=0)
        self._columns = range(1, columns + 1) if self.names else range(0)
        self.names = tuple(
            f"column_accuracy.{name}" for name in (*map(_name, self._columns), *(["all"] * bool(columns)))
        )
        if not self._columns or inspection.split.validation is None:
            self.names = ()
        self._predictors: dict[str, Predictor] = {}

    def measure(self) -> dict[str, float]:
        held_back = self.inspection.split.validation
        if not self.names or held_back is None:
            return {}
        inputs = np.asarray(held_back.inputs[:EXAMPLES])
        answers = held_back.targets[:EXAMPLES]
        weights, settings = self.inspection.weights(), self.inspection.settings()
        values = {}
        for column in (*self._columns, None):
            name = _name(column) if column else "all"
            if name not in self._predictors:
                self._predictors[name] = Predictor(self._alone(column), inputs.shape)
            scores = self._predictors[name](inputs, weights, settings)["output"]
            values[f"column_accuracy.{name}"] = float(np.mean(scores.reshape(len(inputs), -1).argmax(1) == answers))
        return values

    def _alone(self, column: int | None) -> Network:
        """The same network, with the same weights, but one column of each fractal alone."""
        network = copy.copy(self.inspection.network)
        network.layers = [
            each.model_copy(update={"only": column}) if isinstance(each, Fractal) else each for each in network.layers
        ]
        return network


def _name(column: int | None) -> str:
    return f"column{column}"
