"""`task: descend`: a point walks down a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from lab.errors import InvalidValue
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.descent.descent import METRICS, Descent
from lab.tasks.descent.landscapes import Landscape, landscape
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

LARGEST = 1_000_000


class Scattered(Settings):
    """Random places to start at: `{normal: 1}` around 0, or `{uniform: [-3, 3]}` in every coordinate."""

    normal: Real | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False, description="Standard deviation.")
    uniform: tuple[Real, Real] | None = Field(default=None, description="Lowest and highest value.")
    plus: list[Real] | None = Field(default=None, description="A point that is added.")
    turn: Real | None = Field(
        default=None,
        allow_inf_nan=False,
        description="Degrees by which the places are then turned around 0, in the plane of first and last coordinate: "
        "with as much `rotation` of a quadratic, the same places as seen from its axes.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Scattered:
        if (self.normal is None) == (self.uniform is None):
            raise ValueError("give either `normal` or `uniform`.")
        return self


class Options(Settings):
    """Settings of the task `descend`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    function: Any = Field(description="What to walk down on: a name such as rosenbrock, or a name with settings.")
    start: list[Real] | Scattered = Field(
        default=Scattered(normal=1.0), description="Where: a point, `{normal: 1}` or `{uniform: [-3, 3]}`."
    )
    walkers: Whole = Field(default=1, ge=1, le=10_000, description="How many points walk, each for itself.")
    noise: Real = adjustable(
        0.0, "Standard deviation of normal noise in each component of the gradient, new in each step.", ge=0, le=1e6
    )
    window: tuple[Real, Real, Real, Real] | None = Field(
        default=None, description="What the map shows: left, right, bottom, top."
    )

    @field_validator("function")
    @classmethod
    def _function_is_known(cls, given: Any) -> Landscape:
        return landscape(given, ("function",))

    @model_validator(mode="after")
    def _fits(self) -> Options:
        size = self.function.size
        given = self.start if isinstance(self.start, list) else self.start.plus
        if given is not None and len(given) != size:
            raise InvalidValue(("start",), f"has {len(given)} numbers, but a point of this function has {size}.")
        if self.walkers * size > LARGEST:
            raise InvalidValue(
                ("walkers",), f"{self.walkers:,} points of {size:,} numbers are too many; at most {LARGEST:,} in all."
            )
        return self


@task("descend")
class Descend(Task):
    """A point walks down a named function, moved by any optimizer; computed in float64."""

    Options = Options
    metrics = METRICS
    pictures = {
        "landscape": "the function as a map, or as a curve where it is of one number, and the way of the points on it",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Descent:
        options = self.options(scenario)
        start = options.start
        scattered = {} if isinstance(start, list) else start.model_dump(exclude_none=True)
        return Descent(
            scenario,
            seed,
            options.function,
            start if isinstance(start, list) else scattered,
            options.walkers,
            options,
            options.window,
        )
