"""Data and batches for the peers, whose libraries leave shuffling to the caller."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.bench import nets
from lab.bench.image_nets import ImageNet


def load(folder: Path, net: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs float32 [examples, features] and targets int64 [examples]."""
    with np.load(folder / net / nets.DATA_FILE) as file:
        return file["inputs"], file["targets"]


def order(net: nets.Net | ImageNet, examples: int = nets.EXAMPLES) -> np.ndarray:
    """Which examples each step of a turn uses: int64 [steps, batch], every epoch in a new order.

    Made before the clock runs, whereas the lab draws its batches within the step.
    """
    random = np.random.default_rng(1)
    epochs = -(-net.steps * net.batch // examples)
    drawn = np.concatenate([random.permutation(examples) for _ in range(epochs)])
    return drawn[: net.steps * net.batch].reshape(net.steps, net.batch)
