"""Regions that a network proposes, and what is learned of each; both count as given, and have no gradient."""

from __future__ import annotations

from kernels import proposals as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["best_regions", "region_targets"]


def best_regions(numbers: Tensor, anchors: Tensor, overlap: Tensor, most: int) -> Tensor:
    """Return so many boxes of each image, best score first, as shares of the image: [batch, most, 4].

    numbers [batch, anchors, 5] are, of each anchor, a score and four offsets; anchors [anchors, 4]; overlap [1] is the
    largest IoU that two of them may have. As in the paper's approximate joint training, no gradient goes through the
    boxes (Ren et al. 2015).
    """
    batch, count, _ = numbers.shape
    shapes = [(batch, most, 4), (batch, count, 5)]
    return call(kernels.best_regions, numbers, anchors, overlap, shapes=shapes).results[0]


def region_targets(regions: Tensor, objects: Tensor, match: Tensor, share: Tensor) -> Tensor:
    """Return what is learned of each region, [batch, regions, 6]: class + 1 or 0, four offsets, a weight.

    regions [batch, regions, 4] and objects [batch, most, 5], see the kernel; match [1] and share [1].
    """
    return call(kernels.region_targets, regions, objects, match, share).result


@gradient_of(kernels.best_regions, kernels.region_targets)
def _no_gradient(forward: Call, *gradients: Tensor | None) -> Gradients:
    return None
