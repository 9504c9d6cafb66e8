"""PyTorch as one writes it: a Sequential, a loss, an optimizer. Modes: how that goes through the parameters."""

from __future__ import annotations

import torch

from lab.bench import contestant, nets
from lab.bench.contestants.shuffling import load, order
from lab.bench.contestants.torch_loop import on_batches, serve

MODES: dict[str, dict[str, bool]] = {"": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def network(net: nets.Net) -> torch.nn.Module:
    """The perceptron."""
    layers: list[torch.nn.Module] = []
    for size, following in zip(net.sizes, net.sizes[1:], strict=False):
        layers += [torch.nn.Linear(size, following), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def prepare(net: nets.Net, inputs: torch.Tensor, targets: torch.Tensor, mode: str) -> contestant.Train:
    """A function that trains so many steps; the batches are indexed with a shuffled order made beforehand."""
    torch.manual_seed(0)
    model = network(net)
    kind = torch.optim.SGD if net.optimizer == "sgd" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=nets.RATE, **MODES[mode])  # type: ignore[arg-type]  # options differ
    batches = torch.from_numpy(order(net))
    return on_batches(model, optimizer, inputs, targets, batches)


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()

    def made(net: str, mode: str) -> contestant.Train:
        inputs, targets = load(folder, net)
        return prepare(nets.NETS[net], torch.from_numpy(inputs), torch.from_numpy(targets), mode)

    serve(made)


if __name__ == "__main__":
    main()
