"""Three recurrent character models, whose speed is compared as that of perceptrons is: on a text of no meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.bench.nets import RATE

TEXT_FILE = "text.txt"
SYMBOLS = "".join(map(chr, range(48, 48 + 64)))
LENGTH = 100_000
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True, slots=True)
class SequenceNet:
    """A recurrent layer over symbols, a dense layer and softmax cross-entropy at each step, trained with Adam.

    units, window, batch: numbers in the state, steps of a sequence, sequences of a batch
    steps: of training per turn
    """

    name: str
    units: int = 128
    window: int = 50
    batch: int = 32
    steps: int = 10
    optimizer: str = "adam"
    replicas: int = 1

    @property
    def title(self) -> str:
        """The net in words."""
        return (
            f"{self.name.upper()}, {self.units} units, {self.window} steps, batch {self.batch}, {len(SYMBOLS)} symbols"
        )

    @property
    def operations(self) -> int:
        """Multiplications and additions in the products of one step: state by recurrent weights and state by output
        weights, forward, and backward to both. The inputs are rows that are looked up."""
        rows = self.batch * self.window
        return 3 * 2 * rows * self.units * (GATES[self.name] * self.units + len(SYMBOLS))


SEQUENCE_NETS: dict[str, SequenceNet] = {name: SequenceNet(name) for name in GATES}


def write_text(folder: Path, net: SequenceNet) -> None:
    """`text.txt` in the net's own folder: 64 symbols at random."""
    import numpy as np

    own = folder / net.name
    own.mkdir()
    drawn = np.random.default_rng(0).integers(0, len(SYMBOLS), LENGTH)
    (own / TEXT_FILE).write_text("".join(SYMBOLS[each] for each in drawn))


def scenario_text(net: SequenceNet) -> str:
    """The net as a scenario file that stands beside its data."""
    return "\n".join(
        (
            f"title: {net.title}",
            "task: language-model",
            f"data: {{text: {TEXT_FILE}, held_back: 0}}",
            f"model: [{{{net.name}: {net.units}}}, {{dense: classes}}]",
            f"optimizer: {{name: {net.optimizer}, rate: {RATE}}}",
            f"train: {{batch: {net.batch}, steps: {net.steps}, measure: {net.steps}, seed: 0}}",
            f'options: {{window: {net.window}, primer: "{SYMBOLS[0]}"}}',
            "watch: [loss]",
        )
    )
