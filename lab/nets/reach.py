"""How far back one number of a layer's output can see: its receptive field on the network's input, and its depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """What one number sees of the network's input (Araujo, Norris and Sim 2019, "Computing receptive fields").

    size:  pixels along an axis; None for the whole image, whatever its size
    jump:  pixels of the input between what two neighbours see
    depth: layers with weights on the longest way to it
    """

    size: int | None = 1
    jump: int = 1
    depth: int = 0

    def behind(self, window: tuple[int, int] | None, weights: bool) -> Reach:
        """That of a layer behind this one. window: pixels that it sees, and its step; None if it sees all of them."""
        depth = self.depth + weights
        if window is None or self.size is None:
            return Reach(None, self.jump, depth)
        pixels, step = window
        return Reach(self.size + (pixels - 1) * self.jump, self.jump * step, depth)

    @classmethod
    def of_all(cls, branches: Sequence[Reach]) -> Reach:
        """That of branches joined: the largest of each."""
        sizes = [each.size for each in branches]
        size = None if None in sizes else max(each for each in sizes if each is not None)
        return cls(size, max(each.jump for each in branches), max(each.depth for each in branches))


INPUT = Reach()
"""That of the input itself."""
