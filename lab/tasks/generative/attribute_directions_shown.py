"""Pictures of latent arithmetic: images whose codes are moved along the direction of an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.graph import assign, constant, scope
from lab.graph import functions as f
from lab.pictures import Bars, Images, Picture
from lab.tasks.generative.variational_shown import VariationalShown, mosaic

if TYPE_CHECKING:
    from lab.tasks.generative.attribute_directions import AttributeDirections

PARTS = (0.0, 1 / 3, 2 / 3, 1.0, 4 / 3)
"""How much of a direction is added in each frame of a row."""


class AttributeDirectionsShown(VariationalShown):
    """program: what is to be computed for the pictures, beside the last measurement."""

    _experiment: AttributeDirections

    def __init__(self, experiment: AttributeDirections) -> None:
        super().__init__(experiment)
        count = len(experiment.names)
        self._rows = _without(experiment.held.targets)
        with scope("look at attributes"):
            chosen = experiment.held.numbers[self._rows]
            codes = experiment.coded(constant(chosen, "shown"), training=False).mean
            signs = experiment.signs[self._rows, np.arange(count)]
            ways = experiment.directions() * constant(np.repeat(signs[:, None], experiment.options.latent, axis=1))
            shape = (len(PARTS), *codes.shape)
            parts = f.broadcast(constant(np.array(PARTS).reshape(-1, 1, 1)), shape)
            made = experiment.images(f.broadcast(codes, shape) + parts * f.broadcast(ways, shape))
        self.program.append(assign(made, self._kept.member("arithmetic", made.shape)))

    def pictures(self) -> list[Picture]:
        """What there is to see now; the attribute for which codes do more than images is first, in the bars the one
        that changes most often."""
        experiment = self._experiment
        found = experiment.measure_all()
        experiment.run_beside("look")
        shares = {name: found[f"changed.{name}"] for name in experiment.names}
        gains = [share - found[f"changed_in_pixels.{name}"] for name, share in shares.items()]
        order = sorted(range(len(gains)), key=lambda number: -gains[number])
        sorted_shares = dict(sorted(shares.items(), key=lambda each: -each[1]))
        captions = tuple(
            f"{'+' if experiment.signs[self._rows[number], number] > 0 else '-'} {experiment.names[number]}"
            for number in order
        )
        moved = [experiment.moved_images(part)[np.arange(len(self._rows)), self._rows] for part in PARTS]
        in_codes, in_pixels = self._read_images("arithmetic"), self._scaled(np.stack(moved))
        return [
            Images("Codes, with a direction added", self._strips(in_codes)[order], captions, name="arithmetic"),
            Images("Images, with a mean difference added", self._strips(in_pixels)[order], captions, name="in_pixels"),
            next(each for each in self._of_images() if each.name == "latent_walk"),
            Bars("Share of examples whose attribute changed", sorted_shares, extent=(0.0, 1.0),
                 name="changed_by_attribute"),
        ]  # fmt: skip

    @staticmethod
    def _strips(images: np.ndarray) -> np.ndarray:
        """Images [parts · attributes, …] as a row for each attribute."""
        each = images.reshape(len(PARTS), -1, *images.shape[1:]).swapaxes(0, 1)
        return np.stack([mosaic(row, len(PARTS)) for row in each])


def _without(targets: np.ndarray) -> np.ndarray:
    """An example for each attribute of targets [examples, attributes]: the first that lacks it, so that it is added,
    and another one in each row as far as there are others, so that more than one is seen."""
    rows: list[int] = []
    for has in targets.T:
        free = [number for number in range(len(targets)) if number not in rows] or range(len(targets))
        rows.append(next((number for number in free if not has[number]), free[0]))
    return np.array(rows)
