"""Layers beside which their input passes, unchanged or nearly so."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from lab.errors import InvalidValue, nearest
from lab.graph.functions.arithmetic import add, multiply
from lab.graph.functions.dropout import gated_residual, open_gate
from lab.graph.functions.windows import take, widen
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import ENTRY, Layer, Layers, layer, read_layers
from lab.nets.limits import adjustable
from lab.validation import Real

SHORTCUTS = ("identity", "projection", "pad")


def _shortcut(given: Any) -> Any:
    if isinstance(given, list):
        return read_layers(given, "shortcut")
    if given not in SHORTCUTS:
        raise InvalidValue(
            ("shortcut",), f"there is no shortcut {given!r}; {nearest(given, SHORTCUTS)}, or a list of layers."
        )
    return given


class Residual(Layer, name="residual"):
    """x + f(x), where f are the layers inside (He, Zhang, Ren and Sun 2016).

    Where f changes the shape, the shortcut must, too: `projection` is a convolution of 1 by 1 with the stride that
    fits (of vectors, a dense layer) without bias; `pad` leaves out rows and columns and adds channels of zeros (option
    A of the paper); a list of layers is whatever else is wanted, such as a convolution with batch_norm behind it.
    Pre-activation is nothing but another order of the layers inside. They are named `residual1.dense1` and so on,
    those of the shortcut `residual1.shortcut.dense1`.

    With `survive`, f is left out of a training step with probability 1 - survive, and is not computed then; evaluation
    multiplies f by `survive` (stochastic depth: Huang, Sun, Liu, Sedra and Weinberger 2016). One choice serves all
    examples of a step.

    Formula: y = shortcut(x) + f(x), and shortcut(x) = x where nothing else is said.

    Paper: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016; Huang, Sun, Liu, Sedra and
    Weinberger, "Deep networks with stochastic depth", 2016.

    Example: `{residual: [{dense: 32}, relu, {dense: 32}]}`
    """

    knows_padding = True

    layers: Layers = Field(min_length=1, max_length=100, description="The layers inside, as in `model`.")
    shortcut: Annotated[
        Any,
        BeforeValidator(_shortcut),
        WithJsonSchema({"anyOf": [{"enum": list(SHORTCUTS)}, {"type": "array", "items": ENTRY}]}),
    ] = Field(default="identity", description="What the input goes through on its way past them.")
    survive: Real | None = adjustable(
        None, "Probability with which the layers inside take part in a training step.", steps="tenths", gt=0, le=1
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if self.survive is None:
            inner = builder.inside(self.layers, x, "residual", "layers")
            return self._add(x, inner, builder)
        survive = builder.setting(self, "survive")
        if not builder.training:
            inner = builder.inside(self.layers, x, "residual", "layers")
            return self._add(x, multiply(inner, survive), builder)
        if self.shortcut != "identity":
            raise InvalidValue(
                ("residual", "survive"), "only layers with the identity as their shortcut can be left out."
            )
        gate = builder.gate(open_gate(survive, builder.stream()))
        with builder.gated(gate):
            made = gated_residual(x, lambda entered: self._same(entered, builder, x), gate)
        return builder.joined(made, [x, *[each.y for each in builder.parts[-1:]]])

    def _same(self, x: Tensor, builder: Builder, entered: Tensor) -> Tensor:
        builder.padding.hand_on(x, entered)
        inner = builder.inside(self.layers, x, "residual", "layers")
        self._check(x, inner, builder.layer_name)
        return inner

    def _add(self, x: Tensor, inner: Tensor, builder: Builder) -> Tensor:
        short = self._short(x, inner.shape, builder)
        self._check(short, inner, builder.layer_name)
        return builder.joined(add(short, inner), [short, inner])

    def _check(self, short: Tensor, inner: Tensor, name: str) -> None:
        if inner.shape != short.shape:
            found, wanted = list(inner.shape[1:]), list(short.shape[1:])
            if self.shortcut == "identity":
                raise InvalidValue(
                    (),
                    f"{name}: the layers inside give {found}, but their input, which is to be added, is {wanted}: "
                    f"they must give {wanted}, or the residual needs a shortcut such as `shortcut: projection`.",
                )
            raise InvalidValue(
                (), f"{name}: the layers inside give {found}, but the shortcut, which is to be added, gives {wanted}."
            )

    def _short(self, x: Tensor, wanted: Shape, builder: Builder) -> Tensor:
        if isinstance(self.shortcut, list):
            return builder.inside(self.shortcut, x, "residual", "shortcut", part="shortcut")
        if self.shortcut == "identity" or len(wanted) != len(x.shape):
            return x
        steps = [-(-have // want) for have, want in zip(x.shape[1:-1], wanted[1:-1], strict=True)]
        if self.shortcut == "projection":
            return builder.inside([_projection(wanted, steps)], x, "residual", "shortcut", part="shortcut")
        if wanted[-1] < x.shape[-1]:
            raise InvalidValue(
                (),
                f"{builder.layer_name}: the shortcut `pad` adds channels, but the layers inside give {wanted[-1]}, "
                f"fewer than {x.shape[-1]}.",
            )
        kept = take(x, (slice(None), *[slice(None, None, step) for step in steps])) if max(steps, default=1) > 1 else x
        return builder.joined(widen(kept, wanted[-1]) if wanted[-1] > x.shape[-1] else kept, [x])


def _projection(wanted: Shape, steps: list[int]) -> Layer:
    """The linear layer that brings an input to a shape."""
    if not steps:
        return layer({"dense": wanted[-1], "bias": False}, ())
    return layer({"conv": wanted[-1], "kernel_size": 1, "stride": steps, "bias": False}, ())
