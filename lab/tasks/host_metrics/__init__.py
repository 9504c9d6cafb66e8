"""Metrics that the host computes: they need the data, or the network with other weights than it has now.

A new one is a new file with a `HostMetric`; every file of this folder is imported.
"""

from lab.tasks.host_metrics.host_metric import (
    HOST_METRICS,
    HostMetric,
    host_metric_meanings,
    load_host_metrics,
    watched_host_metrics,
)

__all__ = ["HOST_METRICS", "HostMetric", "host_metric_meanings", "load_host_metrics", "watched_host_metrics"]
