"""Softmax, and cross-entropy computed from logits, so that it stays finite for large ones."""

from __future__ import annotations

from kernels import softmax as kernels
from kernels.arithmetic import scale
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call, constant

__all__ = ["softmax", "softmax_cross_entropy", "softmax_cross_entropy_with_distribution"]


def softmax(logits: Tensor) -> Tensor:
    """Return e^logits divided by its sum over each row: [..., classes] gives probabilities of the same shape."""
    return apply(kernels.softmax, logits)


@gradient_of(kernels.softmax)
def _softmax_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.softmax_gradient, forward.result, dy)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of -log softmax(logits)[label] over the batch, of shape [1].

    logits are [batch, classes]; labels [batch] are class numbers and have no gradient.
    """
    return call(kernels.softmax_cross_entropy, logits, labels).results[0]


@gradient_of(kernels.softmax_cross_entropy)
def _softmax_cross_entropy_gradient(forward: Call, d_loss: Tensor | None, d_probabilities: Tensor | None) -> Gradients:
    (_, labels), (_, probabilities) = forward.reads, forward.results
    found = None
    if d_loss is not None:
        found = apply(kernels.softmax_cross_entropy_gradient, probabilities, labels, d_loss)
    if d_probabilities is not None:  # they are what the gradient is made of, and so what it is differentiated by
        through = apply(kernels.softmax_gradient, probabilities, d_probabilities)
        found = through if found is None else found + through
    return found


@gradient_of(kernels.softmax_cross_entropy_gradient)
def _softmax_cross_entropy_second_gradient(forward: Call, dd_logits: Tensor) -> Gradients:
    probabilities, _, d_loss = forward.reads
    weighed = apply(scale, dd_logits, d_loss)
    return apply(scale, weighed, constant(1 / probabilities.shape[0])), None, NotImplemented


def softmax_cross_entropy_with_distribution(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of -Σ t log softmax(logits) over the batch, of shape [1].

    logits and targets are [batch, classes]. t is each row of targets (which must not be negative) divided by its sum; a
    row of zeros costs nothing. Targets have no gradient.
    """
    return call(kernels.softmax_cross_entropy_with_distribution, logits, targets).results[0]


@gradient_of(kernels.softmax_cross_entropy_with_distribution)
def _softmax_cross_entropy_with_distribution_gradient(
    forward: Call, d_loss: Tensor | None, d_probabilities: Tensor | None
) -> Gradients:
    if d_loss is None or d_probabilities is not None:
        raise TypeError("only the loss of softmax_cross_entropy_with_distribution can be differentiated")
    (_, targets), (_, probabilities) = forward.reads, forward.results
    return apply(kernels.softmax_cross_entropy_with_distribution_gradient, probabilities, targets, d_loss)
