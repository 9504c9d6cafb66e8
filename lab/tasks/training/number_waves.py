"""What a first layer makes of numbers that are inputs of 1 among zeros: its weights as functions of the number.

Networks that find the rule of an addition modulo n have units whose weights are waves over the number: each unit has
one frequency, for both numbers. Nanda et al., "Progress measures for grokking via mechanistic interpretability", 2023.
"""

from __future__ import annotations

import numpy as np

from lab.nets.layers.dense import Dense
from lab.tasks.training.inspection import Inspection

DATA = "modular-arithmetic"


def first_weight(inspection: Inspection) -> str | None:
    """The name of the weights that read the pair of numbers, where the data are such pairs and a `dense` reads them."""
    first = inspection.evaluated_layers[0] if inspection.evaluated_layers else None
    if (inspection.scenario.data or {}).get("name") != DATA or first is None or not isinstance(first.layer, Dense):
        return None
    return f"{first.name}.weight"


def by_number(weight: np.ndarray) -> np.ndarray:
    """Weights [2 modulus, units] as functions of the first and the second number, [2, modulus, units], in float64."""
    return weight.astype(np.float64).reshape(2, -1, weight.shape[1])


def powers(weight: np.ndarray) -> np.ndarray:
    """How much of each unit's weights [2 modulus, units] is in waves of 1, 2, … periods over all numbers, [modulus //
    2, units]: squared amplitudes, of both numbers together; what is the same for all numbers counts nowhere."""
    spectrum = np.fft.rfft(by_number(weight), axis=1)[:, 1:]
    found: np.ndarray = (np.abs(spectrum) ** 2).sum(axis=0)
    return found
