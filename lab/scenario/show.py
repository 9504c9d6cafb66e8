"""What a scenario says of its own picture: what decides it, what is put side by side, which axes, at which pace.

Everything can be left out: the screens then choose by the scenario's claims and metrics.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from lab.errors import InvalidValue
from lab.validation import NUMBER, Settings, Whole

ACROSS_LAYERS = " across layers"
"""Behind a metric's name: its latest values from the first layer to the last, not its course over the steps."""
AT_THE_START = f"{ACROSS_LAYERS} at the start"
"""The same of what was measured first."""
MOST_BESIDE = 12
"""So many variants side by side can still be told apart."""

_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def _listed(value: Any) -> Any:
    """A name alone is a list of one."""
    return [value] if isinstance(value, str) else value


def _grouped(value: Any) -> Any:
    """A list of names alone is the only group."""
    return [value] if isinstance(value, list) and value and all(isinstance(each, str) for each in value) else value


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[
    list[Name],
    Field(max_length=20),
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, _LIST]}),
]
Finite = Annotated[float, Field(allow_inf_nan=False), NUMBER]


class Axes(Settings):
    """How the axes of one metric's plot are divided; what is not given is chosen by what was measured."""

    x: Literal["linear", "log"] | None = Field(default=None, description="The axis of the steps.")
    y: Literal["linear", "log"] | None = Field(default=None, description="The axis of the values.")
    range: tuple[Finite, Finite] | None = Field(
        default=None,
        description="The lowest and the highest value that the plot shows, such as `[0.8, 1]`, where what decides is "
        "small beside the whole; curves outside leave the plot at its edge.",
    )

    @field_validator("range")
    @classmethod
    def _rising(cls, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        if ends is not None and not ends[0] < ends[1]:
            raise ValueError(f"the lowest value comes first, and {ends[0]:g} is not below {ends[1]:g}.")
        return ends

    @model_validator(mode="after")
    def _above_zero(self) -> Axes:
        if self.y == "log" and self.range is not None and self.range[0] <= 0:
            raise ValueError(f"a logarithmic axis cannot begin at {self.range[0]:g}: let `range` begin above 0.")
        return self


class Show(Settings):
    """How the run is shown. Metrics are called as in `watch`, pictures as in `options.pictures`."""

    first: Names = Field(
        default_factory=list,
        description="What decides the lesson, first and large: a metric or a picture, or several in order. "
        "`activation_std across layers` is one plot from the first layer to the last; "
        "`activation_std across layers at the start` shows what was measured before the first step.",
    )
    variants: Annotated[
        Whole | list[Name] | None,
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_BESIDE}, _LIST]}),
    ] = Field(
        default=None,
        description="Of how many variants pictures stand side by side, on one scale, or of which, those that matter "
        "most first: `3`, `[good, hot]`.",
    )
    axes: dict[str, Axes] = Field(
        default_factory=dict, description="Per metric linear or logarithmic axes, such as `{loss: {x: log, y: log}}`."
    )
    points: Names = Field(
        default_factory=list,
        examples=[["loss"]],
        description="Metrics and pictures that are drawn as points, not joined by lines.",
    )
    slow_until: Whole | None = Field(
        default=None, ge=1, description="The first run goes slowly up to this step, because things happen early."
    )
    notice: Names | None = Field(
        default=None,
        examples=[["plateau", "dead_units"]],
        description="Of which kinds the sentences are that a run says when something happens; all of them.",
    )
    together: Annotated[
        list[list[Name]],
        BeforeValidator(_grouped),
        WithJsonSchema({"anyOf": [_LIST, {"type": "array", "items": _LIST}]}),
    ] = Field(
        default_factory=list,
        max_length=20,
        description="Metrics whose curves belong in one plot, `[loss, val_loss]`, or several such lists.",
    )

    @field_validator("variants")
    @classmethod
    def _so_many(cls, variants: int | list[str] | None) -> int | list[str] | None:
        number = len(variants) if isinstance(variants, list) else variants
        if number is not None and not 1 <= number <= MOST_BESIDE:
            problem = f"from 1 to {MOST_BESIDE} variants can be seen side by side, not {number}."
            raise InvalidValue(("show", "variants"), problem)
        return variants

    @field_validator("together")
    @classmethod
    def _several_each(cls, groups: list[list[str]]) -> list[list[str]]:
        for number, group in enumerate(groups):
            if len(group) < 2:
                problem = "name at least two metrics whose curves belong in one plot, such as [loss, val_loss]."
                raise InvalidValue(("show", "together", number), problem)
        return groups
