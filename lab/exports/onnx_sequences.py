"""Recurrent layers as ONNX's RNN, LSTM and GRU, which have the same equations with the gates in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import BadInput
from lab.exports.onnx_graph import Value
from lab.graph.tensor import Call, Tensor

if TYPE_CHECKING:
    from lab.exports.onnx_kernels import KernelWriter

_OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
_ORDER = {"rnn": (0,), "lstm": (0, 2, 1, 3), "gru": (1, 0, 2)}
"""Which gate of the lab stands at each place in ONNX: i o f c of i f o g, and z r h of r z n."""


def write_recurrent(writer: KernelWriter, call: Call) -> list[Value]:
    """The states [examples, time, units] of a layer, its last state, and its last cell if there is one."""
    graph, kernel, label = writer.graph, call.kernel.name, call.label
    rows, symbols, mask, weight, bias, *rest = call.reads
    first = rest[1:] if kernel == "gru" else rest
    if id(mask) not in writer.traced.values or not writer.numbers(mask).all():
        raise BadInput(f"{label}: sequences of several lengths have no export.")
    units = weight.shape[0]
    x, entering = _entering(writer, call, rows, symbols)

    def gates(matrix: np.ndarray) -> np.ndarray:
        """[…, gates · units] as ONNX has it, [1, gates · units, …]."""
        parts = [matrix[..., place * units : (place + 1) * units] for place in _ORDER[kernel]]
        return np.concatenate(parts, axis=-1).T[None]

    biases = gates(writer.numbers(bias))
    second = np.zeros_like(biases)
    if kernel == "gru":
        second[:, 2 * units :] = writer.numbers(rest[0])
    prefix = writer.traced.names.get(id(weight), f"{label}.recurrent.weight").removesuffix("recurrent.weight")
    inputs = [
        graph.add("Transpose", x, perm=[1, 0, 2], label=label),
        graph.keep(gates(entering), f"{prefix}W"),
        graph.keep(gates(writer.numbers(weight)), f"{prefix}R"),
        graph.keep(np.concatenate([biases, second], axis=1), f"{prefix}B"),
        "",
        *(_state(writer, each) for each in first),
    ]
    while not inputs[-1]:
        inputs.pop()
    settings: dict[str, Any] = {"hidden_size": units}
    if kernel == "rnn":
        settings["activations"] = ["Relu" if call.integers["rectified"] else "Tanh"]
    if kernel == "gru":
        settings["linear_before_reset"] = 1
    made = graph.add(_OPERATORS[kernel], *inputs, outputs=1 + len(first), label=label, **settings)
    one = graph.whole([1])
    states = graph.add("Squeeze", made, one, label=label)  # [time, directions, examples, units] without its directions
    found = [Value(graph.add("Transpose", states, perm=[1, 0, 2], label=label))]
    zero = graph.whole([0])
    return found + [
        Value(graph.add("Squeeze", f"{made}/{number}", zero, label=label)) for number in range(1, 1 + len(first))
    ]


def _entering(writer: KernelWriter, call: Call, rows: Tensor, symbols: Tensor) -> tuple[str, np.ndarray]:
    """What comes in at each step [examples, time, width], and the weights for it [width, gates · units]."""
    if not call.integers["looked_up"]:
        product = writer.calls[id(_without_views(rows))]
        return writer.name(product.reads[0]), writer.numbers(product.reads[1])
    table = writer.numbers(rows)
    ends = writer.graph.keep([0.0, 1.0])
    hot = writer.graph.add(
        "OneHot", writer.indices(symbols), writer.graph.whole([len(table)]), ends, label=call.label, axis=-1
    )
    return hot, table


def _without_views(tensor: Tensor) -> Tensor:
    while tensor.call is None and tensor.base is not None:
        tensor = tensor.base
    return tensor


def _state(writer: KernelWriter, first: Tensor) -> str:
    """A first state as ONNX has it, [1, examples, units]; "" where it is 0, as it is without."""
    if id(first) in writer.traced.values:
        if writer.numbers(first).any():
            raise BadInput("a recurrent layer that begins with a fixed state has no export.")
        return ""
    return writer.graph.add("Unsqueeze", writer.name(first), writer.graph.whole([0]))
