"""Networks drawn at random, of all layers that go together with the shape that is there.

`Chance` is a `random.Random`; hypothesis hands one out whose draws it can make smaller. Everything returns layers as a
scenario has them, and what comes out of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Chance = random.Random
Layers = list[Any]
Shape = tuple[int, int, int]
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "softplus", "elu", "prelu", "leaky_relu", "identity")
DEEPEST = 2


def odds(chance: Chance, share: float) -> bool:
    return chance.random() < share


def activation(chance: Chance) -> Any:
    name = chance.choice(ACTIVATIONS)
    limits = {"leaky_relu": (0.0, 1.0), "elu": (0.1, 3.0), "prelu": (-1.0, 1.0)}
    if name in limits and odds(chance, 0.5):
        return {name: round(chance.uniform(*limits[name]), 2)}
    return name


def initialiser(chance: Chance) -> Any:
    names = ["he", "xavier", "orthogonal"]
    blocks = [{"normal": 0.3}, {"uniform": 0.3}, {"xavier": "average"}, {"name": "he", "bias": -0.05}]
    return chance.choice([*names, *blocks, {"name": "normal", "std": 0.4, "bias": 0.1}])


def _groups(chance: Chance, channels: int) -> int:
    return chance.choice([each for each in range(1, channels + 1) if channels % each == 0])


class Vectors:
    """Layers on vectors [batch, n]. random: whether some of them may drop units or branches by chance"""

    def __init__(self, chance: Chance, random: bool) -> None:
        self.chance, self.random = chance, random
        self.kinds: list[Callable[[int, int], tuple[Layers, int]]] = [
            self._dense, self._dense, self._dense, self._activation, self._activation, self._norm, self._maxout,
            self._select, self._residual, self._parallel, self._repeat,
        ]  # fmt: skip
        if random:
            self.kinds += [self._dropout, self._dropconnect]

    def several(self, width: int, count: int, depth: int = 0) -> tuple[Layers, int]:
        found: Layers = []
        for _ in range(count):
            more, width = self.chance.choice(self.kinds)(width, depth)
            found += more
        return found, width

    def _dense(self, width: int, depth: int) -> tuple[Layers, int]:
        units = self.chance.randint(1, 20)
        layer: dict[str, Any] = {"dense": units}
        if odds(self.chance, 0.2):
            layer["bias"] = False
        if odds(self.chance, 0.15):
            layer["init"] = initialiser(self.chance)
        return [layer], units

    def _activation(self, width: int, depth: int) -> tuple[Layers, int]:
        return [activation(self.chance)], width

    def _norm(self, width: int, depth: int) -> tuple[Layers, int]:
        batch = {"batch_norm": {"momentum": self.chance.choice([0, 0.5, 0.99]), "epsilon": 1e-3}}
        group = {"group_norm": _groups(self.chance, width)}
        shift = {"shift": round(self.chance.uniform(-1, 1), 2)}
        layer_norm = {"layer_norm": {"epsilon": 1e-2}}
        return [self.chance.choice(["batch_norm", batch, "layer_norm", layer_norm, group, shift, "scale"])], width

    def _maxout(self, width: int, depth: int) -> tuple[Layers, int]:
        units = self.chance.randint(1, 12)
        return [{"maxout": units, "pieces": self.chance.randint(2, 4)}], units

    def _select(self, width: int, depth: int) -> tuple[Layers, int]:
        """Some of the numbers, perhaps one of them several times."""
        chosen = [self.chance.randrange(width) for _ in range(self.chance.randint(1, 6))]
        return [{"select": chosen}], len(chosen)

    def _dropout(self, width: int, depth: int) -> tuple[Layers, int]:
        rate = self.chance.choice([0, 0.3, 0.8, 0.999])
        form = self.chance.choice(["inverted", "inverted", "plain", "scaled_by_drop_probability"])
        return [{"dropout": rate, "form": form} if form != "inverted" else {"dropout": rate}], width

    def _dropconnect(self, width: int, depth: int) -> tuple[Layers, int]:
        units = self.chance.randint(1, 12)
        return [{"dropconnect": {"units": units, "rate": 0.3}}], units

    def _residual(self, width: int, depth: int) -> tuple[Layers, int]:
        if depth == DEEPEST:
            return self._activation(width, depth)
        inner, units = self.several(width, self.chance.randint(1, 3), depth + 1)
        shortcut = self.chance.choice(["identity", "projection", "pad", "list"])
        if shortcut == "list":
            return [{"residual": inner, "shortcut": [{"dense": units}]}], units
        if shortcut == "identity" or (shortcut == "pad" and units < width):
            inner += [{"dense": width}] if units != width else []
            if self.random and odds(self.chance, 0.3):
                return [{"residual": {"layers": inner, "survive": round(self.chance.uniform(0.2, 1), 2)}}], width
            return [{"residual": inner}], width
        return [{"residual": inner, "shortcut": shortcut}], units

    def _parallel(self, width: int, depth: int) -> tuple[Layers, int]:
        if depth == DEEPEST:
            return self._activation(width, depth)
        join = self.chance.choice(["concatenate", "add", "average"])
        branches, widths = [], []
        for _ in range(self.chance.randint(2, 3)):
            branch, units = (["identity"], width)
            if odds(self.chance, 0.8):
                branch, units = self.several(width, self.chance.randint(1, 2), depth + 1)
            branches.append(branch)
            widths.append(units)
        if join == "concatenate":
            return [{"parallel": branches, "join": join}], sum(widths)
        branches = [
            branch if units == widths[0] else [*branch, {"dense": widths[0]}]
            for branch, units in zip(branches, widths, strict=True)
        ]
        return [{"parallel": branches, "join": join}], widths[0]

    def _repeat(self, width: int, depth: int) -> tuple[Layers, int]:
        if depth == DEEPEST:
            return self._activation(width, depth)
        inner, units = self.several(width, self.chance.randint(1, 2), depth + 1)
        inner += [{"dense": width}] if units != width else []
        return [{"repeat": self.chance.randint(1, 3), "layers": inner}], width


def _extent(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a window has along an axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


class Images:
    """Layers on images [batch, height, width, channels]. random: as of `Vectors`"""

    def __init__(self, chance: Chance, random: bool) -> None:
        self.chance, self.random = chance, random
        self.kinds: list[Callable[[Shape], tuple[Layers, Shape]]] = [
            self._conv, self._conv, self._conv, self._activation, self._activation, self._norm, self._pool, self._pool,
            self._pad, self._transposed, self._resize, self._unpool, self._masked, self._fire, self._inception,
            self._dense_block, self._fractal, self._residual, self._parallel,
        ]  # fmt: skip

    def several(self, shape: Shape, count: int) -> tuple[Layers, Shape]:
        found: Layers = []
        for _ in range(count):
            more, shape = self.chance.choice(self.kinds)(shape)
            found += more
        return found, shape

    def _conv(self, shape: Shape) -> tuple[Layers, Shape]:
        chance, (height, width, channels) = self.chance, shape
        kernel = [chance.randint(1, 4), chance.randint(1, 4)]
        stride = [chance.randint(1, 2), chance.randint(1, 2)] if odds(chance, 0.3) else [1, 1]
        dilation = [chance.randint(1, 2), chance.randint(1, 2)] if odds(chance, 0.2) else [1, 1]
        padding = [chance.randint(0, min(2, d * (k - 1))) for k, d in zip(kernel, dilation, strict=True)]
        sizes = [_extent(*each) for each in zip((height, width), kernel, stride, padding, dilation, strict=True)]
        if min(sizes) < 1:
            return self._activation(shape)
        groups = chance.choice([each for each in (1, 2, 3, 4) if channels % each == 0])
        made = groups * chance.randint(1, max(1, 8 // groups))
        layer: dict[str, Any] = {"conv": made, "kernel_size": kernel if kernel[0] != kernel[1] else kernel[0]}
        layer |= {"stride": stride} if stride != [1, 1] else {}
        layer |= {"dilation": dilation} if dilation != [1, 1] else {}
        layer |= {"padding": padding} if any(padding) else {}
        if stride == [1, 1] and odds(chance, 0.3):
            layer["padding"], sizes = "same", [height, width]
        layer |= {"groups": groups} if groups > 1 else {}
        layer |= {"bias": False} if odds(chance, 0.2) else {}
        return [layer], (sizes[0], sizes[1], made)

    def _activation(self, shape: Shape) -> tuple[Layers, Shape]:
        return [activation(self.chance)], shape

    def _norm(self, shape: Shape) -> tuple[Layers, Shape]:
        group = {"group_norm": _groups(self.chance, shape[2])}
        response = {"local_response_norm": {"size": self.chance.choice([1, 2, 3, 5]), "alpha": 0.1}}
        return [self.chance.choice(["batch_norm", "layer_norm", "instance_norm", "scale", group, response])], shape

    def _pool(self, shape: Shape) -> tuple[Layers, Shape]:
        chance = self.chance
        kernel = [chance.randint(1, 3), chance.randint(1, 3)]
        stride = chance.choice([None, [1, 1], [2, 1], [2, 2]])
        padding = [min(wanted, k // 2) for wanted, k in zip(chance.choice([[0, 0], [1, 1]]), kernel, strict=True)]
        sizes = [_extent(*each) for each in zip(shape[:2], kernel, stride or kernel, padding, strict=True)]
        if min(sizes) < 1:
            return self._activation(shape)
        layer = {chance.choice(["max_pool", "average_pool"]): kernel}
        layer |= {"stride": stride} if stride else {}
        layer |= {"padding": padding} if any(padding) else {}
        return [layer], (sizes[0], sizes[1], shape[2])

    def _pad(self, shape: Shape) -> tuple[Layers, Shape]:
        rows, columns = self.chance.randint(0, 2), self.chance.randint(0, 2)
        return [{"pad": [rows, columns]}], (shape[0] + 2 * rows, shape[1] + 2 * columns, shape[2])

    def _transposed(self, shape: Shape) -> tuple[Layers, Shape]:
        chance = self.chance
        if shape[0] * shape[1] > 400:
            return self._activation(shape)
        channels, kernel, stride = chance.randint(1, 6), chance.randint(1, 3), chance.randint(1, 2)
        layer = {"transposed_conv": channels, "kernel_size": kernel, "stride": stride}
        layer |= {"bias": False} if odds(chance, 0.3) else {}
        height, width = ((each - 1) * stride + kernel for each in shape[:2])
        return [layer], (height, width, channels)

    def _resize(self, shape: Shape) -> tuple[Layers, Shape]:
        factor = self.chance.choice([0.5, 1.5, 2])
        if shape[0] * shape[1] > 400 or min(shape[:2]) * factor < 1:
            return self._activation(shape)
        layer = {"resize": factor, "mode": self.chance.choice(["nearest", "bilinear"])}
        return [layer], (int(shape[0] * factor), int(shape[1] * factor), shape[2])

    def _unpool(self, shape: Shape) -> tuple[Layers, Shape]:
        if shape[0] % 2 == 0 and shape[1] % 2 == 0 and odds(self.chance, 0.5):
            return [{"max_pool": 2}, activation(self.chance), {"unpool": 2}], shape
        if shape[0] * shape[1] > 200:
            return self._activation(shape)
        layer = {"unpool": 2, "mode": self.chance.choice(["nearest", "bed_of_nails"])}
        return [layer], (2 * shape[0], 2 * shape[1], shape[2])

    def _masked(self, shape: Shape) -> tuple[Layers, Shape]:
        channels = self.chance.randint(1, 5)
        layer = {"masked_conv": channels, "kernel_size": 3, "mask": self.chance.choice("AB")}
        return [layer], (shape[0], shape[1], channels)

    def _fire(self, shape: Shape) -> tuple[Layers, Shape]:
        expand = self.chance.randint(1, 4)
        return [{"fire": self.chance.randint(1, 3), "expand": expand}], (shape[0], shape[1], 2 * expand)

    def _inception(self, shape: Shape) -> tuple[Layers, Shape]:
        parts = {"one": 2, "three": [2, 3], "five": [1, 2], "pool": 2, "norm": odds(self.chance, 0.5)}
        return [{"inception": parts}], (shape[0], shape[1], 2 + 3 + 2 + 2)

    def _dense_block(self, shape: Shape) -> tuple[Layers, Shape]:
        layers, growth = self.chance.randint(1, 3), self.chance.randint(1, 4)
        layer: dict[str, Any] = {"dense_block": layers, "growth": growth}
        layer |= {"bottleneck": 2} if odds(self.chance, 0.3) else {}
        layer |= {"dropout": 0.2} if self.random and odds(self.chance, 0.3) else {}
        return [layer], (shape[0], shape[1], shape[2] + layers * growth)

    def _fractal(self, shape: Shape) -> tuple[Layers, Shape]:
        inner = [{"conv": shape[2], "kernel_size": 3, "padding": 1}, activation(self.chance)]
        settings: dict[str, Any] = {"columns": self.chance.randint(1, 3), "layers": inner}
        settings |= {"drop_path": 0.3} if self.random and odds(self.chance, 0.5) else {}
        return [{"fractal": settings}], shape

    def _residual(self, shape: Shape) -> tuple[Layers, Shape]:
        chance, channels = self.chance, self.chance.randint(1, 6)
        stride, shortcut = chance.choice([1, 1, 2]), chance.choice(["identity", "projection", "pad", "list"])
        end = chance.choice(["batch_norm", "relu", "layer_norm"])
        if shortcut == "identity" or (shortcut == "pad" and channels < shape[2]):
            same = [{"conv": shape[2], "kernel_size": 3, "padding": 1}, end]
            survive = {"survive": 0.6} if self.random and odds(chance, 0.3) else {}
            return [{"residual": {"layers": same} | survive}], shape
        inner = [{"conv": channels, "kernel_size": 3, "padding": 1, "stride": stride}, end]
        made = (-(-shape[0] // stride), -(-shape[1] // stride), channels)
        if shortcut == "list":
            beside = [{"conv": channels, "kernel_size": 1, "stride": stride}, "batch_norm"]
            return [{"residual": inner, "shortcut": beside}], made
        return [{"residual": inner, "shortcut": shortcut}], made

    def _parallel(self, shape: Shape) -> tuple[Layers, Shape]:
        branches = [
            [{"conv": 2, "kernel_size": 1}], [{"conv": 3, "kernel_size": 3, "padding": 1}, "relu"], "identity",
        ]  # fmt: skip
        return [{"parallel": branches}], (shape[0], shape[1], shape[2] + 5)


def recurrent(chance: Chance, last: bool, random: bool, backward: bool = True) -> tuple[dict[str, Any], int]:
    """A recurrent layer, and the width of what it gives. last: the numbers of the last step alone"""
    kind, units = chance.choice(["rnn", "lstm", "gru"]), chance.randint(1, 9)
    layer: dict[str, Any] = {kind: units}
    layer |= {"layers": chance.randint(2, 3)} if odds(chance, 0.3) else {}
    layer |= {"bidirectional": True} if backward and odds(chance, 0.3) else {}
    layer |= {"dropout": 0.3} if random and odds(chance, 0.2) else {}
    layer |= {"bias": False} if odds(chance, 0.2) else {}
    layer |= {"init": initialiser(chance)} if odds(chance, 0.3) else {}
    layer |= {"nonlinearity": "relu"} if kind == "rnn" and odds(chance, 0.4) else {}
    layer |= {"return": "last"} if last else {}
    return layer, units * (2 if "bidirectional" in layer else 1)
