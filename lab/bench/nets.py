"""What is trained to compare speeds: three multi-layer perceptrons on data of the right shape and no meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXAMPLES = 4096
RATE = 0.001
DATA_FILE = "data.npz"


@dataclass(frozen=True, slots=True)
class Net:
    """A perceptron with ReLU between its layers and softmax cross-entropy behind them.

    sizes:     inputs, hidden layers, classes
    optimizer: sgd or adam
    steps:     of training per turn
    replicas:  how many are trained at once
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    optimizer: str
    steps: int
    replicas: int = 1

    @property
    def title(self) -> str:
        """The net in words, as in `2-16-16-2, batch 32, SGD`."""
        many = f"{self.replicas:,} replicas of " if self.replicas > 1 else ""
        kind = {"sgd": "SGD", "adam": "Adam"}[self.optimizer]
        return f"{many}{'-'.join(map(str, self.sizes))}, batch {self.batch}, {kind}"

    @property
    def operations(self) -> int:
        """Multiplications and additions in the products of matrices of one step of all replicas, which are nearly all.

        Forward, and backward to the weights, for each layer; backward to the input for each but the first.
        """
        products = [2 * self.batch * m * n for m, n in zip(self.sizes, self.sizes[1:], strict=False)]
        return self.replicas * (3 * sum(products) - products[0])


NETS: dict[str, Net] = {
    net.name: net
    for net in (
        Net("small", (2, 16, 16, 2), 32, "sgd", 1000),
        Net("middle", (64, 128, 64, 10), 64, "adam", 300),
        Net("large", (784, 512, 512, 10), 128, "adam", 20),
    )
}

ON_A_GPU: dict[str, Net] = {
    net.name: net
    for net in (
        Net("small", (2, 16, 16, 2), 32, "adam", 1000, 1024),
        Net("middle", (64, 128, 64, 10), 64, "adam", 60, 1024),
        Net("large", (784, 512, 512, 10), 128, "adam", 200),
    )
}
"""The nets that are trained on a GPU, which many small ones share."""


def write_data(folder: Path, net: Net) -> None:
    """`data.npz` in the net's own folder: inputs float32 [4096, features], targets int64 [4096]."""
    import numpy as np

    random = np.random.default_rng(0)
    inputs = random.standard_normal((EXAMPLES, net.sizes[0]), dtype=np.float32)
    directions = random.standard_normal((net.sizes[0], net.sizes[-1]), dtype=np.float32)
    own = folder / net.name
    own.mkdir()
    np.savez(own / DATA_FILE, inputs=inputs, targets=(inputs @ directions).argmax(axis=1))


def scenario_text(net: Net) -> str:
    """The net as a scenario file that stands beside its data."""
    layers = ", relu, ".join(f"{{dense: {size}}}" for size in net.sizes[1:])
    return "\n".join(
        (
            f"title: {net.title}",
            "task: classify",
            f"data: {{npz: {DATA_FILE}, kind: classes}}",
            f"model: [{layers}]",
            "init: he",
            f"optimizer: {{name: {net.optimizer}, rate: {RATE}}}",
            f"train: {{batch: {net.batch}, steps: {net.steps}, measure: {net.steps}, seed: 0}}",
            "watch: [loss]",
        )
    )
