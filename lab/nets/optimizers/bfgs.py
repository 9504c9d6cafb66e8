"""BFGS: the curvature is learned from how the gradient changes along the way."""

from __future__ import annotations

import numpy as np

from lab.nets.limits import adjustable
from lab.nets.optimizers.line_search_optimizer import LineSearchOptimizer
from lab.nets.optimizers.line_search_step import Directions
from lab.validation import Real


class InverseHessian(Directions):
    """An estimate H of the inverse Hessian, [n, n], corrected after each step so that it explains that step."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.state = {"inverse": np.eye(size)}

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        found: np.ndarray = -self.state["inverse"] @ gradient
        return found

    def learn(self, moved: np.ndarray, change: np.ndarray) -> None:
        """H ← (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ, with s the step, y the change of the gradient, ρ = 1 / yᵀs."""
        curvature = float(change @ moved)
        if not curvature > 1e-300:
            return
        inverse = self.state["inverse"]
        share = 1 / curvature
        towards = inverse @ change
        self.state = {
            "inverse": inverse
            - share * (np.outer(moved, towards) + np.outer(towards, moved))
            + (share * share * float(change @ towards) + share) * np.outer(moved, moved)
        }


class Bfgs(LineSearchOptimizer, name="bfgs"):
    """Newton's idea without a Hessian: its inverse is estimated from the gradients met so far, n² numbers.

    Each step is found by a line search (strong Wolfe conditions), which needs the same loss at all its points.
    Broyden, Fletcher, Goldfarb and Shanno, 1970; Nocedal and Wright 2006, algorithm 6.1.

    Formula: p = -B g; w = w + a p, with a from the line search; B = (1 - r s yᵀ) B (1 - r y sᵀ) + r s sᵀ, where s is
    how w has changed, y how g has, and r = 1 / yᵀs.

    Paper: Nocedal and Wright, "Numerical optimization", 2006, algorithm 6.1.
    """

    directions = InverseHessian
    rate: Real = adjustable(1.0, "The first step that a search tries, as a share of the full one.", gt=0, le=1e6)
