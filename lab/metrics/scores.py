"""How good answers are, each score with one definition: that of scikit-learn, in NumPy and float64.

Everything here takes what is true first, then what was answered, as scikit-learn does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BINS = 10
OF_PROBABILITIES = ("softmax", "logistic")
"""The losses that make probabilities of outputs."""
Scores = dict[str, Callable[[], float]]
"""Scores by name, each computed when it is asked for."""


def of_classes(targets: np.ndarray, numbers: np.ndarray, are_probabilities: bool = True) -> Scores:
    """Scores of answers that are classes. targets: class numbers int64 [n]; numbers: [n, classes]"""
    confusion = confusion_matrix(targets, numbers.argmax(axis=1), numbers.shape[1])
    found: Scores = {
        "accuracy": lambda: float(np.diag(confusion).sum() / confusion.sum()),
        "balanced_accuracy": lambda: balanced_accuracy(confusion),
        "precision": lambda: averaged(precision(confusion), confusion),
        "recall": lambda: averaged(recall(confusion), confusion),
        "f1": lambda: averaged(f1(confusion), confusion),
        "roc_auc": lambda: roc_auc_of_classes(targets, numbers),
        "average_precision": lambda: known_mean(average_precisions(targets, numbers)),
    }
    return found | ({"log_loss": lambda: log_loss(targets, numbers)} if are_probabilities else {})


def of_labels(targets: np.ndarray, probabilities: np.ndarray, said: np.ndarray) -> Scores:
    """Scores of several labels at once. targets and probabilities: [n, labels]; said: which are given, bool"""
    true = targets > 0.5
    counts = label_confusions(true, said)

    def mean(score: Callable[[np.ndarray], np.ndarray]) -> float:
        return float(np.mean([score(each)[1] for each in counts]))

    given = np.where(true, probabilities, 1 - probabilities)
    return {
        "labels_right": lambda: float((true == said).mean()),
        "rows_right": lambda: float((true == said).all(axis=1).mean()),
        "precision": lambda: mean(precision),
        "recall": lambda: mean(recall),
        "f1": lambda: mean(f1),
        "roc_auc": lambda: known_mean(_of_each_label(roc_auc, true, probabilities)),
        "average_precision": lambda: known_mean(average_precisions_of_labels(true, probabilities)),
        "log_loss": lambda: float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean()),
    }


def of_values(targets: np.ndarray, answers: np.ndarray) -> Scores:
    """Scores of values [n, outputs]."""
    return {
        "r2": lambda: r2(targets, answers),
        "mae": lambda: mean_absolute_error(targets, answers),
        "rmse": lambda: root_mean_squared_error(targets, answers),
    }


def label_confusions(true: np.ndarray, said: np.ndarray) -> list[np.ndarray]:
    """Of each label how often no and yes (rows) were taken for no and yes (columns). bool [n, labels]"""
    return [
        confusion_matrix(one.astype(np.int64), two.astype(np.int64), 2) for one, two in zip(true.T, said.T, strict=True)
    ]


def meaning(outputs: np.ndarray, loss: str) -> np.ndarray:
    """What the outputs [n, outputs] of a network mean that was trained with a loss of this name, in float64:
    probabilities if it is one of `OF_PROBABILITIES`, else themselves."""
    return {"softmax": softmax, "logistic": sigmoid}.get(loss, np.asarray)(outputs.astype(np.float64))


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-score), in float64; the smallest results keep their digits."""
    return np.asarray(np.exp(-np.logaddexp(0, -scores)))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities [..., classes] of scores, in float64."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def confusion_matrix(targets: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column), int64 [classes, classes]; both are class numbers [n]."""
    counts = np.bincount(targets * classes + answers, minlength=classes * classes)
    return np.asarray(counts.reshape(classes, classes))


def precision(confusion: np.ndarray) -> np.ndarray:
    """Of what was taken for a class, the share that is of it, [classes]; 0 where nothing was taken for it."""
    return _share(np.diag(confusion), confusion.sum(axis=0))


def recall(confusion: np.ndarray) -> np.ndarray:
    """Of each class, the share that was found, [classes]; 0 where there is nothing of it."""
    return _share(np.diag(confusion), confusion.sum(axis=1))


