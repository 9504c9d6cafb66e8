"""Four small convolutional nets, whose speed is compared as that of perceptrons is: on images of the right shape and no
meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.bench.nets import DATA_FILE, RATE

EXAMPLES = 1024
CLASSES = 10
Entry = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ImageNet:
    """A convolutional net with softmax cross-entropy behind it, trained with Adam on batches of 64.

    image:  height, width, channels
    layers: ("conv", channels, kernel, stride, padding, 1 if it has a bias), ("dense", units), ("max_pool", size),
            ("residual", channels, stride), or a layer's name alone
    steps:  of training per turn
    """

    name: str
    title: str
    image: tuple[int, int, int]
    layers: tuple[Entry, ...]
    steps: int
    batch: int = 64
    optimizer: str = "adam"
    replicas: int = 1

    @property
    def operations(self) -> int:
        """Multiplications and additions of convolutions and dense layers in one step: forward, and backward to weights
        and inputs, but not to the images themselves."""
        total, first = 0, True
        height, width, channels = self.image
        for kind, *numbers in self.layers:
            sizes = [int(each) for each in numbers]
            if kind in ("conv", "residual"):
                if kind == "conv":
                    out, kernel, stride, padding, _ = sizes
                else:
                    out, stride, kernel, padding = *sizes, 3, 1
                height = (height + 2 * padding - kernel) // stride + 1
                width = (width + 2 * padding - kernel) // stride + 1
                products = height * width * kernel * kernel * channels * out
                if kind == "residual":
                    products += height * width * 9 * out * out
                    if stride != 1 or channels != out:
                        products += height * width * channels * out
                channels = out
            elif kind in ("max_pool", "average_pool"):
                height, width = height // sizes[0], width // sizes[0]
                continue
            elif kind == "global_average_pool":
                height = width = 1
                continue
            elif kind == "dense":
                products = height * width * channels * sizes[0]
                height, width, channels = 1, 1, sizes[0]
            else:
                continue
            total += products * (2 if first else 3)
            first = False
        return 2 * self.batch * total


def _conv(channels: int, kernel: int = 3, padding: int = 1, bias: int = 1) -> Entry:
    return "conv", channels, kernel, 1, padding, bias


_RELU: Entry = ("relu",)
_POOL: Entry = ("max_pool", 2)
_NORMED: tuple[Entry, ...] = (_conv(16, bias=0), ("batch_norm",), _RELU)

IMAGE_NETS: dict[str, ImageNet] = {
    net.name: net
    for net in (
        ImageNet(
            "conv",
            "1×28×28, two conv 3×3 (16, 32) with ReLU and pooling",
            (28, 28, 1),
            (_conv(16), _RELU, _POOL, _conv(32), _RELU, _POOL, ("dense", CLASSES)),
            20,
        ),
        ImageNet(
            "lenet5",
            "1×28×28, LeNet-5",
            (28, 28, 1),
            (
                _conv(6, 5, 2), _RELU, _POOL, _conv(16, 5, 0), _RELU, _POOL,
                ("dense", 120), _RELU, ("dense", 84), _RELU, ("dense", CLASSES),
            ),
            20,
        ),
        ImageNet(
            "normed",
            "3×32×32, three conv 3×3×16 with batch norm, global pool",
            (32, 32, 3),
            (*_NORMED * 3, ("global_average_pool",), ("dense", CLASSES)),
            5,
        ),
        ImageNet(
            "resnet14",
            "3×32×32, ResNet-14 (16, 32, 64 channels, two blocks each)",
            (32, 32, 3),
            (
                *_NORMED,
                ("residual", 16, 1), ("residual", 16, 1), ("residual", 32, 2), ("residual", 32, 1),
                ("residual", 64, 2), ("residual", 64, 1),
                ("global_average_pool",), ("dense", CLASSES),
            ),
            2,
        ),
    )
}  # fmt: skip


def write_images(folder: Path, net: ImageNet) -> None:
    """`data.npz` in the net's own folder: inputs float32 [1024, height, width, channels], targets int64 [1024]."""
    import numpy as np

    random = np.random.default_rng(0)
    inputs = random.standard_normal((EXAMPLES, *net.image), dtype=np.float32)
    directions = random.standard_normal((inputs[0].size, CLASSES), dtype=np.float32)
    own = folder / net.name
    own.mkdir()
    np.savez(own / DATA_FILE, inputs=inputs, targets=(inputs.reshape(EXAMPLES, -1) @ directions).argmax(axis=1))


def scenario_text(net: ImageNet) -> str:
    """The net as a scenario file that stands beside its data."""
    channels, layers = net.image[2], []
    for each in net.layers:
        layers.append(_text(each, channels))
        if each[0] in ("conv", "residual"):
            channels = int(each[1])
    return "\n".join(
        (
            f"title: {net.title}",
            "task: classify",
            f"data: {{npz: {DATA_FILE}, kind: classes}}",
            f"model: [{', '.join(layers)}]",
            "init: he",
            f"optimizer: {{name: {net.optimizer}, rate: {RATE}}}",
            f"train: {{batch: {net.batch}, steps: {net.steps}, measure: {net.steps}, seed: 0}}",
            "watch: [loss]",
        )
    )


def _text(entry: Entry, channels: int) -> str:
    match entry:
        case ("conv", out, kernel, stride, padding, bias):
            bias = "true" if bias else "false"
            return f"{{conv: {out}, kernel_size: {kernel}, stride: {stride}, padding: {padding}, bias: {bias}}}"
        case ("residual", out, stride):
            first = _text(("conv", out, 3, stride, 1, 0), channels)
            second = _text(("conv", out, 3, 1, 1, 0), channels)
            same = stride == 1 and channels == out
            shortcut = "" if same else f", shortcut: [{_text(('conv', out, 1, stride, 0, 0), channels)}, batch_norm]"
            return f"{{residual: [{first}, batch_norm, relu, {second}, batch_norm]{shortcut}}}, relu"
        case (name,):
            return str(name)
        case (name, size):
            return f"{{{name}: {size}}}"
    raise ValueError(entry)
