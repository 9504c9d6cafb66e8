"""A network on more examples than should be in memory at once."""

from __future__ import annotations

import math

from lab.graph import Tensor
from lab.graph.functions import concatenate
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.tasks.training.examples import Inputs

AT_ONCE = 1 << 20
"""Numbers that the largest layer may give for examples that are computed at once: 4 MiB, about a core's own cache."""

SOME = 2
"""Several times as many are still computed at once: what is measured of layers needs all of them anyway."""


def evaluated(network: Network, inputs: Inputs, regions: Tensor | None = None) -> tuple[Tensor, list[BuiltLayer]]:
    """The network's output [examples, …] in evaluation, and its layers as built for all examples at once.

    Images are computed part by part where the layers' numbers would be many, and their outputs joined: 10,000 images
    take no more memory than some hundred. The layers are those of all images together, which nothing computes unless
    something that is measured of them is asked for. regions: boxes of every image, see `Builder`
    """
    output, layers = network.apply(inputs.whole(), training=False, regions=regions)
    largest = max(math.prod(inputs.shape), *(each.y.size // inputs.count for each in layers), 1)
    if len(inputs.shape) != 3 or largest * inputs.count <= SOME * AT_ONCE:
        return output, layers
    # In multiples of 16, so that every part begins at the beginning of a cache line.
    size = max(16, AT_ONCE // largest // 16 * 16)
    places = range(0, inputs.count, size)
    parts = []
    for first in places:
        end = min(first + size, inputs.count)
        own = None if regions is None else regions[first:end]
        parts.append(network.apply(inputs.part(first, end), training=False, regions=own)[0])
    return concatenate(parts, axis=0), layers
