"""How good the answers are."""

from __future__ import annotations

from collections.abc import Sequence

from lab.probes.probe import Probe, Site, Values


class Losses(Probe):
    """The loss that is trained with, on the probe set and on the validation set."""

    meanings = {
        "loss": "mean loss over the probe set: the training set, or a fixed sample of 1,024 of its examples",
        "val_loss": "mean loss over the validation set",
    }

    def build(self, site: Site) -> Sequence[str]:
        losses = {"loss": site.loss, "val_loss": site.held_loss}
        wanted = {name: loss for name, loss in losses.items() if name in site.watch and loss is not None}
        for name, loss in wanted.items():
            site.keep(name, loss)
        return list(wanted)


class Accuracies(Probe):
    """The share of right answers, on the probe set and on the validation set."""

    kinds = frozenset({"classes"})
    meanings = {
        "accuracy": "share of the probe set that is classified right",
        "val_accuracy": "share of the validation set that is classified right",
    }

    def build(self, site: Site) -> Sequence[str]:
        counts = {"accuracy": (site.correct, site.count), "val_accuracy": (site.held_correct, site.held_count)}
        self._examples: dict[str, int] = {}
        for name, (correct, examples) in counts.items():
            if name in site.watch and correct is not None:
                self._examples[name] = examples
                site.keep(name, correct)
        return list(self._examples)

    def finish(self, values: Values, step: int) -> None:
        for name, examples in self._examples.items():
            values[name] /= examples
