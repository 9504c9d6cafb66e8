"""The exact definition of every number that is measured of a network in training, one file per kind of number.

The **evaluation sample** is the training set, or a fixed sample of 1,024 of its examples if it is larger. Losses,
accuracies and everything about activations are measured on it, forward, with the weights as they are now. Gradients
and updates are those of the last training step.

A new number is a new file with a `DeviceMetric`; every file of this folder is imported.
"""

from lab.metrics.device_metric import (
    DEVICE_METRICS,
    DeviceMetric,
    MeasuredNetwork,
    Values,
    device_metric_meanings,
    load_device_metrics,
)
from lab.metrics.device_metrics import DeviceMetrics

__all__ = [
    "DEVICE_METRICS",
    "DeviceMetric",
    "DeviceMetrics",
    "MeasuredNetwork",
    "Values",
    "device_metric_meanings",
    "load_device_metrics",
]
