"""The parts of a parsed expression. Each knows its kind, what it is worth, and where it stands in the text.

A truth has three values: it holds, it does not, or it cannot be told (None) because a number in it is NaN.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

from lab.scenario import curves

Kind = Literal["number", "truth", "curve"]
Lookup = Callable[[str, str, str | None], tuple[Any, Any]]
"""(variant, metric, layer or None) to (steps, values) of that curve: arrays or lists, empty if never measured."""


@dataclass(frozen=True)
class Scope:
    """What a node needs to know its worth. given: values that replace the measured ones, by the start of their call."""

    lookup: Lookup
    given: Mapping[int, float]


@dataclass(frozen=True)
class Node:
    """Base of all nodes: the characters from `start` up to but not including `end` of the text."""

    start: int
    end: int
    kind: ClassVar[Kind] = "number"

    def parts(self) -> Sequence[Node]:
        """The nodes directly inside."""
        return ()

    def walk(self) -> Iterator[Node]:
        """This node and all inside, from left to right."""
        yield self
        for part in self.parts():
            yield from part.walk()

    def number(self, scope: Scope) -> float:
        """The worth of a node of kind number."""
        raise TypeError(f"{type(self).__name__} is not a number")

    def truth(self, scope: Scope) -> bool | None:
        """The worth of a node of kind truth."""
        raise TypeError(f"{type(self).__name__} is not a truth")


@dataclass(frozen=True)
class Number(Node):
    """A number that stands in the text."""

    value: float

    def number(self, scope: Scope) -> float:
        return self.value


@dataclass(frozen=True)
class Curve(Node):
    """`variant.metric` or `variant.metric.layer`; a layer inside a block has further dots in its name."""

    kind: ClassVar[Kind] = "curve"
    variant: str
    metric: str
    layer: str | None

    @property
    def full_metric(self) -> str:
        """The metric's name as it is measured, `metric` or `metric.layer`."""
        return self.metric if self.layer is None else f"{self.metric}.{self.layer}"

    @property
    def name(self) -> str:
        return f"{self.variant}.{self.full_metric}"

    def points(self, scope: Scope) -> curves.Points:
        return curves.points(*scope.lookup(self.variant, self.metric, self.layer))


@dataclass(frozen=True)
class CurveCall(Node):
    """A number taken from a curve, such as `last(good.loss)` or `at(good.loss, 100)`."""

    function: str
    curve: Curve
    arguments: tuple[Node, ...]

    def parts(self) -> Sequence[Node]:
        return (self.curve, *self.arguments)

    def number(self, scope: Scope) -> float:
        if self.start in scope.given:
            return scope.given[self.start]
        return self.measured(scope)

    def measured(self, scope: Scope) -> float:
        numbers = [argument.number(scope) for argument in self.arguments]
        return curves.FUNCTIONS[self.function].compute(self.curve.points(scope), *numbers)


@dataclass(frozen=True)
class NumberCall(Node):
    """A function of numbers, such as `abs(x)` or `min(a, b)`."""

    function: str
    arguments: tuple[Node, ...]

    def parts(self) -> Sequence[Node]:
        return self.arguments

    def number(self, scope: Scope) -> float:
        return NUMBER_FUNCTIONS[self.function](*(argument.number(scope) for argument in self.arguments))


@dataclass(frozen=True)
class Sign(Node):
    """`-x`, or `+x`, which is x."""

    negative: bool
    operand: Node

    def parts(self) -> Sequence[Node]:
        return (self.operand,)

    def number(self, scope: Scope) -> float:
        value = self.operand.number(scope)
        return -value if self.negative else value


@dataclass(frozen=True)
class Chain(Node):
    """Numbers joined by operators of equal rank, worked out from left to right."""

    operands: tuple[Node, ...]
    operators: tuple[str, ...]

    def parts(self) -> Sequence[Node]:
        return self.operands

    def number(self, scope: Scope) -> float:
        value = self.operands[0].number(scope)
        for sign, operand in zip(self.operators, self.operands[1:], strict=True):
            value = ARITHMETIC[sign](value, operand.number(scope))
        return value


@dataclass(frozen=True)
class Comparison(Node):
    """`a < b`, or a chain such as `0.9 < a < 1.1`, which holds when every link does."""

    kind: ClassVar[Kind] = "truth"
    operands: tuple[Node, ...]
    operators: tuple[str, ...]

    def parts(self) -> Sequence[Node]:
        return self.operands

    def truth(self, scope: Scope) -> bool | None:
        values = [operand.number(scope) for operand in self.operands]
        if any(math.isnan(value) for value in values):
            return None
        links = zip(self.operators, pairwise(values), strict=True)
        return all(COMPARISONS[sign](*pair) for sign, pair in links)


@dataclass(frozen=True)
class Logic(Node):
    """Truths joined by `and` or by `or`."""

    kind: ClassVar[Kind] = "truth"
    word: str
    operands: tuple[Node, ...]

    def parts(self) -> Sequence[Node]:
        return self.operands

    def truth(self, scope: Scope) -> bool | None:
        truths = [operand.truth(scope) for operand in self.operands]
        decisive = self.word == "or"  # one that holds decides an `or`, one that does not an `and`
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive


@dataclass(frozen=True)
class Not(Node):
    """`not a`, which cannot be told where `a` cannot."""

    kind: ClassVar[Kind] = "truth"
    operand: Node

    def parts(self) -> Sequence[Node]:
        return (self.operand,)

    def truth(self, scope: Scope) -> bool | None:
        held = self.operand.truth(scope)
        return None if held is None else not held


def _divide(left: float, right: float) -> float:
    """IEEE division: by zero gives an infinity, or NaN for 0 / 0."""
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)


def _power(base: float, exponent: float) -> float:
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.nan if isinstance(value, complex) else value


def _quiet(function: Callable[[float], float], beyond: float) -> Callable[[float], float]:
    """A function of `math` that gives NaN outside of its domain, and `beyond` where the result is too large."""

    def compute(value: float) -> float:
        try:
            return function(value)
        except ValueError:
            return math.nan
        except OverflowError:
            return beyond

    return compute


def _log(value: float) -> float:
    return -math.inf if value == 0 else _quiet(math.log, math.inf)(value)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "**": _power,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
NUMBER_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "exp": _quiet(math.exp, math.inf),
    "log": _log,
    "max": lambda *values: curves.extreme(max, values),
    "min": lambda *values: curves.extreme(min, values),
    "sqrt": _quiet(math.sqrt, math.inf),
}
"""Functions of numbers. `min` and `max` take two or more, the others one; `min` and `max` of one curve are its own."""
