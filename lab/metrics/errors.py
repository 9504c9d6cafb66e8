"""How far the answers are from what is right, in the unit of the targets whatever the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import TARGETS


class Errors(DeviceMetric):
    """The root of the mean squared difference between answers and targets, in the unit of the targets."""

    target_kinds = frozenset({"values"})
    meanings = {
        "error": TARGETS.of(
            "root mean square distance from the targets of the evaluation sample", higher_is_better=False
        ),
        "val_error": TARGETS.of(
            "root mean square distance from the validation targets, which with `clean_validation` are the "
            "true ones without noise and outliers",
            higher_is_better=False,
        ),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._sizes: dict[str, int] = {}
        for metric, answers, targets in (
            ("error", network.answers, network.targets),
            ("val_error", network.validation_answers, network.validation_targets),
        ):
            if metric in network.watch and answers is not None and targets is not None:
                self._sizes[metric] = targets.size
                network.keep(metric, call(kernels.difference_norm, answers, targets).result)
        return list(self._sizes)

    def finish(self, values: Values, step: int) -> None:
        for name, size in self._sizes.items():
            values[name] /= math.sqrt(size)
