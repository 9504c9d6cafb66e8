"""What a treatment is: one change of a scenario, and what was wrong if it helps.

A file in `lab.diagnosis.treatments` for each kind of fault; each gives the changes that make sense for a scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lab.diagnosis.case import Case
from lab.discovery import modules_of


@dataclass(frozen=True)
class Treatment:
    """One change.

    name:    of the variant in which it is tried
    says:    what is changed, in words
    fault:   what was wrong if it helps, as a sentence without its full stop
    set:     the change: values by dotted path, as in a variant
    lessons: built-in scenarios that show this fault
    steps:   how many times as many training steps it takes
    kind:    which function gave it;  order: see `treatments`, where it is another one in this case
    """

    name: str
    says: str
    fault: str
    set: dict[str, Any] = field(hash=False)
    lessons: tuple[str, ...] = ()
    steps: int = 1
    kind: str = ""
    order: int | None = None


Kind = Callable[[Case], Iterable[Treatment]]
TREATMENTS: dict[str, tuple[int, Kind]] = {}


def treatments(name: str, order: int) -> Callable[[Kind], Kind]:
    """Register what gives the treatments of one kind of fault.

    order: of several that help about equally, that of the lowest order is said to be what was wrong: the smaller
           change, and the one that leaves the least other explanation
    """

    def register(kind: Kind) -> Kind:
        TREATMENTS[name] = order, kind
        return kind

    return register


def all_treatments(case: Case) -> list[Treatment]:
    """Every treatment that makes sense for a case, in their order."""
    modules_of("lab.diagnosis.treatments")
    kinds = sorted(TREATMENTS.items(), key=lambda item: item[1][0])
    return [
        replace(each, kind=name, order=order if each.order is None else each.order)
        for name, (order, kind) in kinds
        for each in kind(case)
    ]


def merged(changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Changes in their order; a path that is changed again is changed last."""
    made: dict[str, Any] = {}
    for each in changes:
        for path, value in each.items():
            made.pop(path, None)
            made[path] = value
    return made
