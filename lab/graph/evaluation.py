"""`evaluate` runs one graph function on NumPy arrays: the shortest way to try or to check an operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lab.graph.gradients import differentiate
from lab.graph.planner import Layout
from lab.graph.running import bind
from lab.graph.tensor import Storage, Tensor, assign


def evaluate(
    function: Callable[..., Any],
    *arrays: Any,
    gradients: bool | Any = False,
    target: str = "cpu",
    dtype: str = "float32",
    seed: int = 0,
    **options: Any,
) -> Any:
    """Return what `function` computes for `arrays`, and its gradients on request.

    A graph is built, planned and run once; nothing of it is kept.

    function:  any function from tensors to a tensor or a tuple of tensors: one of `lab.graph.functions`, or one's own
    arrays:    NumPy arrays or numbers, one for each tensor argument; a number becomes shape [1], labels are whole
               numbers
    gradients: False: only values are returned. True: also the gradients of the sum of the (first) result's elements
               with respect to each array. An array of the (first) result's shape: the elements are weighed by it in the
               sum.
    target:    "cpu" (compiled), or "python" (with bounds checks, slow)
    dtype:     "float32" or "float64", in which everything is computed and returned
    seed:      the seed of a replica's random numbers, as for dropout
    options:   passed on to `function` by name
    Returns the result as an array (a tuple for several); with gradients, (result, [one gradient per array]). A gradient
    has its array's shape ([1] for a number), and is None where the result does not depend on the array.
    Raises ShapeError if the shapes do not fit the function.

    >>> from lab.graph import evaluate, functions
    >>> evaluate(functions.relu, [-1.0, 2.0], gradients=True)
    (array([0., 2.], dtype=float32), [array([0., 1.], dtype=float32)])
    """
    values = [np.asarray(each, np.float64) for each in arrays]
    inputs = Storage("states")
    tensors = [inputs.member(f"input {i}", each.shape or (1,)) for i, each in enumerate(values)]
    outputs = Storage("statistics")
    made = function(*tensors, **options)
    results: tuple[Tensor, ...] = made if isinstance(made, tuple) else (made,)
    results = tuple(_kept(outputs, f"result {i}", each) for i, each in enumerate(results))
    program: list[Any] = list(results)
    found: list[Tensor | None] = []
    weights = None
    if gradients is not False:
        shape = results[0].shape
        weights = np.ones(shape) if gradients is True else np.broadcast_to(np.asarray(gradients, np.float64), shape)
        upstream = inputs.member("upstream", shape)
        found = [
            None if each is None else _kept(outputs, f"gradient {i}", each)
            for i, each in enumerate(differentiate(results[0], tensors, upstream))
        ]
        program += [each for each in found if each is not None]
    layout = Layout({"evaluate": program})
    memory = layout.memory(layout.shared_memory(dtype), seed)
    for tensor, value in zip(tensors, values, strict=True):
        if layout.knows(tensor):
            layout.view(memory, tensor)[...] = value
    if weights is not None:
        layout.view(memory, upstream)[...] = weights
    bind(layout.plans["evaluate"], memory, target).run()
    answer = tuple(layout.view(memory, each).copy() for each in results)
    single = answer if isinstance(made, tuple) else answer[0]
    if gradients is False:
        return single
    return single, [None if each is None else layout.view(memory, each).copy() for each in found]


def _kept(outputs: Storage, name: str, tensor: Tensor) -> Tensor:
    return assign(tensor, outputs.member(name, tensor.shape))
