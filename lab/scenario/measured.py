"""Numbers that a lesson states about its own run.

Each has a name, an expression in the language of claims, and the range in which it lies on nine of ten seeds, which
`lab verify` checks. A text quotes it as `{name}`: filled in with the number of the run that the reader has before him,
and with the range where there is no such run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, WithJsonSchema, model_validator

from lab.errors import InvalidValue, nearest
from lab.scenario.grammar import InvalidExpression
from lab.validation import Real, Settings

if TYPE_CHECKING:
    from lab.scenario.expression import Expression
    from lab.scenario.expression_nodes import Lookup

Values = Mapping[str, Sequence[float]]
"""What was measured, by name: one number for each seed of a run."""

_QUOTED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RANGE = WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})


class Measured(Settings):
    """A number that the lesson states about its run."""

    value: str = Field(
        min_length=1,
        description="The number as an expression over measured curves, such as "
        "`steps_to(sgd.loss, 0.1) / steps_to(momentum.loss, 0.1)`.",
    )
    between: Annotated[list[Real], _RANGE] = Field(
        min_length=2, max_length=2, description="The lowest and the highest that it may be, on nine of ten seeds."
    )

    @model_validator(mode="after")
    def _range_has_a_middle(self) -> Measured:
        low, high = self.between
        if not low <= high:
            raise ValueError(f"the lowest, {low:g}, is above the highest, {high:g}.")
        return self

    @cached_property
    def expression(self) -> Expression:
        """`value`, parsed. Raises InvalidExpression if it does not parse or is no number."""
        from lab.scenario.expression import parse

        expression = parse(self.value)
        if expression.kind != "number":
            raise InvalidExpression("this holds or does not hold; what is measured is a number", 0, self.value)
        return expression

    @property
    def within(self) -> str:
        """The same as a claim: the number lies in its range."""
        low, high = self.between
        return f"{low!r} <= ({self.value}) <= {high!r}"


def values(measured: Mapping[str, Measured], lookups: Iterable[Lookup]) -> dict[str, list[float]]:
    """The numbers of a run by name, one for each lookup: a lookup gives the curves of one seed."""
    seeds = list(lookups)
    return {name: [float(each.expression.evaluate(lookup)) for lookup in seeds] for name, each in measured.items()}


def filled(text: str, measured: Mapping[str, Measured], found: Values | None = None) -> str:
    """A text with each `{name}` replaced: by what was found, or by the range where nothing was.

    >>> quantity = Measured(value="last(base.loss)", between=[2, 3])
    >>> filled("{ratio} times", {"ratio": quantity}), filled("{ratio} times", {"ratio": quantity}, {"ratio": [2.41]})
    ('2 to 3 times', '2.4 times')
    """

    def told(match: re.Match[str]) -> str:
        each = measured.get(match[1])
        if each is None:
            return match[0]
        numbers = [number for number in (found or {}).get(match[1], ()) if math.isfinite(number)]
        low, high = (min(numbers), max(numbers)) if numbers else each.between
        least, most = spoken(low), spoken(high)
        return least if least == most else f"{least} to {most}"

    return _QUOTED.sub(told, text)


def refuse_unknown(text: str, measured: Mapping[str, Measured], *path: str) -> None:
    """Raises InvalidValue for a `{name}` in the text at `path` that nobody measures."""
    for match in _QUOTED.finditer(text):
        if match[1] not in measured:
            hint = nearest(match[1], measured) if measured else "the scenario has no `measured:`"
            raise InvalidValue(path, f"{match[0]} quotes something that is not measured: {hint}.")


def spoken(number: float) -> str:
    """A number as a sentence has it: whole ones exactly, others with two digits that count.

    >>> spoken(2000.0), spoken(0.03456), spoken(12.6), spoken(1234.5)
    ('2,000', '0.035', '13', '1,200')
    """
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    if number != round(number):
        number = round(number, 1 - math.floor(math.log10(abs(number))))
    if abs(number) < 1e-4 or abs(number) >= 1e9:
        return f"{number:.2g}"
    decimals = 0 if number == round(number) else 1 - math.floor(math.log10(abs(number)))
    text = f"{number:,.{max(0, decimals)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
