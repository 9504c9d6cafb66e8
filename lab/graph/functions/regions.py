"""Regions of images, each brought to the same size: what a detector sees of an object."""

from __future__ import annotations

from kernels import region_align as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, call, constant

__all__ = ["region_align", "rounded_boxes"]


def region_align(x: Tensor, boxes: Tensor, size: tuple[int, int], *, scale: float = 1.0, samples: int = 2) -> Tensor:
    """Return what each box shows of its image, at one height and width: [batch * regions, *size, channels] (RoIAlign).

    x:       images or maps of features, [batch, height, width, channels]
    boxes:   [batch, regions, 4], each [x_min, y_min, x_max, y_max]; the first regions of the result are those of the
             first image. They may reach beyond the image, where there are zeros
    size:    height and width of the result, in bins
    scale:   by what boxes are multiplied; 1/4 for boxes in pixels of an image that is four times as large as x
    samples: a bin is the mean of samples × samples points in it, each between four pixels

    Pixels are squares, whose numbers stand at their middles (what `aligned=True` is in torchvision and Detectron2). The
    gradient goes to x; boxes are taken as given, and have none.

    Paper: He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017.
    Raises ShapeError if boxes are not four numbers for each region of each image, or if nothing would be left.
    """
    if len(x.shape) != 4 or len(boxes.shape) != 3 or boxes.shape[::2] != (x.shape[0], 4):
        raise ShapeError(
            f"{label_prefix()}images are [batch, height, width, channels], and their boxes [batch, regions, 4], not "
            f"{list(x.shape)} and {list(boxes.shape)}."
        )
    if min(size) < 1 or samples < 1:
        problem = f"a region of {size[0]}×{size[1]} bins, {samples}×{samples} points each, is empty."
        raise ShapeError(label_prefix() + problem)
    shape = (x.shape[0] * boxes.shape[1], *size, x.shape[3])
    return call(kernels.region_align, x, boxes, constant(scale), shapes=[shape], samples=samples).result


@gradient_of(kernels.region_align)
def _region_align_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, boxes, scale = forward.reads
    made = call(kernels.region_align_gradient, dy, boxes, scale, shapes=[x.shape], samples=forward.integers["samples"])
    return made.result, None, None


@gradient_of(kernels.region_align_gradient)
def _region_align_second_gradient(forward: Call, d_dx: Tensor) -> Gradients:
    dy, boxes, scale = forward.reads
    made = call(kernels.region_align, d_dx, boxes, scale, shapes=[dy.shape], samples=forward.integers["samples"])
    return made.result, None, None


def rounded_boxes(boxes: Tensor) -> Tensor:
    """Return boxes [..., 4] whose sides are moved to the nearest whole numbers, and are at least 1 apart: what RoIPool
    does to boxes in cells of a map of features (Girshick, "Fast R-CNN", 2015). They have no gradient."""
    return call(kernels.rounded_boxes, boxes.reshape(-1, 4)).result.reshape(*boxes.shape)


@gradient_of(kernels.rounded_boxes)
def _rounded_boxes_gradient(forward: Call, d_rounded: Tensor) -> Gradients:
    return None
