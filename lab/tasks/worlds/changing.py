"""A world that changes while a method learns: from some episode on, cells have other rewards."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lab.errors import InvalidValue
from lab.scenario import Scenario
from lab.tasks.task import Measurements
from lab.tasks.worlds.gridworld import LARGEST_REWARD
from lab.tasks.worlds.learning import Learning
from lab.validation import Real, Settings, Whole


class Change(Settings):
    """What becomes of the world, and when."""

    after: Whole = Field(ge=1, le=10**9, description="So many episodes are lived through in the world as it was.")
    rewards: dict[str, Real] = Field(
        min_length=1, description="The rewards of cells from then on, by letter, such as `{G: -1}`."
    )


class ChangingWorld(Learning):
    """See `Learning`. What is exact is so of the world as it is at the moment."""

    def __init__(self, scenario: Scenario, seed: int, options: Any) -> None:
        super().__init__(scenario, seed, options)
        for letter, reward in options.change.rewards.items():
            place = ("options", "change", "rewards", letter)
            if letter not in self.world.letters:
                known = ", ".join(self.world.letters) or "none"
                raise InvalidValue(place, f"there is no cell {letter} on the map; there are: {known}.", at_key=True)
            if abs(reward) > LARGEST_REWARD:
                raise InvalidValue(place, f"is {reward}: it may be {LARGEST_REWARD:,.0f} at most, whatever its sign.")

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        """Live through episodes; between two of them the world changes."""
        before = self.options.change.after - self.step
        if not 0 < before <= steps:
            return super().advance(steps, measure_every)
        measured = super().advance(before, measure_every)
        if self.step == self.options.change.after:
            for letter, reward in self.options.change.rewards.items():
                self.change(f"options.cells.{letter}.reward", reward)
        return measured + super().advance(steps - before, measure_every)
