"""How many numbers a network learns."""

from __future__ import annotations

from collections.abc import Sequence

from lab.probes.norms import layer_of
from lab.probes.probe import Probe, Site, Values


class ParameterCount(Probe):
    """Of the whole network and of each layer that has any."""

    meanings = {"parameters": "number of weights, biases and other learned numbers"}

    def build(self, site: Site) -> Sequence[str]:
        self._counts: dict[str, int] = {"parameters": 0}
        for name, tensor in site.parameters.members.items():
            layer = f"parameters.{layer_of(name)}"
            self._counts["parameters"] += tensor.size
            self._counts[layer] = self._counts.get(layer, 0) + tensor.size
        return list(self._counts)

    def finish(self, values: Values, step: int) -> None:
        values.update({name: float(count) for name, count in self._counts.items()})
