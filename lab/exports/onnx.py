"""ONNX: the network in evaluation as one file, with the same outputs in ONNX Runtime. The opset is 17.

`x` are prepared inputs, float32 [examples, …] with images as [height, width, channels], or symbols, int64; `y` are the
outputs of the last layer. With `scaling` x are inputs as they stand in the data, float64, gaps as NaN, and values come
out in the units of the target. How a table becomes inputs stands in the file's metadata under `lab`, as JSON.
A language model also takes and gives its states: `lstm1.h` is what was before the first symbol, `lstm1.h.next` what is
behind the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any

import numpy as np

from lab import __version__
from lab.data.recipe import Recipe
from lab.data.target_scale import TargetScale
from lab.errors import BadInput, MissingExtra
from lab.exports.onnx_graph import OnnxGraph, Value
from lab.exports.onnx_kernels import OPSET, KernelWriter
from lab.exports.selection import Selection
from lab.exports.tracing import Exported, Trace, one_network, trace
from lab.graph.tensor import Call, Tensor

KIND, SUFFIX = "binary", ".onnx"

FLOAT, INT64, DOUBLE = 1, 7, 11
IR_VERSION = 8
MOST_BYTES = 2**31 - 2**20
"""What a file of this kind can hold."""


def write(selection: Selection, stream: IO[bytes], scaling: bool = False) -> None:
    """Writes the file. Raises BadInput for a layer without operators, and MissingExtra without the package `onnx`."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtra("Writing ONNX", "onnx") from None
    exported = one_network(selection)
    if sum(each.nbytes for each in exported.arrays.values()) > MOST_BYTES:
        raise BadInput(f"{exported.run} has more than 2 GiB of weights, which no ONNX file holds.")
    if scaling and exported.model is None:
        raise BadInput(f"{exported.run} is a language model: its symbols are not scaled.")
    stream.write(onnx_model(exported, scaling).SerializeToString())


def in_words(selection: Selection, scaling: bool = False) -> str:
    """What goes into the file's network and comes out of it, for who calls it; "" of a language model."""
    exported = one_network(selection)
    if exported.model is None:
        return ""
    recipe = exported.model.recipe
    shape = recipe.example_shape if scaling else exported.shape
    kind = "float64, as they stand in the data" if scaling else "float32, prepared as in training"
    columns = exported.about["recipe"].get("columns") or []
    sizes = [len(each.get("texts", ())) or 1 for each in columns]
    order = ""
    if len(shape) == 1 and sum(sizes) == shape[0] and len(columns) <= _MOST_COLUMNS:
        order = ": " + ", ".join(_column(each) for each in columns)
    told = f"x is [examples, {', '.join(map(str, shape))}], {kind}{order}."
    if recipe.kind == "classes" and recipe.classes and not recipe.pixels:
        return f"{told} y has a number for each class, before the softmax: {', '.join(recipe.classes[:_MOST_COLUMNS])}."
    return told


_MOST_COLUMNS = 24
"""That are named one by one."""


def _column(column: Mapping[str, Any]) -> str:
    texts = column.get("texts")
    if texts:
        return f"{column['name']} (0 or 1 for each of {', '.join(map(str, texts))})"
    if column.get("kind") == "date":
        return f"{column['name']} (days since {datetime.fromtimestamp(column['first'], UTC).date()})"
    return str(column["name"])


