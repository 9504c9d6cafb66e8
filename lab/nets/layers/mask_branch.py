"""A second branch on the boxes that a detector finds: which pixels in them are the object's."""

from __future__ import annotations

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import constant
from lab.graph import functions as f
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer, Layers
from lab.nets.layers.images import check_images


class MaskBranch(Layer, name="mask_branch"):
    """Two branches on the same maps of features: `beside` says of each proposed region what is in it and how it is to
    be moved, as in Faster R-CNN; `layers` say which parts of it are of the object. Only the detector `mask_rcnn` wants
    it, behind the layer `propose`.

    In training the masks are those of the proposed regions. When the network is used, they are those of the boxes that
    `beside` makes of the regions, so that a mask fits the box that is found. Both branches begin with `regions`, which
    cuts out what they look at. In `layers`, the word `outputs` stands for the channels of masks that the detector
    wants, one for each class as a rule. Its layers are named `mask_branch1.conv1`, …, those beside
    `mask_branch1.beside.dense1`, ….

    Formula: y = beside(x at the regions), and masks = layers(x at the regions moved by the offsets in y).

    Paper: He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017.

    Example: `{mask_branch: [{regions: 12}, {conv: outputs, kernel_size: 1}], beside: [{regions: 6}, {dense: outputs}]}`
    """

    layers: Layers = Field(min_length=1, max_length=100, description="The layers that give masks, `regions` in front.")
    beside: Layers = Field(
        min_length=1,
        max_length=100,
        description="The layers that give classes and offsets of regions, `regions` in front.",
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        asked = builder.network.proposing
        if asked is None or asked.masks is None:
            raise InvalidValue((), "is for the detector `mask_rcnn`, which alone learns masks of objects.")
        regions, wanted = builder.regions, asked.masks
        if regions is None:
            raise InvalidValue((), "looks at proposed regions: the layer `propose` stands in front of it.")
        found = builder.inside(self.beside, x, "mask_branch", "beside", part="beside")
        batch, count, _ = regions.shape
        if found.size != batch * count * builder.outputs:
            raise InvalidValue(
                ("beside",),
                f"gives {found.size // batch} numbers per image, but for {count} regions {count * builder.outputs} are "
                "needed: {dense: outputs} stands last.",
            )
        found = found.reshape(batch * count, builder.outputs)
        boxes = regions
        if not builder.training:
            offsets = found[:, -len(wanted.deviations) :]
            boxes = f.moved_regions(regions, offsets, constant(wanted.deviations, "deviations"))
        outer = builder.outputs
        builder.regions, builder.outputs = boxes, wanted.channels
        masks = builder.inside(self.layers, x, "mask_branch", "layers")
        builder.regions, builder.outputs = regions, outer
        if masks.shape != (batch * count, *wanted.size, wanted.channels):
            raise InvalidValue(
                ("layers",),
                f"give {list(masks.shape[1:])} for each region, but the detector wants masks of "
                f"{[*wanted.size, wanted.channels]}: "
                + (
                    f"set its `mask` to {masks.shape[1]}."
                    if len(masks.shape) == 4 and masks.shape[1] == masks.shape[2] and masks.shape[1] != wanted.size[0]
                    else "{conv: outputs, kernel_size: 1} stands last."
                ),
            )
        builder.beside += [boxes.reshape(batch, -1), masks.reshape(batch, -1)]
        return builder.joined(f.identity(found), [found, masks])
