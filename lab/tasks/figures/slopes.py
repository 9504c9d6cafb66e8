"""How the learned slopes of PReLUs move."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class Slopes(Figure, name="slopes"):
    """Over time, for each layer with learned slopes: the smallest, the median and the largest slope of its channels."""

    def fits(self) -> bool:
        return bool(self.records())

    def records(self) -> Mapping[str, Tensor]:
        members = self.inspection.network.parameters.members
        return {name: tensor for name, tensor in members.items() if name.endswith(".slope")}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        pictures: list[Picture] = []
        for name in self.records():
            steps, slopes = snapshot.history(name)
            lines = {
                label: np.quantile(slopes, share, axis=1).astype(np.float32)
                for label, share in (("largest", 1.0), ("median", 0.5), ("smallest", 0.0))
            }
            title = f"Slopes of {name.removesuffix('.slope')}"
            pictures.append(Curves(title, steps.astype(np.float32), lines, x_label="step", y_label="slope"))
        return pictures
