"""The calls that a network makes in evaluation, in order, for exports that write them down for another library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import BadInput
from lab.evaluation import TrainedModel
from lab.evaluation.trained import layers_of
from lab.exports.selection import Selection
from lab.graph import data
from lab.graph.tensor import Call, Tensor
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.task import PREDICTING

EXAMPLES, TIME = 2, 3
"""So many examples the network is traced with, language models with texts of so many symbols; the first extent of
every tensor is a multiple of the number of examples."""


@dataclass(frozen=True, eq=False)
class Exported:
    """One network of a run, with all that is kept beside its weights.

    run:      its run's name
    arrays:   its weights by name;  metadata: the texts kept with them
    about:    what the experiment said of it; see `lab.tasks.task.Experiment.kept_to_predict`
    model:    the network as one that predicts; None of a language model
    """

    run: str
    arrays: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]
    about: Mapping[str, Any]
    model: TrainedModel | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example as the network sees it; of a language model that has no states, the window that it reads."""
        return (self.about.get("window", TIME),) if self.model is None else self.model.recipe.prepared_shape

    def new_network(self) -> Network:
        """Its layers, with nothing in them."""
        return layers_of(self.about) if self.model is None else self.model.new_network()


@dataclass(frozen=True, eq=False)
class Trace:
    """What leads from the input to the output.

    x, y:   input [EXAMPLES, …] and output
    nodes:  calls, and tensors that are other views of what calls gave, each after what it needs
    names:  of parameters and running numbers, by the tensor's id
    values: of settings and constants, by the tensor's id
    states: of a language model, by name, what is kept from symbol to symbol: as it comes in and as it goes out
    """

    x: Tensor
    y: Tensor
    nodes: list[Call | Tensor]
    names: Mapping[int, str]
    values: Mapping[int, np.ndarray]
    states: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)


def one_network(selection: Selection) -> Exported:
    """The only network of a selection. Raises BadInput if there are several, or if it is kept without its layers."""
    weights = selection.weights()
    run = selection.info.name
    if len(weights) > 1:
        names = ", ".join(f"{variant} with seed {seed}" for variant, seed in list(weights)[:6])
        raise BadInput(f"{run} has {len(weights)} networks: choose one with --variant, --seed ({names}).")
    [(key, arrays)] = weights.items()
    metadata = selection.store.weights_metadata(run, *key)
    about = json.loads(metadata.get(PREDICTING, "{}"))
    if about and about.get("recipe") is None:
        return Exported(run, arrays, metadata, about, None)
    model = TrainedModel.of_metadata(run, metadata, arrays)
    return Exported(run, arrays, metadata, model.about, model)


def trace(exported: Exported) -> Trace:
    """A network as it is in evaluation. Raises BadInput for what cannot be written down."""
    finder = None if exported.model is None else exported.model.finder
    if finder is not None and finder.looks_at_regions:
        raise BadInput(f"{exported.run} looks at regions of each image, which are no part of the network's layers.")
    network = exported.new_network()
    x = data(np.zeros((EXAMPLES, *exported.shape), np.float32), "x")
    states: dict[str, tuple[Tensor, Tensor]] = {}
    if exported.model is None:
        found = SequenceStates()
        network.apply(x, training=False, sequence=found)
        first = {name: data(np.zeros(each.shape, np.float32), name) for name, each in found.last.items()}
        network = exported.new_network()
        sequence = SequenceStates(first)
        y, _ = network.apply(x, training=False, sequence=sequence)
        states = {name: (each, sequence.last[name]) for name, each in first.items()}
    else:
        y, _ = network.apply(x, training=False)
    names = {id(tensor): name for name, tensor in network.kept.items()}
    settings = dict(network.settings.first) | dict(exported.about.get("settings", {}))
    members = network.settings.storage.members
    values = {id(tensor): np.array([settings[name]], np.float32) for name, tensor in members.items()}
    nodes: list[Call | Tensor] = []
    done = {id(x), *names, *values, *(id(first) for first, _ in states.values())}
    waiting: list[tuple[Tensor, bool]] = [(each, False) for each in (*(last for _, last in states.values()), y)]
    while waiting:
        tensor, ready = waiting.pop()
        if id(tensor) in done:
            continue
        if tensor.storage is not None and tensor.storage.kind == "constants":
            values[id(tensor)] = np.asarray(tensor.storage.initial, np.float32)
            done.add(id(tensor))
            continue
        if tensor.base is not None and (id(tensor.base) in names or id(tensor.base) in values):
            if tensor.size != tensor.base.size:
                raise BadInput(f"{tensor.name or 'a layer'} takes a part of its weights, which has no export.")
            if id(tensor.base) in names:
                names[id(tensor)] = names[id(tensor.base)]
            else:
                values[id(tensor)] = values[id(tensor.base)].reshape(tensor.shape)
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
            outermost = next((extent for extent in tensor.shape if extent != 1), 1)
            if tensor.offset or tensor.size != tensor.base.size or outermost % EXAMPLES:
                raise BadInput(
                    f"{tensor.name or 'a layer'} takes a part of another layer's output, which has no export."
                )
            nodes.append(tensor)
            done.add(id(tensor))
        else:
            raise BadInput(f"{tensor.name or 'a tensor'} has no export: it is made while the network runs.")
    return Trace(x, y, nodes, names, values, states)
