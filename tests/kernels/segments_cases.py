"""Cases of segments and their groups, cut and grouped once more in plain Python, without the kernels' short cuts.

Numbers are such that both real types have all sums and quotients exactly, so that ties are ties in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, number

SMALLEST, BINS = 3, 4
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


def edges_of(height: int, width: int) -> dict[int, tuple[int, int]]:
    """By the number of each edge that there is the two pixels it joins."""
    found = {}
    for direction, (down, along) in enumerate(STEPS):
        for row in range(height - down):
            for column in range(max(0, -along), width - max(0, along)):
                pixel = row * width + column
                found[direction * height * width + pixel] = pixel, (row + down) * width + column + along
    return found


def distances(image: np.ndarray) -> np.ndarray:
    height, width, channels = image.shape
    flat, found = image.reshape(-1, channels), np.full(4 * height * width, -1.0)
    for edge, (one, other) in edges_of(height, width).items():
        found[edge] = np.sqrt(((flat[one] - flat[other]) ** 2).sum())
    return found


def segments(
    distance: np.ndarray, height: int, width: int, scale: float, smallest: int
) -> tuple[np.ndarray, list[int]]:
    """The number of each pixel's segment, and the edges in order; segments are sets."""
    joins = edges_of(height, width)
    order = sorted(joins, key=lambda edge: (distance[edge], edge))
    part = {pixel: frozenset([pixel]) for pixel in range(height * width)}
    longest = {part[pixel]: 0.0 for pixel in part}

    def merge(one: int, other: int) -> frozenset[int]:
        whole = part[one] | part[other]
        part.update(dict.fromkeys(whole, whole))
        return whole

    for edge in order:
        one, other = joins[edge]
        a, b = part[one], part[other]
        if a is not b and distance[edge] <= min(longest[a] + scale / len(a), longest[b] + scale / len(b)):
            longest[merge(one, other)] = distance[edge]
    for edge in order:
        one, other = joins[edge]
        if part[one] is not part[other] and min(len(part[one]), len(part[other])) < smallest:
            merge(one, other)
    firsts = sorted({min(each) for each in part.values()})
    return np.array([firsts.index(min(part[pixel])) for pixel in range(height * width)]), order


def _segmented(v: Inputs, s: Sizes) -> dict[str, Any]:
    width = s["P"] // _height(s)
    label, order = segments(v["distance"], _height(s), width, v["scale"][0], SMALLEST)
    empty = np.zeros(s["P"])
    return {
        "label": label, "count": [label.max() + 1], "parent": empty, "size": empty, "limit": empty,
        "order": np.append(order, np.zeros(s["E"] - len(order))), "spare": np.zeros(s["E"]),
    }  # fmt: skip


def _height(s: Sizes) -> int:
    return 4 if s["P"] % 4 == 0 else 1


