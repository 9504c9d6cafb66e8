"""Masks of objects in regions of an image: what is learned of each; all of it counts as given, and has no gradient."""

from __future__ import annotations

from kernels import masks as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["mask_targets", "moved_regions"]


def moved_regions(regions: Tensor, offsets: Tensor, deviations: Tensor) -> Tensor:
    """Return boxes [..., 4]: regions of that shape, moved and stretched by offsets (dx, dy, log dw, log dh) times
    deviations [4] (Girshick et al. 2014, appendix C)."""
    rows = regions.reshape(-1, 4), offsets.reshape(-1, 4)
    return call(kernels.moved_regions, *rows, deviations).result.reshape(*regions.shape)


def mask_targets(
    boxes: Tensor, objects: Tensor, owners: Tensor, match: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Return which parts of each box are of its object, [batch, regions, *size], and that object's class + 1, or 0,
    [batch, regions].

    boxes [batch, regions, 4], objects [batch, most, 5], owners [batch, height, width] and match [1] are as the kernel
    says (He et al. 2017).
    """
    shapes = [(*boxes.shape[:2], *size), boxes.shape[:2]]
    made = call(kernels.mask_targets, boxes, objects, owners, match, shapes=shapes)
    return made.results[0], made.results[1]


@gradient_of(kernels.moved_regions, kernels.mask_targets)
def _no_gradient(forward: Call, *gradients: Tensor | None) -> Gradients:
    return None
