"""Hierarchical softmax: words as leaves of a tree; see `kernels.hierarchical_softmax` for the tree's arrays."""

from __future__ import annotations

from kernels import hierarchical_softmax as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["hierarchical_softmax", "hierarchical_softmax_probabilities"]


def hierarchical_softmax(
    hidden: Tensor, nodes: Tensor, words: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """Mean of -log P(word): hidden [batch, width], nodes [inner nodes, width], words [batch], and the tree's arrays.

    path and sign are [vocabulary, depth], length is [vocabulary]; the loss is [1].
    """
    return call(kernels.hierarchical_softmax, hidden, nodes, words, path, sign, length).results[0]


@gradient_of(kernels.hierarchical_softmax)
def _hierarchical_softmax_gradient(forward: Call, d_loss: Tensor, _: Tensor | None) -> Gradients:
    (hidden, nodes, words, path, _, length), (_, slope) = forward.reads, forward.results
    d_hidden = apply(kernels.hierarchical_softmax_gradient, nodes, words, path, length, slope, d_loss)
    node_gradient = kernels.hierarchical_softmax_node_gradient
    d_nodes = call(node_gradient, hidden, words, path, length, slope, d_loss, shapes=[nodes.shape]).result
    return d_hidden, d_nodes


def hierarchical_softmax_probabilities(
    hidden: Tensor, nodes: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """The probability of every word: [batch, vocabulary]. Costs as much as a flat softmax; has no gradient."""
    return call(kernels.hierarchical_softmax_probabilities, hidden, nodes, path, sign, length).results[1]
