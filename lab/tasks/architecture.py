"""What a network consists of, layer by layer: for whoever describes one, and for whoever still builds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lab.errors import InvalidValue
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.scenario import Scenario
from lab.tasks.counting import around
from lab.tasks.task import Experiment, task_of


@dataclass(frozen=True, slots=True)
class LayerNumbers:
    """One layer: its name (`dense1`), the shapes of one example before and behind it, how many parameters it has."""

    name: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """A network as far as it could be built.

    input:   the shape of one example; empty where it is not known
    layers:  one for each entry of the scenario's `model`, from the first to the last that is right; what stands inside
             of another layer belongs to it
    problem: why it cannot be trained as it is, with the place in the scenario; None if it can
    """

    input: tuple[int, ...] = ()
    layers: tuple[LayerNumbers, ...] = ()
    problem: InvalidValue | None = None

    @property
    def parameters(self) -> int:
        return sum(each.parameters for each in self.layers)


def layers_of(experiment: Experiment) -> list[LayerNumbers]:
    """Every layer of what an experiment trains; those inside of another one stand before it."""
    if experiment.network is None:
        return []
    return _numbers(experiment.network, experiment.layers)


def sketch(scenario: Scenario, folder: Path | None) -> Sketch:
    """Builds what a scenario trains, without taking memory or compiling; where a layer is wrong, those before it."""
    try:
        experiment = task_of(scenario).checked(scenario, folder)
        layers = _entries(experiment.network, experiment.layers)
    except InvalidValue as error:
        return _as_far_as_it_goes(scenario, folder, error)
    return Sketch(layers[0].input if layers else (), layers)


def _as_far_as_it_goes(scenario: Scenario, folder: Path | None, error: InvalidValue) -> Sketch:
    """The layers before the one that is wrong; all of them if something else is, such as the size of the last."""
    from lab.data import load
    from lab.tasks.training.data import TrainingData, before_layers

    number = next((each for each in error.path[1:2] if error.path[0] == "model"), len(scenario.model))
    try:
        split = load(scenario.data or {}, scenario.train.seed, folder)
        x, _ = TrainingData(split, scenario.train.seed).batch("all")
    except InvalidValue:
        return Sketch(problem=error)
    for end in (int(number) + 1, int(number)):
        try:
            network = Network(
                scenario.model[:end], None, split.train.outputs, 0, AdjustableNumbers(), blocks=scenario.blocks,
                before=before_layers(split.train),
            )  # fmt: skip
            _, parts = network.apply(x, training=True)
        except InvalidValue:
            continue
        return Sketch(tuple(x.shape[1:]), _entries(network, parts), error)
    return Sketch(tuple(x.shape[1:]), problem=error)


def _numbers(network: Network, parts: Sequence[BuiltLayer]) -> list[LayerNumbers]:
    members = {**network.parameters.members, **network.tables.members}
    return [
        LayerNumbers(
            part.name,
            tuple(part.x.shape[1:]),
            tuple(part.y.shape[1:]),
            sum(each.size for name, each in members.items() if name.startswith(f"{part.name}.")),
        )
        for part in parts
    ]


def _entries(network: Network | None, parts: Sequence[BuiltLayer]) -> tuple[LayerNumbers, ...]:
    """One for each entry of `model`: for one that stands for several layers, these together."""
    if network is None:
        return ()
    found: list[LayerNumbers] = []
    numbers = _numbers(network, parts)
    names = {each.name for each in numbers}
    for _, group in groupby(zip(parts, numbers, strict=True), key=lambda pair: pair[0].entry):
        own = [each for _, each in group if not names.intersection(around(each.name))]
        name = own[0].name if len(own) == 1 else f"{own[0].name} to {own[-1].name}"
        found.append(LayerNumbers(name, own[0].input, own[-1].output, sum(each.parameters for each in own)))
    return tuple(found)
