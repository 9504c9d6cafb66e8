"""What single units have made of the number that comes in."""

from __future__ import annotations

import numpy as np

from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.number_waves import by_number, first_weight, powers

UNITS = 2


class NumberWaves(Figure, name="number_waves"):
    """For `modular-arithmetic`: the weights of units of the first layer from each value of the first number. Shown are
    the units with the largest weights, of which no two have the same strongest frequency. Each is divided by the root
    mean square of its weights, so that one sees its shape and not its size."""

    def fits(self) -> bool:
        return first_weight(self.inspection) is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        weight = snapshot.weights[first_weight(self.inspection) or ""]
        strength = np.nan_to_num(powers(weight))
        frequencies = strength.argmax(axis=0)
        chosen: dict[int, int] = {}
        for unit in np.argsort(-strength.sum(axis=0), kind="stable").tolist():
            if len(chosen) < UNITS:
                chosen.setdefault(int(frequencies[unit]), unit)
        functions = by_number(weight)[0]
        sizes = np.maximum(np.sqrt(np.mean(functions**2, axis=0)), np.finfo(np.float32).tiny)
        lines = {f"unit {unit + 1}": (functions[:, unit] / sizes[unit]).astype(np.float32) for unit in chosen.values()}
        numbers = np.arange(len(functions), dtype=np.float32)
        return [
            Curves("Weights from the first number, by unit", numbers, lines, "first number", "weight over its size")
        ]
