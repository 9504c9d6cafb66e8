"""Recurrent character models, whose speed is compared as that of perceptrons is: on a text of no meaning.

Three are trained on batches; the fourth, one text at a time, is what a loop in NumPy is written for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.bench.nets import RATE

TEXT_FILE = "text.txt"
SYMBOLS = "".join(map(chr, range(48, 48 + 64)))
LENGTH = 100_000
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
LIMIT = 5.0
"""Where batches are of one, each number of the gradient of the window's summed loss is limited to so much."""


@dataclass(frozen=True, slots=True)
class SequenceNet:
    """A recurrent layer over symbols, a dense layer and softmax cross-entropy at each step.

    kind: of the recurrent layer
    units, window, batch: numbers in the state, steps of a sequence, sequences of a batch
    steps: of training per turn
    """

    name: str
    kind: str
    units: int = 128
    window: int = 50
    batch: int = 32
    steps: int = 10
    optimizer: str = "adam"
    rate: float = RATE
    replicas: int = 1

    @property
    def title(self) -> str:
        """The net in words."""
        sizes = f"{self.units} units, {self.window} steps, batch {self.batch}, {len(SYMBOLS)} symbols"
        rule = {"adam": "Adam", "adagrad": "AdaGrad"}[self.optimizer]
        return f"{self.kind.upper()}, {sizes}, {rule}"

    @property
    def operations(self) -> int:
        """Multiplications and additions in the products of one step: state by recurrent weights and state by output
        weights, forward, and backward to both. The inputs are rows that are looked up."""
        rows = self.batch * self.window
        return 3 * 2 * rows * self.units * (GATES[self.kind] * self.units + len(SYMBOLS))


SEQUENCE_NETS: dict[str, SequenceNet] = {
    net.name: net
    for net in (
        *(SequenceNet(kind, kind) for kind in GATES),
        SequenceNet("char-rnn", "rnn", units=100, window=25, batch=1, steps=200, optimizer="adagrad", rate=0.1),
    )
}


def write_text(folder: Path, net: SequenceNet) -> None:
    """`text.txt` in the net's own folder: 64 symbols at random."""
    import numpy as np

    own = folder / net.name
    own.mkdir()
    drawn = np.random.default_rng(0).integers(0, len(SYMBOLS), LENGTH)
    (own / TEXT_FILE).write_text("".join(SYMBOLS[each] for each in drawn))


def scenario_text(net: SequenceNet) -> str:
    """The net as a scenario file that stands beside its data."""
    # The lab's loss is the mean over the window, not the sum.
    clip = f", clip: {LIMIT / net.window}, clip_by: value" if net.batch == 1 else ""
    return "\n".join(
        (
            f"title: {net.title}",
            "task: language-model",
            f"data: {{text: {TEXT_FILE}, held_back: 0}}",
            f"model: [{{{net.kind}: {net.units}}}, {{dense: classes}}]",
            f"optimizer: {{name: {net.optimizer}, rate: {net.rate}{clip}}}",
            f"train: {{batch: {net.batch}, steps: {net.steps}, measure: {net.steps}, seed: 0}}",
            f'options: {{window: {net.window}, primer: "{SYMBOLS[0]}"}}',
            "watch: [loss]",
        )
    )
