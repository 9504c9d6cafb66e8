"""The two outputs of a network that predicts words: a softmax over all of them, and a tree of choices."""

from __future__ import annotations

import numpy as np

from kernels.hierarchical_softmax import hierarchical_softmax_step
from kernels.huffman import huffman
from lab.data import Data
from lab.errors import InvalidValue
from lab.graph import Tensor, data
from lab.graph import functions as f
from lab.graph.tensor import Call, call
from lab.nets.network import Network
from lab.nets.tables import Table
from lab.pictures import Diagram, Picture

LEVELS = 3
"""How many levels of the tree are drawn."""


class FlatOutput:
    """One unit per word, and a softmax over them: every word is evaluated to know the probability of one.

    depth: of a tree, if there is one
    """

    depth: int | None = None

    def __init__(self, network: Network, width: int, train: Data) -> None:
        self.words = train.outputs
        network.declare("output.weight", (width, self.words), 0.0, width, self.words)
        self._weight = network.parameters.members["output.weight"]

    def loss(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Mean of -log P(word): [1]."""
        return f.softmax_cross_entropy(f.matmul(hidden, self._weight), words)

    def tables(self, loss: Tensor) -> list[Table]:
        """Parameters of which a step changes only some rows: it has none."""
        return []

    def sums(self, hidden: Tensor) -> Tensor:
        """The sum of the probabilities of all words: [batch]."""
        return f.sum(f.softmax(f.matmul(hidden, self._weight)), of="rows")

    def nodes(self, words: np.ndarray) -> float:
        """Units evaluated per example."""
        return float(self.words)

    def pictures(self) -> list[Picture]:
        return []


class TreeOutput:
    """A unit for each inner node of a Huffman tree over the words: only those on the way to a word are evaluated.

    The tree is made from how often each word is the one to predict in the training set.
    """

    def __init__(self, network: Network, width: int, train: Data) -> None:
        if train.outputs < 2:
            raise InvalidValue(("data",), "a tree needs at least two words.")
        self._counts = np.bincount(train.targets, minlength=train.outputs)
        self._names = train.classes
        self.tree = huffman(self._counts)
        self.depth: int | None = int(self.tree.length.max())
        network.declare("output.nodes", (self.tree.nodes, width), 0.0, width, 1, table=True)
        self._nodes = network.tables.members["output.nodes"]
        self._path, self._sign = data(self.tree.path, "path"), data(self.tree.sign, "sign")
        self._length = data(self.tree.length, "length")

    def loss(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Mean of -log P(word): [1]."""
        return f.hierarchical_softmax(hidden, self._nodes, words, self._path, self._sign, self._length)

    def tables(self, loss: Tensor) -> list[Table]:
        """The nodes: gradient descent changes those that lie on the way to a word of the batch of this loss."""

        def update(d_source: Tensor | None, rate: Tensor) -> list[Call]:
            assert loss.call is not None
            hidden, _, words, *_ = loss.call.reads
            reads = (hidden, words, self._path, self._length, loss.call.results[1], rate)
            return [call(hierarchical_softmax_step, *reads, updates=[self._nodes])]

        return [Table(None, update)]

    def sums(self, hidden: Tensor) -> Tensor:
        """The sum of the probabilities of all words: [batch]."""
        every = f.hierarchical_softmax_probabilities(hidden, self._nodes, self._path, self._sign, self._length)
        return f.sum(every, of="rows")

    def nodes(self, words: np.ndarray) -> float:
        """Inner nodes from the root to the word, mean over `words`."""
        return float(self.tree.length[words].mean())

    def pictures(self) -> list[Picture]:
        """The top of the tree: how much of the text lies below each node, and the words that are found early."""
        places: dict[tuple[float, ...], list[int]] = {}
        for word, (signs, length) in enumerate(zip(self.tree.sign, self.tree.length, strict=True)):
            for level in range(min(int(length), LEVELS) + 1):
                places.setdefault(tuple(signs[:level]), []).append(word)
        nodes, edges = [], []
        for place in sorted(places, key=lambda each: (len(each), [-sign for sign in each])):
            words = places[place]
            share = self._counts[words].sum() / self._counts.sum()
            label = self._names[words[0]] if len(words) == 1 else f"{len(words):,} words"
            nodes.append((_name(place), label, f"{share:.1%}", ""))
            if place:
                edges.append((_name(place[:-1]), _name(place)))
        return [Diagram("Top of the tree", tuple(nodes), tuple(edges), name="tree")]


def _name(place: tuple[float, ...]) -> str:
    """`root`, or the way from there: l for left, r for right."""
    return "".join("l" if sign > 0 else "r" for sign in place) or "root"
