"""What metrics are called where they are read, not typed: "validation loss" for `val_loss`; and their units."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.metrics.meaning import Unit

_WORDS = {
    "activation_mean": "mean activation",
    "activation_std": "spread of activations",
    "average_precision": "average precision",
    "backward": "backward time",
    "backward_ratio": "backward time over ReLU's",
    "beam_accuracy": "right by beam",
    "beam_gain": "beam likelier by",
    "best": "best loss so far",
    "best_h": "best h",
    "box_iou": "box IoU",
    "branch_norm": "share added",
    "by_chance": "attention by chance",
    "chance_accuracy": "same class by chance",
    "condition": "condition number",
    "critical": "points at rest",
    "curving_down": "directions curving down",
    "dead_relu": "dead ReLU units",
    "distance": "distance to the minimum",
    "distinct": "different values tried",
    "equal_signs": "gradients of equal sign",
    "explained": "share of the variance",
    "f1": "F1",
    "flattest": "flattest slope",
    "forced_words": "right with teacher",
    "forward": "forward time",
    "forward_ratio": "forward time over ReLU's",
    "free_words": "right alone",
    "frequency_concentration": "weights in one frequency",
    "grad_norm": "gradient norm",
    "greedy_accuracy": "right greedily",
    "half_shuffled_similarity": "likeness when half is shuffled",
    "highest": "highest output",
    "in_wide": "points in the wide basin",
    "long_words": "right in long ones",
    "loss": "loss",
    "lost": "share lost",
    "lowest": "lowest output",
    "mae": "mean absolute error",
    "map_sameness": "likeness of maps",
    "mass_inside": "mass on the object",
    "mean_iou": "mean IoU",
    "minima_share": "minima among points at rest",
    "neighbour_accuracy": "neighbours of the same class",
    "nodes": "output units per example",
    "object_area": "area of the object",
    "occlusion_flips": "answers that a square changes",
    "on_shape": "attention on the shape",
    "original_accuracy": "the same with all features",
    "overlap": "overlap with the object",
    "pass_time": "time of a pass",
    "peak_inside": "brightest pixel on the object",
    "probability_sum": "sum of probabilities",
    "r2": "R²",
    "rate": "learning rate",
    "rmse": "root mean squared error",
    "roc_auc": "ROC-AUC",
    "shuffled_similarity": "likeness when shuffled",
    "signal_std": "spread of the gradient signal",
    "slope_spread": "spread of slopes",
    "steepest": "steepest slope",
    "step_gradient": "gradient of the last step",
    "test": "test accuracy of the choice",
    "thinned_accuracy": "accuracy of a thinned net",
    "thinned_distance": "distance of a thinned net",
    "trained": "nets that train",
    "unclipped_grad_norm": "gradient norm before clipping",
    "unit_spread": "difference between units",
    "update_ratio": "update size over weights",
    "val_average_precision": "validation average precision",
    "val_box_iou": "validation box IoU",
    "val_f1": "validation F1",
    "val_mae": "validation mean absolute error",
    "val_mean_iou": "validation mean IoU",
    "val_r2": "validation R²",
    "val_rmse": "validation root mean squared error",
    "val_roc_auc": "validation ROC-AUC",
    "x": "x",
    "y": "y",
}


@cache
def _units() -> dict[str, Unit]:
    """Units by metric, as far as all tasks that have a metric measure it in the same."""
    from lab.tasks.task import load_tasks

    found: dict[str, set[Unit]] = {}
    for task in load_tasks().values():
        for name, meaning in task.metrics.items():
            found.setdefault(name, set()).add(meaning.unit)
    return {name: next(iter(units)) for name, units in found.items() if len(units) == 1}


def words(metric: str) -> str:
    """A metric's name as words: "gradient norm of dense1" for `grad_norm.dense1`; what is no metric stays as it is.

    A metric without words of its own is read as it is spelled: `val_error` is "validation error".
    """
    name, _, part = metric.partition(".")
    if not name.replace("_", "").isalnum() or name != name.lower():
        return metric
    found = _WORDS.get(name)
    if found is None:
        found = name.replace("val_", "validation ", 1) if name.startswith("val_") else name
        found = found.replace("_", " ")
    return f"{found} of {part}" if part else found


def unit(metric: str) -> str:
    """The sign of the unit that a metric is measured in, as it was declared with the metric; "" for a plain number."""
    found = _units().get(metric.partition(".")[0])
    return "" if found is None else found.sign


def is_share(metric: str) -> bool:
    """Whether a metric was declared as a share of a whole, as accuracies are."""
    from lab.metrics.meaning import SHARE

    return _units().get(metric.partition(".")[0]) is SHARE
