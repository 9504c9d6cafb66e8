"""The states that a replica can go back to, in bounded memory."""

from __future__ import annotations

import numpy as np

State = dict[str, np.ndarray]
"""What `Experiment.state` gives: all that is needed to go on from a step to the same bits."""

MOST = 24
MOST_BYTES = 32 * 1024**2


class Checkpoints:
    """Saved states of one replica by step: the first, the latest, and between them as many as memory allows."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}

    def keep(self, step: int, state: State) -> None:
        """Keep a state; thins out the older ones where they stand closest."""
        # Readers in other threads see the old states or the new ones, never something between.
        states = {**self._states, step: state}
        size = sum(each.nbytes for each in state.values())
        allowed = max(2, min(MOST, MOST_BYTES // max(size, 1)))
        while len(states) > allowed:
            steps = sorted(states)
            gaps = {steps[i]: steps[i + 1] - steps[i - 1] for i in range(1, len(steps) - 1)}
            del states[min(gaps, key=lambda each: (gaps[each], each))]
        self._states = states

    def at_or_before(self, step: int) -> tuple[int, State]:
        """The latest saved state that is not after a step. Raises KeyError."""
        states = self._states
        candidates = [each for each in states if each <= step]
        if not candidates:
            raise KeyError(step)
        return max(candidates), states[max(candidates)]

    def forget_after(self, step: int) -> None:
        """Drop the states after a step, when the replica has gone back to it."""
        self._states = {each: state for each, state in self._states.items() if each <= step}

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(sorted(self._states))
