"""What the lab's kernels are in ONNX's operators, of opset 17."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from lab.errors import BadInput
from lab.exports.onnx_graph import OnnxGraph, Value
from lab.exports.onnx_sequences import write_broadcast, write_recurrent
from lab.exports.tracing import EXAMPLES, Trace
from lab.graph.tensor import Call, Tensor

OPSET = 17

_ALONE = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "copy": "Identity", "negate": "Neg",
    "exponential": "Exp", "logarithm": "Log", "absolute": "Abs", "square_root": "Sqrt", "reciprocal": "Reciprocal",
    "sine": "Sin", "cosine": "Cos",
}  # fmt: skip
"""Kernels of one array, number by number, and the operators that are the same."""

_PAIRS = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max", "minimum": "Min",
}  # fmt: skip
"""Kernels of two arrays; `_row` and `_number` behind them say that the second one is repeated, as ONNX does anyway."""


class KernelWriter:
    """Writes the calls of a trace, one after the other, as nodes.

    values: what was written, by the tensor's id
    symbols: ids of the tensors that are whole numbers, int64, as they come in
    """

    def __init__(self, graph: OnnxGraph, traced: Trace, arrays: dict[str, np.ndarray], symbols: set[int]) -> None:
        self.graph, self.traced, self.arrays, self.symbols = graph, traced, arrays, symbols
        self.values: dict[int, Value] = {}
        self.calls: dict[int, Call] = {id(each.results[0]): each for each in traced.nodes if isinstance(each, Call)}

    def name(self, tensor: Tensor) -> str:
        """The tensor as it is in the lab, channels last."""
        found = self.values.get(id(tensor))
        if found is not None:
            whole = id(tensor) in self.symbols
            return self.graph.add("Cast", self.graph.last(found), to=1) if whole else self.graph.last(found)
        name = self.traced.names.get(id(tensor), "")
        reshaped = name and self.arrays[name].shape != tensor.shape
        return self.graph.keep(self.numbers(tensor), f"{name} {list(tensor.shape)}" if reshaped else name)

    def numbers(self, tensor: Tensor) -> np.ndarray:
        """The numbers of a parameter, a setting or a constant."""
        name = self.traced.names.get(id(tensor))
        return self.traced.values[id(tensor)] if name is None else self.arrays[name].reshape(tensor.shape)

    def number(self, tensor: Tensor) -> float:
        """A setting, as an attribute has it."""
        return float(self.traced.values[id(tensor)].ravel()[0])

    def weight(self, tensor: Tensor, axes: tuple[int, ...]) -> str:
        """A parameter with its axes in ONNX's order."""
        return self.graph.keep(self.numbers(tensor).transpose(axes), self.traced.names.get(id(tensor), ""))

    def indices(self, tensor: Tensor) -> str:
        """Whole numbers that choose rows."""
        if id(tensor) in self.symbols:
            return self.graph.last(self.values[id(tensor)])
        return self.graph.add("Cast", self.name(tensor), to=7)

    def view(self, tensor: Tensor) -> None:
        """The same numbers with other extents."""
        assert tensor.base is not None
        if tensor.shape == tensor.base.shape:
            self.values[id(tensor)] = self.values[id(tensor.base)]
        else:
            symbols = id(tensor.base) in self.symbols
            name = self.graph.last(self.values[id(tensor.base)]) if symbols else self.name(tensor.base)
            self.values[id(tensor)] = Value(self.reshaped(name, tensor.shape))

    def reshaped(self, name: str, shape: tuple[int, ...]) -> str:
        """The array with other extents; the outermost one of which there are several has the examples in it."""
        at = next((axis for axis, extent in enumerate(shape) if extent != 1), 0)
        return self.graph.add("Reshape", name, self.graph.whole([*shape[:at], -1, *shape[at + 1 :]]))

    def write(self, call: Call) -> None:
        """One call. Raises BadInput for a kernel that ONNX's operators cannot say."""
        kernel = call.kernel.name
        made = self._special(call, kernel)
        if made is None:
            made = self._elementwise(call, kernel)
        if made is None:
            layer = call.label or kernel
            raise BadInput(f"{layer}: ONNX has no standard operator for this layer ({kernel}).")
        for result, value in zip(call.results, made, strict=False):
            self.values[id(result)] = value

    def _special(self, call: Call, kernel: str) -> list[Value] | None:
        known: dict[str, Callable[[Call], Value]] = {
            "dense": self._dense, "matmul": self._matmul, "batched_matmul": self._matmul, "softmax": self._softmax,
            "batched_matmul_transposed_right": self._matmul_transposed_right,
            "convolution": self._convolution, "convolution_input_gradient": self._transposed_convolution,
            "batch_norm_evaluate": self._batch_norm, "layer_norm": self._layer_norm, "group_norm": self._group_norm,
            "local_response_norm": self._local_response_norm, "max_pool": self._max_pool,
            "average_pool": self._average_pool, "resample": self._resample, "maxout": self._maxout,
            "gather_rows": self._embedding, "concatenate_columns": self._concatenate, "take_window": self._window,
            "put_window": self._window, "mean_rows": self._of_rows, "sum_rows": self._of_rows,
        }  # fmt: skip
        if kernel in ("rnn", "lstm", "gru"):
            return write_recurrent(self, call)
        if kernel == "broadcast":
            return [write_broadcast(self, call)]
        return [known[kernel](call)] if kernel in known else None

    # Number by number: in whichever order of axes the array is at hand

    def _elementwise(self, call: Call, kernel: str) -> list[Value] | None:
        add, label = self.graph.add, call.label
        operation = "multiply" if kernel == "scale" else kernel.removesuffix("_row").removesuffix("_number")
        x = self.values.get(id(call.reads[0])) if call.reads else None
        if operation in _PAIRS:
            return [self._pair(call, _PAIRS[operation], kernel.endswith("_row"))]
        if x is None:
            return None
        if kernel == "prelu":
            return [Value(add("PRelu", self.graph.last(x), self.name(call.reads[1]), label=label))]
        first = bool(x.first)
        name = x.first if first else x.last
        if kernel in _ALONE:
            made = add(_ALONE[kernel], name, label=label)
        elif kernel in ("leaky_relu", "elu"):
            operator = {"leaky_relu": "LeakyRelu", "elu": "Elu"}[kernel]
            made = add(operator, name, label=label, alpha=self.number(call.reads[1]))
        elif kernel == "silu":
            made = add("Mul", name, add("Sigmoid", name, label=label), label=label)
        elif kernel == "gelu":
            error = add("Erf", add("Mul", name, self.graph.keep([2**-0.5]), label=label), label=label)
            both = add("Mul", name, add("Add", error, self.graph.keep([1.0]), label=label), label=label)
            made = add("Mul", both, self.graph.keep([0.5]), label=label)
        elif kernel == "square":
            made = add("Mul", name, name, label=label)
        elif kernel == "power":
            made = add("Pow", name, self.graph.keep(self.numbers(call.reads[1])), label=label)
        else:
            return None
        return [Value(first=made) if first else Value(made)]

    def _pair(self, call: Call, operator: str, by_row: bool) -> Value:
        a, b = (self.values.get(id(each)) for each in call.reads)
        if a is not None and b is not None and a.first and b.first:
            return Value(first=self.graph.add(operator, a.first, b.first, label=call.label))
        one = call.reads[1].size == 1
        if a is not None and a.first and b is None and one:
            return Value(first=self.graph.add(operator, a.first, self.name(call.reads[1]), label=call.label))
        if a is not None and a.first and b is None and by_row and call.reads[1].size == call.reads[0].shape[-1]:
            column = self.graph.keep(self.numbers(call.reads[1]).reshape(-1, 1, 1), self._column_name(call.reads[1]))
            return Value(first=self.graph.add(operator, a.first, column, label=call.label))
        return Value(self.graph.add(operator, *map(self.name, call.reads), label=call.label))

    def _column_name(self, tensor: Tensor) -> str:
        name = self.traced.names.get(id(tensor), "")
        return f"{name} of channels" if name else ""

    # Layers

    def _dense(self, call: Call) -> Value:
        x, weight, bias = call.reads
        if len(x.shape) == 2:
            names = self.name(x), self.name(weight), self.name(bias)
            return Value(self.graph.add("Gemm", *names, label=call.label))
        product = self.graph.add("MatMul", self.name(x), self.name(weight), label=call.label)
        return Value(self.graph.add("Add", product, self.name(bias), label=call.label))

    def _matmul(self, call: Call) -> Value:
        return Value(self.graph.add("MatMul", *map(self.name, call.reads), label=call.label))

    def _matmul_transposed_right(self, call: Call) -> Value:
        a, b = map(self.name, call.reads)
        turned = self.graph.add("Transpose", b, perm=[0, 2, 1], label=call.label)
        return Value(self.graph.add("MatMul", a, turned, label=call.label))

    def _softmax(self, call: Call) -> Value:
        return Value(self.graph.add("Softmax", self.name(call.reads[0]), label=call.label, axis=-1))

    def _of_rows(self, call: Call) -> Value:
        name = self.name(call.reads[0])
        if call.kernel.name == "sum_rows":
            return Value(self.graph.add("ReduceSum", name, self.graph.whole([-1]), label=call.label, keepdims=0))
        return Value(self.graph.add("ReduceMean", name, label=call.label, axes=[-1], keepdims=0))

    def _convolution(self, call: Call) -> Value:
        x, weight, bias = call.reads
        how = call.integers
        names = [self.graph.first(self.values[id(x)]), self.weight(weight, (3, 2, 0, 1)), self.name(bias)]
        return Value(first=self.graph.add("Conv", *names, label=call.label, **self._windows_of(how, weight)))

    def _transposed_convolution(self, call: Call) -> Value:
        x, weight = call.reads
        how, y = call.integers, call.results[0]
        axes = (("y", "top"), ("x", "left"))
        more = [
            y.shape[1 + axis]
            - ((x.shape[1 + axis] - 1) * how[f"stride_{word}"] - 2 * how[before])
            - how[f"dilation_{word}"] * (weight.shape[axis] - 1)
            - 1
            for axis, (word, before) in enumerate(axes)
        ]
        # The operator adds less than a stride. What is wanted beyond it is cut off less there, or else it is zeros.
        over = [max(0, each - how[f"stride_{word}"] + 1) for each, (word, _) in zip(more, axes, strict=True)]
        cut = [how[before] for _, before in axes]
        pads = [*cut, *(max(0, each - beyond) for each, beyond in zip(cut, over, strict=True))]
        zeros = [max(0, beyond - each) for each, beyond in zip(cut, over, strict=True)]
        more = [each - beyond for each, beyond in zip(more, over, strict=True)]
        names = self.graph.first(self.values[id(x)]), self.weight(weight, (3, 2, 0, 1))
        settings = self._windows_of(how, weight) | {"pads": pads, "output_padding": more}
        made = self.graph.add("ConvTranspose", *names, label=call.label, **settings)
        if any(zeros):
            made = self.graph.add("Pad", made, self.graph.whole([0, 0, 0, 0, 0, 0, *zeros]), label=call.label)
        return Value(first=made)

    @staticmethod
    def _windows_of(how: dict[str, int], weight: Tensor) -> dict[str, Any]:
        return {
            "kernel_shape": list(weight.shape[:2]),
            "strides": [how["stride_y"], how["stride_x"]],
            "pads": [how[side] for side in ("top", "left", "bottom", "right")],
            "dilations": [how["dilation_y"], how["dilation_x"]],
            "group": how["groups"],
        }

    def _batch_norm(self, call: Call) -> Value:
        x, *numbers, epsilon = call.reads
        names = list(map(self.name, numbers))
        settings: dict[str, Any] = {"label": call.label, "epsilon": self.number(epsilon)}
        if len(x.shape) == 4:
            images = self.graph.first(self.values[id(x)])
            return Value(first=self.graph.add("BatchNormalization", images, *names, **settings))
        rows = self.name(x) if len(x.shape) == 2 else self.reshaped(self.name(x), (-1, x.shape[-1]))
        made = self.graph.add("BatchNormalization", rows, *names, **settings)
        return Value(made if len(x.shape) == 2 else self.reshaped(made, x.shape))

    def _layer_norm(self, call: Call) -> Value:
        names, epsilon = list(map(self.name, call.reads[:3])), self.number(call.reads[3])
        return Value(self.graph.add("LayerNormalization", *names, label=call.label, axis=-1, epsilon=epsilon))

    def _group_norm(self, call: Call) -> Value:
        add, (x, gamma, beta, epsilon) = self.graph.add, call.reads
        groups = call.integers["groups"]
        pixels = x.size // (x.shape[0] * x.shape[-1])
        apart = self.reshaped(self.name(x), (-1, pixels, groups, x.shape[-1] // groups))
        centred = add("Sub", apart, add("ReduceMean", apart, axes=[1, 3]), label=call.label)
        variance = add("ReduceMean", add("Mul", centred, centred), axes=[1, 3])
        spread = add("Sqrt", add("Add", variance, self.graph.keep([self.number(epsilon)])))
        made = self.reshaped(add("Div", centred, spread, label=call.label), x.shape)
        scaled = add("Mul", made, self.name(gamma), label=call.label)
        return Value(add("Add", scaled, self.name(beta), label=call.label))

    def _local_response_norm(self, call: Call) -> Value:
        add, (x, alpha, beta, k) = self.graph.add, call.reads
        size = call.integers["size"]
        rows = self.reshaped(self.name(x), (-1, 1, x.shape[-1]))
        # ONNX's own operator has its neighbours otherwise where they are an even number.
        sums = add("AveragePool", add("Mul", rows, rows), kernel_shape=[size], pads=[size // 2, (size - 1) // 2],
                   count_include_pad=1, label=call.label)  # fmt: skip
        strength = add("Mul", sums, self.graph.keep([self.number(alpha) * size]), label=call.label)
        strength = add("Add", strength, self.graph.keep([self.number(k)]), label=call.label)
        made = add("Div", rows, add("Pow", strength, self.graph.keep([self.number(beta)])), label=call.label)
        return Value(self.reshaped(made, x.shape))

    def _max_pool(self, call: Call) -> Value:
        x, *windows = call.reads
        regular = [self._regular(windows[place], windows[place + 1], x.shape[1 + place // 2]) for place in (0, 2)]
        images = self.graph.first(self.values[id(x)])
        if regular[0] is not None and regular[1] is not None:
            return Value(first=self._pooled("MaxPool", images, regular[0], regular[1], call.label))
        for axis, (begin, end) in ((2, windows[:2]), (3, windows[2:])):
            # Windows of several sizes: the shorter ones see their last pixel more than once.
            begins, ends = (self.numbers(each).astype(np.int64).ravel() for each in (begin, end))
            widest = int((ends - begins).max())
            places = np.minimum(begins[:, None] + np.arange(widest), ends[:, None] - 1)
            chosen = self.graph.add("Gather", images, self.graph.whole(places), axis=axis, label=call.label)
            images = self.graph.add("ReduceMax", chosen, axes=[axis + 1], keepdims=0, label=call.label)
        return Value(first=images)

    def _average_pool(self, call: Call) -> Value:
        x, *rest = call.reads
        found = []
        for place, share in ((0, rest[4]), (2, rest[5])):
            shares = self.numbers(share).ravel()
            size = round(1 / float(shares[0]))
            how = self._regular(rest[place], rest[place + 1], x.shape[1 + place // 2], size)
            if how is None or not np.allclose(shares * size, 1, atol=1e-5):
                raise BadInput(f"{call.label}: an average over windows of several sizes has no operator in ONNX.")
            found.append(how)
        images = self.graph.first(self.values[id(x)])
        return Value(first=self._pooled("AveragePool", images, found[0], found[1], call.label, count_include_pad=1))

    def _pooled(
        self,
        operator: str,
        images: str,
        rows: tuple[int, int, int, int],
        columns: tuple[int, int, int, int],
        label: str,
        **settings: int,
    ) -> str:
        sizes, strides, before, after = map(list, zip(rows, columns, strict=True))
        return self.graph.add(
            operator, images, label=label, kernel_shape=sizes, strides=strides, pads=before + after, **settings
        )

    def _regular(self, begin: Tensor, end: Tensor, extent: int, size: int = 0) -> tuple[int, int, int, int] | None:
        """Size, stride and padding at both ends of windows, where such numbers describe them."""
        begins, ends = (self.numbers(each).astype(np.int64).ravel() for each in (begin, end))
        count = np.arange(len(begins))
        seen = int((ends - begins).max())
        strides = sorted({*np.diff(begins).tolist(), *np.diff(ends).tolist(), 1, extent} - {0})
        for k, stride in itertools.product([size] if size else range(seen, 2 * seen + 2), strides):
            for padding in range(k // 2 + 1):
                at = count * stride - padding
                after = max(int(at[-1]) + k - extent, 0)
                # As many windows as the operator makes: what is left over behind the last one is less than a stride.
                same = (extent + padding + after - k) // stride + 1 == len(begins)
                if (
                    same
                    and np.array_equal(np.maximum(at, 0), begins)
                    and np.array_equal(np.minimum(at + k, extent), ends)
                ):
                    return k, stride, padding, after
        return None

    def _resample(self, call: Call) -> Value:
        x, *places = call.reads
        name = self.graph.first(self.values[id(x)])
        for axis, tensor in zip((2, 3), places, strict=True):
            at = self.numbers(tensor).ravel()
            lower = np.floor(at).astype(np.int64)
            share = (at - lower).reshape((-1, 1) if axis == 2 else (-1,))
            here = self.graph.add("Gather", name, self.graph.whole(lower), axis=axis, label=call.label)
            if share.any():
                upper = self.graph.whole(np.minimum(lower + 1, x.shape[axis - 1] - 1))
                there = self.graph.add("Gather", name, upper, axis=axis, label=call.label)
                here = self.graph.add("Mul", here, self.graph.keep(1 - share), label=call.label)
                there = self.graph.add("Mul", there, self.graph.keep(share), label=call.label)
                here = self.graph.add("Add", here, there, label=call.label)
            name = here
        return Value(first=name)

    def _maxout(self, call: Call) -> Value:
        made = self.graph.add("ReduceMax", self.name(call.reads[0]), axes=[1], keepdims=0, label=call.label)
        shape = call.results[0].shape
        return Value(made if len(shape) == 2 else self.reshaped(made, shape))

    def _embedding(self, call: Call) -> Value:
        table, chosen = call.reads
        return Value(self.graph.add("Gather", self.name(table), self.indices(chosen), label=call.label, axis=0))

    def _concatenate(self, call: Call) -> Value:
        return Value(self.graph.add("Concat", *map(self.name, call.reads), axis=-1, label=call.label))

    def _window(self, call: Call) -> Value:
        """A part of an array, or an array among zeros: for each example its numbers, chosen one by one."""
        (x,), (y,) = call.reads, call.results
        how = call.integers
        takes = call.kernel.name == "take_window"
        small, large = (y, x) if takes else (x, y)
        window = small.shape if len(small.shape) == 4 else (1, 1, *small.shape)
        strides = [how[f"stride_{axis}"] for axis in "abcd"]
        grid = np.indices(window).reshape(4, -1)
        places = (how["offset"] + np.tensordot(strides, grid, 1)).reshape(EXAMPLES, -1)
        each = large.size // EXAMPLES
        if ((places < 0) | (places >= large.size)).any() or not np.array_equal(places[1] - each, places[0]):
            raise BadInput(f"{call.label}: a part of the batch of examples has no operator in ONNX.")
        rows = self.reshaped(self.name(x), (-1, x.size // EXAMPLES))
        chosen = places[0]
        if not takes:
            chosen = np.full(each, x.size // EXAMPLES)
            chosen[places[0]] = np.arange(x.size // EXAMPLES)
            rows = self.graph.add("Pad", rows, self.graph.whole([0, 0, 0, 1]), label=call.label)
        made = self.graph.add("Gather", rows, self.graph.whole(chosen), axis=1, label=call.label)
        shape = y.shape if y.shape[0] % EXAMPLES == 0 else (EXAMPLES, each if not takes else chosen.size)
        return Value(made if len(shape) == 2 and shape[1] == chosen.size else self.reshaped(made, shape))
