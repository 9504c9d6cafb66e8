"""The losses a scenario can name, as functions from outputs [batch, n] and targets to a tensor of shape [1]."""

from __future__ import annotations

from collections.abc import Callable

from lab.graph import Tensor, constant
from lab.graph import functions as f

Loss = Callable[[Tensor, Tensor], Tensor]

FOR_CLASSES: dict[str, Loss] = {"softmax": f.softmax_cross_entropy, "hinge": f.hinge}
"""Targets are class numbers [batch]."""

FOR_LABELS: dict[str, Loss] = {
    "logistic": f.binary_cross_entropy,
    "softmax": lambda logits, labels: f.softmax_cross_entropy_with_distribution(logits, labels),
}
"""Targets are 0 or 1 per label [batch, labels]."""


def for_values(name: str, delta: float) -> Loss:
    """The regression loss `l1`, `l2` or `huber` (quadratic up to `delta`)."""
    if name == "huber":
        return lambda outputs, targets: f.huber(outputs, targets, constant(delta))
    return {"l1": f.mean_absolute_error, "l2": f.mean_squared_error}[name]
