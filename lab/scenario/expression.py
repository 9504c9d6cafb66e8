"""The claim language: `last(hot.dead_relu) > last(good.dead_relu) + 0.2`.

Its grammar is that of Python's expressions (`lab.scenario.grammar`): numbers, `+ - * / **`, comparisons and their
chains, `and or not`, functions, and curves as `variant.metric` or `variant.metric.layer`. Nothing is ever handed to
Python's `eval`. What is a number, a curve and a truth is known when the text is parsed, so that a claim which parses
can be judged.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from lab.errors import nearest
from lab.scenario.expression_nodes import Comparison, Curve, CurveCall, Kind, Lookup, Node, Scope
from lab.scenario.grammar import InvalidExpression


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    text: str
    root: Node

    @property
    def kind(self) -> Kind:
        """`truth` if it holds or does not, `number` if it has a value."""
        return self.root.kind

    def names(self) -> tuple[Curve, ...]:
        """The curves that are used, in the order of the text, each with `variant`, `metric` and `layer`."""
        return tuple(node for node in self.root.walk() if isinstance(node, Curve))

    def evaluate(self, lookup: Lookup) -> float | bool:
        """Return its worth. A truth that cannot be told, because a number in it is NaN, does not hold."""
        scope = Scope(lookup, {})
        return self.root.truth(scope) is True if self.kind == "truth" else self.root.number(scope)

    def evidence(self, lookup: Lookup) -> str:
        """The expression with the measured numbers put in, such as `0.6211 > 0.04 + 0.2`.

        The numbers are rounded, but never so far that what is written would be judged otherwise than what was measured,
        and not so far that a difference of two of them, of which there is something to be seen in nine digits, is lost:
        `abs(0.162901 - 0.162907) < 0.001`, not `abs(0.1629 - 0.1629) < 0.001`.
        """
        scope = Scope(lookup, {})
        calls = tuple(_outermost_calls(self.root))
        measured = {call.start: call.measured(scope) for call in calls}
        for digits in (4, 6, 9, 17):
            texts = {start: written(value, digits) for start, value in measured.items()}
            rounded = Scope(lookup, {start: float(text) for start, text in texts.items()})
            same = self.kind != "truth" or self.root.truth(rounded) is self.root.truth(scope)
            if same and (digits >= _MOST_DIGITS or _sides_are_kept(self.root, rounded, scope)):
                break
        told = [
            _note(call, measured[call.start], scope) or _counted(call, texts[call.start], self.text) for call in calls
        ]
        notes = dict.fromkeys(note for note in told if note)
        return self._with(calls, texts) + (f" ({'; '.join(notes)})" if notes else "")

    def check_variants(self, known: Iterable[str]) -> None:
        """Raises InvalidExpression if a variant is used that does not exist."""
        names = tuple(known)
        for curve in self.names():
            if curve.variant not in names:
                raise InvalidExpression(
                    f"there is no variant {curve.variant!r}: {nearest(curve.variant, names)}", curve.start, self.text
                )

    def check_metrics(self, known: Collection[str] | Mapping[str, Collection[str]]) -> None:
        """Raises InvalidExpression if a metric is used that is not measured.

        known: the full names of what each variant measures, such as `grad_norm.dense1` for one layer; or, where the
               layers are not known yet, the names of all metrics, and then any layer will do
        """
        for curve in self.names():
            if isinstance(known, Mapping):
                names = known.get(curve.variant, ())
                if curve.full_metric not in names:
                    raise self._unknown_metric(curve, names)
            elif curve.metric not in known and curve.full_metric not in known:
                raise self._unknown_metric(curve, known)

    def _unknown_metric(self, curve: Curve, names: Collection[str]) -> InvalidExpression:
        layers = [name.partition(".")[2] for name in names if name.startswith(f"{curve.metric}.")]
        if curve.layer is not None and layers:
            problem = f"{curve.metric} is not measured for a layer {curve.layer!r}: {nearest(curve.layer, layers)}"
        elif curve.layer is not None and curve.metric in names:
            problem = f"{curve.metric} is not measured per layer"
        elif layers:
            problem = f"{curve.metric} is measured per layer: add one of {', '.join(sorted(layers))}"
        else:
            overall = {name.partition(".")[0] for name in names}
            problem = f"there is no metric {curve.metric!r} here: {nearest(curve.metric, overall)}"
            if curve.metric.startswith("val_") and not any(name.startswith("val_") for name in overall):
                problem = (
                    f"{curve.metric} is not measured here: it must be watched, `watch: [{curve.metric}]`, and examples "
                    "must be held back, `validation: 0.2` in `data`"
                )
        return InvalidExpression(problem, curve.start + len(curve.variant) + 1, self.text)

    def _with(self, calls: Iterable[CurveCall], texts: Mapping[int, str]) -> str:
        """The text with each of the calls replaced."""
        pieces, position = [], 0
        for call in calls:
            before = self.text[position : call.start]
            number = texts[call.start]
            # `0.5 - -0.3` and `--0.3` are hard to read.
            pieces += [before, f"({number})" if number.startswith("-") and before.rstrip().endswith(_SIGNS) else number]
            position = call.end
        return " ".join("".join([*pieces, self.text[position:]]).split())


_SIGNS = ("+", "-", "*", "/")
_MOST_DIGITS = 9
_NEAR = 0.1
"""By what share of itself a side of a comparison may change when the numbers in it are rounded."""


def _sides_are_kept(root: Node, rounded: Scope, scope: Scope) -> bool:
    """Whether what is compared stays about what it is when the numbers in it are rounded."""
    sides = [side for node in root.walk() if isinstance(node, Comparison) for side in node.operands]
    pairs = ((side.number(rounded), side.number(scope)) for side in sides)
    return all(not math.isfinite(exact) or abs(about - exact) <= _NEAR * abs(exact) for about, exact in pairs)


def parse(text: str) -> Expression:
    """Parses an expression. Raises InvalidExpression with the place where it goes wrong."""
    from lab.scenario.expression_reader import Reader

    return Expression(text, Reader(text).read())


def parse_claim(text: str) -> Expression:
    """Parses an expression that holds or does not. Raises InvalidExpression also for a mere number."""
    expression = parse(text)
    if expression.kind != "truth":
        raise InvalidExpression("a claim must compare something, as in `last(good.loss) < 0.1`", 0, text)
    return expression


def written(value: float, digits: int = 4) -> str:
    """A measured number for reading: whole numbers exactly, others with so many significant digits.

    >>> written(2000.0), written(0.123456), written(12345.67), written(float("inf"))
    ('2000', '0.1235', '12346', 'inf')
    """
    if not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if 10**digits <= abs(value) < 1e9:
        return f"{value:.0f}"
    return f"{value:.{digits}g}"


def _outermost_calls(node: Node) -> Iterable[CurveCall]:
    if isinstance(node, CurveCall):
        yield node
    else:
        for part in node.parts():
            yield from _outermost_calls(part)


def _counted(call: CurveCall, text: str, whole: str) -> str | None:
    """What a number is that must be equal to another: `5 == 5` alone would tell nothing."""
    name = call.curve.name
    if call.curve.metric == "diverged":
        return f"{call.curve.variant} {'diverged' if text == '1' else 'did not diverge'}"
    return f"{name} is {text}" if "==" in whole else None


def _note(call: CurveCall, value: float, scope: Scope) -> str | None:
    """What should be said about a number that is none."""
    name = call.curve.name
    if math.isnan(value):
        curve = call.curve.points(scope)
        if not curve.values:
            return f"{name} was never measured, so that this cannot hold"
        if call.function == "at" and call.arguments[0].number(scope) > curve.steps[-1]:
            return f"{name} was last measured at step {curve.steps[-1]:.0f}, so that this cannot hold"
        return f"{call.function} of {name} is not a number, so that this cannot hold"
    if math.isinf(value) and call.function == "steps_to":
        return f"{name} never gets to {written(call.arguments[0].number(scope))}"
    return None
