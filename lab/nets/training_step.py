"""One training step: from a loss to changed parameters, as calls of the graph.

Whoever trains something builds its loss and calls `training_step`: a network on batches, a point on a function, two
networks against each other (a step for each), an image whose pixels are the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kernels.metrics import halt_if_not_finite, norm
from lab.graph import Tensor, assign, differentiate, scope
from lab.graph.scopes import phase
from lab.graph.tensor import Call, Storage, call
from lab.nets.adjustable_numbers import AdjustableNumbers, qualified
from lab.nets.network import Network
from lab.nets.optimizers import Optimizer, OptimizerContext
from lab.nets.tables import Table

UNCLIPPED = "unclipped_grad_norm"
"""The metric for which `measure_unclipped` is."""
AHEAD = -1
"""The phase of what is done before the loss is computed."""


@dataclass(frozen=True)
class TrainingStep:
    """The calls of a step, and what others want to see of it.

    program:          the whole step;  gradient_program: up to the gradient as the step uses it, without any change
    learning_rate:    the rate of the step [1], where it can be read after the step
    unclipped:        the norm [1] of the gradient before penalties and clipping, if it was asked for
    """

    loss: Tensor
    optimizer: Optimizer
    context: OptimizerContext
    learning_rate: Tensor
    program: list[Any]
    gradient_program: list[Any]
    unclipped: Tensor | None = None

    @property
    def gradients(self) -> Storage:
        """The gradient of each parameter, under its name; those of tables are not kept."""
        return self.context.gradients


def training_step(
    loss: Tensor,
    trained: Network | Storage,
    optimizer: Optimizer,
    adjustable: AdjustableNumbers,
    *,
    owner: str = "",
    points: int = 1,
    turns: Tensor | None = None,
    tables: Sequence[Table] = (),
    change_gradients: Callable[[Storage], Sequence[Call]] = lambda gradients: (),
    measure_unclipped: bool = False,
) -> TrainingStep:
    """The step that changes `trained` so that `loss` [1] falls. It stops where the loss is not finite.

    trained:          a network, or a storage of parameters that are none (an image, a point)
    adjustable:       where the optimizer's numbers are declared: `optimizer.rate`; below the network's name or `owner`
                      (`generator.optimizer.rate`) where there are several
    points, turns:    see `OptimizerContext`
    tables:           parameters in `trained.tables`
    change_gradients: adds calls that change the gradients in place before they are used, as noise does
    measure_unclipped: whether the norm before penalties and clipping is wanted

    Calls run in the order in which they are made, so a second step that shall see the parameters which the first one
    has changed is built after it, its loss included. Only what an optimizer does before the loss is computed, as
    looking ahead, is put before everything.
    """
    network = trained if isinstance(trained, Network) else None
    parameters = trained if isinstance(trained, Storage) else trained.parameters
    owner = owner or (network.name if network else "")
    adjustable.take(qualified(owner, "optimizer"))
    context = OptimizerContext(
        parameters, parameters.like("gradients"), adjustable, owner, points=points, turns=turns, loss=loss
    )
    context.running = network.running if network else None
    with scope(loss.call.label if loss.call else ""):
        program: list[Any] = [call(halt_if_not_finite, loss)]
    rows = [each for each in tables if each.source is not None]
    members = list(parameters.members.values())
    found = differentiate(loss, [*members, *(each.source for each in rows if each.source is not None)])
    context.found = found[: len(members)]
    for name, gradient in zip(parameters.members, context.found, strict=True):
        # Where the loss does not depend on a parameter, what penalties add must not pile up from step to step.
        found_one = parameters.members[name] * 0.0 if gradient is None else gradient
        program.append(assign(found_one, context.gradients.members[name]))
    if network:
        program += network.clear(context.gradients)
    program += change_gradients(context.gradients)
    unclipped = None
    if measure_unclipped:
        unclipped = Storage("statistics").member("unclipped", (1,))
        program.append(assign(call(norm, context.gradients.whole).result, unclipped))
    with scope(qualified(owner, "optimizer")):
        rate = optimizer.learning_rate(context)
        if rate.call is not None:
            program.append(rate)
        program += optimizer.finish_gradients(context) if members else []
        gradient_program = list(program)
        with phase(AHEAD):
            program += optimizer.before(context)
        if network:
            program += network.updates
        if members:
            program += optimizer.build(context, rate)
        for each in tables:
            d_source = found[len(members) + rows.index(each)] if each in rows else None
            program += each.update(d_source, rate)
    return TrainingStep(loss, optimizer, context, rate.target or rate, program, gradient_program, unclipped)
