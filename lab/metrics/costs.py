"""What a network costs, by its shapes alone."""

from __future__ import annotations

from collections.abc import Sequence

from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import COUNT, PIXELS


class Costs(DeviceMetric):
    """Constants of an architecture: multiply-adds of the whole network and of each layer, and what it sees."""

    meanings = {
        "multiply_adds": COUNT.of(
            "multiply-adds of convolutions and dense layers for one example, forward", higher_is_better=False
        ),
        "outputs": COUNT.of("numbers that a layer gives for one example"),
        "receptive_field": PIXELS.of(
            "pixels along an axis that one number depends on, before the first layer that sees the whole image"
        ),
        "depth": COUNT.of("layers with weights on the longest way through the network"),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        members = network.parameters.members
        costs: Values = {"multiply_adds": 0.0}
        for part in network.parts:
            weights = [
                each.shape
                for name, each in members.items()
                if name.startswith(f"{part.name}.")
                and name.endswith("weight")
                and not _inside(name, part.name, network)
            ]
            # Behind a layer that makes several examples of one, such as `windows`, each image costs as many.
            examples = max(1, part.y.shape[0] // network.count)
            own = examples * part.layer.multiply_adds(part.x.shape[1:], part.y.shape[1:], weights)
            if own:
                costs[f"multiply_adds.{part.name}"] = float(own)
                costs["multiply_adds"] += own
            costs[f"outputs.{part.name}"] = float(part.y.size // part.y.shape[0] * examples)
            if part.reach.size is not None:
                costs[f"receptive_field.{part.name}"] = float(part.reach.size)
        costs["receptive_field"] = float(max((each.reach.size or 1 for each in network.parts), default=1))
        costs["depth"] = float(max((each.reach.depth for each in network.parts), default=0))
        self._costs = {name: value for name, value in costs.items() if name.partition(".")[0] in network.watch}
        return list(self._costs)

    def finish(self, values: Values, step: int) -> None:
        values.update(self._costs)


def _inside(name: str, layer: str, network: MeasuredNetwork) -> bool:
    """Whether a parameter of a layer belongs to one that stands inside of it."""
    return any(
        len(part.name) > len(layer) and part.name.startswith(f"{layer}.") and name.startswith(f"{part.name}.")
        for part in network.parts
    )
