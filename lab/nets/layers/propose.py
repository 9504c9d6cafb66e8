"""A small network on top of features that says where something could be."""

from __future__ import annotations

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import constant
from lab.graph import functions as f
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.conv import Conv
from lab.nets.layers.images import Pair, check_images
from lab.nets.layers.relu import Relu
from lab.validation import Whole

NUMBERS = 5
"""Of each anchor: a score for "here is something", and four offsets."""


class Propose(Layer, name="propose"):
    """A region proposal network: at each place of the feature maps it says of each anchor how likely an object is
    there, and how the anchor is to be moved and stretched. The features go on as they are. Only the detector
    `faster_rcnn` has anchors.

    A convolution of 3 × 3 with ReLU, then one of 1 × 1 for the numbers. The boxes with the best scores, after
    non-maximum suppression, become the regions that `regions` cuts out. Its layers are named `propose1.conv1`, ….

    Formula: a box has the middle (x_a + w_a d_x, y_a + h_a d_y) and the sides (w_a exp(d_w), h_a exp(d_h)), where an
    anchor has the middle (x_a, y_a) and the sides w_a and h_a, and d are its four offsets.

    Paper: Ren, He, Girshick and Sun, "Faster R-CNN: towards real-time object detection with region proposal networks",
    2015.

    Example: `{propose: 32}`
    """

    channels: Whole = Field(default=32, ge=1, le=4096, description="Channels of its 3 × 3 convolution.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        asked = builder.network.proposing
        if asked is None:
            raise InvalidValue((), "needs anchors, which the detector `faster_rcnn` has; nothing else has any.")
        batch, height, width, _ = x.shape
        if (height, width) != asked.places:
            raise InvalidValue(
                (),
                f"stands behind maps of {height}×{width}, but the detector's anchors are for maps of "
                f"{asked.places[0]}×{asked.places[1]}: set its `map` to {height}.",
            )
        count = len(asked.anchors)
        each = count // (height * width)
        layers = [
            Conv(channels=self.channels, kernel_size=(3, 3), padding=(1, 1)),
            Relu(),
            Conv(channels=each * NUMBERS, kernel_size=(1, 1)),
        ]
        numbers = builder.inside(layers, x).reshape(batch, count, NUMBERS)
        builder.regions = f.best_regions(
            numbers, constant(asked.anchors, "anchors"), constant(asked.overlap), asked.most
        )
        builder.beside += [builder.regions.reshape(batch, asked.most * 4), numbers.reshape(batch, count * NUMBERS)]
        return f.identity(x)

    def window(self, x: Shape) -> Pair:
        return 1, 1

    def multiply_adds(self, x: Shape, y: Shape, weights: object) -> int:
        return 0
