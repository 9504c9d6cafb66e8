"""Safetensors: the final weights. Of one replica under their own names, so that `init: {from: FILE}` takes them.

Of one replica the metadata also say, as JSON, how examples are prepared for it: columns, categories, centring, scaling.
"""

from __future__ import annotations

from typing import IO

from lab.exports.selection import Selection

KIND, SUFFIX = "binary", ".safetensors"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes `dense1.weight`, …; with several replicas `variant/seed/dense1.weight`, …."""
    from safetensors.numpy import save

    weights = selection.weights()
    several = len(weights) > 1
    arrays = {
        f"{variant}/{seed}/{name}" if several else name: array
        for (variant, seed), of_replica in weights.items()
        for name, array in of_replica.items()
    }
    metadata = {"run": selection.info.name, "scenario": selection.info.slug}
    if not several:
        (variant, seed) = next(iter(weights))
        metadata |= {"variant": variant, "seed": str(seed)}
        metadata |= selection.store.weights_metadata(selection.info.name, variant, seed)
    stream.write(save(arrays, metadata))
