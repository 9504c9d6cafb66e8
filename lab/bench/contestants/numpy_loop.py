"""A character model as it is written down in NumPy: one step of time after another, one matrix per character.

The recurrence, its gradients through time and AdaGrad are written from the equations:

    h = tanh(Wx x + Wh h' + b), z = Wo h + c, loss = -log softmax(z)[next symbol], summed over the window
    memory += gradient²,  weight -= rate · gradient / √(memory + 1e-8)

with each number of the gradient limited to ±5.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.bench import contestant
from lab.bench.sequence_nets import LIMIT, SEQUENCE_NETS, SYMBOLS, TEXT_FILE, SequenceNet

SPREAD = 0.01
"""Standard deviation of the weights at first."""


def prepare(net: SequenceNet, folder: Path) -> contestant.Train | None:
    """A function that trains so many steps, each on the next window of the text; None for other nets."""
    if net.batch != 1 or net.kind != "rnn":
        return None
    text = np.frombuffer((folder / net.name / TEXT_FILE).read_bytes(), np.uint8).astype(np.int64) - ord(SYMBOLS[0])
    random = np.random.default_rng(0)
    symbols, units = len(SYMBOLS), net.units
    shapes = (units, symbols), (units, units), (symbols, units)
    weights = [SPREAD * random.standard_normal(shape) for shape in shapes]
    weights += [np.zeros((units, 1)), np.zeros((symbols, 1))]
    memories = [np.zeros_like(each) for each in weights]
    state = np.zeros((units, 1))
    place = 0

    def train(steps: int) -> None:
        nonlocal state, place
        for _ in range(steps):
            if place + net.window >= len(text):
                place, state = 0, np.zeros((units, 1))
            read, following = text[place : place + net.window], text[place + 1 : place + net.window + 1]
            found, state = gradients(weights, state, read, following)
            for weight, gradient, memory in zip(weights, found, memories, strict=True):
                np.clip(gradient, -LIMIT, LIMIT, out=gradient)
                memory += gradient * gradient
                weight -= net.rate * gradient / np.sqrt(memory + 1e-8)
            place += net.window

    return train


def gradients(
    weights: list[np.ndarray], state: np.ndarray, read: np.ndarray, following: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Of the loss of one window with respect to Wx, Wh, Wo, b and c, and the last state [units, 1]."""
    wx, wh, wo, b, c = weights
    inputs, states, chances = [], [state], []
    for symbol in read:
        x = np.zeros((wx.shape[1], 1))
        x[symbol] = 1
        states.append(np.tanh(wx @ x + wh @ states[-1] + b))
        mass = np.exp(wo @ states[-1] + c)
        chances.append(mass / mass.sum())
        inputs.append(x)
    found = [np.zeros_like(each) for each in weights]
    later = np.zeros_like(state)
    for t in reversed(range(len(read))):
        dz = chances[t].copy()
        dz[following[t]] -= 1
        dh = wo.T @ dz + later
        ds = (1 - states[t + 1] ** 2) * dh
        for total, part in zip(found, (ds @ inputs[t].T, ds @ states[t].T, dz @ states[t + 1].T, ds, dz), strict=True):
            total += part
        later = wh.T @ ds
    return found, states[-1]


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()
    contestant.serve({"numpy": np.__version__}, lambda net, mode: prepare(SEQUENCE_NETS[net], folder))


if __name__ == "__main__":
    main()
