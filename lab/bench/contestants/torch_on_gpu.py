"""PyTorch on a GPU: as one writes it, with the fused optimizer, and the whole step as a CUDA graph.

One network at a time, as PyTorch has them; nets of many replicas are not for it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from lab.bench import contestant, nets
from lab.bench.contestants.shuffling import load, order
from lab.bench.contestants.torch_eager import network


def prepare(net: nets.Net, inputs: torch.Tensor, targets: torch.Tensor, mode: str) -> contestant.Train:
    """A function that trains so many steps."""
    torch.manual_seed(0)
    model = network(net).cuda()
    loss_of = torch.nn.CrossEntropyLoss()
    fused = mode in ("fused", "graph")
    optimizer = torch.optim.Adam(model.parameters(), lr=nets.RATE, fused=fused, capturable=mode == "graph")
    batches = torch.from_numpy(order(net)).cuda()
    chosen = batches[0].clone()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(inputs[chosen]), targets[chosen]).backward()
        optimizer.step()

    walk: Callable[[], None] = step
    if mode == "graph":
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        walk = graph.replay

    def train(steps: int) -> None:
        for each in batches[:steps]:
            chosen.copy_(each)
            walk()
        torch.cuda.synchronize()

    return train


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()

    def made(net: str, mode: str) -> contestant.Train | None:
        if nets.ON_A_GPU[net].replicas > 1:
            return None
        inputs, targets = load(folder, net)
        return prepare(nets.ON_A_GPU[net], torch.from_numpy(inputs).cuda(), torch.from_numpy(targets).cuda(), mode)

    contestant.serve({"torch": torch.__version__}, made)


if __name__ == "__main__":
    main()
