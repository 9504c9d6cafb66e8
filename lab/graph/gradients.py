"""Reverse-mode differentiation: a table of rules, one per kernel, and the walk that applies them.

A rule stands beside its operation in `lab/graph/functions/`. It adds to the graph the calls that turn the gradients of
a call's results into the gradients of what the call read. Gradients are ordinary tensors, so that they can be
differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any

from kernels.arithmetic import add
from kernels.language import Kernel
from kernels.windows import put_window
from lab.graph.scopes import scope, skippable_block
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call, constant

Gradients = Tensor | Sequence[Any] | None
"""What a rule returns; the elements of a sequence are tensors, None or NotImplemented."""
Rule = Callable[..., Gradients]

RULES: dict[str, Rule] = {}


def gradient_of(*kernels: Kernel) -> Callable[[Rule], Rule]:
    """Return a decorator that registers the rule of these kernels.

    A rule receives the call and the gradient of each of its results, None where nothing depends on a result (of a
    single result there always is one): `rule(forward, dy)`. It returns the gradient of each operand that is read, in
    the order of the declaration; None, or nothing at the end, stands for operands that have none, and one tensor alone
    is the gradient of the first operand. NotImplemented stands for an operand on which the results depend in a way that
    has no rule. A rule need not ask which gradients are wanted: what nobody uses never becomes part of a program.
    """

    def register(rule: Rule) -> Rule:
        for kernel in kernels:
            RULES[kernel.name] = rule
        return rule

    return register


def ancestors(tensors: Sequence[Tensor]) -> list[Call]:
    """Return every call that the tensors depend on, in the order in which a program runs them."""
    found: dict[int, Call] = {}
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        while tensor.base is not None:
            tensor = tensor.base
        if tensor.call is not None and tensor.call.number not in found:
            found[tensor.call.number] = tensor.call
            waiting.extend(tensor.call.operands)
    return sorted(found.values(), key=lambda each: each.order)


def differentiate(
    result: Tensor,
    sources: Sequence[Tensor],
    upstream: Tensor | None = None,
    rules: Mapping[str, Rule] = MappingProxyType({}),
) -> list[Tensor | None]:
    """Return the gradient of `result` with respect to each source; None where it does not depend on one.

    result:   usually a loss of shape [1]; otherwise `upstream`, of its shape, weighs its elements
    sources:  parameters, data, or tensors on the way to the result; a gradient has its source's shape
    upstream: the gradient of whatever follows with respect to `result`; 1 by default
    rules:    rules by kernel name that replace those of the table here: another way to write a gradient, or a wrong
              one, to see what it does
    Raises TypeError for an operation on the way that has no rule, or none for the operand in question, and ShapeError
    for a result of several numbers without `upstream`.
    """
    calls = ancestors([result])
    needed = {id(source) for source in sources}
    for each in calls:
        if any(_needed(operand, needed) for operand in each.operands if operand not in each.results):
            needed.update(id(output) for output in each.results)
    gradients: dict[int, Tensor] = {}
    if upstream is None and result.size != 1:
        raise ShapeError(
            f"{result.name or 'a result'} of shape {list(result.shape)} is no loss, which is one number: take its sum "
            "or mean, or give `upstream`."
        )
    _accumulate(gradients, result, constant(1.0) if upstream is None else upstream)
    for each in reversed(calls):
        flowing = [gradients.get(id(output)) for output in each.results]
        needs = [_needed(operand, needed) for operand in each.reads]
        if not any(needs) or all(gradient is None for gradient in flowing):
            continue
        rule = rules.get(each.kernel.name) or RULES.get(each.kernel.name)
        if rule is None:
            raise TypeError(f"{each.kernel.name} has no gradient")
        with scope(each.label), skippable_block(each.block):
            made = rule(each, *flowing)
            found = made if isinstance(made, Sequence) else [made]
            if len(found) > len(needs):
                raise TypeError(f"the gradient rule of {each.kernel.name} gives {len(found)} for {len(needs)} operands")
            for operand, need, gradient in zip(each.reads, needs, found, strict=False):
                if need and gradient is NotImplemented:
                    raise TypeError(f"{each.kernel.name} has no gradient with respect to {operand.name}")
                if need and gradient is not None:
                    _accumulate(gradients, operand, gradient, keep=needed)
    return [gradients.get(id(source)) for source in sources]


def _needed(tensor: Tensor, needed: AbstractSet[int]) -> bool:
    while id(tensor) not in needed:
        if tensor.base is None:
            return False
        tensor = tensor.base
    return True


def _accumulate(
    gradients: dict[int, Tensor], tensor: Tensor, gradient: Tensor, keep: set[int] | frozenset[int] = frozenset()
) -> None:
    # A reshaped tensor passes its gradient to what it is a view of; a part of one passes it to its place among zeros.
    # What stands behind a view that is a source itself gets its gradient, too, if somebody needs that.
    while tensor.base is not None and (id(tensor) not in keep or _needed(tensor.base, keep)):
        if id(tensor) in keep:
            _add(gradients, tensor, gradient)
        whole = tensor.base
        if whole.size != tensor.size:
            window = {"offset": tensor.offset, "stride_a": 0, "stride_b": 0, "stride_c": 0, "stride_d": 1}
            part = gradient.reshape(1, 1, 1, tensor.size)
            gradient = call(put_window, part, shapes=[whole.shape], updates=(), **window).result
        tensor = whole
    _add(gradients, tensor, gradient)


def _add(gradients: dict[int, Tensor], tensor: Tensor, gradient: Tensor) -> None:
    if gradient.shape != tensor.shape:
        gradient = Tensor(tensor.shape, gradient.name, base=gradient)
    known = gradients.get(id(tensor))
    if known is None:
        gradients[id(tensor)] = gradient
    else:
        gradients[id(tensor)] = apply(add, known, gradient)
