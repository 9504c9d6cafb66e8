"""`train.stop`: a training ends when a metric has stopped getting better, and keeps the weights of its best moment.

Prechelt, "Early stopping - but when?", 1998. What it knows is part of the training's state, so that a training that is
taken up again, or goes back, decides the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from lab.errors import InvalidValue, nearest
from lab.metrics.meaning import Meaning
from lab.scenario.model import Stop

STATE, BEST = "stop", "best: "
State = dict[str, np.ndarray]


class EarlyStopping:
    """Watches one metric of one training.

    stopped: whether it has seen enough
    best_weights: copies of the weights at the best measurement; empty if those of the end are wanted

    metrics:  full names of what is measured
    every:    steps between two measurements
    meanings: what each metric means. One of which neither more nor less is better is to fall, as a gradient's norm does
              where a training comes to its end.
    """

    def __init__(self, options: Stop, metrics: tuple[str, ...], every: int, meanings: Mapping[str, Meaning]) -> None:
        if options.when not in metrics:
            hint = nearest(options.when, metrics) if metrics else "nothing is watched"
            raise InvalidValue(
                ("train", "stop", "when"), f"{options.when} is not measured: add it to `watch`, if it exists; {hint}."
            )
        self._options, self._every = options, every
        self._rises = bool(meanings[options.when.partition(".")[0]].higher_is_better)
        self._sign = -1.0 if self._rises else 1.0
        self._best, self._best_step, self._worse, self._seen = math.nan, -1, 0, -1
        self.stopped = self._told = False
        self.best_weights: dict[str, np.ndarray] = {}

    @property
    def best_step(self) -> int | None:
        """The step whose weights are kept; None: those of the end."""
        return self._best_step if self.best_weights else None

    def see(self, step: int, values: Mapping[str, float], weights: Callable[[], dict[str, np.ndarray]]) -> None:
        """A measurement; those between the regular ones are not looked at, as they depend on who interrupts."""
        if step <= self._seen or step % self._every:
            return
        self._seen = step
        value = values[self._options.when]
        better = math.isfinite(value) and (
            math.isnan(self._best) or self._sign * (self._best - value) > self._options.least
        )
        if better:
            self._best, self._best_step, self._worse = value, step, 0
            if self._options.keep == "best":
                self.best_weights = weights()
        else:
            self._worse += 1
        patience = self._options.patience
        self.stopped = patience is not None and self._worse >= patience

    def sentence(self) -> str | None:
        """Why it stopped, and whose weights are kept; once, at the end."""
        if self._told or self._best_step < 0:
            return None
        self._told = True
        when, which = self._options.when, "that step" if self.best_weights else "the end"
        best = f"{when} was best at step {self._best_step:,} ({self._best:.4g}), and the weights of {which} are kept"
        if self.stopped:
            word = "risen" if self._rises else "fallen"
            return f"stopped early: {when} has not {word} for {self._worse} measurements; {best}"
        return best if self.best_weights else None

    # Saving

    def state(self) -> State:
        """Copies of all that decides."""
        numbers = [self._best, self._best_step, self._worse, self._seen, self.stopped, self._told]
        kept = {f"{BEST}{name}": array.copy() for name, array in self.best_weights.items()}
        return {STATE: np.array(numbers, np.float64), **kept}

    def restore(self, state: State) -> State:
        """Go back to a state; what of it is others'. Raises ValueError if it has none."""
        if STATE not in state:
            raise ValueError("this state is of a training that does not stop early")
        self._best = float(state[STATE][0])
        self._best_step, self._worse, self._seen = (int(each) for each in state[STATE][1:4])
        self.stopped, self._told = (bool(each) for each in state[STATE][4:6])
        self.best_weights = {name.removeprefix(BEST): array for name, array in state.items() if name.startswith(BEST)}
        return {name: array for name, array in state.items() if name != STATE and not name.startswith(BEST)}
