"""Choosing at random inside of a network, and the gradient that there still is: the score function's (REINFORCE)."""

from __future__ import annotations

from kernels import choices as kernels
from kernels.arithmetic import scale
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["draw", "log_probability", "score_function_loss"]


def draw(chances: Tensor, stream: int = 0) -> Tensor:
    """Return a place along the last axis, drawn with the chances that stand there: [..., places] gives [...].

    The chances of each row are not negative and sum to 1. The draw is a function of the run's seed, of `stream` and of
    the step's number. It has no gradient: `score_function_loss` gives one to what the chances come from.
    """
    rows = chances.reshape(-1, chances.shape[-1])
    return call(kernels.draw_columns, rows, stream=stream).result.reshape(*chances.shape[:-1])


@gradient_of(kernels.draw_columns)
def _draw_gradient(forward: Call, d_chosen: Tensor) -> Gradients:
    return None


def log_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """Return log softmax(logits)[label] of each row: [..., classes] and labels [...], without gradient, give [...]."""
    rows = logits.reshape(labels.size, logits.shape[-1])
    return call(kernels.log_probability, rows, labels.reshape(labels.size)).results[0].reshape(*labels.shape)


@gradient_of(kernels.log_probability)
def _log_probability_gradient(forward: Call, d_logarithms: Tensor | None, _: Tensor | None) -> Gradients:
    if d_logarithms is None:
        raise TypeError("only the logarithms of log_probability can be differentiated")
    (_, labels), (_, probabilities) = forward.reads, forward.results
    return apply(kernels.log_probability_gradient, probabilities, labels, d_logarithms)


def score_function_loss(logarithms: Tensor, advantages: Tensor) -> Tensor:
    """Return -Σ advantage · logarithm, of shape [1], whose gradient is REINFORCE's (Williams 1992).

    logarithms are the log-probabilities of what was drawn; advantages, of the same shape, say by how much its reward
    was above a baseline. They have no gradient, even where they come from the same network: the gradient of this loss
    is then, in expectation over the draws, that of the negative expected reward.
    """
    return call(kernels.weighted_total, logarithms, -advantages).result


@gradient_of(kernels.weighted_total)
def _weighted_total_gradient(forward: Call, d_total: Tensor) -> Gradients:
    _, weights = forward.reads
    return apply(scale, weights, d_total)
