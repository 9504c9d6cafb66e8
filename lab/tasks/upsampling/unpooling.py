"""Pooling and unpooling of grids of numbers: the experiment behind `unpool`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.graph import Storage, assign
from lab.graph.functions.pooling import bed_of_nails, max_pool_and_places, max_unpool
from lab.graph.functions.resampling import resize
from lab.nets.initialisers import generator
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.upsampling.stamping import Stamping
from lab.tasks.upsampling.unpool_picture import drawn


class Unpooling(Stamping):
    """One replica; see `lab.tasks.task.Experiment`.

    windows: how many each grid has
    """

    def __init__(self, scenario: Scenario, seed: int, options: Any) -> None:
        super().__init__(scenario, seed, ("same_number", "same_place", "foreign_pixels", "displacement"))
        self.options = options
        self._across = options.size // options.kernel_size
        self.windows = self._across**2
        self._highest = max(9, options.kernel_size**2)
        self._grids = max(1, -(-scenario.train.steps // self.windows))
        count, window = self._grids, (options.kernel_size, options.kernel_size)
        stored, kept = Storage("states"), Storage("statistics")
        self._images = stored.member("images", (count, options.size, options.size, 1))
        pooled, places = max_pool_and_places(self._images, window)
        if options.method == "max_unpool":
            back = max_unpool(pooled, places)
        elif options.method == "bed_of_nails":
            back = bed_of_nails(pooled, window)
        else:
            back = resize(pooled, options.size, options.size)
        again, places_again = max_pool_and_places(back, window)
        found = {
            "pooled": pooled, "place": places.place, "back": back, "again": again, "place_again": places_again.place,
        }  # fmt: skip
        self._found = {name: assign(each, kept.member(name, each.shape)) for name, each in found.items()}
        self.lay_out({"look": list(self._found.values())})

    def prepare(self) -> None:
        """Draw the grids, and pool and unpool them all: the steps only show one window after the other."""
        super().prepare()
        side, across, random = self.options.kernel_size, self._across, generator(self.seed, "grids")
        numbers = np.tile(np.arange(1, self._highest + 1), (self._grids * self.windows, 1))
        windows = random.permuted(numbers, axis=1)[:, : side * side]
        cut = windows.reshape(self._grids, across, across, side, side)
        self.images = cut.transpose(0, 1, 3, 2, 4).reshape(self._images.shape)
        self.put(self._images, self.images)
        self.run_beside("look")
        self.found = {name: self.read(each) for name, each in self._found.items()}
        self._by_window = self._judged()

    def _judged(self) -> dict[str, np.ndarray]:
        """Each metric by window, [grids × windows], in the order in which they are shown."""
        side, across = self.options.kernel_size, self._across

        def cut(images: np.ndarray) -> np.ndarray:
            """[grids × windows, pixels of a window]"""
            shape = (self._grids, across, side, across, side)
            return images.reshape(shape).transpose(0, 1, 3, 2, 4).reshape(-1, side * side)

        found = {name: each.reshape(self._grids, -1) for name, each in self.found.items()}
        before, after = cut(self.images), cut(found["back"])
        rows, columns = (each.ravel() for each in np.indices((side, side)))
        there = after != 0
        most, place = np.maximum(there.sum(axis=1), 1), before.argmax(axis=1)
        middle = [(there * each).sum(axis=1) / most for each in (rows, columns)]
        return {
            "same_number": (found["pooled"] == found["again"]).ravel(),
            "same_place": (found["place"] == found["place_again"]).ravel(),
            "foreign_pixels": (there & (after != before)).mean(axis=1),
            "displacement": np.hypot(middle[0] - rows[place], middle[1] - columns[place]),
        }

    def measure(self) -> dict[str, float]:
        done = min(self.step, len(self._by_window["same_place"]))
        nothing = float("nan")
        return {name: float(self._by_window[name][:done].mean()) if done else nothing for name in self.metrics}

    def pictures(self) -> list[Picture]:
        number = min(max(self.step - 1, 0) // self.windows, self._grids - 1)
        done = min(self.step - number * self.windows, self.windows)
        side, shape = self.options.kernel_size, (self.options.size, self.options.size)
        small = self.found["pooled"][number, :, :, 0]
        seen = (np.arange(self.windows) < done).reshape(self._across, self._across)
        wide = np.repeat(np.repeat(seen, side, axis=0), side, axis=1)
        largest = np.zeros(shape, bool)
        largest.ravel()[self.found["place"][number].ravel().astype(int)[:done]] = True
        return [
            drawn(
                self.images[number, :, :, 0],
                largest,
                np.where(seen, small, np.nan),
                np.where(wide, self.found["back"][number, :, :, 0], np.nan),
                float(self._highest),
                f"grid {number + 1}",
            )
        ]