def onnx_model(exported: Exported, scaling: bool = False) -> Any:
    """The network as an `onnx.ModelProto`, checked. Raises BadInput for a layer without operators."""
    from onnx import checker, helper, numpy_helper

    traced = trace(exported)
    graph, recipe = OnnxGraph(), exported.model.recipe if exported.model and scaling else None
    symbols = _symbols(traced)
    writer = KernelWriter(graph, traced, dict(exported.arrays), symbols)
    writer.values[id(traced.x)] = Value("x" if recipe is None else _scaled(graph, recipe))
    for name, (first, _) in traced.states.items():
        writer.values[id(first)] = Value(name)
    for node in traced.nodes:
        if isinstance(node, Call):
            writer.write(node)
        else:
            writer.view(node)
    y = writer.name(traced.y)
    scale = None if recipe is None else recipe.target_scale
    if scale is not None:
        y = _in_their_units(graph, scale, graph.add("Cast", y, to=DOUBLE))
    given: dict[str, str] = {"y": graph.add("Identity", y)}
    given |= {f"{name}.next": graph.add("Identity", writer.name(last)) for name, (_, last) in traced.states.items()}
    graph.drop_unused(list(given.values()))
    _rename(graph, {inner: outer for outer, inner in given.items()})

    any_time = not any(isinstance(node, Tensor) or "window" in node.kernel.name for node in traced.nodes)
    kind = DOUBLE if recipe is not None else INT64 if id(traced.x) in symbols else FLOAT
    shape = traced.x.shape[1:] if recipe is None else recipe.example_shape
    time = exported.model is None and any_time

    def described(name: str, kind: int, extents: tuple[int, ...], timed: bool) -> Any:
        rest: list[int | str] = ["time", *extents[1:]] if timed else list(extents)
        return helper.make_tensor_value_info(name, kind, ["examples", *rest])

    inputs = [described("x", kind, shape, time)]
    inputs += [described(name, FLOAT, first.shape[1:], False) for name, (first, _) in traced.states.items()]
    outputs = [described("y", FLOAT if scale is None else DOUBLE, traced.y.shape[1:], time)]
    outputs += [described(f"{name}.next", FLOAT, last.shape[1:], False) for name, (_, last) in traced.states.items()]
    initializers = [numpy_helper.from_array(values, name) for name, values in graph.initializers.items()]
    made = helper.make_model(
        helper.make_graph(graph.nodes, exported.run, inputs, outputs, initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="backprop-lab",
        producer_version=__version__,
        doc_string=f"The network of the run {exported.run} in evaluation.",
    )
    about = {"run": exported.run, "scaling": str(scaling).lower(), **exported.metadata}
    helper.set_model_props(made, about)
    checker.check_model(made)
    return made


def _rename(graph: OnnxGraph, names: Mapping[str, str]) -> None:
    for node in graph.nodes:
        node.output[:] = [names.get(each, each) for each in node.output]


def _symbols(traced: Trace) -> set[int]:
    """The input and its views, if nothing is done with it but choosing rows of tables."""
    found = {id(traced.x)}
    for node in traced.nodes:
        if isinstance(node, Call):
            if node.kernel.name == "gather_rows":
                others: tuple[Tensor, ...] = node.reads[:1]
            elif node.kernel.name in ("rnn", "lstm", "gru") and node.integers["looked_up"]:
                others = (node.reads[0], *node.reads[2:])
            elif node.kernel.name == "minimum_number":  # 1 where there is a token, 0 where there is none
                others = node.reads[1:]
            else:
                others = node.reads
            if any(id(each) in found for each in others):
                return set()
        elif id(node.base) in found:
            found.add(id(node))
    return found


def _scaled(graph: OnnxGraph, recipe: Recipe) -> str:
    """Inputs as they stand in the data, prepared as in training, in float64; then float32."""
    x = "x"
    if recipe.fillers is not None:
        x = graph.add("Where", graph.add("IsNaN", x), graph.keep(recipe.fillers, dtype=np.float64), x)
    if recipe.steps:
        size = int(np.prod(recipe.shape))
        x = graph.add("Reshape", x, graph.whole([-1, size]))
        for step in recipe.steps:
            if step.operation == "levels":
                x = _leveled(graph, x, size, step.numbers)
                continue
            if step.operation == "greater_equal":
                reached = graph.add("GreaterOrEqual", x, graph.keep(step.numbers, dtype=np.float64), label="scaling")
                x = graph.add("Cast", reached, to=DOUBLE, label="scaling")
                continue
            operator = {"subtract": "Sub", "divide": "Div", "multiply": "Mul", "project": "MatMul"}[step.operation]
            x = graph.add(operator, x, graph.keep(step.numbers, dtype=np.float64), label="scaling")
        x = graph.add("Reshape", x, graph.whole([-1, *recipe.prepared_shape]))
    return graph.add("Cast", x, to=FLOAT, label="scaling")


def _in_their_units(graph: OnnxGraph, scale: TargetScale, y: str) -> str:
    """Outputs in float64 as values in the units of the targets, see `TargetScale.values`."""
    if scale.mean is not None and scale.deviation is not None:
        y = graph.add("Mul", y, graph.keep(scale.deviation, dtype=np.float64))
        y = graph.add("Add", y, graph.keep(scale.mean, dtype=np.float64))
    if scale.transform is not None:
        y = graph.add("Exp", y)
    return graph.add("Sub", y, graph.keep([1.0], dtype=np.float64)) if scale.transform == "log1p" else y


def _leveled(graph: OnnxGraph, x: str, size: int, tables: np.ndarray) -> str:
    """Levels of images from 0 to 1 replaced by those of a table for each channel, on a straight line between them."""
    channels = len(tables)

    def keep(number: float) -> str:
        return graph.keep([number], dtype=np.float64)

    pixels = graph.add("Mul", graph.add("Reshape", x, graph.whole([-1, size // channels, channels])), keep(255.0))
    nearest = graph.add("Round", pixels)
    is_near = graph.add("Less", graph.add("Abs", graph.add("Sub", pixels, nearest)), keep(1e-4))
    pixels = graph.add("Clip", graph.add("Where", is_near, nearest, pixels), keep(0.0), keep(255.0))
    lower = graph.add("Floor", pixels)
    share = graph.add("Sub", pixels, lower)
    # All tables in one, so that the level of a channel is a place in it.
    first = graph.keep(np.arange(channels) * 256.0, dtype=np.float64)
    table = graph.keep(tables.ravel(), dtype=np.float64)
    found = []
    for more in (0.0, 1.0):
        level = graph.add("Min", graph.add("Add", lower, keep(more)), keep(255.0))
        places = graph.add("Cast", graph.add("Add", level, first), to=INT64)
        found.append(graph.add("Gather", table, places))
    rise = graph.add("Mul", share, graph.add("Sub", found[1], found[0]))
    return graph.add("Reshape", graph.add("Add", found[0], rise), graph.whole([-1, size]))
