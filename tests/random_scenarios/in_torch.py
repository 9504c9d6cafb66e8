"""The same networks, losses and steps written with PyTorch in float64, from the scenario alone.

Images are [batch, height, width, channels] between layers, and [batch, channels, height, width] within each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.random_scenarios.recurrent_in_torch import gru_step, lstm_step, rnn_step, walk

torch = pytest.importorskip("torch")
F = torch.nn.functional

FIRST_SETTINGS = {
    "dense": "units", "conv": "channels", "maxout": "units", "max_pool": "kernel_size", "average_pool": "kernel_size",
    "leaky_relu": "slope", "elu": "alpha", "prelu": "slope", "select": "channels", "shift": "by",
    "group_norm": "groups", "pad": "pixels", "resize": "factor", "unpool": "kernel_size",
    "transposed_conv": "channels", "residual": "layers", "parallel": "branches", "repeat": "times",
    "embedding": "width", "lstm": "units", "gru": "units", "rnn": "units", "fire": "squeeze",
    "dense_block": "layers", "auxiliary": "layers", "masked_conv": "channels", "local_response_norm": "size",
}  # fmt: skip
"""What the value means that stands behind a layer's name."""


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value, value]


def _in_front(x: Any) -> Any:
    return x.permute(0, 3, 1, 2)


def _behind(x: Any) -> Any:
    return x.permute(0, 2, 3, 1)


