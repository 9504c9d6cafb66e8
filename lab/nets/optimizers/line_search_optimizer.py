"""Optimizers that decide while they go: a step of theirs takes as many evaluations as a line search needs.

The program of a training step then only computes loss and gradient; `lab.nets.optimizers.line_search_step` runs it.
"""

from __future__ import annotations

from typing import ClassVar

from kernels.memory import Memory
from lab.errors import InvalidValue
from lab.graph.planner import Layout
from lab.graph.running import Program
from lab.graph.tensor import Call, Storage, Tensor, assign
from lab.nets.optimizers.line_search_step import Directions, LineSearchStep
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext


class LineSearchOptimizer(Optimizer):
    """Base of optimizers with a line search."""

    directions: ClassVar[type[Directions]]

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        for name in ("l1", "l2", "clip", "schedule"):
            if getattr(self, name):
                raise InvalidValue(
                    ("optimizer", name), f"cannot be used with {self.name}, whose line search needs the loss as it is."
                )
        if self.max_norm is not None:
            raise InvalidValue(
                ("optimizer", "max_norm"),
                f"cannot be used with {self.name}: shortened weights are not those whose loss its line search knows.",
            )
        if context.points > 1:
            raise InvalidValue(("options", "walkers"), f"{self.name} moves one point; it needs `walkers: 1`.")
        if context.loss is None:
            raise InvalidValue(("optimizer", "name"), f"{self.name} cannot be used in this task.")
        context.kept_loss = Storage("statistics").member("loss of the step", (1,))
        made = assign(context.loss, context.kept_loss).call
        assert made is not None
        return [made]

    def make(self, size: int) -> Directions:
        """What chooses the directions, for so many parameters."""
        return self.directions(size)

    def host_step(self, context: OptimizerContext, program: Program, layout: Layout, memory: Memory) -> LineSearchStep:
        """What makes whole steps out of a program that computes loss and gradient."""
        assert context.kept_loss is not None
        places = context.parameters.whole, context.gradients.whole, context.kept_loss
        running = context.running.whole if context.running and layout.knows(context.running.whole) else None
        number = context.number(self, "rate")

        def rate() -> float:
            """The setting as it is now; where no program knows it, nobody can have changed it."""
            return float(layout.view(memory, number)[0]) if layout.knows(number) else self.rate

        return LineSearchStep(program, layout, places, self.make(places[0].size), rate, running)
