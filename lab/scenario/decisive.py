"""What decides a lesson: the metrics and the variants of which its claims speak, and what it says of that itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from lab.scenario.expression_nodes import Comparison, Curve, CurveCall, Node
from lab.scenario.model import Scenario

_OF_VALIDATION = "val_"
_STEPS = "steps_to"  # the step at which a curve gets somewhere, and no value of its own
_NO_CURVE = "diverged"  # 0 or 1: the cross on every other curve says the same


@dataclass(frozen=True)
class Decisive:
    """What a viewer should show of a run, the most important first.

    first:    metrics and pictures as the scenario's `show` names them; empty if it names none
    metrics:  all watched metrics, those of the first claims first
    layered:  those of which the claims speak layer by layer only
    variants: all variants, or those that the scenario chose; those of the first claims first
    most:     of how many variants pictures stand side by side; None: of as many as there is room for
    together: metrics whose curves belong in one plot
    """

    first: tuple[str, ...]
    metrics: tuple[str, ...]
    layered: frozenset[str]
    variants: tuple[str, ...]
    most: int | None
    together: tuple[tuple[str, ...], ...]


def decisive(scenario: Scenario) -> Decisive:
    """What the scenario says in `show`, and for all that it leaves out what its claims say."""
    show = scenario.show
    curves = [each for claim in scenario.claims for each in claim.expression.names() if each.metric != _NO_CURVE]
    whole = {each.metric for each in curves if each.layer is None}
    own = [each for each in curves if each.metric in scenario.watch]
    chosen = show.variants if isinstance(show.variants, list) else None
    return Decisive(
        first=tuple(show.first),
        metrics=_each_once(each.metric for each in own)
        + tuple(each for each in scenario.watch if all(each != curve.metric for curve in own)),
        layered=frozenset(each.metric for each in own) - whole,
        variants=tuple(chosen) if chosen else _each_once((*(each.variant for each in curves), *scenario.variants)),
        most=show.variants if isinstance(show.variants, int) else None,
        together=_groups(scenario),
    )


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _groups(scenario: Scenario) -> tuple[tuple[str, ...], ...]:
    """As `show` says; then training beside validation where a claim speaks of both; then what a claim compares within
    one variant. No metric is in two of them."""
    wanted: list[tuple[str, ...]] = [tuple(each) for each in scenario.show.together]
    for claim in scenario.claims:
        spoken_of = {each.metric for each in claim.expression.names()}
        pairs = [(each, f"{_OF_VALIDATION}{each}") for each in scenario.watch]
        wanted += [pair for pair in pairs if spoken_of.issuperset(pair)]
    for claim in scenario.claims:
        wanted += [pair for node in claim.expression.root.walk() for pair in _compared(node)]
    found: list[tuple[str, ...]] = []
    for group in wanted:
        known = all(each.partition(".")[0] in scenario.watch for each in group)
        if known and not any(each in other for each in group for other in found):
            found.append(group)
    return tuple(found)


def _compared(node: Node) -> list[tuple[str, str]]:
    """The pairs of different metrics of one variant that stand alone on both sides of a comparison of values."""
    if not isinstance(node, Comparison):
        return []
    if any(isinstance(each, CurveCall) and each.function == _STEPS for each in node.walk()):
        return []
    sides = [[each for each in side.walk() if isinstance(each, Curve)] for side in node.operands]
    return [
        (left[0].metric, right[0].metric)
        for left, right in pairwise(sides)
        if len(left) == len(right) == 1
        and left[0].variant == right[0].variant
        and left[0].metric != right[0].metric
        and left[0].layer is right[0].layer is None
    ]
