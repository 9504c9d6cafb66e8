"""What detectors that move and stretch boxes have in common: the loss of offsets, and settings of those of regions."""

from __future__ import annotations

from pydantic import Field

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.limits import adjustable
from lab.tasks.detection.detector import Detector
from lab.validation import Real


class OfRegions(Detector):
    """Base of detectors that say of regions of an image what is in them."""

    match: Real = Field(
        default=0.5, gt=0, le=1, description="From this IoU on a region is trained to be of the object's class."
    )
    objects: Real = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="The share of regions with an object in the loss of classes, of each image.",
    )
    offsets: Real = adjustable(1.0, "The weight of the loss of offsets; λ in the paper.", ge=0, le=1e6)


def loss_of_offsets(offsets: Tensor, there: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """The sum [1] of smooth L1 over the offsets [n, 4] of all that have an object, times a weight [1].

    there: [n], 1 where there is an object, and else 0;  wanted: [n, 4], 0 where there is none
    """
    # Where there is none both are 0, so that only the others' errors remain.
    own = f.multiply(offsets, there.reshape(there.size, 1))
    return f.multiply(f.huber(own, wanted, constant(1.0)) * constant(wanted.size), weight)
