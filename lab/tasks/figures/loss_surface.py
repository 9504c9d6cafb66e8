"""The loss around the weights."""

from __future__ import annotations

import numpy as np

from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.loss_surface import Surface

CELLS = 17
"""So many losses along each direction: a picture takes about 0.05 s for a deep net, so it is not made finer."""


class LossSurface(Figure, name="loss_surface"):
    """A slice of the loss along two random directions; the network stands in the middle, 1 is as far as its weights are
    long. On a logarithmic scale, since the loss rises by orders of magnitude; see `lab.tasks.training.loss_surface`."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._surface: Surface | None = None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        if self._surface is None:
            self._surface = Surface(self.inspection)
        along = np.linspace(-1, 1, CELLS)
        grid = np.stack([each.ravel() for each in np.meshgrid(along, along[::-1])], axis=1)
        losses = self._surface.loss(grid).reshape(CELLS, CELLS)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(losses)
        title, directions = "Loss around the weights (log10)", ("direction 1", "direction 2")
        extent = (-1.0, 1.0, -1.0, 1.0)
        return [Field(title, values, extent=extent, x_label=directions[0], y_label=directions[1])]
