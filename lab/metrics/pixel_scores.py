"""How good answers are that name a class for each pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.metrics import count_confusions
from lab.graph import Tensor
from lab.graph.tensor import call
from lab.metrics import scores
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import SHARE

AT_ONCE = 1 << 22
"""So many pixels are counted together: float32 counts to four times as many."""


class PixelScores(DeviceMetric):
    """Scores of answers [pixels, classes], from which class was taken for which how often. Pixels whose target is -1
    are of no class, and so are not counted."""

    target_kinds = frozenset({"pixels"})
    meanings = {
        f"{prefix}{name}": SHARE.of(f"{text}, {where}", higher_is_better=True)
        for prefix, where in (("", "on the evaluation sample"), ("val_", "on the validation set"))
        for name, text in {
            "mean_iou": "of each class the pixels that are of it and are answered so, over those that are one or the "
            "other, counted over all images; the mean over the classes, and of each class by its name",
            "pixel_accuracy": "share of all pixels whose class is answered right",
        }.items()
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._names, self._wanted = network.classes, {}
        for prefix, answers, targets in (
            ("", network.answers, network.targets),
            ("val_", network.validation_answers, network.validation_targets),
        ):
            wanted = [name for name in ("mean_iou", "pixel_accuracy") if f"{prefix}{name}" in network.watch]
            if wanted and answers is not None and targets is not None:
                self._wanted[prefix] = wanted
                for number, counts in enumerate(_counted(answers, targets)):
                    network.keep_all(f"pixels {prefix}{number}", counts)
        return [full for prefix, wanted in self._wanted.items() for name in wanted for full in self._full(prefix, name)]

    def _full(self, prefix: str, name: str) -> list[str]:
        each = self._names if name == "mean_iou" else ()
        return [f"{prefix}{name}", *(f"{prefix}{name}.{one}" for one in each)]

    def finish(self, values: Values, step: int) -> None:
        for prefix, wanted in self._wanted.items():
            parts = [each for name, each in self.arrays.items() if name.startswith(f"pixels {prefix}") and
                     name.removeprefix(f"pixels {prefix}").isdigit()]  # fmt: skip
            confusion = np.rint(np.sum([part.astype(np.float64) for part in parts], axis=0)).astype(np.int64)
            found = {
                "mean_iou": scores.mean_iou(confusion),
                "pixel_accuracy": np.trace(confusion) / max(1, confusion.sum()),
            }
            values |= {f"{prefix}{name}": float(found[name]) for name in wanted}
            if "mean_iou" in wanted:
                each = zip(self._names, scores.iou(confusion), strict=True)
                values |= {f"{prefix}mean_iou.{name}": float(value) for name, value in each}


def _counted(answers: Tensor, targets: Tensor) -> list[Tensor]:
    """Which class was taken for which how often, [classes, classes], of so many pixels each."""
    rows, classes = targets.size, answers.size // targets.size
    found = []
    for first in range(0, rows, AT_ONCE):
        count = min(AT_ONCE, rows - first)
        part = Tensor((count, classes), "answers", base=answers.reshape(rows, classes), offset=first * classes)
        right = Tensor((count,), "targets", base=targets.reshape(rows), offset=first)
        found.append(call(count_confusions, part, right).result)
    return found
