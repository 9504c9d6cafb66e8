"""PyTorch: a folder with a Python file, whose `torch.nn.Module` gives the same outputs, and the weights it loads."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lab.errors import BadInput
from lab.exports import safetensors
from lab.exports.selection import Selection
from lab.exports.torch_sequences import RECURRENT, functions, recurrent, window
from lab.exports.tracing import EXAMPLES, Trace, one_network, trace
from lab.graph.tensor import Call, Tensor

KIND, SUFFIX = "folder", "-torch"
WEIGHTS, MODULE = "weights.safetensors", "network.py"
MOST_WRITTEN = 64
"""So many numbers at most are written into the file digit by digit."""

FORMS = ("", "_row", "_number")
"""Kernels of two arrays have these behind their names where the second one is repeated, as PyTorch does anyway."""

_ELEMENTWISE = {
    "relu": "torch.relu({0})",
    "sigmoid": "torch.sigmoid({0})",
    "tanh": "torch.tanh({0})",
    "gelu": "F.gelu({0})",
    "silu": "F.silu({0})",
    "softplus": "F.softplus({0}, threshold=100)",
    "elu": "torch.where({0} > 0, {0}, {1} * torch.expm1({0}.clamp(max=0)))",
    "leaky_relu": "torch.where({0} > 0, {0}, {1} * {0})",
    "prelu": "torch.where({0} > 0, {0}, {1} * {0})",
    "copy": "{0}",
    "dense": "{0} @ {1} + {2}",
    "dense_relu": "torch.relu({0} @ {1} + {2})",
    "scale": "{0} * {1}",
    **{f"add{form}": "{0} + {1}" for form in FORMS},
    **{f"subtract{form}": "{0} - {1}" for form in FORMS},
    **{f"multiply{form}": "{0} * {1}" for form in FORMS},
    **{f"divide{form}": "{0} / {1}" for form in FORMS},
    "minimum_number": "{0}.clamp(max={1})",
    "maximum_number": "{0}.clamp(min={1})",
    "sum_rows": "{0}.sum(-1)",
    "mean_rows": "{0}.mean(-1)",
    "gather_rows": "{0}[{1}.long()]",
    "concatenate_columns": "torch.cat([{0}, {1}], -1)",
    "matmul": "{0} @ {1}",
    "batched_matmul": "{0} @ {1}",
    "batched_matmul_transposed_right": "{0} @ {1}.transpose(-1, -2)",
    "softmax": "torch.softmax({0}, -1)",
    "batch_norm_evaluate": "({0} - {3}) / torch.sqrt({4} + {5}) * {1} + {2}",
    "layer_norm": "F.layer_norm({0}, {0}.shape[-1:], {1}, {2}, {3})",
}
"""Kernels as expressions of what they read."""


def write(selection: Selection, folder: Path) -> None:
    """Writes `network.py` and `weights.safetensors`. Raises BadInput for a layer that cannot be written down."""
    exported = one_network(selection)
    if exported.model is None:
        raise BadInput(f"{exported.run}: language models are written as ONNX alone, with `--format onnx`.")
    columns = exported.model.recipe.table.columns if exported.model.recipe.table is not None else ()
    text = source(trace(exported), exported.run, exported.shape, any(each.tokens for each in columns))
    with (folder / WEIGHTS).open("wb") as stream:
        safetensors.write(selection, stream)
    (folder / MODULE).write_text(text, encoding="utf-8")


def source(traced: Trace, run: str, shape: tuple[int, ...], texts: bool = False) -> str:
    """The text of the Python file. texts: whether examples may be texts, which become tokens."""
    variables: dict[int, str] = {id(traced.x): "x"}
    lines = []

    def word(tensor: Tensor) -> str:
        if id(tensor) in traced.names:
            name, whole = f"self.{traced.names[id(tensor)].replace('.', '_')}", tensor.base
            viewed = whole is not None and id(whole) in traced.names and whole.shape != tensor.shape
            return f"{name}.reshape({', '.join(map(str, tensor.shape))})" if viewed else name
        if id(tensor) in traced.values:
            return _written(traced.values[id(tensor)])
        return variables[id(tensor)]

    for number, node in enumerate(traced.nodes, 1):
        name = f"x{number}"
        if isinstance(node, Call):
            results = [name, *(f"{name}_{place}" for place in range(1, RECURRENT.get(node.kernel.name, 1)))]
            # Recurrent layers have results beyond these, which are no part of an evaluation.
            variables |= {id(each): given for each, given in zip(node.results, results, strict=False)}
            made = _expression(node, word, traced)
            lines.append(f"{', '.join(results)} = {made}  # {node.label or node.kernel.name}")
        else:
            assert node.base is not None
            variables[id(node)] = name
            extents = ", ".join(map(str, (-1, *node.shape[1:])))
            lines.append(f"{name} = {word(node.base)}.reshape({extents})")
    body = "\n        ".join([*lines, f"return {word(traced.y)}"])
    extents = ", ".join(["examples", *map(str, shape)])
    made = _FILE.format(run=run, weights=WEIGHTS, shape=extents, body=body)
    if texts:
        made = made.replace(_VALUES, _OF_TEXTS).replace(_EXAMPLES_SAID, _TEXTS_SAID)
    return made + functions(body + _OF_TEXTS * texts)


def _written(numbers: np.ndarray) -> str:
    """Numbers that are no weights as an expression; many of them, such as positions, not digit by digit."""
    if numbers.size == 1:
        return repr(float(numbers.ravel()[0]))
    if numbers.size <= MOST_WRITTEN:
        return f"x.new_tensor({numbers.tolist()})"
    content = base64.b64encode(numbers.astype("<f8").tobytes()).decode()
    return f"_tensor({{'float64': '{content}', 'shape': {list(numbers.shape)}}}).to(x)"


def _window(call: Call, read: str) -> str:
    """A part of an array, or its axes in another order. Raises BadInput for a part of the batch of examples."""
    (x,), (y,) = call.reads, call.results
    extents = y.shape if len(y.shape) == 4 else (1, 1, *y.shape)
    strides = [call.integers[f"stride_{axis}"] for axis in "abcd"]
    batch = next((axis for axis, extent in enumerate(extents) if extent != 1), 0)
    each, offset = x.size // EXAMPLES, call.integers["offset"]
    apart = strides[batch] * (extents[batch] // EXAMPLES)
    reach = offset + sum((extent - 1) * stride for extent, stride in zip(extents, strides, strict=True))
    if extents[batch] % EXAMPLES or apart != each or not 0 <= offset < each or reach >= x.size or min(strides) < 0:
        raise BadInput(f"{call.label}: a part of the batch of examples has no export.")
    rows = extents[batch] // EXAMPLES
    sizes = [f"{rows} * x.shape[0]" if axis == batch else str(extent) for axis, extent in enumerate(extents)]
    made = f"{read}.contiguous().as_strided(({', '.join(sizes)}), {tuple(strides)}, {offset})"
    return made if len(y.shape) == 4 else f"{made}.reshape(-1, {', '.join(map(str, y.shape[1:]))})"


def _expression(call: Call, word: Callable[[Tensor], str], traced: Trace) -> str:
    kernel, read = call.kernel.name, [word(each) for each in call.reads]
    if kernel in _ELEMENTWISE:
        return _ELEMENTWISE[kernel].format(*read)
    integers = call.integers
    if kernel in RECURRENT:
        return recurrent(call, word, traced)
    if kernel == "take_window" and min(integers[f"stride_{axis}"] for axis in "abcd") >= 0:
        return _window(call, read[0])
    if kernel in ("take_window", "broadcast"):
        fixed = id(call.reads[0]) in traced.values or id(call.reads[0]) in traced.names
        return window(call, read[0], constant=fixed)
    if kernel == "group_norm":
        moved = f"{read[0]}.movedim(-1, 1)"
        return f"F.group_norm({moved}, {integers['groups']}, {read[1]}, {read[2]}, {read[3]}).movedim(1, -1)"
    if kernel == "convolution":
        sides = ", ".join(str(integers[side]) for side in ("left", "right", "top", "bottom"))
        padded = f"F.pad({read[0]}.movedim(-1, 1), ({sides}))"
        stride, dilation = ((integers[f"{what}_y"], integers[f"{what}_x"]) for what in ("stride", "dilation"))
        weight = f"{read[1]}.permute(3, 2, 0, 1)"
        bias = read[2] if id(call.reads[2]) in traced.names else "None"  # a constant is that of a layer without bias
        return f"F.conv2d({padded}, {weight}, {bias}, {stride}, 0, {dilation}, {integers['groups']}).movedim(1, -1)"
    if kernel in ("max_pool", "average_pool"):
        windows = [traced.values[id(each)].astype(int).tolist() for each in call.reads[1:5]]
        how = "amax" if kernel == "max_pool" else "mean"
        rows, columns = (list(zip(*windows[place : place + 2], strict=True)) for place in (0, 2))
        down = f"torch.stack([{read[0]}[:, a:b].{how}(1) for a, b in {rows}], 1)"
        if kernel == "average_pool":
            shares = [traced.values[id(each)] for each in call.reads[5:7]]
            for (begin, end), share in zip(rows + columns, np.concatenate(shares).tolist(), strict=True):
                if abs(share * (end - begin) - 1) > 1e-5:
                    raise BadInput(f"{call.label}: an average over windows that reach beyond the image has no export.")
        return f"torch.stack([{down}[:, :, a:b].{how}(2) for a, b in {columns}], 2)"
    raise BadInput(f"{call.label or kernel}: there is no way yet to write this layer ({kernel}) for PyTorch.")


_VALUES = "        values = np.array(raw, np.float64)\n"
_OF_TEXTS = """        raw = list(raw)
        if raw and isinstance(raw[0], str):
            raw = _tokens(raw, recipe["columns"][0])
        values = np.array(raw, np.float64)
