"""Huffman trees: complete, shortest in the mean, and probabilities over their leaves sum to 1."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.hierarchical_softmax import hierarchical_softmax_probabilities
from kernels.huffman import huffman
from tests.kernels.running import Run


def least_cost(counts: list[int]) -> int:
    """The sum of all merged weights, which is the least total path length."""
    waiting, cost = list(counts), 0
    heapq.heapify(waiting)
    while len(waiting) > 1:
        joined = heapq.heappop(waiting) + heapq.heappop(waiting)
        cost += joined
        heapq.heappush(waiting, joined)
    return cost


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=60))
def test_tree(counts):
    tree = huffman(counts)
    assert tree.nodes == len(counts) - 1
    assert (2.0**-tree.length).sum() == 1
    assert (tree.length * np.array(counts)).sum() == least_cost(counts)
    inside = np.arange(tree.path.shape[1]) < tree.length[:, None]
    assert (tree.path[:, 0] == tree.nodes - 1).all()
    assert set(tree.path[inside]) == set(range(tree.nodes))
    assert (np.abs(tree.sign) == inside).all()
    ways = {
        tuple(zip(path[on], sign[on], strict=True)) for path, sign, on in zip(tree.path, tree.sign, inside, strict=True)
    }
    assert len(ways) == len(counts)


def test_depth_grows_like_the_logarithm():
    assert [huffman(np.ones(2**k)).path.shape[1] for k in range(1, 11)] == list(range(1, 11))


def test_probabilities_sum_to_one():
    tree = huffman(np.arange(1, 101) ** 2)
    rng = np.random.default_rng(0)
    inputs = {
        "hidden": rng.standard_normal((5, 8)),
        "nodes": rng.standard_normal((99, 8)),
        "path": tree.path,
        "sign": tree.sign,
        "length": tree.length,
    }
    sizes = {"B": 5, "D": 8, "N": 99, "V": 100, "P": tree.path.shape[1]}
    run = Run(hierarchical_softmax_probabilities, inputs, sizes)()
    np.testing.assert_allclose(run["probabilities"].sum(1), 1, rtol=1e-5)


def test_one_word_is_no_tree():
    with pytest.raises(ValueError, match="at least two words"):
        huffman([3])
