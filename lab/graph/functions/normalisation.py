"""Normalisation of activations: over the batch, by given statistics, over the features of each example, over groups
of channels, or by neighbouring channels."""

from __future__ import annotations

from kernels import batch_norm as batch_kernels
from kernels import group_norm as group_kernels
from kernels import layer_norm as layer_kernels
from kernels import local_response_norm as response_kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call, constant

__all__ = ["batch_norm", "group_norm", "layer_norm", "local_response_norm", "normalise_with"]


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


def group_norm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Tensor, groups: int) -> Tensor:
    """Return group normalisation (Wu and He 2018): gamma (x - mean) / √(variance + epsilon) + beta.

    The mean and the biased variance are those of each example's groups of channels over all pixels. x and the result
    are [batch, ..., channels]; gamma and beta are [channels]; epsilon is [1]. x, gamma and beta have gradients.
    Raises ShapeError if the channels do not divide into the groups.
    """
    channels = x.shape[-1]
    if channels % groups:
        fitting = ", ".join(str(each) for each in range(1, channels + 1) if channels % each == 0)
        raise ShapeError(
            f"{label_prefix()}{channels} channels cannot be divided into {groups} groups; groups may be {fitting}."
        )
    images = x.reshape(x.shape[0], -1, channels)
    shapes = [images.shape, (x.shape[0], groups), (x.shape[0], groups)]
    made = call(group_kernels.group_norm, images, gamma, beta, epsilon, shapes=shapes, updates=(), groups=groups)
    return made.results[0].reshape(*x.shape)


@gradient_of(group_kernels.group_norm)
def _group_norm_gradient(forward: Call, dy: Tensor | None, *unused: None) -> Gradients:
    if dy is None:
        return NotImplemented
    x, gamma = forward.reads[:2]
    mean, scale = forward.results[1:]
    made = call(
        group_kernels.group_norm_gradient, x, gamma, mean, scale, dy,
        shapes=[x.shape, gamma.shape, gamma.shape], updates=(), **forward.integers,
    )  # fmt: skip
    return *made.results, None


def local_response_norm(x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Return x / (k + alpha Σ x² / size)^beta, with the sum over the `size` neighbouring channels of each channel.

    So PyTorch has it. The paper (Krizhevsky et al. 2012) does not divide by `size`, and has k = 2, size = 5,
    alpha = 1e-4: here that is alpha = 5e-4.
    """
    numbers = constant(alpha / size), constant(beta), constant(k)
    return call(response_kernels.local_response_norm, x, *numbers, shapes=None, updates=(), size=size).results[0]


@gradient_of(response_kernels.local_response_norm)
def _local_response_norm_gradient(forward: Call, dy: Tensor | None, _: None) -> Gradients:
    if dy is None:
        return NotImplemented
    x, alpha, beta = forward.reads[:3]
    y, s = forward.results
    dx = apply(response_kernels.local_response_norm_gradient, x, y, s, alpha, beta, dy, **forward.integers)
    return dx, None, None, None
