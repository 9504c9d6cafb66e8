"""Hierarchical softmax: V words as the leaves of a binary tree, and a choice between left and right at each node.

Morin and Bengio, "Hierarchical probabilistic neural network language model", 2005; with a Huffman tree as in Mikolov et
al., "Distributed representations of words and phrases and their compositionality", 2013. The tree comes as arrays
(`kernels.huffman` makes them), one row for each word, P the depth of the tree, N = V - 1 its inner nodes:

    path[V,P]    the inner nodes from the root to the word     length[V]    how many they are
    sign[V,P]    1 where the way goes left, -1 where it goes right

P(word) is the product over its path of σ(sign z), z = hidden · nodes[node]. Only the nodes on the path are
evaluated, so that the cost of an example grows with the depth of the tree, about log V, and not with V.
"""

from __future__ import annotations

from kernels.elementary import sigmoid
from kernels.language import kernel, one, real, zero
from kernels.softplus import log_one_plus_exp
from kernels.threads import sum_over_threads, sync_threads

_TYPICAL = {"V": 512, "P": 9}
_INDICES = {"words": "V", "path": "N", "length": "P+1"}


def _path_operations(B: int, D: int, P: int) -> int:
    return 2 * B * D * P


@kernel(
    "hidden[B,D] nodes[N,D] words[B] path[V,P] sign[V,P] length[V] -> loss[1] slope[B,P] N=V-1",
    operations=_path_operations,
    typical=_TYPICAL,
    indices=_INDICES,
)
def hierarchical_softmax(hidden, nodes, words, path, sign, length, loss, slope, thread, threads):
    """loss = mean over the batch of -log P(word); slope[b,j] = the derivative of -log P at the j-th node of the path.

    slope is 0 behind the end of a path.
    """
    B, D = hidden.shape
    total = zero
    for b in range(thread, B, threads):
        word = int(words[b])
        end = int(length[word])
        for j in range(slope.shape[1]):
            slope[b, j] = zero
        for j in range(end):
            node = int(path[word, j])
            z = zero
            for d in range(D):
                z += hidden[b, d] * nodes[node, d]
            z *= sign[word, j]
            total += log_one_plus_exp(-z)
            slope[b, j] = -sign[word, j] * sigmoid(-z)
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


@kernel(
    "nodes[N,D] words[B] path[V,P] length[V] slope[B,P] d_loss[1] -> d_hidden[B,D] N=V-1",
    operations=_path_operations,
    typical=_TYPICAL,
    indices=_INDICES,
)
def hierarchical_softmax_gradient(nodes, words, path, length, slope, d_loss, d_hidden, thread, threads):
    """d_hidden[b] = the sum over the path of slope[b,j] nodes[path[j]], times d_loss / B."""
    B, D = d_hidden.shape
    scale = d_loss[0] / real(B)
    for b in range(thread, B, threads):
        word = int(words[b])
        for d in range(D):
            d_hidden[b, d] = zero
        for j in range(int(length[word])):
            node = int(path[word, j])
            factor = slope[b, j] * scale
            for d in range(D):
                d_hidden[b, d] += factor * nodes[node, d]


@kernel(
    "hidden[B,D] words[B] path[V,P] length[V] slope[B,P] d_loss[1] -> d_nodes[N,D] N=V-1",
    operations=_path_operations,
    typical=_TYPICAL,
    indices=_INDICES,
)
def hierarchical_softmax_node_gradient(hidden, words, path, length, slope, d_loss, d_nodes, thread, threads):
    """d_nodes[i] = the sum over all places where node i is on a path of slope[b,j] hidden[b], times d_loss / B.

    Clears all N nodes first, which costs memory bandwidth; `hierarchical_softmax_step` does without.
    """
    B, D = hidden.shape
    scale = d_loss[0] / real(B)
    for node in range(d_nodes.shape[0]):
        for d in range(thread, D, threads):
            d_nodes[node, d] = zero
    for b in range(B):
        word = int(words[b])
        for j in range(int(length[word])):
            node = int(path[word, j])
            factor = slope[b, j] * scale
            for d in range(thread, D, threads):
                d_nodes[node, d] += factor * hidden[b, d]


@kernel(
    "hidden[B,D] words[B] path[V,P] length[V] slope[B,P] rate[1] -> nodes[N,D]! N=V-1",
    operations=_path_operations,
    typical=_TYPICAL,
    indices=_INDICES,
)
def hierarchical_softmax_step(hidden, words, path, length, slope, rate, nodes, thread, threads):
    """nodes -= rate times their gradient, touching only nodes on the paths: gradient descent at a cost of log V."""
    B, D = hidden.shape
    scale = rate[0] / real(B)
    for b in range(B):
        word = int(words[b])
        for j in range(int(length[word])):
            node = int(path[word, j])
            factor = slope[b, j] * scale
            for d in range(thread, D, threads):
                nodes[node, d] -= factor * hidden[b, d]


@kernel(
    "hidden[B,D] nodes[N,D] path[V,P] sign[V,P] length[V] -> left[B,N] probabilities[B,V] N=V-1",
    operations=lambda B, D, N, V, P: 2 * B * D * N + B * V * P,
    typical={"B": 16, "V": 64, "P": 6},
    indices={"path": "N", "length": "P+1"},
)
def hierarchical_softmax_probabilities(hidden, nodes, path, sign, length, left, probabilities, thread, threads):
    """left[b,i] = σ(hidden[b] · nodes[i]); probabilities[b,v] = the product over the path of word v. Rows sum to 1."""
    B, D = hidden.shape
    for b in range(B):
        for node in range(thread, nodes.shape[0], threads):
            z = zero
            for d in range(D):
                z += hidden[b, d] * nodes[node, d]
            left[b, node] = sigmoid(z)
    sync_threads()
    for b in range(B):
        for v in range(thread, path.shape[0], threads):
            product = one
            for j in range(int(length[v])):
                chance = left[b, int(path[v, j])]
                product *= chance if sign[v, j] > zero else one - chance
            probabilities[b, v] = product