def f1(confusion: np.ndarray) -> np.ndarray:
    """2 hits / (2 hits + false alarms + misses) of each class, [classes]; 0 where there is none of that."""
    return _share(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def iou(confusion: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, hits / (hits + false alarms + misses), [classes]; 0 where there is none of
    that (Jaccard 1912)."""
    hits = np.diag(confusion)
    return _share(hits, confusion.sum(axis=0) + confusion.sum(axis=1) - hits)


def mean_iou(confusion: np.ndarray) -> float:
    """The plain mean of `iou` over the classes that are there or were answered, counted over all pixels of all images,
    as in PASCAL VOC and Cityscapes."""
    return averaged(iou(confusion), confusion)


def averaged(scores: np.ndarray, confusion: np.ndarray) -> float:
    """The plain mean over the classes that are there or were answered (scikit-learn's `macro`); not a number where
    there is nothing at all."""
    seen = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    return float(scores[seen].mean()) if seen.any() else float("nan")


def balanced_accuracy(confusion: np.ndarray) -> float:
    """The mean of the recall of the classes that are there: a coin reaches 1 / classes, whatever their shares."""
    return float(recall(confusion)[confusion.sum(axis=1) > 0].mean())


def roc_auc(is_true: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a true example has a higher score than a false one, ties counting half; NaN if a kind is absent.

    The Mann-Whitney statistic (Hanley and McNeil, 1982). is_true: bool [n]; scores: [n]
    """
    true = int(np.count_nonzero(is_true))
    false = len(is_true) - true
    if not true or not false:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    return float((ranks[is_true].sum() - true * (true + 1) / 2) / (true * false))


def roc_auc_of_classes(targets: np.ndarray, scores: np.ndarray) -> float:
    """Of two classes that of the second; of more the mean over the classes of each against the rest, unweighted."""
    classes = scores.shape[1]
    if classes == 2:
        return roc_auc(targets == 1, scores[:, 1] - scores[:, 0])
    return known_mean(np.array([roc_auc(targets == number, scores[:, number]) for number in range(classes)]))


def average_precision(is_true: np.ndarray, scores: np.ndarray) -> float:
    """The area under precision over recall, as steps: the precision down to each score, weighed by the recall that this
    score adds; NaN if nothing is true. What guesses reach is the share of what is true, so that it says more of a rare
    class than `roc_auc` does.

    Davis and Goadrich, "The relationship between precision-recall and ROC curves", 2006. is_true: bool [n]; scores: [n]
    """
    true = int(np.count_nonzero(is_true))
    if not true:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores are taken together
    hits = np.cumsum(is_true[order])[ends]
    return float((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / true)


def average_precisions(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Of each class against the rest, [classes]; NaN of those that are absent. scores: [n, classes]"""
    if scores.shape[1] == 2:  # by how much one is above the other: outputs that are no probabilities need not sum to 1
        scores = np.stack([scores[:, 0] - scores[:, 1], scores[:, 1] - scores[:, 0]], axis=1)
    return np.array([average_precision(targets == number, each) for number, each in enumerate(scores.T)])


def average_precisions_of_labels(true: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Of each label, [labels]; NaN of those that are never true. bool and float [n, labels]"""
    return _of_each_label(average_precision, true, scores)


def _of_each_label(
    score: Callable[[np.ndarray, np.ndarray], float], true: np.ndarray, scores: np.ndarray
) -> np.ndarray:
    return np.array([score(one, two) for one, two in zip(true.T, scores.T, strict=True)])


def known_mean(each: np.ndarray) -> float:
    """The plain mean of those that are numbers; NaN if none is."""
    known = each[~np.isnan(each)]
    return float(known.mean()) if known.size else float("nan")


def log_loss(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -log of the probability of what is true, which counts as at least 2.2e-16. targets: class numbers [n]"""
    given = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean())


def r2(targets: np.ndarray, answers: np.ndarray) -> float:
    """1 minus the squared error over that of the mean, averaged over the outputs; [n, outputs].

    An output that does not vary counts 1 if it is right throughout, else 0.
    """
    error = ((targets - answers) ** 2).sum(axis=0)
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    safe = np.where(spread > 0, spread, 1.0)
    return float(np.where(spread > 0, 1 - error / safe, (error == 0).astype(np.float64)).mean())


def mean_absolute_error(targets: np.ndarray, answers: np.ndarray) -> float:
    """Mean distance, in the unit of the targets."""
    return float(np.abs(targets - answers).mean())


def root_mean_squared_error(targets: np.ndarray, answers: np.ndarray) -> float:
    """Root of the mean squared distance, in the unit of the targets; of several outputs the mean of their roots."""
    return float(np.sqrt(((targets - answers) ** 2).mean(axis=0)).mean())


def calibration(
    confidence: np.ndarray, right: np.ndarray
) -> tuple[list[tuple[float, float, int, float, float]], float]:
    """How often answers are right that were given with about the same probability: rows and expected error.

    Rows (from, to, how many, mean probability, share that is right) of ten equal ranges, without empty ones. The
    expected calibration error is the mean distance of the last two, weighed by how many (Guo et al., 2017, section 2).
    """
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    rows, error = [], 0.0
    for number in range(BINS):
        chosen = place == number
        count = int(chosen.sum())
        if count:
            sure, true = float(confidence[chosen].mean()), float(right[chosen].mean())
            rows.append((number / BINS, (number + 1) / BINS, count, sure, true))
            error += count / len(confidence) * abs(sure - true)
    return rows, error


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), 0.0))
