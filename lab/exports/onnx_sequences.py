"""Recurrent layers as ONNX's RNN, LSTM and GRU, which have the same equations with the gates in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import BadInput
from lab.exports.onnx_graph import OnnxGraph, Value
from lab.exports.tracing import EXAMPLES
from lab.graph.tensor import Call, Tensor

if TYPE_CHECKING:
    from lab.exports.onnx_kernels import KernelWriter

INT32, INT64, BOOL = 6, 7, 9
_OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
_ORDER = {"rnn": (0,), "lstm": (0, 2, 1, 3), "gru": (1, 0, 2)}
"""Which gate of the lab stands at each place in ONNX: i o f c of i f o g, and z r h of r z n."""


def write_recurrent(writer: KernelWriter, call: Call) -> list[Value]:
    """The states [examples, time, units] of a layer, its last state, and its last cell if there is one."""
    graph, kernel, label = writer.graph, call.kernel.name, call.label
    rows, symbols, mask, weight, bias, *rest = call.reads
    first = rest[1:] if kernel == "gru" else rest
    units = weight.shape[0]
    x, entering = _entering(writer, call, rows, symbols)
    lengths = _Lengths.of(writer, call, mask)
    if lengths is not None:
        x = lengths.first_to_last(x)

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
        "" if lengths is None else graph.add("Cast", lengths.name, to=INT32),
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
    states = graph.add("Transpose", states, perm=[1, 0, 2], label=label)
    zero = graph.whole([0])
    last = [graph.add("Squeeze", f"{made}/{number}", zero, label=label) for number in range(1, 1 + len(first))]
    if lengths is not None:
        states = lengths.as_in_the_lab(states, last[0])
    return [Value(states), *map(Value, last)]


@dataclass(frozen=True)
class _Lengths:
    """Sequences of several lengths, which ONNX has from the first step on, with zeros behind their end.

    name:     of the lengths, int64 [examples];  mask: of the mask, [examples, time]
    backward: whether the layer walks from the end to the beginning, so that padding is what it gets first
    """

    graph: OnnxGraph
    name: str
    mask: str
    backward: bool

    @classmethod
    def of(cls, writer: KernelWriter, call: Call, mask: Tensor) -> _Lengths | None:
        """None where all sequences have the same length. Raises BadInput for a mask that is no padding."""
        if id(mask) in writer.traced.values:
            if writer.numbers(mask).all():
                return None
            raise BadInput(f"{call.label}: a mask that is the same for all examples has no export.")
        made = _without_views(mask).call
        turned = made is not None and made.kernel.name == "take_window" and made.integers["stride_d"] < 0
        name = writer.name(mask)
        summed = writer.graph.add("ReduceSum", name, writer.graph.whole([1]), label=call.label, keepdims=0)
        return cls(writer.graph, writer.graph.add("Cast", summed, to=INT64), name, turned)

    def first_to_last(self, x: str) -> str:
        """What comes in at each step, with all padding behind it."""
        return self._turned(self._back(x)) if self.backward else x

    def as_in_the_lab(self, states: str, last: str) -> str:
        """The states, which stay as they are where there is padding."""
        if self.backward:
            return self._back(self._turned(states))
        goes_on = self.graph.add("Cast", self.graph.add("Unsqueeze", self.mask, self.graph.whole([2])), to=BOOL)
        return self.graph.add("Where", goes_on, states, self.graph.add("Unsqueeze", last, self.graph.whole([1])))

    def _turned(self, x: str) -> str:
        """The steps that are no padding in reverse order, padding as it is."""
        return self.graph.add("ReverseSequence", x, self.name, batch_axis=0, time_axis=1)

    def _back(self, x: str) -> str:
        """All steps in reverse order."""
        last, first, time, step = (self.graph.whole([each]) for each in (-1, -(2**31), 1, -1))
        return self.graph.add("Slice", x, last, first, time, step)


def write_broadcast(writer: KernelWriter, call: Call) -> Value:
    """Numbers that are repeated, of each example by itself, or the same ones for all. Raises BadInput for others."""
    (x,), (y,) = call.reads, call.results
    window = y.shape if len(y.shape) == 4 else (1, 1, *y.shape)
    strides = [call.integers[f"stride_{axis}"] for axis in "abcd"]
    places = np.tensordot(strides, np.indices(window).reshape(4, -1), 1).reshape(EXAMPLES, -1)
    graph, of_all = writer.graph, bool((places == places[0]).all())
    each = x.size if of_all else x.size // EXAMPLES
    if not of_all and not np.array_equal(places[1] - each, places[0]):
        raise BadInput(f"{call.label}: numbers repeated from example to example have no operator in ONNX.")
    rows = graph.add("Reshape", writer.name(x), graph.whole([-1, each]), label=call.label)
    made = graph.add("Gather", rows, graph.whole(places[0]), axis=1, label=call.label)
    if of_all:
        examples = graph.add("Slice", graph.add("Shape", "x"), graph.whole([0]), graph.whole([1]))
        shape = graph.add("Concat", examples, graph.whole([places.shape[1]]), axis=0)
        made = graph.add("Expand", made, shape, label=call.label)
    return Value(writer.reshaped(made, y.shape) if y.shape[0] % EXAMPLES == 0 else made)


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
