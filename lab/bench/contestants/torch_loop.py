"""What the contestants that train with PyTorch on one core of the CPU have in common."""

from __future__ import annotations

from collections.abc import Callable

import torch

from lab.bench import contestant


def on_batches(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    batches: torch.Tensor,
) -> contestant.Train:
    """A function that trains so many steps with the softmax cross-entropy; batches[step] are the examples of a step."""
    loss_of = torch.nn.CrossEntropyLoss()

    def train(steps: int) -> None:
        for chosen in batches[:steps]:
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(inputs[chosen]), targets[chosen]).backward()
            optimizer.step()

    return train


def serve(made: Callable[[str, str], contestant.Train | None]) -> None:
    """Serve a race with one thread."""
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    contestant.serve({"torch": torch.__version__}, made)
