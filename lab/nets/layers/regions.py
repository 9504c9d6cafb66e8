"""Regions of an image, each as an image of its own."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import constant
from lab.graph import functions as f
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import Pair, Sizes, check_images
from lab.validation import Whole


class Regions(Layer, name="regions"):
    """Each box that the detector proposes in an image, brought to one size: what comes behind it sees one box after the
    other (RoIAlign). They are those of the detector `regions`, or of the layer `propose`.

    As the first layer it cuts boxes out of the image, and all layers have to look at each (R-CNN). Behind others it
    cuts them out of feature maps, which are computed once for the whole image (Fast R-CNN). A number of the result is
    the mean of `samples` × `samples` points in its part of the box, each between four pixels. With `rounded` the sides
    of a box are first moved to the nearest whole pixels of what comes in, as RoIPool does: in a map of features, whose
    cells are several pixels of the image, what is seen then is not quite what is in the box.

    Formula: y[i, j] = mean over samples of x(y_min + (i + s) height / size, x_min + (j + t) width / size), of a box at
    (x_min, y_min) with that width and height, where x between pixels is bilinear.

    Paper: Girshick, "Fast R-CNN", 2015; He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017.

    Example: `{regions: 6}`
    """

    size: Sizes = Field(description="Height and width to which a box is brought, or [height, width].")
    rounded: bool = Field(
        default=False, description="Whether boxes are first rounded to whole pixels of what comes in."
    )
    samples: Whole = Field(default=2, ge=1, le=8, description="Points along each axis of which a number is the mean.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        boxes = builder.regions
        if boxes is None:
            raise InvalidValue(
                (), "cuts out boxes that the detector `regions` proposes, or the layer `propose`; nothing else has any."
            )
        if boxes.shape[0] != x.shape[0]:
            raise InvalidValue(
                (), "stands behind a layer that makes several images of one: its boxes are of whole images."
            )
        _, height, width, _ = x.shape
        batch, regions, _ = boxes.shape
        pixels = f.multiply(boxes.reshape(batch * regions, 4), constant(np.tile([width, height], 2).astype(float)))
        if self.rounded:
            pixels = f.rounded_boxes(pixels)
        return f.region_align(x, pixels.reshape(batch, regions, 4), self.size, samples=self.samples)

    def window(self, x: Shape) -> Pair | None:
        """A box may be anywhere, and as large as the image."""
        return None

    def multiply_adds(self, x: Shape, y: Shape, weights: object) -> int:
        return 0
