"""The views of one replica: which they are, and their pictures."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.graph import scope
from lab.pictures import Picture
from lab.tasks.figures.moment import Moment
from lab.tasks.figures.recording import Recording
from lab.tasks.figures.view import View, load_views

if TYPE_CHECKING:
    from lab.tasks.training.predictor import Predictor
    from lab.tasks.training.training import Training


class Views:
    """Built together with the measuring program, to which it adds what its views want to be recorded.

    chosen: names of views; None: all that have a rank, in its order
    """

    def __init__(self, training: Training, chosen: Sequence[str] | None) -> None:
        # The replica has its views. If they had it, too, its memory would wait for the collector of cycles, which comes
        # after many objects and does not know how large a few are.
        self._training: Training = weakref.proxy(training)
        self.recording = Recording()
        self._predictors: dict[object, Predictor] = {}
        kinds = load_views()
        if chosen is None:
            ranks = {name: kind.rank for name, kind in kinds.items() if kind.rank is not None}
            chosen = sorted(ranks, key=lambda name: ranks[name])
        views: list[View] = [kinds[name](self._training) for name in chosen]
        self._views = [each for each in views if each.fits()]
        for each in self._views:
            with scope(f"picture {each.name}"):
                for name, tensor in each.records().items():
                    self.recording.keep(f"{each.name}.{name}", tensor)

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        found: list[Picture] = []
        for each in self._views:
            found += each.draw(Moment(self._training, each.name, self.recording, self._predictors))
        return found
