"""Softmax, and cross-entropy on top of it."""

from __future__ import annotations

from kernels import softmax as kernels
from kernels.arithmetic import add, scale
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call, constant

__all__ = ["softmax", "softmax_cross_entropy", "softmax_cross_entropy_with_distribution"]


def softmax(logits: Tensor) -> Tensor:
    """e^logits / its sum over each row: [..., classes] to probabilities of the same shape."""
    return call(kernels.softmax, logits, shapes=[logits.shape]).result


@gradient_of(kernels.softmax)
def _softmax_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.softmax_gradient, made.result, dy, shapes=[dy.shape]).result]


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log softmax(logits)[label]: logits [batch, classes], labels [batch] (class numbers), loss [1]."""
    return call(kernels.softmax_cross_entropy, logits, labels, shapes=[(1,), logits.shape]).results[0]


@gradient_of(kernels.softmax_cross_entropy)
def _softmax_cross_entropy_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    d_loss, d_probabilities = upstream
    logits, labels = made.reads
    probabilities, shape = made.results[1], [logits.shape]
    found = None
    if d_loss is not None:
        found = call(kernels.softmax_cross_entropy_gradient, probabilities, labels, d_loss, shapes=shape).result
    if d_probabilities is not None:  # they are what the gradient is made of, and so what it is differentiated by
        through = call(kernels.softmax_gradient, probabilities, d_probabilities, shapes=shape).result
        found = through if found is None else call(add, found, through, shapes=shape).result
    return [found, None]


@gradient_of(kernels.softmax_cross_entropy_gradient)
def _softmax_cross_entropy_second_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    probabilities, _, d_loss = made.reads
    (dd_logits,) = upstream
    if needs[2]:
        raise TypeError("softmax_cross_entropy_gradient has no gradient with respect to that of the loss")
    assert dd_logits is not None
    weighed = call(scale, dd_logits, d_loss, shapes=[dd_logits.shape]).result
    rows = constant(1 / probabilities.shape[0])
    return [call(scale, weighed, rows, shapes=[dd_logits.shape]).result, None, None]


def softmax_cross_entropy_with_distribution(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -Σ t log softmax(logits): logits and targets [batch, classes], loss [1].

    t is each row of targets (which are not negative) made to sum to 1; a row of zeros costs nothing.
    """
    kernel = kernels.softmax_cross_entropy_with_distribution
    return call(kernel, logits, targets, shapes=[(1,), logits.shape]).results[0]


@gradient_of(kernels.softmax_cross_entropy_with_distribution)
def _softmax_cross_entropy_with_distribution_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    d_loss, d_probabilities = upstream
    if d_loss is None or d_probabilities is not None:
        raise TypeError("only the loss of softmax_cross_entropy_with_distribution can be differentiated")
    logits, targets = made.reads
    kernel = kernels.softmax_cross_entropy_with_distribution_gradient
    return [call(kernel, made.results[1], targets, d_loss, shapes=[logits.shape]).result, None]
