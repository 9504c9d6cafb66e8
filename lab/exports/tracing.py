"""The calls that a network makes in evaluation, in order, for exports that write them down for another library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lab.errors import BadInput
from lab.evaluation import TrainedModel
from lab.exports.selection import Selection
from lab.graph import data
from lab.graph.tensor import Call, Tensor

EXAMPLES = 2
"""So many examples the network is traced with; the first extent of every tensor is a multiple of it."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What leads from the input to the output.

    x, y:   input [EXAMPLES, …] and output
    nodes:  calls, and tensors that are other views of what calls gave, each after what it needs
    names:  of parameters and running numbers, by the tensor's id
    values: of settings and constants, by the tensor's id
    """

    x: Tensor
    y: Tensor
    nodes: list[Call | Tensor]
    names: Mapping[int, str]
    values: Mapping[int, np.ndarray]


def one_model(selection: Selection) -> tuple[TrainedModel, dict[str, str]]:
    """The only network of a selection, and the texts kept beside its weights. Raises BadInput if there are several."""
    weights = selection.weights()
    if len(weights) > 1:
        names = ", ".join(f"{variant} with seed {seed}" for variant, seed in list(weights)[:6])
        raise BadInput(
            f"{selection.info.name} has {len(weights)} networks: choose one with --variant, --seed ({names})."
        )
    [(key, arrays)] = weights.items()
    metadata = selection.store.weights_metadata(selection.info.name, *key)
    return TrainedModel.of_metadata(selection.info.name, metadata, arrays), metadata


def trace(model: TrainedModel) -> Trace:
    """The network of a model as it is in evaluation. Raises BadInput for what cannot be written down."""
    network = model.new_network()
    x = data(np.zeros((EXAMPLES, *model.recipe.prepared_shape), np.float32), "x")
    y, _ = network.apply(x, training=False)
    names = {id(tensor): name for name, tensor in network.kept.items()}
    settings = dict(network.settings.first) | dict(model.about.get("settings", {}))
    members = network.settings.storage.members
    values = {id(tensor): np.array([settings[name]], np.float32) for name, tensor in members.items()}
    nodes: list[Call | Tensor] = []
    done = {id(x), *names, *values}
    waiting: list[tuple[Tensor, bool]] = [(y, False)]
    while waiting:
        tensor, ready = waiting.pop()
        if id(tensor) in done:
            continue
        if tensor.storage is not None and tensor.storage.kind == "constants":
            values[id(tensor)] = np.asarray(tensor.storage.initial, np.float32)
            done.add(id(tensor))
            continue
        source = tensor.call
        needed = list(source.reads) if source is not None else [tensor.base] if tensor.base is not None else []
        if not ready:
            waiting.append((tensor, True))
            waiting += [(each, False) for each in reversed(needed) if each is not None]
        elif source is not None:
            nodes.append(source)
            done |= {id(each) for each in source.results}
        elif tensor.base is not None:
            if tensor.offset or tensor.size != tensor.base.size or tensor.shape[0] % EXAMPLES:
                raise BadInput(
                    f"{tensor.name or 'a layer'} takes a part of another layer's output, which has no export."
                )
            nodes.append(tensor)
            done.add(id(tensor))
        else:
            raise BadInput(f"{tensor.name or 'a tensor'} has no export: it is made while the network runs.")
    return Trace(x, y, nodes, names, values)
