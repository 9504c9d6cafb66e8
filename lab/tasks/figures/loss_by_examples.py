"""The loss over the number of examples seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class LossByExamples(Figure, name="loss_by_examples"):
    """The loss on the evaluation sample over the examples that training has used, each time one is used counted:
    how runs with batches of different size compare at equal work."""

    def records(self) -> Mapping[str, Tensor]:
        return {"loss": self.inspection.measured.loss}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        steps, loss = snapshot.history("loss")
        batch = self.inspection.scenario.train.batch
        per_step = self.inspection.split.train.count if isinstance(batch, str) else batch
        seen = (steps * per_step).astype(np.float32)
        line = loss.reshape(-1).astype(np.float32)
        return [Curves("Loss by examples", seen, {"loss": line}, x_label="examples seen", y_label="loss", log_y=True)]
