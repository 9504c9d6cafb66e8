"""A state of an experiment brings all of it back."""

from __future__ import annotations

from lab.tasks import Experiment


def require_same_after_restoring(made: Experiment) -> None:
    """After going back to an earlier state, the same steps lead to the same numbers."""
    made.advance(10)
    state = made.state()
    made.advance(10)
    later = made.measure()
    made.restore(state)
    made.advance(10)
    assert made.measure() == later