def _few_distances(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Whole numbers with many ties; -1 where there is no neighbour."""
    height = _height(s)
    found = np.full(s["E"], -1)
    there = list(edges_of(height, s["P"] // height))
    found[there] = rng.integers(0, 6, len(there))
    return found


CASES["neighbour_distances"] = Case(
    lambda v, s: {"distance": distances(v["image"])}, fix=lambda s: s | {"E": 4 * s["H"] * s["W"]}
)
CASES["segment_pixels"] = Case(
    _segmented,
    {"distance": _few_distances, "scale": number(8.0)},
    lambda s: {"width": s["P"] // _height(s), "smallest": SMALLEST},
    # Sizes of segments divide the scale only sometimes, but a quotient is never nearly a whole number.
    fix=lambda s: {"P": 4 * s["P"], "E": 16 * s["P"]},
)


class Region:
    """Pixels [n, 2] as row and column, and what there is to know of them."""

    def __init__(self, pixels: set[tuple[int, int]], image: np.ndarray, bins: int) -> None:
        self.pixels, self.image, self.bins = pixels, image, bins
        rows, columns = (np.array([each[axis] for each in pixels]) for axis in (0, 1))
        self.box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        values = image[rows, columns]
        self.histogram = np.stack(
            [np.histogram(values[:, c], bins, (0, 1))[0] / len(pixels) for c in range(image.shape[2])]
        )

    def touches(self, other: Region) -> bool:
        around = {(row + i, column + j) for row, column in self.pixels for i, j in ((0, 1), (1, 0), (0, -1), (-1, 0))}
        return bool(around & other.pixels)

    def likeness(self, other: Region, weights: np.ndarray) -> float:
        whole = self.image.shape[0] * self.image.shape[1]
        both = len(self.pixels) + len(other.pixels)
        low, high = np.minimum(self.box, other.box)[:2], np.maximum(self.box, other.box)[2:]
        colour = np.minimum(self.histogram, other.histogram).sum() / self.image.shape[2]
        return float(weights @ [colour, 1 - both / whole, 1 - ((high - low).prod() - both) / whole])


def groups(image: np.ndarray, label: np.ndarray, weights: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [regions, 4] and parts [regions, 2], every likeness computed anew for every merge."""
    width = image.shape[1]
    left = {
        number: (number, Region({divmod(int(p), width) for p in np.flatnonzero(label == number)}, image, bins))
        for number in range(int(label.max()) + 1)
    }
    box, parts = [region.box for _, region in left.values()], [(-1, -1)] * len(left)
    while len(left) > 1:
        found = [
            (-one.likeness(other, weights), a, b)
            for a, (_, one) in left.items()
            for b, (_, other) in left.items()
            if a < b and one.touches(other)
        ]
        _, a, b = min(found)
        (first, one), (second, other) = left[a], left.pop(b)
        whole = Region(one.pixels | other.pixels, image, bins)
        left[a] = len(box), whole
        box.append(whole.box)
        parts.append((first, second))
    return np.array(box), np.array(parts)


def _stripes(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Segments that touch: stripes across with ends that differ, all of at least `SMALLEST` pixels."""
    row, column = np.divmod(np.arange(s["P"]), s["W"])
    return (row // 2) * 2 + (column >= s["W"] // 2)


def _grouped(v: Inputs, s: Sizes) -> dict[str, Any]:
    image = v["image"].reshape(s["H"], s["W"], s["C"])
    box, parts = groups(image, v["label"], v["weights"], BINS)
    room, count = s["M"], len(box)
    expected = {
        "box": np.concatenate([box, np.zeros((2 * room - count, 4))]),
        "parts": np.concatenate([parts, np.full((2 * room - count, 2), -1)]),
        "count": [count],
    }
    shapes = {"size": [room], "corner": [room, 4], "histogram": [room, s["K"]], "beside": [room, room]}
    shapes |= {"nearest": [room], "close": [room], "node": [room]}
    return expected | {name: np.zeros(shape) for name, shape in shapes.items()}


def _powers_of_two(s: dict[str, int]) -> dict[str, int]:
    """Of two numbers and of powers of two all quotients are exact."""
    height, width, channels = 2 ** min(s["H"], 3), 2 ** min(s["W"] + 1, 4), 1 + s["C"] % 2
    pixels = height * width
    room = (pixels - 1) // SMALLEST + 1
    return s | {
        "H": height, "W": width, "C": channels, "P": pixels, "M": room, "N": 2 * room, "K": channels * BINS
    }  # fmt: skip


CASES["group_segments"] = Case(
    _grouped,
    {
        # One colour, so that histograms have the same in common wherever: all, exactly.
        "image": lambda rng, s: np.full((s["H"], s["W"], s["C"]), 0.25),
        "label": _stripes,
        "segments": lambda rng, s: np.array([_stripes(rng, s).max() + 1]),
        "weights": lambda rng, s: rng.integers(0, 3, 3),
    },
    lambda s: {"smallest": SMALLEST, "bins": BINS},
    fix=_powers_of_two,
)
