"""`curve`: a function of one number, with noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Noise, Points, WithTruth
from lab.data.registry import dataset
from lab.validation import Real, Whole


class Curve(Points, WithTruth):
    """A curve between −1 and 1 over inputs from −1 to 1, to be found from noisy points; the clean one is `truth`."""

    points: Whole = Field(default=200, ge=2)
    """number of examples in all, at equal distances"""
    shape: Literal["sine", "step", "sawtooth", "bump"] = "sine"
    """sine; step: a square wave; sawtooth: slow rise and sudden fall; bump: narrow bells"""
    periods: Real = Field(default=1.0, gt=0, le=1e6)
    """how often the shape repeats over the inputs"""
    noise: Noise = 0.1
    """standard deviation of the noise on the targets"""


@dataset("curve", Curve)
def curve(options: Curve, random: np.random.Generator) -> Data:
    """Inputs, targets and truth [points, 1], from left to right."""
    inputs = np.linspace(-1.0, 1.0, options.points)
    phase = options.periods * inputs / 2
    within = phase - np.floor(phase)  # 0…1 over each repetition, which begins at input 0
    truth = {
        "sine": np.sin(2 * np.pi * phase),
        "step": np.where(within < 0.5, 1.0, -1.0),
        "sawtooth": 2 * within - 1,
        "bump": 2 * np.exp(-(((within - 0.5) / 0.1) ** 2)) - 1,
    }[options.shape]
    targets = truth + options.noise * random.standard_normal(options.points)
    return Data(inputs=inputs[:, None], targets=targets[:, None], kind="values", features=("x",), truth=truth[:, None])
