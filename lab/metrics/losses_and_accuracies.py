"""How good the answers are."""

from __future__ import annotations

from collections.abc import Sequence

from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import LOSS, SHARE


class Losses(DeviceMetric):
    """The loss that is trained with, on the evaluation sample and on the validation set."""

    meanings = {
        "loss": LOSS.of(
            "mean loss over the evaluation sample: the training set, or a fixed sample of 1,024 of its examples",
            higher_is_better=False,
        ),
        "val_loss": LOSS.of("mean loss over the validation set", higher_is_better=False),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        losses = {"loss": network.loss, "val_loss": network.validation_loss}
        wanted = {name: loss for name, loss in losses.items() if name in network.watch and loss is not None}
        for name, loss in wanted.items():
            network.keep(name, loss)
        return list(wanted)


class Accuracies(DeviceMetric):
    """The share of right answers, on the evaluation sample and on the validation set."""

    target_kinds = frozenset({"classes"})
    meanings = {
        "accuracy": SHARE.of("share of the evaluation sample that is classified right", higher_is_better=True),
        "val_accuracy": SHARE.of("share of the validation set that is classified right", higher_is_better=True),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        counts = {
            "accuracy": (network.correct, network.count),
            "val_accuracy": (network.validation_correct, network.validation_count),
        }
        self._examples: dict[str, int] = {}
        for name, (correct, examples) in counts.items():
            if name in network.watch and correct is not None:
                self._examples[name] = examples
                network.keep(name, correct)
        return list(self._examples)

    def finish(self, values: Values, step: int) -> None:
        for name, examples in self._examples.items():
            values[name] /= examples
