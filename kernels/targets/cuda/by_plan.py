"""What a GPU's launches have found out about plans, which is found out once and forgotten with the plan."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from kernels.plan import Plan

T = TypeVar("T")


class ByPlan(Generic[T]):
    """Something for each plan, as long as the plan is there: a search makes new plans for each of its trials.

    Plans are told apart by identity, since comparing their rows would take longer than what is saved.
    """

    def __init__(self) -> None:
        self._found: dict[int, tuple[weakref.ref[Plan], T]] = {}

    def get(self, plan: Plan, find: Callable[[Plan], T]) -> T:
        """Return what is known of a plan, which `find` finds out the first time."""
        known = self._found.get(id(plan))
        if known is None or known[0]() is not plan:
            forget = self._found.pop
            number, made = id(plan), find(plan)
            known = self._found[number] = (weakref.ref(plan, lambda _: forget(number, None)), made)
        return known[1]

    def __len__(self) -> int:
        """How many plans something is known of."""
        return len(self._found)
