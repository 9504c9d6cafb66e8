"""Pictures of a variational autoencoder: what its codes stand for, walks between them, and which numbers are in use."""

from __future__ import annotations

import math
import weakref
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.graph import Storage, assign, constant, scope
from lab.graph import functions as f
from lab.pictures import Bars, Images, Picture, Scatter

if TYPE_CHECKING:
    from lab.tasks.generative.variational import Variational

GRID = 5
"""Codes in the grid, each way."""
WALKS, WALK_STEPS = 6, 5
MOST_PIXELS = 300
"""A mosaic is at most so wide and high: of larger images every second pixel, or third, is left out."""


class VariationalShown:
    """program: what is to be computed for the pictures, beside the last measurement."""

    def __init__(self, experiment: Variational) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._experiment: Variational = weakref.proxy(experiment)
        self._kept, self._given = Storage("statistics"), Storage("inputs")
        latent = experiment.options.latent
        self.program: list[Any] = []
        with scope("look"):
            made = {"codes": experiment.coded(constant(experiment.held.numbers, "held"), training=False).mean}
            if experiment.held.image_shape is not None:
                self._grid = self._given.member("grid", (GRID * (GRID if latent > 1 else 1), latent))
                made["grid"] = experiment.images(f.identity(self._grid))
                made["walks"] = experiment.walks(WALKS, WALK_STEPS)
        for name, tensor in made.items():
            self.program.append(assign(tensor, self._kept.member(name, tensor.shape)))

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        experiment = self._experiment
        experiment.run_beside("measure")
        units = experiment.read(experiment.measured.members["units"]).astype(np.float64)
        chosen = np.sort(np.argsort(-np.nan_to_num(units), kind="stable")[:2])
        if "grid" in self._kept.members:
            experiment.put(self._grid, grid_of_codes(len(units), chosen))
        experiment.run_beside("look")
        codes, kinds = experiment.read(self._kept.members["codes"])[:, chosen], experiment.held.targets
        shown = self._of_images() if "grid" in self._kept.members else []
        if len(units) > 1:
            classes = enumerate(experiment.held.classes)
            groups = {name: codes[kinds == number] for number, name in classes if (kinds == number).any()}
            labels = [f"number {unit + 1} of the code" for unit in chosen]
            shown.append(Scatter("Codes of examples", groups, x_label=labels[0], y_label=labels[1], name="codes"))
        names = [f"number {unit + 1}" for unit in range(len(units))]
        shown.append(
            Bars("KL of each number of the code", dict(zip(names, units.tolist(), strict=True)), "nats",
                 name="kl_of_units")
        )  # fmt: skip
        return shown

    def _of_images(self) -> list[Picture]:
        grid, walks = (self._read_images(name) for name in ("grid", "walks"))
        each_walk = walks.reshape(WALK_STEPS, -1, *walks.shape[1:]).swapaxes(0, 1)
        strips = np.stack([mosaic(walk, WALK_STEPS) for walk in each_walk])
        return [
            Images("What codes stand for", mosaic(grid, GRID)[None], name="latent_grid"),
            Images("From one code to another", strips, name="latent_walk"),
        ]

    def _read_images(self, name: str) -> np.ndarray:
        """Images [n, height, width] or [n, height, width, 3], from 0 to 1."""
        return self._scaled(self._experiment.read(self._kept.members[name]))

    def _scaled(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of images as such images."""
        shape, (low, high) = self._experiment.held.inputs.shape[1:], self._experiment.value_range
        images = np.clip((numbers.reshape(-1, *shape) - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)
        return images[..., 0] if images.shape[3] == 1 else images


def grid_of_codes(latent: int, chosen: np.ndarray) -> np.ndarray:
    """Codes [GRID², latent] row by row, from the top left: of the chosen numbers the second grows upwards, both at
    quantiles of the normal distribution; [GRID, 1] of codes that have only one."""
    places = np.array([NormalDist().inv_cdf((place + 0.5) / GRID) for place in range(GRID)])
    if latent == 1:
        return places.reshape(-1, 1)
    codes = np.zeros((GRID, GRID, latent))
    codes[..., chosen[0]] = places
    codes[..., chosen[1]] = places[::-1, None]
    return codes.reshape(-1, latent)


def mosaic(images: np.ndarray, across: int) -> np.ndarray:
    """Images [n, height, width, …] beside and below each other, so many in each row, as one image."""
    thin = math.ceil(max(images.shape[1] * len(images) // across, images.shape[2] * across) / MOST_PIXELS)
    images = images[:, ::thin, ::thin]
    high, wide = images.shape[1:3]
    made = np.empty((len(images) // across * high, across * wide, *images.shape[3:]), np.float32)
    for number, image in enumerate(images):
        top, left = number // across * high, number % across * wide
        made[top : top + high, left : left + wide] = image
    return made
