"""Beam search: the likeliest sequence that a network can write, looked for among the best beginnings of each length."""

from __future__ import annotations

from typing import Protocol

import numpy as np

END = 0
"""The symbol behind which nothing more is written."""


class Decoder(Protocol):
    """What writes one symbol of each sequence after another."""

    def step(self, symbols: np.ndarray) -> np.ndarray:
        """Read one symbol of each sequence, [rows]; the logits of the next ones, [rows, symbols]."""

    def keep(self, rows: np.ndarray) -> None:
        """Go on with these rows [rows], some of them perhaps several times and others not at all."""


def beam_search(decoder: Decoder, count: int, width: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest sequences that are found, [count, length], with 0 behind their ends, and their log-probabilities
    [count].

    At each step, of all ways in which the `width` best beginnings can go on, the `width` best are kept (Sutskever et
    al. 2014, section 3.2). Width 1 takes the likeliest symbol each time, which is called greedy. If the width reaches
    the number of all sequences, the search is exhaustive, and what it finds is the likeliest of all.

    decoder: begins with the symbol 0; its rows are `width` for each of the `count` sequences, side by side
    length:  so many symbols are written at most, their end included
    """
    written = np.zeros((count, width, length), np.int64)
    total = np.full((count, width), -np.inf)
    total[:, 0] = 0.0  # all beginnings are the same, empty one: it is there once
    ended = np.zeros((count, width), bool)
    last = np.zeros((count, width), np.int64)
    for place in range(length):
        chances = log_probabilities(decoder.step(last.ravel())).reshape(count, width, -1)
        # What has ended goes on in one way, at no cost.
        chances[ended] = -np.inf
        chances[ended, END] = 0.0
        symbols = chances.shape[2]
        sums = (total[..., None] + chances).reshape(count, -1)
        best = np.argsort(-sums, axis=1, kind="stable")[:, :width]
        parents, last = best // symbols, best % symbols
        total = np.take_along_axis(sums, best, axis=1)
        written = np.take_along_axis(written, parents[..., None], axis=1)
        written[..., place] = last
        ended = np.take_along_axis(ended, parents, axis=1) | (last == END)
        if ended.all():
            break
        decoder.keep((parents + width * np.arange(count)[:, None]).ravel())
    return written[:, 0], total[:, 0]


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """log softmax of each row of logits [rows, symbols]."""
    lowered = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: np.ndarray = lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))
    return found
