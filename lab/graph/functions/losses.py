"""Losses other than softmax cross-entropy. Each returns a mean over the batch, of shape [1]."""

from __future__ import annotations

from kernels import binary_cross_entropy as binary_kernels
from kernels import hinge as hinge_kernels
from kernels import regression as kernels
from kernels.arithmetic import scale
from kernels.language import Kernel
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, constant

__all__ = ["binary_cross_entropy", "hinge", "huber", "mean_absolute_error", "mean_squared_error"]


def hinge(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the multi-class hinge loss (Weston and Watkins 1999).

    It is the mean over the batch of Σ max(0, score - right score + 1), summed over the wrong classes. scores are
    [batch, classes], labels [batch] are class numbers and have no gradient.
    """
    return apply(hinge_kernels.hinge, scores, labels)


@gradient_of(hinge_kernels.hinge)
def _hinge_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return apply(hinge_kernels.hinge_gradient, *forward.reads, d_loss)


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of sigmoid(logits) with targets.

    logits and targets are [...], of the same shape; the mean is taken over all elements. Targets are 0 or 1 and have no
    gradient. It is computed from the logits, so that it stays finite for large ones.
    """
    return apply(binary_kernels.binary_cross_entropy, logits, targets)


@gradient_of(binary_kernels.binary_cross_entropy)
def _binary_cross_entropy_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return apply(binary_kernels.binary_cross_entropy_gradient, *forward.reads, d_loss)


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of |prediction - target| over all elements; both have the same shape [...]."""
    return apply(kernels.mean_absolute_error, predictions, targets)


@gradient_of(kernels.mean_absolute_error)
def _mean_absolute_error_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return _regression_gradient(kernels.mean_absolute_error_gradient, forward, d_loss)


def mean_squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of (prediction - target)² over all elements, without a factor 1/2.

    Both have the same shape [...].
    """
    return apply(kernels.mean_squared_error, predictions, targets)


@gradient_of(kernels.mean_squared_error)
def _mean_squared_error_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return _regression_gradient(kernels.mean_squared_error_gradient, forward, d_loss)


@gradient_of(kernels.mean_squared_error_gradient)
def _mean_squared_error_second_gradient(forward: Call, ddx: Tensor) -> Gradients:
    predictions, _, d_loss = forward.reads
    found = apply(scale, apply(scale, ddx, d_loss), constant(2 / predictions.size))
    return found, -found, NotImplemented


def huber(predictions: Tensor, targets: Tensor, delta: Tensor) -> Tensor:
    """Return the mean Huber loss (Huber 1964) of e = prediction - target over all elements.

    It is e²/2 up to |e| = delta and delta (|e| - delta/2) beyond. predictions and targets have the same shape [...];
    delta [1] counts as a constant and has no gradient.
    """
    return apply(kernels.huber, predictions, targets, delta)


@gradient_of(kernels.huber)
def _huber_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return _regression_gradient(kernels.huber_gradient, forward, d_loss)


def _regression_gradient(kernel: Kernel, forward: Call, d_loss: Tensor) -> Gradients:
    """These losses depend on the difference only, so that the targets' gradient is minus the predictions'."""
    gradient = apply(kernel, *forward.reads, d_loss)
    return gradient, -gradient
