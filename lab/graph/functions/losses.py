"""Losses other than softmax cross-entropy; each is a mean over the batch and of shape [1]."""

from __future__ import annotations

from kernels import binary_cross_entropy as binary_kernels
from kernels import hinge as hinge_kernels
from kernels import regression as kernels
from kernels.arithmetic import scale
from kernels.language import Kernel
from kernels.pointwise import negate
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call, constant

__all__ = ["binary_cross_entropy", "hinge", "huber", "mean_absolute_error", "mean_squared_error"]

Gradients = list[Tensor | None]


def hinge(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean over the batch of the sum of max(0, score - right score + 1) over wrong classes: scores [batch, classes]."""
    return call(hinge_kernels.hinge, scores, labels, shapes=[(1,)]).result


@gradient_of(hinge_kernels.hinge)
def _hinge_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    scores, labels = made.reads
    (d_loss,) = upstream
    assert d_loss is not None
    return [call(hinge_kernels.hinge_gradient, scores, labels, d_loss, shapes=[scores.shape]).result, None]


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over batch and labels of the cross-entropy of sigmoid(logits) with targets of 0 or 1, of the same shape."""
    return call(binary_kernels.binary_cross_entropy, logits, targets, shapes=[(1,)]).result


@gradient_of(binary_kernels.binary_cross_entropy)
def _binary_cross_entropy_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    logits, targets = made.reads
    (d_loss,) = upstream
    assert d_loss is not None
    kernel = binary_kernels.binary_cross_entropy_gradient
    return [call(kernel, logits, targets, d_loss, shapes=[logits.shape]).result, None]


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """L1: the mean of |prediction - target| over batch and outputs."""
    return call(kernels.mean_absolute_error, predictions, targets, shapes=[(1,)]).result


@gradient_of(kernels.mean_absolute_error)
def _mean_absolute_error_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    return _regression_gradient(kernels.mean_absolute_error_gradient, made, upstream, needs)


def mean_squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """L2: the mean of (prediction - target)² over batch and outputs, without a factor 1/2."""
    return call(kernels.mean_squared_error, predictions, targets, shapes=[(1,)]).result


@gradient_of(kernels.mean_squared_error)
def _mean_squared_error_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    return _regression_gradient(kernels.mean_squared_error_gradient, made, upstream, needs)


@gradient_of(kernels.mean_squared_error_gradient)
def _mean_squared_error_second_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    predictions, _, d_loss = made.reads
    (ddx,) = upstream
    if needs[2]:
        raise TypeError("mean_squared_error_gradient has no gradient with respect to that of the loss")
    assert ddx is not None
    weighed = call(scale, ddx, d_loss, shapes=[ddx.shape]).result
    found = call(scale, weighed, constant(2 / predictions.size), shapes=[ddx.shape]).result
    return [found, call(negate, found, shapes=[ddx.shape]).result if needs[1] else None, None]


def huber(predictions: Tensor, targets: Tensor, delta: Tensor) -> Tensor:
    """Mean of e²/2 up to |e| = delta, of delta (|e| - delta/2) beyond; e = prediction - target, delta [1] is fixed."""
    return call(kernels.huber, predictions, targets, delta, shapes=[(1,)]).result


@gradient_of(kernels.huber)
def _huber_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    return [*_regression_gradient(kernels.huber_gradient, made, upstream, needs), None]


def _regression_gradient(kernel: Kernel, made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    """These losses depend on the difference only, so that the targets' gradient is minus the predictions'."""
    (d_loss,) = upstream
    assert d_loss is not None
    gradient = call(kernel, *made.reads, d_loss, shapes=[made.reads[0].shape]).result
    if not needs[1]:
        return [gradient, None]
    return [gradient, call(negate, gradient, shapes=[made.reads[1].shape]).result]
