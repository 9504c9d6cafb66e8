"""What a task wants of a network's output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.graph import Tensor
from lab.metrics.detection.heads import Heads
from lab.tasks.detection.detection import Detection
from lab.tasks.training.losses import Loss


@dataclass(frozen=True)
class Objective:
    """How outputs [batch, outputs] are judged.

    loss:    from outputs and targets to the loss [1]
    correct: from outputs and targets to the number of right answers [1], for tasks that have such a thing
    answers: from outputs to what the network answers, for metrics; by default the outputs themselves
    heads:   what the numbers of an output stand for, of tasks that ask for a class, a box and so on at once
    detection: the detector, of the task that finds several objects
    """

    loss: Loss
    correct: Callable[[Tensor, Tensor], Tensor] | None = None
    answers: Callable[[Tensor], Tensor] = lambda output: output
    heads: Heads | None = None
    detection: Detection | None = None

    def regions(self, targets: Tensor) -> Tensor | None:
        """The boxes [batch, regions, 4] that layers cut out of images, where the detector proposes some."""
        return self.detection.detector.regions(targets) if self.detection else None

    def count(self, output: Tensor, targets: Tensor) -> Tensor | None:
        """The number of right answers [1]; None where there is no such thing."""
        return self.correct(output, targets) if self.correct else None
