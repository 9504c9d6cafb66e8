"""Running one graph function on NumPy arrays: the way to touch a single operation."""

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
    """What `function` gives for `arrays`, and on request its gradients.

    function:  any function from tensors to a tensor or a tuple of tensors (`lab.graph.functions`, a whole layer)
    arrays:    NumPy arrays or numbers, one for each tensor argument; integers (labels) are passed as they are
    gradients: False: only the values. True: also the gradients of the sum of the (first) result with respect to each
               array. An array of the (first) result's shape: the same, its elements weighed by it.
    target:    "cpu", or "python" (bounds-checked, slow)
    dtype:     "float32" or "float64"
    options:   passed on to `function`
    Returns the result (a tuple for several), or (result, [gradient or None for each array]).

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
