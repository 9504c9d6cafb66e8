"""Newton's method, with the exact Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.arrays import copy, fill
from kernels.newton import newton_step
from lab.errors import InvalidValue
from lab.graph.gradients import differentiate
from lab.graph.tensor import Call, Storage, Tensor, assign, call, constant
from lab.nets.limits import adjustable
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext
from lab.validation import Real

LARGEST = 768
"""Parameters above which the Hessian, their number squared, is refused."""


class Newton(Optimizer, name="newton"):
    """w -= rate (H + damping)⁻¹ g: one step to the minimum of the quadratic that fits best, with rate 1.

    The Hessian H is exact: its row i is the gradient of the gradient's component i, from the same rules of the graph
    applied twice, the penalty `l2` included. It takes memory in proportion to n², and solving for the step takes time
    in proportion to n³. It runs to any point where the gradient is 0, a maximum or a saddle too.

    Formula: w = w - rate (H + damping)⁻¹ g.

    Paper: Nocedal and Wright, "Numerical optimization", 2006, chapter 3.

    Example: `{name: newton, damping: 1}`
    """

    rate: Real = adjustable(1.0, "The learning rate; 1 is the full step.", gt=0, le=1e6)
    damping: Real = adjustable(0.0, "Added to the Hessian's diagonal.", ge=0, le=1e12)

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        members = list(context.parameters.members.values())
        alone = len(members) == 1 and members[0].shape[0] == context.points
        points = context.points if alone else 1
        whole, gradient = (members[0], next(iter(context.gradients.members.values()))) if alone else (
            context.parameters.whole, context.gradients.whole,
        )  # fmt: skip
        size = whole.size // points
        if size > LARGEST:
            raise InvalidValue(
                ("optimizer", "name"),
                f"newton needs a Hessian of {size:,} × {size:,} numbers here; the limit is {LARGEST} parameters.",
            )
        hessian = Storage("states").member("hessian", (size, points, size))
        calls: list[Call] = [_written(call(fill, constant(0.0), shapes=[hessian.shape]).result, hessian)]
        for row in range(size):
            calls += self._row(context, hessian, row, points)
        damping = context.number(self, "damping")
        changed = [whole.reshape(points, size), hessian]
        shape = [(points, size), (points, size)]
        return [*calls, call(newton_step, gradient.reshape(points, size), rate, damping, shapes=shape, updates=changed)]

    def _row(self, context: OptimizerContext, hessian: Tensor, row: int, points: int) -> list[Call]:
        """One row of the Hessian of each point; for the unused elements between parameters, a row of the identity."""
        size = hessian.shape[-1]
        begin = row * points * size
        for (name, member), gradient in zip(context.parameters.members.items(), context.found, strict=True):
            offset = member.offset if points == 1 else 0
            if not offset <= row < offset + member.size // points:
                continue
            bent = self._with_penalty(context, name, member, gradient)
            if bent is None:
                break
            unit = np.zeros((points, member.size // points))
            unit[:, row - offset] = 1
            sources = list(context.parameters.members.values())
            try:
                products = differentiate(bent, sources, constant(unit.reshape(member.shape)))
            except TypeError as error:
                raise InvalidValue(
                    ("optimizer", "name"), f"newton needs second derivatives with respect to {name}, but {error}."
                ) from None
            calls = []
            for source, product in zip(sources, products, strict=True):
                if product is not None:
                    place = begin + (source.offset if points == 1 else 0)
                    calls.append(_written(product, _part(hessian, place, source.shape)))
            return calls
        one = np.zeros((points, size))
        one[:, row] = 1
        part = _part(hessian, begin, (points, size))
        return [_written(call(copy, constant(one)).result, part)]

    def _with_penalty(
        self, context: OptimizerContext, name: str, member: Tensor, gradient: Tensor | None
    ) -> Tensor | None:
        """The gradient of one parameter, with that of its penalty `l2`, whose second derivatives count, too; None if
        there is neither."""
        if self.l2 is None or not self.penalises(name):
            return gradient
        penalty = member * context.number(self, "l2")
        return penalty if gradient is None else gradient + penalty


def _part(whole: Tensor, offset: int, shape: Any) -> Tensor:
    return Tensor(shape, whole.name, base=whole, offset=offset)


def _written(result: Tensor, place: Tensor) -> Call:
    made = assign(result, place).call
    assert made is not None
    return made
