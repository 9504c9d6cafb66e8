"""L-BFGS: BFGS that remembers only the last few steps."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.nets.limits import adjustable
from lab.nets.optimizers.line_search_optimizer import LineSearchOptimizer
from lab.nets.optimizers.line_search_step import Directions
from lab.validation import Real, Whole


class LastSteps(Directions):
    """The last `memory` steps s and changes of the gradient y, [memory, n] each, oldest first."""

    memory = 10

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.state = {"moved": np.zeros((0, size)), "change": np.zeros((0, size))}

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """-H g without H: backwards and forwards through the steps (Nocedal and Wright 2006, algorithm 7.4)."""
        moved, change = self.state["moved"], self.state["change"]
        if not len(moved):
            return -gradient
        share = 1 / (moved * change).sum(axis=1)
        q, weights = gradient.astype(np.float64), np.zeros(len(moved))
        for i in range(len(moved) - 1, -1, -1):
            weights[i] = share[i] * (moved[i] @ q)
            q = q - weights[i] * change[i]
        q = q * (moved[-1] @ change[-1]) / (change[-1] @ change[-1])
        for i in range(len(moved)):
            q = q + (weights[i] - share[i] * (change[i] @ q)) * moved[i]
        return -q

    def learn(self, moved: np.ndarray, change: np.ndarray) -> None:
        moved, change = moved.astype(np.float64), change.astype(np.float64)
        if not float(change @ moved) > 1e-300:
            return
        self.state = {
            "moved": np.vstack([self.state["moved"], moved])[-self.memory :],
            "change": np.vstack([self.state["change"], change])[-self.memory :],
        }


class LBfgs(LineSearchOptimizer, name="lbfgs"):
    """BFGS with limited memory: the last `memory` steps instead of n² numbers (Liu and Nocedal 1989).

    Each step is found by a line search (strong Wolfe conditions), which needs the same loss at all its points. With
    mini-batches, each step's search is made on that step's batch.

    Formula: p = -B g; w = w + a p, with a from the line search; B as in `bfgs`, made anew in each step from the last
    `memory` pairs s and y.

    Paper: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
    """

    directions = LastSteps
    rate: Real = adjustable(1.0, "The first step that a search tries, as a share of the full one.", gt=0, le=1e6)
    memory: Whole = Field(default=10, ge=1, le=1000, description="How many steps are remembered.")

    def make(self, size: int) -> Directions:
        made = LastSteps(size)
        made.memory = self.memory
        return made
