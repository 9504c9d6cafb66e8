"""What the gates of one unit of a recurrent layer do while a sequence is read."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lab.nets.layers.recurrent import Recurrent
from lab.nets.sequence_states import SequenceStates
from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.predictor import Predictor

NAMES = {4: ("input gate", "forget gate", "output gate"), 3: ("reset gate", "update gate")}
"""By how many times a layer's gates are as wide as its state, which they are; behind them stands the candidate."""
DECIDES = {4: 0, 3: 1}
"""Which of them decides what is written into memory."""


class Gates(Figure, name="gates"):
    """The gates of an LSTM's or a GRU's unit over the steps of the first sequence that is measured: 1 is open.

    It is the unit of the last such layer whose input gate (update gate) moves most in this sequence; which one is said
    at the axis. Inputs that are 0 or 1 at every step, such as a mark, stand beside its gates.
    """

    rank = 20

    def fits(self) -> bool:
        return self._layer is not None

    @cached_property
    def _layer(self) -> tuple[str, int] | None:
        """Name of the last layer with gates, and how many times as wide as its state they are."""
        found = [
            (part.name, part.layer.gates)
            for part in self.inspection.evaluated_layers
            if isinstance(part.layer, Recurrent) and part.layer.gates in NAMES
        ]
        return found[-1] if found else None

    @cached_property
    def _predictor(self) -> Predictor:
        assert self._layer is not None
        states = SequenceStates(timed=False)
        shape = (1, *self.inspection.evaluation_sample.numbers.shape[1:])
        wanted = f"{self._layer[0]}.gates"
        return Predictor(
            self.inspection.network, shape, lambda output, parts: {"gates": states.seen[wanted]}, sequence=states
        )

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        assert self._layer is not None
        name, count = self._layer
        sample = self.inspection.evaluation_sample
        example = sample.numbers[:1]
        gates = self._predictor(example, snapshot.weights, self.inspection.settings())["gates"][0]
        by_gate = gates.reshape(len(gates), count, -1)
        unit = int(by_gate[:, DECIDES[count]].std(axis=0).argmax())
        lines = {each: by_gate[:, number, unit].astype(np.float32) for number, each in enumerate(NAMES[count])}
        x = np.arange(1, len(gates) + 1, dtype=np.float32)
        for number, values in enumerate(example[0].T if example.ndim == 3 else ()):
            if np.isin(values, (0, 1)).all():
                lines[sample.features[number] if sample.features else f"input {number + 1}"] = values.astype(np.float32)
        extent = (1.0, float(len(gates)), 0.0, 1.0)
        label = f"{name} unit {unit}"
        return [Curves("Gates over time", x, lines, x_label="step", y_label=label, extent=extent)]
