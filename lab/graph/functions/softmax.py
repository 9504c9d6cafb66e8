"""Softmax cross-entropy."""

from __future__ import annotations

from kernels import softmax as kernels
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["softmax_cross_entropy"]


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log softmax(logits)[label]: logits [batch, classes], labels [batch] (class numbers), loss [1]."""
    return call(kernels.softmax_cross_entropy, logits, labels, shapes=[(1,), logits.shape]).results[0]


@gradient_of(kernels.softmax_cross_entropy)
def _softmax_cross_entropy_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    d_loss, d_probabilities = upstream
    if d_loss is None or d_probabilities is not None:
        raise TypeError("only the loss of softmax_cross_entropy can be differentiated, not its probabilities")
    logits, labels = made.reads
    probabilities = made.results[1]
    made_gradient = call(
        kernels.softmax_cross_entropy_gradient, probabilities, labels, d_loss, shapes=[logits.shape]
    )
    return [made_gradient.result, None]
