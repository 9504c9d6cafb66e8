"""How sharply the loss is curved where a network stands, and what that means for its learning rate."""

from __future__ import annotations

from lab.metrics.meaning import PLAIN, RATIO
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.curvature import Curvature
from lab.tasks.training.inspection import Inspection


class Sharpness(HostMetric):
    """The largest eigenvalue of the Hessian of the loss on 512 examples of the evaluation sample at most, without
    penalties.

    Gradient descent at a rate η on a parabola of curvature λ multiplies the distance from its lowest point by 1 - ηλ in
    each step: beyond ηλ = 2 it moves away from it. Networks trained on all examples at once come to that edge by
    themselves and stay there (Cohen, Kaur, Li, Kolter and Talwalkar, "Gradient descent on neural networks typically
    occurs at the edge of stability", 2021).
    """

    meanings = {
        "sharpness": PLAIN.of("largest eigenvalue of the Hessian of the loss: the curvature where it is curved most"),
        "rate_times_sharpness": RATIO.of(
            "learning rate times the largest eigenvalue of the Hessian: above 2 plain gradient descent on a parabola "
            "moves away from its lowest point"
        ),
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._curvature: Curvature | None = None
        if inspection.detection is not None:
            self.names = ()  # its loss needs what a detector proposes, which changes with the weights

    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        if self._curvature is None:
            self._curvature = Curvature(self.inspection)
        sharpness = self._curvature.largest()
        rate = self.inspection.learning_rate()
        values = {"sharpness": sharpness, "rate_times_sharpness": rate * sharpness}
        return {name: values[name] for name in self.names}
