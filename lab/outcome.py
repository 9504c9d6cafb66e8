"""How one replica of a run ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one replica ended: `finished`, `diverged`, `interrupted` or `waiting` (never begun)."""

    variant: str
    seed: int
    steps: int
    state: str
    seconds: float
    message: str = ""
