"""How good the answers are."""

from __future__ import annotations

from collections.abc import Sequence

from lab.probes.probe import Probe, Site, Values


class Answers(Probe):
    """Loss and accuracy, on the probe set and on the validation set."""

    meanings = {
        "loss": "mean loss over the probe set: the training set, or a fixed sample of 1,024 of its examples",
        "val_loss": "mean loss over the validation set",
        "accuracy": "share of the probe set that is classified right",
        "val_accuracy": "share of the validation set that is classified right",
    }

    def build(self, site: Site) -> Sequence[str]:
        self._counts: dict[str, int] = {}
        names = []
        for prefix, loss, correct, count in (
            ("", site.loss, site.correct, site.count),
            ("val_", site.held_loss, site.held_correct, site.held_count),
        ):
            if f"{prefix}loss" in site.watch and loss is not None:
                site.keep(f"{prefix}loss", loss)
                names.append(f"{prefix}loss")
            if f"{prefix}accuracy" in site.watch and correct is not None:
                site.keep(f"{prefix}accuracy", correct)
                self._counts[f"{prefix}accuracy"] = count
                names.append(f"{prefix}accuracy")
        return names

    def finish(self, values: Values, step: int) -> None:
        for name, count in self._counts.items():
            values[name] /= count
