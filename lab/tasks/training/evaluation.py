"""A network on more examples than should be in memory at once."""

from __future__ import annotations

import math

from lab.graph import Tensor
from lab.graph.functions import concatenate
from lab.nets.network import BuiltLayer, Network
from lab.tasks.training.examples import Inputs

AT_ONCE = 1 << 20
"""Numbers that the largest layer may give for examples that are computed at once: 4 MiB, about a core's own cache."""

SOME = 2
"""Several times as many are still computed at once: what is measured of layers needs all of them anyway."""


def evaluated(network: Network, inputs: Inputs) -> tuple[Tensor, list[BuiltLayer]]:
    """The network's output [examples, …] in evaluation, and its layers as built for all examples at once.

    Images are computed part by part where the layers' numbers would be many, and their outputs joined: 10,000 images
    take no more memory than some hundred. The layers are those of all images together, which nothing computes unless
    something that is measured of them is asked for.
    """
    output, layers = network.apply(inputs.whole(), training=False)
    largest = max(math.prod(inputs.shape), *(each.y.size // inputs.count for each in layers), 1)
    if len(inputs.shape) != 3 or largest * inputs.count <= SOME * AT_ONCE:
        return output, layers
    # In multiples of 16, so that every part begins at the beginning of a cache line.
    size = max(16, AT_ONCE // largest // 16 * 16)
    places = range(0, inputs.count, size)
    parts = [network.apply(inputs.part(first, min(first + size, inputs.count)), training=False)[0] for first in places]
    return concatenate(parts, axis=0), layers
