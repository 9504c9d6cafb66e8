"""Hierarchical softmax (Morin and Bengio 2005): words are the leaves of a binary tree.

The tree's arrays are described in `kernels.hierarchical_softmax`: path and sign [vocabulary, depth], length
[vocabulary]. They have no gradients.
"""

from __future__ import annotations

from kernels import hierarchical_softmax as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["hierarchical_softmax", "hierarchical_softmax_probabilities"]


def hierarchical_softmax(
    hidden: Tensor, nodes: Tensor, words: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """Return the mean of -log P(word) over the batch, of shape [1].

    hidden is [batch, width], nodes are the weights of the tree's inner nodes [inner nodes, width], and words [batch]
    are the numbers of the right words. The time grows with the depth of the tree, not with the vocabulary.
    """
    return call(kernels.hierarchical_softmax, hidden, nodes, words, path, sign, length).results[0]


@gradient_of(kernels.hierarchical_softmax)
def _hierarchical_softmax_gradient(forward: Call, d_loss: Tensor | None, _: Tensor | None) -> Gradients:
    if d_loss is None:
        return NotImplemented
    (hidden, nodes, words, path, _, length), (_, slope) = forward.reads, forward.results
    d_hidden = apply(kernels.hierarchical_softmax_gradient, nodes, words, path, length, slope, d_loss)
    node_gradient = kernels.hierarchical_softmax_node_gradient
    d_nodes = call(node_gradient, hidden, words, path, length, slope, d_loss, shapes=[nodes.shape]).result
    return d_hidden, d_nodes


def hierarchical_softmax_probabilities(
    hidden: Tensor, nodes: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """Return the probability of every word: [batch, vocabulary].

    hidden is [batch, width] and nodes are [inner nodes, width]. It costs as much as a flat softmax and has no gradient.
    """
    return call(kernels.hierarchical_softmax_probabilities, hidden, nodes, path, sign, length).results[1]
