"""Hierarchical softmax: words as leaves of a tree; see `kernels.hierarchical_softmax` for the tree's arrays."""

from __future__ import annotations

from kernels import hierarchical_softmax as kernels
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["hierarchical_softmax", "hierarchical_softmax_probabilities"]

Gradients = list[Tensor | None]


def hierarchical_softmax(
    hidden: Tensor, nodes: Tensor, words: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """Mean of -log P(word): hidden [batch, width], nodes [inner nodes, width], words [batch], and the tree's arrays.

    path and sign are [vocabulary, depth], length is [vocabulary]; the loss is [1].
    """
    shapes = [(1,), (hidden.shape[0], path.shape[1])]
    return call(kernels.hierarchical_softmax, hidden, nodes, words, path, sign, length, shapes=shapes).results[0]


@gradient_of(kernels.hierarchical_softmax)
def _hierarchical_softmax_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    hidden, nodes, words, path, _, length = made.reads
    d_loss, _ = upstream
    assert d_loss is not None
    slope = made.results[1]
    d_hidden = d_nodes = None
    if needs[0]:
        kernel = kernels.hierarchical_softmax_gradient
        d_hidden = call(kernel, nodes, words, path, length, slope, d_loss, shapes=[hidden.shape]).result
    if needs[1]:
        kernel = kernels.hierarchical_softmax_node_gradient
        d_nodes = call(kernel, hidden, words, path, length, slope, d_loss, shapes=[nodes.shape]).result
    return [d_hidden, d_nodes, None, None, None, None]


def hierarchical_softmax_probabilities(
    hidden: Tensor, nodes: Tensor, path: Tensor, sign: Tensor, length: Tensor
) -> Tensor:
    """The probability of every word: [batch, vocabulary]. Costs as much as a flat softmax; has no gradient."""
    shapes = [(hidden.shape[0], nodes.shape[0]), (hidden.shape[0], path.shape[0])]
    return call(kernels.hierarchical_softmax_probabilities, hidden, nodes, path, sign, length, shapes=shapes).results[1]