"""
_EXAMPLES_SAID = "network.prepare(raw) makes inputs of examples"
_TEXTS_SAID = "network.prepare(raw) makes inputs of a list of texts, or of tokens as examples"

_FILE = '''"""The network of the run {run} of backprop-lab, for PyTorch.

network = Network(); network.eval()
network.prepare(raw) makes inputs of examples in the units of the training data, float64 [{shape}]
network(inputs) gives the outputs of the last layer; network.predict(raw) probabilities, or values in the target's units
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import nn


class Network(nn.Module):
    """In evaluation; images are [examples, height, width, channels], weights as in the lab: dense ones [in, out]."""

    def __init__(self, weights=Path(__file__).with_name("{weights}")):
        super().__init__()
        with safe_open(str(weights), framework="pt") as file:
            self.about = json.loads(file.metadata()["lab"])
            for name in file.keys():
                tensor = file.get_tensor(name)
                if "running" in name:
                    self.register_buffer(name.replace(".", "_"), tensor)
                else:
                    self.register_parameter(name.replace(".", "_"), nn.Parameter(tensor))

    def forward(self, x):
        {body}

    def prepare(self, raw):
        """Fill gaps, centre, scale: as in training, from its examples."""
        recipe = self.about["recipe"]
        values = np.array(raw, np.float64)
        if recipe["fillers"] is not None:
            values = np.where(np.isnan(values), _numbers(recipe["fillers"]), values)
        flat = values.reshape(-1, values.shape[-1]) if "sequence_length" in recipe else values.reshape(len(values), -1)
        for step in recipe["steps"]:
            [(operation, numbers)] = step.items()
            numbers = _numbers(numbers)
            if operation == "levels":
                pixels = flat.reshape(len(flat), -1, len(numbers)) * 255
                columns = [np.interp(pixels[..., c], np.arange(256.0), row) for c, row in enumerate(numbers)]
                flat = np.stack(columns, -1).reshape(flat.shape)
            elif operation == "project":
                flat = flat @ numbers
            else:
                flat = getattr(np, operation)(flat, numbers)
        rows = values.shape[:-1] if "sequence_length" in recipe else values.shape[:1]
        shape = values.shape if flat.size == values.size else (*rows, -1)  # whitening may leave axes out
        return torch.from_numpy(flat.reshape(shape).astype(np.float32))

    @torch.no_grad()
    def predict(self, raw):
        """Probabilities of the classes or labels in self.about["recipe"]["classes"], or values in their own units."""
        recipe, y = self.about["recipe"], self(self.prepare(raw)).double()
        if recipe["kind"] == "values":
            y = y if recipe["mean"] is None else y * _tensor(recipe["deviation"]) + _tensor(recipe["mean"])
            transform = recipe.get("transform")
            return torch.exp(y) if transform == "log" else torch.expm1(y) if transform == "log1p" else y
        if self.about["loss"] == "logistic":
            return torch.sigmoid(y)
        return torch.softmax(y, -1) if self.about["loss"] == "softmax" else y


def _numbers(content):
    if isinstance(content, dict):
        return np.frombuffer(base64.b64decode(content["float64"]), "<f8").reshape(content["shape"])
    return np.array(content, np.float64)


def _tensor(content):
    return torch.from_numpy(_numbers(content).copy())
'''
