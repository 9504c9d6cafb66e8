"""The weights of convolutions as images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.nets.layers.conv import Conv
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST = 32
IN_TIME, MOMENTS = 8, 5
SECOND, SLICES = 8, 7
LINE = 0.0
"""Between images that stand in one."""


class Filters(Figure, name="filters"):
    """Each filter of the first convolution as an image: grey where it is 0, white where it is largest; in colour where
    it sees the colours."""

    def fits(self) -> bool:
        return convolution(self, 0) is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        weights = np.nan_to_num(snapshot.weights[f"{convolution(self, 0)}.weight"].astype(np.float64))
        images = as_images(weights[..., :MOST])
        return [Images(f"Filters of {convolution(self, 0)}", images.astype(np.float32))]


class FiltersOverTime(Figure, name="filters_over_time"):
    """Some filters of the first convolution at five moments of the training, beside each other: as it began on the
    left, as it is now on the right; the steps between grow, since most happens early. Each image is on a scale of its
    own, so that one sees the pattern and not the size."""

    def fits(self) -> bool:
        return convolution(self, 0) is not None

    def records(self) -> Mapping[str, Tensor]:
        name = f"{convolution(self, 0)}.weight"
        return {"weight": self.inspection.network.parameters.members[name]}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        steps, weights = snapshot.history("weight")
        if not len(steps):
            steps = np.array([snapshot.inspection.step])
            weights = snapshot.weights[f"{convolution(self, 0)}.weight"][None]
        chosen = moments(steps)
        seen = np.nan_to_num(weights[chosen].astype(np.float64))[..., :IN_TIME]
        strips = []
        for number in range(seen.shape[-1]):
            images = [as_images(each[..., number : number + 1])[0] for each in seen]
            # As wide from the first moment on: what has not happened yet is empty.
            images += [np.full_like(images[0], LINE)] * (MOMENTS - len(images))
            strips.append(side_by_side(images))
        told = f"steps {', '.join(f'{step:,}' for step in steps[chosen].tolist())}"
        captions = (told, *[""] * (len(strips) - 1))
        title = f"Filters of {convolution(self, 0)}, from the first step to now"
        return [Images(title, np.stack(strips).astype(np.float32), captions)]


class LaterFilters(Figure, name="later_filters"):
    """Some filters of the second convolution, each as its first slices beside each other. A filter has a slice for
    every channel of the layer before; grey where it is 0. A slice is no image of anything: its pixels say where
    *another filter* should have found something."""

    def fits(self) -> bool:
        return convolution(self, 1) is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        weights = np.nan_to_num(snapshot.weights[f"{convolution(self, 1)}.weight"].astype(np.float64))
        part = weights[:, :, :SLICES, :SECOND]
        reach = max(1e-9, float(np.abs(part).max()))
        strips = [
            side_by_side([0.5 + part[:, :, channel, number] / (2 * reach) for channel in range(part.shape[2])])
            for number in range(part.shape[3])
        ]
        return [Images(f"Filters of {convolution(self, 1)}, by channel", np.stack(strips).astype(np.float32))]


def moments(steps: np.ndarray) -> np.ndarray:
    """Places of some of these rising steps: the first, the last, and some between that grow by a factor."""
    if len(steps) <= MOMENTS:
        return np.arange(len(steps))
    wanted = np.geomspace(max(steps[1], 1), steps[-1], MOMENTS - 1)
    return np.unique([0, *(int(np.abs(steps - each).argmin()) for each in wanted)])


def convolution(figure: Figure, number: int) -> str | None:
    """The name of the network's so-manieth convolution, counted from 0; None where there is none."""
    found = [part.name for part in figure.inspection.evaluated_layers if isinstance(part.layer, Conv)]
    return found[number] if len(found) > number else None


def as_images(weights: np.ndarray) -> np.ndarray:
    """Filters [height, width, channels, filters] as images [filters, height, width] or, of three channels, [filters,
    height, width, 3], all on one scale on which 0 is grey."""
    reach = max(1e-9, float(np.abs(weights).max()))
    images = np.moveaxis(0.5 + weights / (2 * reach), -1, 0)
    return images if images.shape[-1] == 3 else images[..., 0]  # of several channels that are no colours, the first


def side_by_side(images: list[np.ndarray], line: float = LINE) -> np.ndarray:
    """Images [height, width, …] of one height beside each other, with a line of this grey between them."""
    between = np.full((images[0].shape[0], 1, *images[0].shape[2:]), line)
    parts = [part for image in images for part in (between, image)]
    return np.concatenate(parts[1:], axis=1)
