"""Normalisation of activations: over the batch, with given statistics, over the features of each example."""

from __future__ import annotations

from kernels import batch_norm as batch_kernels
from kernels import layer_norm as layer_kernels
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["batch_norm", "layer_norm", "normalise_with"]

Gradients = list[Tensor | None]


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """gamma (x - mean) / √(variance + epsilon) + beta, with mean and variance of each feature over the batch.

    x [..., features], gamma and beta [features], epsilon [1]. Returns y like x, mean and variance [features]; only y
    has a gradient.
    """
    features = gamma.shape
    made = call(batch_kernels.batch_norm, x, gamma, beta, epsilon, shapes=[x.shape, features, features, features])
    y, mean, variance, _ = made.results
    return y, mean, variance


@gradient_of(batch_kernels.batch_norm)
def _batch_norm_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    x, gamma, _, _ = made.reads
    dy, d_mean, d_variance, _ = upstream
    if dy is None or d_mean is not None or d_variance is not None:
        raise TypeError("only the first result of batch_norm can be differentiated, not its mean and variance")
    _, mean, _, scale = made.results
    shapes = [x.shape, gamma.shape, gamma.shape]
    return [*call(batch_kernels.batch_norm_gradient, x, gamma, mean, scale, dy, shapes=shapes).results, None]


def normalise_with(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, epsilon: Tensor) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta with a given mean and variance [features], which are fixed."""
    return call(batch_kernels.batch_norm_evaluate, x, gamma, beta, mean, variance, epsilon, shapes=[x.shape]).result


@gradient_of(batch_kernels.batch_norm_evaluate)
def _normalise_with_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    x, gamma, _, mean, variance, epsilon = made.reads
    (dy,) = upstream
    assert dy is not None
    kernel, shapes = batch_kernels.batch_norm_evaluate_gradient, [x.shape, gamma.shape, gamma.shape]
    return [*call(kernel, x, gamma, mean, variance, epsilon, dy, shapes=shapes).results, None, None, None]


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor) -> Tensor:
    """gamma (x - mean) / √(variance + epsilon) + beta, with mean and variance of each example over its features.

    x [..., features], gamma and beta [features], epsilon [1].
    """
    rows = (x.size // gamma.size,)
    return call(layer_kernels.layer_norm, x, gamma, beta, epsilon, shapes=[x.shape, rows, rows]).results[0]


@gradient_of(layer_kernels.layer_norm)
def _layer_norm_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    x, gamma, _, _ = made.reads
    dy = upstream[0]
    assert dy is not None
    _, mean, scale = made.results
    shapes = [x.shape, gamma.shape, gamma.shape]
    return [*call(layer_kernels.layer_norm_gradient, x, gamma, mean, scale, dy, shapes=shapes).results, None]
