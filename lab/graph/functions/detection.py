"""What detectors are trained towards, where it depends on what they say; it counts as given, and has no gradient."""

from __future__ import annotations

from kernels import detection as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["hard_negatives", "yolo_targets"]


def yolo_targets(
    outputs: Tensor, cells: Tensor, coordinates: Tensor, empty: Tensor, *, boxes: int, grid: int
) -> tuple[Tensor, Tensor]:
    """Return what each number of a grid cell should be and the weight of its squared error, shaped like outputs.

    outputs [cells, 5 boxes + classes] and cells [cells, 5] are as the kernel `yolo_targets` says; coordinates [1] and
    empty [1] are the weights of boxes and of confidences where nothing is (Redmon et al. 2016).
    """
    made = call(kernels.yolo_targets, outputs, cells, coordinates, empty, boxes=boxes, grid=grid)
    return made.results[0], made.results[1]


@gradient_of(kernels.yolo_targets)
def _yolo_targets_gradient(forward: Call, d_wanted: Tensor | None, d_weights: Tensor | None) -> Gradients:
    return None


def hard_negatives(losses: Tensor, positive: Tensor, ratio: Tensor) -> Tensor:
    """Return 1 for what is positive and for the negatives with the largest losses, `ratio` [1] times as many; else 0.

    losses and positive, which is 0 or 1, are [images, places]; each image is a matter of its own (Liu et al. 2016).
    """
    return call(kernels.hard_negatives, losses, positive, ratio).result


@gradient_of(kernels.hard_negatives)
def _hard_negatives_gradient(forward: Call, d_chosen: Tensor) -> Gradients:
    return None
