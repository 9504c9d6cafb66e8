"""Which boxes of an image are looked at: the choice that detectors and the task `propose` have in common."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from kernels.language import Kernel
from lab.errors import InvalidValue
from lab.tasks.detection.proposals.selective_search import SelectiveSearch, SelectiveSearcher
from lab.tasks.detection.proposals.windows import Windows, sliding_windows
from lab.validation import Settings


class Proposals(Settings):
    """Where boxes come from: one of `windows` and `selective_search`, with its settings."""

    windows: Windows | None = Field(
        default=None, description="All windows of some shapes, wherever they fit, the same in every image."
    )
    selective_search: SelectiveSearch | None = Field(
        default=None,
        description="The image is cut into segments, the most similar neighbours are grouped until all is one, and the "
        "box of every region on the way is proposed.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        """A name alone is a way with its usual settings."""
        return {value: {}} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            told = "both are given" if given else "none is given"
            raise ValueError(f"takes one of windows and selective_search, and {told}.")
        return self


class Proposer:
    """Proposes boxes for images of one shape, [height, width, channels].

    searcher: who searches, if somebody has to
    """

    def __init__(self, proposals: Proposals, shape: tuple[int, int, int]) -> None:
        self.searcher = SelectiveSearcher(proposals.selective_search, shape) if proposals.selective_search else None
        if proposals.windows is not None:
            self._windows = sliding_windows(proposals.windows, *shape[:2])
            if not len(self._windows):
                problem = f"no window fits into images of {shape[0]} × {shape[1]} pixels."
                raise InvalidValue(("windows", "sizes"), problem)

    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels that will be needed."""
        return self.searcher.kernels() if self.searcher else ()

    def prepare(self) -> None:
        """Take memory."""
        if self.searcher:
            self.searcher.prepare()

    def propose(self, image: np.ndarray, seed: int) -> np.ndarray:
        """The boxes of an image of numbers from 0 to 1, float64 [n, 4], in the order in which they are looked at."""
        return self.searcher.search(image, seed) if self.searcher else self._windows