class Reading:
    """The network of a scenario, with parameters by the lab's names.

    columns:   (place, rows, width) of columns that are looked up in front of the first layer
    running:   mean and variance of each batch norm, as they are kept
    auxiliary: what the last call found at the side, with its share of the loss
    """

    def __init__(
        self, layers: Sequence[Any], parameters: Mapping[str, Any], columns: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        self.layers, self.parameters, self.columns = layers, parameters, columns
        self.running: dict[str, tuple[Any, Any]] = {}
        self.auxiliary: list[tuple[Any, float]] = []

    def __call__(self, x: Any) -> Any:
        self._numbers: dict[str, int] = {}
        self._prefix, self._pools = "", list[Any]()
        self.auxiliary = []
        self.timed = False
        return self._several(self.layers, self._looked_up(x))

    def _looked_up(self, x: Any) -> Any:
        parts, done = [], 0
        for place, _, _ in self.columns:
            self._name("select")
            table = self.parameters[f"{self._name('embedding')}.weight"]
            parts += [x[..., done:place], table[x[..., place].long()]]
            done = place + 1
        return torch.cat([*parts, x[..., done:]], -1) if self.columns else x

    def _name(self, kind: str) -> str:
        key = self._prefix + kind
        self._numbers[key] = self._numbers.get(key, 0) + 1
        return f"{key}{self._numbers[key]}"

    def _several(self, layers: Sequence[Any], x: Any) -> Any:
        for each in layers:
            x = self._layer(each, x)
        return x

    def _inside(self, layers: Sequence[Any], x: Any, name: str, part: str = "") -> Any:
        outside, self._prefix = self._prefix, f"{name}.{part}." if part else f"{name}."
        x = self._several(layers, x)
        self._prefix = outside
        return x

    def _layer(self, given: Any, x: Any) -> Any:
        kind, settings = (given, {}) if isinstance(given, str) else (next(iter(given)), dict(given))
        if settings:
            first = settings.pop(kind)
            settings |= first if isinstance(first, dict) else {FIRST_SETTINGS[kind]: first}
        if kind == "repeat":
            for _ in range(settings["times"]):
                x = self._several(settings["layers"], x)
            return x
        name = self._name(kind)
        own = {
            key.removeprefix(f"{name}."): value for key, value in self.parameters.items() if key.startswith(f"{name}.")
        }
        return getattr(self, f"_{kind}")(x, own, name=name, **settings)

    # On each number

    def _identity(self, x: Any, own: Any, **_: Any) -> Any:
        return x

    def _relu(self, x: Any, own: Any, **_: Any) -> Any:
        return F.relu(x)

    def _tanh(self, x: Any, own: Any, **_: Any) -> Any:
        return torch.tanh(x)

    def _sigmoid(self, x: Any, own: Any, **_: Any) -> Any:
        return torch.sigmoid(x)

    def _gelu(self, x: Any, own: Any, **_: Any) -> Any:
        return F.gelu(x)

    def _silu(self, x: Any, own: Any, **_: Any) -> Any:
        return F.silu(x)

    def _softplus(self, x: Any, own: Any, **_: Any) -> Any:
        return F.softplus(x, threshold=30)

    def _elu(self, x: Any, own: Any, alpha: float = 1.0, **_: Any) -> Any:
        return F.elu(x, alpha)

    def _leaky_relu(self, x: Any, own: Any, slope: float = 0.01, **_: Any) -> Any:
        return F.leaky_relu(x, slope)

    def _prelu(self, x: Any, own: Any, **_: Any) -> Any:
        return torch.where(x > 0, x, x * own["slope"])

    def _shift(self, x: Any, own: Any, by: float, **_: Any) -> Any:
        return x + by

    def _scale(self, x: Any, own: Any, **_: Any) -> Any:
        return x * own["gamma"] + own["beta"]

    # On vectors

    def _dense(self, x: Any, own: Any, **_: Any) -> Any:
        x = x if self.timed else x.reshape(len(x), -1)
        return x @ own["weight"] + own.get("bias", 0)

    def _flatten(self, x: Any, own: Any, **_: Any) -> Any:
        return x.reshape(len(x), -1)

    def _maxout(self, x: Any, own: Any, units: int, pieces: int = 2, **_: Any) -> Any:
        y = x.reshape(len(x), -1) @ own["weight"] + own["bias"]
        return y.reshape(len(y), pieces, units).max(1).values

    def _select(self, x: Any, own: Any, channels: list[int], **_: Any) -> Any:
        return x[..., channels]

    def _embedding(self, x: Any, own: Any, **_: Any) -> Any:
        self.timed = True
        return own["weight"][x.long()]

    # Norms

    def _batch_norm(self, x: Any, own: Any, name: str, epsilon: float = 1e-5, momentum: float = 0.9) -> Any:
        axes, count = tuple(range(x.dim() - 1)), x.numel() // x.shape[-1]
        mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        before = self.running.get(name, (torch.zeros_like(mean), torch.ones_like(mean)))
        now = (mean.detach(), variance.detach() * count / (count - 1))
        self.running[name] = tuple(momentum * b + (1 - momentum) * n for b, n in zip(before, now, strict=True))
        return (x - mean) / torch.sqrt(variance + epsilon) * own["gamma"] + own["beta"]

    def _layer_norm(self, x: Any, own: Any, name: str, epsilon: float = 1e-5) -> Any:
        return F.layer_norm(x, x.shape[-1:], own["gamma"], own["beta"], epsilon)

    def _group_norm(self, x: Any, own: Any, name: str, groups: int, epsilon: float = 1e-5) -> Any:
        """Not by `torch.nn.functional.group_norm`, whose backward pass crashes on images of one channel that are a
        view (version 2.13)."""
        parts = x.reshape(len(x), -1, groups, x.shape[-1] // groups)
        mean, variance = parts.mean((1, 3), keepdim=True), parts.var((1, 3), unbiased=False, keepdim=True)
        return ((parts - mean) / torch.sqrt(variance + epsilon)).reshape(x.shape) * own["gamma"] + own["beta"]

    def _instance_norm(self, x: Any, own: Any, name: str, epsilon: float = 1e-5) -> Any:
        return self._group_norm(x, own, name, x.shape[-1], epsilon)

    def _local_response_norm(
        self, x: Any, own: Any, name: str, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> Any:
        return F.local_response_norm(x.movedim(-1, 1), size, alpha, beta, k).movedim(1, -1)

    # On images

    def _conv(
        self, x: Any, own: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
        **_: Any,
    ) -> Any:  # fmt: skip
        kernel, spread = _pair(kernel_size), _pair(dilation)
        above = below = left = right = 0
        if padding == "same":
            height, width = (d * (k - 1) for k, d in zip(kernel, spread, strict=True))
            above, left, below, right = height // 2, width // 2, height - height // 2, width - width // 2
        else:
            above, left = below, right = _pair(padding)
        weight = own["weight"].permute(3, 2, 0, 1).contiguous()
        x = F.pad(_in_front(x), (left, right, above, below))
        return _behind(F.conv2d(x, weight, own.get("bias"), _pair(stride), dilation=spread, groups=groups))

    def _masked_conv(self, x: Any, own: Any, kernel_size: int, **_: Any) -> Any:
        seen, channels, made = own["weight"].shape
        unseen = torch.zeros(kernel_size**2 - seen, channels, made, dtype=x.dtype)
        whole = torch.cat([own["weight"], unseen]).reshape(kernel_size, kernel_size, channels, made)
        return self._conv(x, own | {"weight": whole}, kernel_size, padding=kernel_size // 2)

    def _transposed_conv(self, x: Any, own: Any, stride: Any = 1, **_: Any) -> Any:
        weight = own["weight"].permute(3, 2, 0, 1).contiguous()
        return _behind(F.conv_transpose2d(_in_front(x), weight, own.get("bias"), _pair(stride)))

    def _max_pool(self, x: Any, own: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, **_: Any) -> Any:
        kernel = _pair(kernel_size)
        settings = (kernel, kernel if stride is None else _pair(stride), _pair(padding))
        y, places = F.max_pool2d(_in_front(x), *settings, return_indices=True)
        self._pools.append((places, kernel, settings[1], x.shape[1:3]))
        return _behind(y)

    def _average_pool(self, x: Any, own: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, **_: Any) -> Any:
        kernel = _pair(kernel_size)
        return _behind(F.avg_pool2d(_in_front(x), kernel, kernel if stride is None else _pair(stride), _pair(padding)))

    def _unpool(self, x: Any, own: Any, kernel_size: int, mode: str = "max", **_: Any) -> Any:
        y, size = _in_front(x), _pair(kernel_size)
        if mode == "nearest":
            return _behind(F.interpolate(y, scale_factor=size, mode="nearest"))
        if mode == "bed_of_nails":
            spread = torch.zeros(*y.shape[:2], y.shape[2] * size[0], y.shape[3] * size[1], dtype=y.dtype)
            spread[:, :, :: size[0], :: size[1]] = y
            return _behind(spread)
        places, kernel, stride, shape = self._pools.pop()
        return _behind(F.max_unpool2d(y, places, kernel, stride, output_size=shape))

    def _global_average_pool(self, x: Any, own: Any, **_: Any) -> Any:
        return x.mean((1, 2))

    def _global_max_pool(self, x: Any, own: Any, **_: Any) -> Any:
        return x.amax((1, 2))

    def _pad(self, x: Any, own: Any, pixels: Any, **_: Any) -> Any:
        rows, columns = _pair(pixels)
        return F.pad(x, (0, 0, columns, columns, rows, rows))

    def _resize(self, x: Any, own: Any, factor: float, mode: str = "nearest", **_: Any) -> Any:
        corners = {"align_corners": False} if mode == "bilinear" else {}
        size = [int(each * factor) for each in x.shape[1:3]]
        return _behind(F.interpolate(_in_front(x), size=size, mode=mode, **corners))

    # Of other layers

    def _residual(self, x: Any, own: Any, name: str, layers: Any, shortcut: Any = "identity") -> Any:
        y = self._inside(layers, x, name)
        if isinstance(shortcut, list):
            return self._inside(shortcut, x, name, "shortcut") + y
        if shortcut == "identity":
            return x + y
        stride = [-(-before // after) for before, after in zip(x.shape[1:-1], y.shape[1:-1], strict=True)]
        if shortcut == "projection":
            projection: dict[str, Any] = {"dense": y.shape[-1]}
            if stride:
                projection = {"conv": y.shape[-1], "kernel_size": 1, "stride": stride}
            return self._inside([projection | {"bias": False}], x, name, "shortcut") + y
        x = x[:, :: stride[0], :: stride[1]] if stride else x
        return F.pad(x, (0, y.shape[-1] - x.shape[-1])) + y

    def _parallel(self, x: Any, own: Any, name: str, branches: Any, join: str = "concatenate") -> Any:
        made = [
            self._inside(each if isinstance(each, list) else [each], x, name, f"branch{number}")
            for number, each in enumerate(branches, 1)
        ]
        if join == "concatenate":
            return torch.cat(made, -1)
        return sum(made[1:], made[0]) / (len(made) if join == "average" else 1)

    def _auxiliary(self, x: Any, own: Any, name: str, layers: Any, share: float = 0.3) -> Any:
        self.auxiliary.append((self._inside(layers, x, name), share))
        return x

    def _fire(self, x: Any, own: Any, name: str, squeeze: int, expand: int) -> Any:
        narrow = self._inside([{"conv": squeeze, "kernel_size": 1}, "relu"], x, name, "squeeze")
        one = self._inside([{"conv": expand, "kernel_size": 1}, "relu"], narrow, name, "one")
        three = [{"conv": expand, "kernel_size": 3, "padding": 1}, "relu"]
        return torch.cat([one, self._inside(three, narrow, name, "three")], -1)

    def _inception(self, x: Any, own: Any, name: str, one: int, three: Any, five: Any, pool: int, norm: bool) -> Any:
        def conv(channels: int, size: int) -> list[Any]:
            layer = {"conv": channels, "kernel_size": size, "padding": size // 2, "bias": not norm}
            return [layer, *(["batch_norm"] if norm else []), "relu"]

        branches = {
            "one": conv(one, 1),
            "three": conv(three[0], 1) + conv(three[1], 3),
            "five": conv(five[0], 1) + conv(five[1], 5),
            "pool": [{"max_pool": 3, "stride": 1, "padding": 1}, *conv(pool, 1)],
        }
        return torch.cat([self._inside(layers, x, name, part) for part, layers in branches.items()], -1)

    def _dense_block(self, x: Any, own: Any, name: str, layers: int, growth: int, bottleneck: int = 0) -> Any:
        between = [{"conv": bottleneck * growth, "kernel_size": 1, "bias": False}, "batch_norm", "relu"]
        end = {"conv": growth, "kernel_size": 3, "padding": 1, "bias": False}
        for _ in range(layers):
            made = self._inside(["batch_norm", "relu", *(between if bottleneck else []), end], x, name)
            x = torch.cat([x, made], -1)
        return x

    def _fractal(self, x: Any, own: Any, name: str, columns: int, layers: Any) -> Any:
        ends = [x] * columns
        for row in range(1, 2 ** (columns - 1) + 1):
            met = [each for each in range(columns) if row % 2 ** (columns - 1 - each) == 0]
            made = [self._inside(layers, ends[each], name, f"column{each + 1}") for each in met]
            for each in met:
                ends[each] = sum(made[1:], made[0]) / len(made)
        return ends[0]

    # Recurrent

    def _rnn(self, x: Any, own: Any, **settings: Any) -> Any:
        return self._recurrent(x, own, rnn_step, **settings)

    def _lstm(self, x: Any, own: Any, **settings: Any) -> Any:
        return self._recurrent(x, own, lstm_step, **settings)

    def _gru(self, x: Any, own: Any, **settings: Any) -> Any:
        return self._recurrent(x, own, gru_step, **settings)

    def _recurrent(self, x: Any, own: Any, step: Any, units: int, layers: int = 1, **settings: Any) -> Any:
        self.timed = True
        for number in range(layers):
            prefix = "" if number == 0 else f"layer{number + 1}."
            y, last = walk(x, own, prefix, step, units, settings)
            if settings.get("bidirectional"):
                back, first = walk(x.flip(1), own, f"{prefix}backward.", step, units, settings)
                y, last = torch.cat([y, back.flip(1)], -1), torch.cat([last, first], -1)
            x = y
        if settings.get("return") == "last":
            self.timed = False
            return last
        return x
