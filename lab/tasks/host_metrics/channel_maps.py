"""Whether the maps of single channels lie on the object, in networks that were never told where it is."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.explanations import can_be_explained
from lab.tasks.training.inspection import Inspection


class ChannelMaps(HostMetric):
    """Of what the figure `feature_maps` shows, where it is known which pixels are those of the object."""

    meanings = {
        "best_channel_inside": SHARE.of(
            "which share of a map lies on the object, of that channel of a layer for which it is most: the channel is "
            "chosen on every second image, and the share is that of the others; by convolution, as `.relu1`. Only for "
            "images of which the object's pixels are known, as of `shapes`",
            higher_is_better=True,
        ),
        "channels_inside": SHARE.of(
            "the same, mean over all channels of the layer, on the same images", higher_is_better=True
        ),
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        able = bool(self.names) and can_be_explained(inspection)
        masked = able and inspection.explanations.sample.masks is not None
        layers = list(inspection.patches.places) if masked else []
        self.names = tuple(f"{name}.{layer}" for name in self.names for layer in layers)

    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        known = self.inspection.explanations
        maps = self.inspection.patches.activations(known.sample.numbers)
        shares = {layer: inside(each, known.masks) for layer, each in maps.items()}
        values = {}
        for full in self.names:
            name, _, layer = full.partition(".")
            chosen, others = shares[layer][::2], shares[layer][1::2]
            if name == "channels_inside":
                values[full] = _mean(others)
            else:
                by_channel = [_mean(column) for column in chosen.T]
                best = int(np.nanargmax(by_channel)) if np.isfinite(by_channel).any() else 0
                values[full] = _mean(others[:, best])
        return values


def inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Which share of each map [n, rows, columns, channels] lies inside the mask [n, height, width]: [n, channels]; NaN
    where a map is 0 everywhere. A pixel of the image is that of the map which lies at the same share of its height and
    width; of what is below 0 nothing counts."""
    rows, columns = (
        np.arange(size) * count // size for size, count in zip(masks.shape[1:], maps.shape[1:3], strict=True)
    )
    large = np.maximum(np.nan_to_num(maps.astype(np.float64)), 0)[:, rows][:, :, columns]
    whole = large.sum(axis=(1, 2))
    found = (large * masks[..., None]).sum(axis=(1, 2))
    return np.where(whole > 0, found / np.where(whole > 0, whole, 1.0), np.nan)


def _mean(values: np.ndarray) -> float:
    """The mean of what is a number; NaN if nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
