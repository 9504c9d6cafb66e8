"""What experiments have in common whose metrics are single numbers that their measuring program leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign
from lab.nets.network import Network
from lab.nets.training_step import AHEAD
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment


class MeasuredExperiment(ProgramExperiment):
    """A `ProgramExperiment` with networks whose layers stand in `options`, and numbers by name.

    networks: by name of the option that lists its layers
    parameters: those of all networks, which one training step trains together
    measured: where the numbers of a measurement stand
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder, self.options = scenario, folder, options
        self.networks: dict[str, Network] = {}
        self.parameters, self.measured = Storage("parameters"), Storage("statistics")
        self.metrics: tuple[str, ...] = ()

    def network_of(self, option: str, outputs: int) -> Network:
        """The network whose layers `options` lists under this name. Raises InvalidValue"""
        scenario, layers = self.scenario, getattr(self.options, option)
        try:
            made = Network(
                layers, scenario.init, outputs, self.seed, self.adjustable, option, blocks=scenario.blocks,
                parameters=self.parameters,
            )  # fmt: skip
        except InvalidValue as error:
            raise self._placed(error, option) from None
        self.networks[option] = made
        return made

    def applied(self, option: str, x: Tensor, training: bool) -> Tensor:
        """What a network makes of its input. Raises InvalidValue"""
        try:
            return self.networks[option].apply(x, training)[0]
        except InvalidValue as error:
            raise self._placed(error, option) from None

    def require_outputs(self, option: str, y: Tensor, wanted: int, why: str) -> None:
        """Raises InvalidValue where the last layer does not give so many numbers. why: ends the sentence"""
        found = y.size // y.shape[0]
        if found != wanted:
            place = ("options", option, len(getattr(self.options, option)) - 1)
            raise InvalidValue(place, f"the last layer gives {found} numbers, but {why}.")

    @staticmethod
    def _placed(error: InvalidValue, option: str) -> InvalidValue:
        if error.path[:1] != ("model",):
            return error
        return InvalidValue(("options", option, *error.path[1:]), error.message, at_key=error.at_key)

    @staticmethod
    def require_no_looking_ahead(program: Sequence[Any]) -> None:
        """Raises InvalidValue where an optimizer moves the parameters before the loss is computed."""
        if any(getattr(each, "phase", 0) == AHEAD for each in program):
            problem = "looks ahead before each step: `nesterov: change_of_variables` is the same without that."
            raise InvalidValue(("optimizer",), problem)

    def kept(self, found: Mapping[str, Tensor]) -> list[Tensor]:
        """The end of a measuring program: these tensors are kept, under their names."""
        return [assign(each, self.measured.member(name, each.shape)) for name, each in found.items()]

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The metrics from what was kept, in float64; of them those that are watched are told."""
        return {name: float(each[0]) for name, each in kept.items() if each.size == 1}

    def prepare(self) -> None:
        """Take the memory, and draw the first weights of all networks."""
        super().prepare()
        for network in self.networks.values():
            self.begin(network, self.folder)

    def greeting(self) -> str | None:
        return "; ".join(told for network in self.networks.values() for told in network.told) or None

    def measured_stretch(self) -> tuple[int, int]:
        return self.layout.stretch(self.measured)

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        begin, _ = self.measured_stretch()
        places = {name: begin - first + each.offset for name, each in self.measured.members.items()}
        found = self.told(
            {
                name: numbers[place : place + self.measured.members[name].size].astype(np.float64)
                for name, place in places.items()
            }
        )
        return {name: found[name] for name in self.metrics}

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers({name: each for net in self.networks.values() for name, each in net.kept.items()})
