"""Transposed convolution, window by window: the experiment behind `upsample`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.graph import Storage, assign, constant, scope
from lab.graph import functions as f
from lab.graph.functions.convolution import Borders, convolution, transposed_convolution
from lab.nets.initialisers import generator
from lab.pictures import Bars, Field, Images, Picture
from lab.scenario import Scenario
from lab.tasks.upsampling.checkerboard import checkerboard, spectrum
from lab.tasks.upsampling.stamping import Stamping

SHOWN = 6


class Upsampling(Stamping):
    """One replica; see `lab.tasks.task.Experiment`.

    pixels: how many the image has, each of which is taken in one step
    """

    def __init__(self, scenario: Scenario, seed: int, options: Any) -> None:
        known = ("checkerboard", "fewest_windows", "most_windows")
        # What is resized first has no transpose to be compared with.
        super().__init__(scenario, seed, (*known, *["transpose_error"] * (options.method == "transposed_conv")))
        self.options, self.pixels = options, options.size**2
        size, side, stride, maps = options.size, options.kernel_size, options.stride, options.maps
        stored, kept = Storage("states"), Storage("statistics")
        self._image = stored.member("image", (1, size, size, 1))
        self._taken = stored.member("taken", (1, size, size, 1))
        self._weights = stored.member("weights", (side, side, maps, 1))
        ones, pace = constant(np.ones((side, side, 1, 1))), (stride, stride)
        with scope(options.method):
            if options.method == "transposed_conv":
                y = transposed_convolution(self._image, self._weights, stride=pace)
                met = transposed_convolution(self._taken, ones, stride=pace)
            else:
                y, met = (self._resized(*each) for each in ((self._image, self._weights), (self._taken, ones)))
        self._larger = assign(y, kept.member("larger", y.shape))
        self._met = assign(met, kept.member("met", met.shape))
        programs: dict[str, list[Any]] = {"look": [self._larger, self._met]}
        self._extent = y.shape[1]
        if options.method == "transposed_conv":
            # What the convolution does to an image with a single 1 is a column of its matrix.
            count = self._extent**2
            self._kernel = stored.member("kernel", (side, side, 1, 1))
            units = constant(np.eye(count).reshape(count, self._extent, self._extent, 1))
            columns = convolution(units, self._kernel, stride=pace)
            self._columns = assign(columns, kept.member("columns", columns.shape))
            programs["transpose"] = [self._columns]
        self.lay_out(programs)

    def _resized(self, x: Any, weights: Any) -> Any:
        """x repeated, and a convolution behind that leaves its size as it is; of [side, side, maps, 1] weights."""
        size, side = self.options.size * self.options.stride, self.options.kernel_size
        before, after = (side - 1) // 2, side // 2
        kernel = f.transpose(weights, 0, 1, 3, 2)
        return convolution(f.resize(x, size, size), kernel, borders=Borders(before, before, after, after))

    def prepare(self) -> None:
        """Take the memory, and draw the weights."""
        super().prepare()
        side = self.options.kernel_size
        shape = (side, side, self.options.maps, 1)
        if self.options.weights == "random":
            self.kernel = generator(self.seed, "windows").standard_normal(shape)
        else:
            line = np.ones(side) if self.options.weights == "equal" else _tent(side)
            self.kernel = np.broadcast_to(np.multiply.outer(line, line)[..., None, None], shape)
        self.put(self._weights, self.kernel)
        self._error: float | None = None

    # What there is now

    def _look(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The maps [maps, height, width] and how many windows meet [height, width], when so many pixels are taken."""
        size = self.options.size
        taken = (np.arange(self.pixels) < step).reshape(1, size, size, 1)
        self.put(self._image, np.where(taken, self._whole().reshape(taken.shape), 0.0))
        self.put(self._taken, taken)
        self.run_beside("look")
        return self.read(self._larger)[0].transpose(2, 0, 1), np.rint(self.read(self._met)[0, :, :, 0])

    def _whole(self) -> np.ndarray:
        """The image that is made larger, [size, size]."""
        size = self.options.size
        if self.options.image == "ramp":
            return np.broadcast_to(np.linspace(0, 1, size), (size, size))
        image = np.zeros((size, size)) if self.options.image == "spot" else np.ones((size, size))
        image[size // 2, size // 2] = 1
        return image

    def _middle(self) -> slice:
        """Rows, and columns, that all windows which could reach them have reached; a multiple of `stride` of them."""
        size, side, stride = self.options.size, self.options.kernel_size, self.options.stride
        if self.options.method == "transposed_conv":
            first, end = max(side - stride, 0), size * stride - max(stride - side, 0)
        else:
            first, end = (side - 1) // 2, size * stride - side // 2
        return slice(first, first + (end - first) // stride * stride)

    def _transpose_error(self, larger: np.ndarray) -> float:
        if self._error is None:
            differences = []
            for number, image in enumerate(larger):
                self.put(self._kernel, self.kernel[:, :, number : number + 1])
                self.run_beside("transpose")
                matrix = self.read(self._columns).reshape(len(image) ** 2, -1).astype(np.float64)
                differences.append(np.abs(matrix @ self._whole().ravel() - image.ravel()).max() / np.abs(image).max())
            self._error = float(max(differences))
        return self._error

    def measure(self) -> dict[str, float]:
        larger, met = self._look(self.step)
        middle = self._middle()
        done, nothing = self.step >= self.pixels, float("nan")
        found = {
            "fewest_windows": float(met[middle, middle].min()),
            "most_windows": float(met[middle, middle].max()),
            "checkerboard": checkerboard(larger[:, middle, middle], self.options.stride) if done else nothing,
            "transpose_error": nothing,
        }
        if done and "transpose_error" in self.metrics:
            found["transpose_error"] = self._transpose_error(larger)
        return {name: found[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        larger, met = self._look(self.step)
        whole, most = self._look(self.pixels)
        inside = larger[:, self._middle(), self._middle()]
        scale = np.abs(whole[:SHOWN]).max(axis=(1, 2), keepdims=True)
        grey = 0.5 + 0.5 * larger[:SHOWN] / np.where(scale > 0, scale, 1.0)
        low, high = min(0.0, float(whole[0].min())), max(0.0, float(whole[0].max()))
        found = spectrum(inside)
        frequencies = [0.0, *sorted(found, reverse=True)[:-1]]
        shares = {_period(each): round(100 * found[each], 4) for each in frequencies}
        return [
            Field("The first map, made larger", larger[0], low=low, high=high, name="larger_map"),
            Images("Maps, each on its own scale", grey.astype(np.float32), name="larger_maps"),
            Field("Windows that meet", met, low=0.0, high=float(most.max()), name="windows_met"),
            Bars("Energy by period in pixels, along rows", shares, "%", extent=(0.0, 100.0), name="spectrum"),
        ]


def _tent(side: int) -> np.ndarray:
    """Weights along an axis that fall evenly from the middle to both sides and would be 0 just outside."""
    half = (side + 1) // 2
    middle = half - 1 if side % 2 else half - 0.5
    return 1 - np.abs(np.arange(side) - middle) / half


def _period(frequency: float) -> str:
    """A frequency in cycles per pixel as a period in pixels."""
    return "mean" if frequency == 0 else f"{1 / frequency:.3g}"
