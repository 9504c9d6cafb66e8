"""The Huffman tree of hierarchical softmax, as arrays.

Huffman, "A method for the construction of minimum-redundancy codes", 1952.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tree:
    """A binary tree over V words with V - 1 inner nodes, of which the root has number V - 2.

    path[V,P]: inner nodes from the root to each word; 0 behind its end;  P is the depth of the tree
    sign[V,P]: 1 where the way goes left, -1 where it goes right; 0 behind its end
    length[V]: how many inner nodes lie on the way
    """

    path: np.ndarray
    sign: np.ndarray
    length: np.ndarray

    @property
    def nodes(self) -> int:
        """The number of inner nodes, V - 1."""
        return len(self.length) - 1


def huffman(counts: Sequence[float] | np.ndarray) -> Tree:
    """Build the tree that makes frequent words' paths short: their mean length, weighed by counts, is the least
    possible.

    counts: how often each of V >= 2 words occurs; equal counts are joined in the order of the words.
    """
    V = len(counts)
    if V < 2:
        raise ValueError("a tree needs at least two words")
    waiting = [(float(count), word) for word, count in enumerate(counts)]
    heapq.heapify(waiting)
    parent = np.zeros(2 * V - 1, np.int64)
    side = np.zeros(2 * V - 1)
    for made in range(V, 2 * V - 1):
        first, left = heapq.heappop(waiting)
        second, right = heapq.heappop(waiting)
        parent[left] = parent[right] = made
        side[left], side[right] = 1.0, -1.0
        heapq.heappush(waiting, (first + second, made))
    ways: list[list[int]] = []
    for word in range(V):
        way = [word]
        while way[-1] != 2 * V - 2:
            way.append(int(parent[way[-1]]))
        ways.append(way[::-1])
    length = np.array([len(way) - 1 for way in ways])
    path = np.zeros((V, length.max()))
    sign = np.zeros((V, length.max()))
    for word, way in enumerate(ways):
        path[word, : length[word]] = [each - V for each in way[:-1]]
        sign[word, : length[word]] = side[way[1:]]
    return Tree(path, sign, length)
