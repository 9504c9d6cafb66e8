"""Over how many places attention spreads."""

from __future__ import annotations

from collections.abc import Sequence

from lab.graph import functions as f
from lab.graph.tensor import constant
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, average
from lab.metrics.meaning import NATS

TINY = 1e-30
"""Added to each weight before its logarithm: 0 log 0 is 0."""


class AttentionEntropy(DeviceMetric):
    """Entropy of the weights with which steps look at places, of each layer, and their mean."""

    meanings = {
        "attention_entropy": NATS.of(
            "mean over steps and heads of the entropy of the weights with which a step looks at places: 0 if each "
            "looks at one place alone, ln n if each looks at n places alike"
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._layers: dict[str, int] = {}
        for part in network.parts:
            if part.attention is None:
                continue
            weights = part.attention
            steps = weights.size // weights.shape[-1]
            told = f.multiply(weights, f.log(f.add(weights, constant(TINY))))
            network.keep(f"attention_entropy.{part.name}", f.multiply(f.sum(told), constant(-1 / steps)))
            self._layers[part.name] = 1
        return ["attention_entropy", *(f"attention_entropy.{each}" for each in self._layers)] if self._layers else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "attention_entropy", self._layers)
