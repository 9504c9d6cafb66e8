"""PyTorch as one writes a character model: one-hot vectors through nn.RNN, nn.LSTM or nn.GRU, the fused optimizer."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from lab.bench import contestant, nets
from lab.bench.contestants.torch_loop import serve
from lab.bench.sequence_nets import SEQUENCE_NETS, SYMBOLS, TEXT_FILE, SequenceNet


class _Model(nn.Module):
    def __init__(self, net: SequenceNet) -> None:
        super().__init__()
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[net.kind]
        self.recurrent = kind(len(SYMBOLS), net.units, batch_first=True)
        self.output = nn.Linear(net.units, len(SYMBOLS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [batch · time, symbols] of one-hot symbols [batch, time, symbols]."""
        states, _ = self.recurrent(x)
        logits: torch.Tensor = self.output(states.flatten(0, 1))
        return logits


def prepare(net: SequenceNet, folder: Path) -> contestant.Train | None:
    """A function that trains so many steps, each on the next window of every reader; None for a batch of one."""
    if net.batch == 1:
        return None
    torch.manual_seed(0)
    text = torch.tensor([ord(each) - ord(SYMBOLS[0]) for each in (folder / net.name / TEXT_FILE).read_text()])
    stretch = (len(text) - 1) // net.batch
    model, loss_of = _Model(net), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=nets.RATE, fused=True)
    starts = torch.arange(net.batch)[:, None] * stretch + torch.arange(net.window)

    def train(steps: int) -> None:
        for step in range(steps):
            places = starts + step * net.window % (stretch - net.window)
            x = nn.functional.one_hot(text[places], len(SYMBOLS)).float()
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x), text[places + 1].flatten()).backward()
            optimizer.step()

    return train


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()
    serve(lambda net, mode: prepare(SEQUENCE_NETS[net], folder))


if __name__ == "__main__":
    main()
