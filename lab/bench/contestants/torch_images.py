"""PyTorch as one writes a convolutional net, with the fused optimizer. Modes: in which order images lie in memory."""

from __future__ import annotations

import torch
from torch import nn

from lab.bench import contestant, nets
from lab.bench.contestants.shuffling import load, order
from lab.bench.contestants.torch_loop import on_batches, serve
from lab.bench.image_nets import EXAMPLES, IMAGE_NETS, ImageNet

LAYOUTS = {"": torch.contiguous_format, "channels_last": torch.channels_last}


class _Residual(nn.Module):
    """Two convolutions with batch norm beside a shortcut."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        same = stride == 1 and channels == out
        projection = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.shortcut = nn.Identity() if same else projection

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of both, through ReLU."""
        return torch.relu(self.inner(x) + self.shortcut(x))


def network(net: ImageNet) -> nn.Module:
    """The net of the same layers."""
    layers: list[nn.Module] = []
    height, width, channels = net.image
    rows = False
    for kind, *numbers in net.layers:
        sizes = [int(each) for each in numbers]
        if kind == "conv":
            out, kernel, stride, padding, bias = sizes
            layers.append(nn.Conv2d(channels, out, kernel, stride, padding, bias=bool(bias)))
            height, width = (((each + 2 * padding - kernel) // stride + 1) for each in (height, width))
            channels = out
        elif kind == "residual":
            out, stride = sizes
            layers.append(_Residual(channels, out, stride))
            height, width, channels = (height - 1) // stride + 1, (width - 1) // stride + 1, out
        elif kind == "dense":
            if not rows:
                layers.append(nn.Flatten())
                channels *= height * width
            rows = True
            layers.append(nn.Linear(channels, sizes[0]))
            channels = sizes[0]
        elif kind == "max_pool":
            layers.append(nn.MaxPool2d(sizes[0]))
            height, width = height // sizes[0], width // sizes[0]
        elif kind == "global_average_pool":
            layers.append(nn.AdaptiveAvgPool2d(1))
            height = width = 1
        else:
            layers.append(nn.ReLU() if kind == "relu" else nn.BatchNorm2d(channels))
    return nn.Sequential(*layers)


def prepare(net: ImageNet, inputs: torch.Tensor, targets: torch.Tensor, mode: str) -> contestant.Train:
    """A function that trains so many steps; the batches are indexed with a shuffled order made beforehand."""
    torch.manual_seed(0)
    layout = LAYOUTS[mode]
    model = network(net).to(memory_format=layout)  # type: ignore[call-overload]  # torch's own declaration lacks it
    images = inputs.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), lr=nets.RATE, fused=True)
    batches = torch.from_numpy(order(net, EXAMPLES))
    return on_batches(model, optimizer, images, targets, batches)


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()

    def made(net: str, mode: str) -> contestant.Train:
        inputs, targets = load(folder, net)
        return prepare(IMAGE_NETS[net], torch.from_numpy(inputs), torch.from_numpy(targets), mode)

    serve(made)


if __name__ == "__main__":
    main()
