"""Normalisation of activations: over the batch, by given statistics, or over the features of each example."""

from __future__ import annotations

from kernels import batch_norm as batch_kernels
from kernels import layer_norm as layer_kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["batch_norm", "layer_norm", "normalise_with"]


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (y, mean, variance) of batch normalisation (Ioffe and Szegedy 2015).

    y = gamma (x - mean) / √(variance + epsilon) + beta, with the mean and the biased variance of each feature over all
    other axes. x and y are [..., features]; gamma, beta, mean and variance are [features]; epsilon is [1]. Only y can
    be differentiated, with respect to x, gamma and beta.
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
    """Return gamma (x - mean) / √(variance + epsilon) + beta with a given mean and variance.

    This is batch normalisation outside training. x is [..., features]; gamma, beta, mean and variance are [features];
    epsilon is [1]. x, gamma and beta have gradients, the others count as constants.
    """
    return apply(batch_kernels.batch_norm_evaluate, x, gamma, beta, mean, variance, epsilon)


@gradient_of(batch_kernels.batch_norm_evaluate)
def _normalise_with_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, gamma, _, mean, variance, epsilon = forward.reads
    return call(batch_kernels.batch_norm_evaluate_gradient, x, gamma, mean, variance, epsilon, dy).results


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> Tensor:
    """Return layer normalisation (Ba et al. 2016): gamma (x - mean) / √(variance + epsilon) + beta.

    The mean and the biased variance are those of each example over its features. x and the result are [..., features];
    gamma and beta are [features]; epsilon is [1]. x, gamma and beta have gradients.
    """
    return call(layer_kernels.layer_norm, x, gamma, beta, epsilon).results[0]


@gradient_of(layer_kernels.layer_norm)
def _layer_norm_gradient(forward: Call, dy: Tensor | None, *unused: None) -> Gradients:
    if dy is None:
        return NotImplemented
    (x, gamma, _, _), (_, mean, scale) = forward.reads, forward.results
    return call(layer_kernels.layer_norm_gradient, x, gamma, mean, scale, dy).results
