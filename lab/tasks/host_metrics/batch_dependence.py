"""What batch normalisation does to single examples, and how it can undo itself."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.nets.layers.batch_norm import BatchNorm
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

EXAMPLES = 32
QUIET = np.errstate(invalid="ignore", over="ignore")
"""A network that diverged gives NaN, and that is what is reported, without warnings."""


class BatchDependence(HostMetric):
    """Two batches of training examples that have only the first example in common."""

    meanings = {
        "batch_dependence": RATIO.of(
            f"how far the scores of one example differ when the other {EXAMPLES - 1} examples of its "
            "batch are exchanged, as in training: largest difference over the spread of its scores",
            higher_is_better=False,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        if inspection.split.train.count < 2 * EXAMPLES:
            self.names = ()
        self._predictor: Predictor | None = None

    @QUIET
    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        inputs = self.inspection.split.train.inputs[: 2 * EXAMPLES]
        if self._predictor is None:
            self._predictor = Predictor(self.inspection.network, (EXAMPLES, *inputs.shape[1:]), training=True)
        weights, settings = self.inspection.weights(), self.inspection.settings()
        batches = inputs[:EXAMPLES], np.concatenate([inputs[:1], inputs[EXAMPLES : 2 * EXAMPLES - 1]])
        first, second = (self._predictor(each, weights, settings)["output"][0].astype(np.float64) for each in batches)
        spread = first.std()
        return {"batch_dependence": float(np.abs(first - second).max() / spread) if spread else float("nan")}


class Identity(HostMetric):
    """With gamma set to the standard deviation and beta to the mean of what comes in, layer by layer, on one batch."""

    meanings = {
        "identity_difference": RATIO.of(
            "with gamma = the standard deviation and beta = the mean of the batch: largest "
            "difference between what goes into a batch_norm layer and what comes out, over the spread of what goes in",
            higher_is_better=False,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._layers = {part.name: part.layer for part in inspection.layers if isinstance(part.layer, BatchNorm)}
        if not self._layers or inspection.split.train.count < EXAMPLES:
            self.names = ()
        self._predictor: Predictor | None = None

    @QUIET
    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        inputs = self.inspection.split.train.inputs[:EXAMPLES]
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
                training=True,
            )
        weights, settings = self.inspection.weights(), self.inspection.settings()
        worst = 0.0
        for name, layer in self._layers.items():
            x = self._predictor(inputs, weights, settings)[f"x {name}"].astype(np.float64)
            positions = tuple(range(x.ndim - 1))  # the last axis counts the units
            weights[f"{name}.gamma"] = np.sqrt(x.var(axis=positions) + layer.epsilon)
            weights[f"{name}.beta"] = x.mean(axis=positions)
            found = self._predictor(inputs, weights, settings)
            difference = np.abs(found[f"y {name}"].astype(np.float64) - found[f"x {name}"])
            worst = max(worst, float(difference.max() / x.std()))
        return {"identity_difference": worst}
