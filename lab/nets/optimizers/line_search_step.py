"""The steps of an optimizer with a line search: each takes as many evaluations as the search needs.

What goes on between evaluations, a few operations on vectors, is done here in NumPy; the results depend on nothing but
the numbers in the arena and in the state.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kernels.memory import Memory
from kernels.plan import HALT, STEP, Plan
from lab.graph.planner import Layout
from lab.graph.running import Program
from lab.graph.tensor import Tensor
from lab.nets.host_step import State
from lab.nets.optimizers.line_search import Place, strong_wolfe


class Directions:
    """How a method chooses its direction. `state` holds all it remembers; its arrays are replaced, not changed."""

    def __init__(self, size: int) -> None:
        self.state: State = {}

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Where to go, from the gradient [n]."""
        raise NotImplementedError

    def learn(self, moved: np.ndarray, change: np.ndarray) -> None:
        """Take in the last step and how much the gradient has changed with it."""
        raise NotImplementedError


class LineSearchStep:
    """Runs a program of loss and gradient under a line search: a `lab.nets.host_step.HostStep`.

    places:  the parameters [n], their gradient [n] and the loss [1]
    rate:    what the first step that a search tries is multiplied by
    running: numbers that each run of the program keeps up to date (running means); points that are only tried leave no
             trace in them
    """

    def __init__(
        self,
        program: Program,
        layout: Layout,
        places: tuple[Tensor, Tensor, Tensor],
        directions: Directions,
        rate: Callable[[], float],
        running: Tensor | None = None,
    ) -> None:
        self._program, self._rate, self._running = program, rate, running
        # Where something is random (the batch, a mask, noise), the loss is another function in each step.
        self._same_loss = not any("seed" in kernel.arguments for kernel in program.plan.kernels)
        self._layout, self._places = layout, places
        self._directions = directions
        self.plan: Plan = program.plan
        self.memory: Memory = program.memory
        # evaluations; the loss before the last step; whether no step leads down any more; steps since all was forgotten
        self._numbers = np.array([0.0, math.nan, 0.0, 0.0])

    # Looked up each time, since a memory that lies elsewhere brings its numbers when they are asked for.

    @property
    def _point(self) -> np.ndarray:
        return self._layout.view(self.memory, self._places[0])

    @property
    def _gradient(self) -> np.ndarray:
        return self._layout.view(self.memory, self._places[1])

    @property
    def _loss(self) -> np.ndarray:
        return self._layout.view(self.memory, self._places[2])

    @property
    def evaluations(self) -> int:
        """How often loss and gradient were computed so far."""
        return int(self._numbers[0])

    def state(self) -> State:
        """Copies of all that is needed to go on."""
        kept = {**self._directions.state, "numbers": self._numbers, "gradient": self._gradient, "loss": self._loss}
        return {name: np.array(array) for name, array in kept.items()}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        state = {name: array.copy() for name, array in state.items()}
        self._numbers = state.pop("numbers")
        self._gradient[...] = state.pop("gradient")
        self._loss[...] = state.pop("loss")
        self._directions.state = state

    def run(self, steps: int = 1) -> int:
        """So many steps; fewer only if the loss is not finite where the parameters stand."""
        for done in range(steps):
            self._step()
            if self.memory.state[HALT]:
                return done + 1
        return steps

    def run_row(self, index: int) -> None:
        self._program.run_row(index)

    def _evaluate(self) -> float:
        """Loss at the point as it is; the gradient stands in its place afterwards."""
        self._program.run()
        self.memory.state[STEP] -= 1  # evaluations within one step are one step
        self._numbers[0] += 1
        return float(self._loss[0])

    def _step(self) -> None:
        begun, stuck = self.evaluations > 0, bool(self._numbers[2])
        if stuck and self._same_loss:
            self.memory.state[STEP] += 1
            return
        loss = float(self._loss[0]) if begun and self._same_loss else self._evaluate()
        if not self.memory.state[HALT]:
            self._search(loss)
        self.memory.state[STEP] += 1

    def _search(self, loss: float) -> None:
        start, gradient, running = self._point.copy(), self._gradient.copy(), self._running_numbers()
        direction = self._directions.direction(gradient)
        slope = float(direction @ gradient)
        if slope >= 0:  # not the way down, from what was learned in other places
            self._forget()
            direction, slope = -gradient, -float(gradient @ gradient)

        def along(step: float) -> Place:
            self._point[...] = start + step * direction
            self._put_running(running)
            value = self._evaluate()
            self.memory.state[HALT] = 0  # a step that went too far is no divergence, it is not taken
            return Place(step, value, float(self._gradient @ direction))

        found = strong_wolfe(along, Place(0.0, loss, slope), self._first(loss, slope)) if slope < 0 else None
        if found is None:
            self._point[...] = start
            self._gradient[...] = gradient
            self._loss[0] = loss
            self._put_running(running)
            self._numbers[2] = 0.0 if self._numbers[3] else 1.0
            self._forget()
            return
        if not self._same_loss:  # the next step begins with an evaluation of its own
            self._put_running(running)
        self._numbers[1:] = loss, 0.0, self._numbers[3] + 1
        self._directions.learn(self._point - start, self._gradient - gradient)

    def _running_numbers(self) -> np.ndarray | None:
        return None if self._running is None else self._layout.view(self.memory, self._running).copy()

    def _put_running(self, numbers: np.ndarray | None) -> None:
        if self._running is not None:
            self._layout.view(self.memory, self._running)[...] = numbers

    def _forget(self) -> None:
        self._directions.state = type(self._directions)(self._point.size).state
        self._numbers[3] = 0

    def _first(self, loss: float, slope: float) -> float:
        """The first step to try: as far as the last one got should go at this slope, and not beyond the full one."""
        before = self._numbers[1]
        if math.isnan(before):
            before = loss + math.sqrt(-slope) / 2
        guess = min(1.0, 2.02 * (loss - before) / slope)
        return self._rate() * (guess if guess > 0 else 1.0)
