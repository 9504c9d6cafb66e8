"""The losses a scenario can name, as functions from outputs [batch, n] and targets to a tensor of shape [1].

Each one's docstring is its reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.graph import Tensor, constant
from lab.graph import functions as f

Loss = Callable[[Tensor, Tensor], Tensor]


def softmax(outputs: Tensor, classes: Tensor) -> Tensor:
    """Softmax cross-entropy: the outputs become probabilities, and the loss is minus the logarithm of the right class's
    probability, mean over the batch, in nats.

    Guessing among C classes costs log C; a sure and right answer costs 0. It is what PyTorch calls CrossEntropyLoss.

    Formula: p = e^output / Σ e^output; loss = mean of -log p[right class].

    Paper: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
    """
    return f.softmax_cross_entropy(outputs, classes)


def hinge(outputs: Tensor, classes: Tensor) -> Tensor:
    """The loss of a multi-class support vector machine: every wrong class whose score comes closer than 1 to the score
    of the right one costs what is missing; all others cost nothing.

    Formula: loss = mean of Σ over the wrong classes of max(0, score - score[right class] + 1).

    Paper: Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999.
    """
    return f.hinge(outputs, classes)


def logistic(outputs: Tensor, labels: Tensor) -> Tensor:
    """A yes-or-no question for each label: the binary cross-entropy of the sigmoid of its output, mean over labels and
    batch, in nats. It is what PyTorch calls BCEWithLogitsLoss.

    Formula: p = 1 / (1 + e^-output); loss = mean of -label log p - (1 - label) log(1 - p).

    Paper: Cox, "The regression analysis of binary sequences", 1958.
    """
    return f.binary_cross_entropy(outputs, labels)


def softmax_over_labels(outputs: Tensor, labels: Tensor) -> Tensor:
    """One softmax over all labels, which is to be spread evenly over those that apply; in nats.

    An example with several labels costs at least the logarithm of their number, since probability has to be shared.

    Formula: p = e^output / Σ e^output; t = label / Σ label; loss = mean of -Σ t log p.
    """
    return f.softmax_cross_entropy_with_distribution(outputs, labels)


def l1(outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean absolute error. Its gradient has the same size for every error, so that outliers pull no harder than
    others: what fits best is the median.

    Formula: loss = mean of |output - target|.
    """
    return f.mean_absolute_error(outputs, targets)


def l2(outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean squared error. Large errors count most, so that outliers pull hard: what fits best is the mean.

    Formula: loss = mean of (output - target)².
    """
    return f.mean_squared_error(outputs, targets)


def huber(delta: float) -> Loss:
    """The squared error near zero, and the absolute error beyond `delta`: as smooth as the one, and as little moved by
    outliers as the other.

    Formula: loss = mean of e²/2 where |e| < delta, delta (|e| - delta/2) elsewhere, with e = output - target.

    Paper: Huber, "Robust estimation of a location parameter", 1964.
    """
    return lambda outputs, targets: f.huber(outputs, targets, constant(delta))


FOR_CLASSES: dict[str, Loss] = {"softmax": softmax, "hinge": hinge}
"""Targets are class numbers [batch]."""

FOR_LABELS: dict[str, Loss] = {"logistic": logistic, "softmax": softmax_over_labels}
"""Targets are 0 or 1 per label [batch, labels]."""

FOR_VALUES: dict[str, Callable[..., object]] = {"l1": l1, "l2": l2, "huber": huber}
"""Targets are numbers [batch, n]."""


def for_values(name: str, delta: float) -> Loss:
    """The regression loss `l1`, `l2` or `huber` (quadratic up to `delta`)."""
    return huber(delta) if name == "huber" else {"l1": l1, "l2": l2}[name]


USUAL_LOSS = {"classes": "softmax", "labels": "logistic", "values": "l2", "objects": "smooth_l1"}
"""The loss of a task that names none, by the kind of its targets."""

LOSSES_OF_TASKS: dict[str, Mapping[str, Callable[..., object]]] = {
    "classify": FOR_CLASSES,
    "label": FOR_LABELS,
    "regress": FOR_VALUES,
}
"""The losses that each task lets be chosen, by the name of the task."""
