"""Normalisation of activations: over the batch, with given statistics, over the features of each example."""

from __future__ import annotations

from kernels import batch_norm as batch_kernels
from kernels import layer_norm as layer_kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["batch_norm", "layer_norm", "normalise_with"]


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """gamma (x - mean) / √(variance + epsilon) + beta, with mean and variance of each feature over the batch.

    x [..., features], gamma and beta [features], epsilon [1]. Returns y like x, mean and variance [features]; only y
    has a gradient.
    """
    y, mean, variance, _ = call(batch_kernels.batch_norm, x, gamma, beta, epsilon).results
    return y, mean, variance


@gradient_of(batch_kernels.batch_norm)
def _batch_norm_gradient(
    forward: Call, dy: Tensor | None, d_mean: Tensor | None, d_variance: Tensor | None, _: Tensor | None
) -> Gradients:
    if dy is None or d_mean is not None or d_variance is not None:
        raise TypeError("only the first result of batch_norm can be differentiated, not its mean and variance")
    (x, gamma, _, _), (_, mean, _, scale) = forward.reads, forward.results
    return call(batch_kernels.batch_norm_gradient, x, gamma, mean, scale, dy).results


def normalise_with(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, epsilon: Tensor) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta with a given mean and variance [features], which are fixed."""
    return apply(batch_kernels.batch_norm_evaluate, x, gamma, beta, mean, variance, epsilon)


@gradient_of(batch_kernels.batch_norm_evaluate)
def _normalise_with_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, gamma, _, mean, variance, epsilon = forward.reads
    return call(batch_kernels.batch_norm_evaluate_gradient, x, gamma, mean, variance, epsilon, dy).results


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, with mean and variance of each example over its features.

    x [..., features], gamma and beta [features], epsilon [1].
    """
    return call(layer_kernels.layer_norm, x, gamma, beta, epsilon).results[0]


@gradient_of(layer_kernels.layer_norm)
def _layer_norm_gradient(forward: Call, dy: Tensor, *unused: None) -> Gradients:
    (x, gamma, _, _), (_, mean, scale) = forward.reads, forward.results
    return call(layer_kernels.layer_norm_gradient, x, gamma, mean, scale, dy).results
