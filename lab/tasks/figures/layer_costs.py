"""What each layer costs."""

from __future__ import annotations

from lab.pictures import Bars, Picture
from lab.tasks.counting import count
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class LayerCosts(Figure, name="layer_costs"):
    """A bar for each layer that costs anything: its parameters, its multiply-adds for one example, the numbers that it
    writes for one example. What is inside of a layer is counted with it."""

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        parts = list(self.inspection.evaluated_layers)
        counts = count(self.inspection.network, parts, parts[0].x.shape[1:])
        layers = [each for each in counts.outer if each.parameters or each.activations]
        return [
            Bars("Parameters per layer", {each.name: float(each.parameters) for each in layers}),
            Bars("Multiply-adds per layer", {each.name: float(each.multiply_adds) for each in layers}),
            Bars("Activations per layer", {each.name: float(each.activations) for each in layers}),
        ]
