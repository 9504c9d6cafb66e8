"""Losses over the steps of sequences that may be of unequal length."""

from __future__ import annotations

from kernels import sequence_loss as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["masked_cross_entropy"]


def masked_cross_entropy(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of -log softmax(logits)[label] over all steps with mask 1, of shape [1]; 0 if there are none.

    logits are [batch, time, classes]; labels [batch, time] are class numbers, mask [batch, time] is 1 or 0; both have
    no gradient. Every step counts the same, so that long sequences count for more than short ones.
    """
    steps = labels.size
    return call(
        kernels.masked_cross_entropy,
        logits.reshape(steps, logits.shape[-1]),
        labels.reshape(steps),
        mask.reshape(steps),
    ).results[0]


@gradient_of(kernels.masked_cross_entropy)
def _masked_cross_entropy_gradient(
    forward: Call, d_loss: Tensor | None, d_probabilities: Tensor | None, _: Tensor | None
) -> Gradients:
    if d_loss is None or d_probabilities is not None:
        raise TypeError("only the loss of masked_cross_entropy can be differentiated")
    (_, labels, mask), (_, probabilities, count) = forward.reads, forward.results
    return apply(kernels.masked_cross_entropy_gradient, probabilities, labels, mask, count, d_loss)
