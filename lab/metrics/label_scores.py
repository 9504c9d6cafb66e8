"""How well several labels at once are given."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph import Tensor
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values

OUTCOMES = ("hits", "false alarms", "misses")


def f1(hits: float, false_alarms: float, misses: float) -> float:
    """2 hits / (2 hits + false alarms + misses): 1 if all that was said is true and all that is true was said.

    NaN where nothing was said and nothing is true."""
    of_all = 2 * hits + false_alarms + misses
    return 2 * hits / of_all if of_all else math.nan


class LabelScores(DeviceMetric):
    """F1 of each label, 2 hits / (2 hits + false alarms + misses), and their mean; answers above 0 say yes."""

    target_kinds = frozenset({"labels"})
    meanings = {
        "f1": "mean over the labels of F1 (of what was said and what is true, the share that agrees), on the "
        "evaluation sample",
        "val_f1": "mean over the labels of F1 on the validation set",
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._labels = network.classes
        self._metrics = []
        for metric, answers, targets in (
            ("f1", network.answers, network.targets),
            ("val_f1", network.validation_answers, network.validation_targets),
        ):
            if metric in network.watch and answers is not None and targets is not None:
                self._metrics.append(metric)
                self._count(network, metric, answers, targets)
        return [name for metric in self._metrics for name in (metric, *(f"{metric}.{each}" for each in self._labels))]

    def _count(self, network: MeasuredNetwork, metric: str, answers: Tensor, targets: Tensor) -> None:
        counted = call(kernels.count_label_outcomes, answers, targets).results
        for outcome, counts in zip(OUTCOMES, counted, strict=True):
            for place, label in enumerate(self._labels):
                network.keep(f"{outcome} {metric}.{label}", Tensor((1,), label, base=counts, offset=place))

    def finish(self, values: Values, step: int) -> None:
        for metric in self._metrics:
            scores = []
            for label in self._labels:
                hits, false_alarms, misses = (values.pop(f"{outcome} {metric}.{label}") for outcome in OUTCOMES)
                scores.append(f1(hits, false_alarms, misses))
                values[f"{metric}.{label}"] = scores[-1]
            known = [each for each in scores if not math.isnan(each)]
            values[metric] = sum(known) / len(known) if known else math.nan
