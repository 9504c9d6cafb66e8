"""Losses other than softmax cross-entropy; each is a mean over the batch and of shape [1]."""

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
    """Mean over the batch of the sum of max(0, score - right score + 1) over wrong classes: scores [batch, classes]."""
    return apply(hinge_kernels.hinge, scores, labels)


@gradient_of(hinge_kernels.hinge)
def _hinge_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return apply(hinge_kernels.hinge_gradient, *forward.reads, d_loss)


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over batch and labels of the cross-entropy of sigmoid(logits) with targets of 0 or 1, of the same shape."""
    return apply(binary_kernels.binary_cross_entropy, logits, targets)


@gradient_of(binary_kernels.binary_cross_entropy)
def _binary_cross_entropy_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return apply(binary_kernels.binary_cross_entropy_gradient, *forward.reads, d_loss)


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """L1: the mean of |prediction - target| over batch and outputs."""
    return apply(kernels.mean_absolute_error, predictions, targets)


@gradient_of(kernels.mean_absolute_error)
def _mean_absolute_error_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return _regression_gradient(kernels.mean_absolute_error_gradient, forward, d_loss)


def mean_squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """L2: the mean of (prediction - target)² over batch and outputs, without a factor 1/2."""
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
    """Mean of e²/2 up to |e| = delta, of delta (|e| - delta/2) beyond; e = prediction - target, delta [1] is fixed."""
    return apply(kernels.huber, predictions, targets, delta)


@gradient_of(kernels.huber)
def _huber_gradient(forward: Call, d_loss: Tensor) -> Gradients:
    return _regression_gradient(kernels.huber_gradient, forward, d_loss)


def _regression_gradient(kernel: Kernel, forward: Call, d_loss: Tensor) -> Gradients:
    """These losses depend on the difference only, so that the targets' gradient is minus the predictions'."""
    gradient = apply(kernel, *forward.reads, d_loss)
    return gradient, -gradient
