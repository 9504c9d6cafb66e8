"""What all methods on a grid have in common: the world as tensors, its exact values, what is measured and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kernels.dynamic_programming import action_values
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, data, scope
from lab.graph import functions as f
from lab.graph.tensor import Call, call
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.worlds.exact import Model
from lab.tasks.worlds.pictures import WorldPictures


class WorldExperiment(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`. A method builds its programs in `build_programs`.

    world:  the map;  options: those of the task
    stored: what the method keeps from step to step
    """

    real_name = "float64"
    measured: tuple[str, ...] = ()
    """The metrics that a method has."""

    def __init__(self, scenario: Scenario, seed: int, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        if scenario.data is not None or scenario.model:
            raise InvalidValue(("data" if scenario.data is not None else "model",), "is not used by this task.")
        self.options, self.world = options, options.world
        self.metrics = tuple(name for name in scenario.watch if name in self.measured)
        self.stored = Storage("states")
        self._following, self._kinds = data(self.world.following, "following"), data(self.world.kinds, "kinds")
        self._rewards = self.stored.member("rewards", (1 + len(self.world.letters),))
        self._exact: dict[str, Any] = {}
        with scope(options.method):
            self.lay_out(self.build_programs())
        self.shown = WorldPictures(self.world)

    def build_programs(self) -> dict[str, list[Tensor | Call]]:
        """The programs `step` and `measure`."""
        raise NotImplementedError

    def setting(self, name: str) -> Tensor:
        """A number of the options that may be changed while this runs, [1]."""
        return self.adjustable.number(f"options.{name}", self.options, name)

    def reward_rows(self) -> list[Tensor | Call]:
        """Calls that bring the rewards up to date: that of a step, and with each letter's own in addition."""
        step = self.setting("step_reward")
        made = [assign(f.identity(step), self._reward(0))]
        for number, letter in enumerate(self.world.letters, 1):
            own = self.adjustable.number(f"options.cells.{letter}.reward", self.options.cells[letter], "reward")
            made.append(assign(f.add(step, own), self._reward(number)))
        return list(made)

    def _reward(self, number: int) -> Tensor:
        return Tensor((1,), f"reward {number}", base=self._rewards, offset=number)

    def backed_up(self, values: Tensor) -> Tensor:
        """What each action is worth if states are worth `values`: [states, 4]."""
        gamma = self.setting("gamma")
        numbers = self.setting("slip"), f.negate(gamma) if self.options.backup_sign == "minus" else gamma
        shapes = [(self.world.count, 4)]
        return call(action_values, values, self._following, self._kinds, self._rewards, *numbers, shapes=shapes).result

    @property
    def lived_in(self) -> tuple[Tensor, ...]:
        """What kernels that live through episodes need of the world, in the order of their declarations."""
        starts = data(self.world.starts, "starts")
        named = (self.setting(name) for name in ("slip", "noise", "gamma"))
        return (self._following, self._kinds, self._rewards, starts, *named)

    # What is so, exactly

    def number(self, name: str) -> float:
        """A number of the options as it is now."""
        return self.settings().get(f"options.{name}", float(getattr(self.options, name)))

    def rewards(self) -> np.ndarray:
        """The rewards by their numbers, as they are now."""
        now, step = self.settings(), self.number("step_reward")
        own = [now.get(f"options.cells.{each}.reward", self.options.cells[each].reward) for each in self.world.letters]
        return step + np.array([0.0, *own])

    def model(self) -> Model:
        """The world with the numbers that it has now."""
        key = (*self.rewards().tolist(), self.number("slip"), self.number("gamma"))
        if self._exact.get("key") != key:
            made = Model.of(self.world, self.rewards(), self.number("slip"), self.number("gamma"))
            self._exact = {"key": key, "model": made}
        model: Model = self._exact["model"]
        return model

    def best_values(self) -> np.ndarray:
        """The values of the best policy, [states]."""
        model = self.model()
        if "best" not in self._exact:
            self._exact["best"] = model.best_values()
        values: np.ndarray = self._exact["best"]
        return values

    def at_start(self, values: np.ndarray) -> float:
        """The mean over the states at S."""
        return float(values[self.world.origin].mean())

    # Measuring

    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        values = self.found()
        return {name: float(values[name]) for name in self.metrics if name in values}

    def found(self) -> Mapping[str, float]:
        """All that can be measured now, by name; what there is nothing to say of is left out."""
        raise NotImplementedError

    def pictures(self) -> list[Picture]:
        raise NotImplementedError
