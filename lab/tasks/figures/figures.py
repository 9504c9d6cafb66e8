"""The figures of one replica: which they are, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lab.graph import scope
from lab.pictures import Picture
from lab.tasks.figures.figure import Figure, load_figures
from lab.tasks.figures.recording import Recording
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor


class Figures:
    """Built together with the measuring program, to which it adds what its figures want to be recorded.

    inspection: of the network that is shown
    chosen:     names of figures; None: all that have a rank, in its order
    """

    def __init__(self, inspection: Inspection, chosen: Sequence[str] | None) -> None:
        self._inspection = inspection
        self.recording = Recording()
        self._predictors: dict[object, Predictor] = {}
        kinds = load_figures()
        if chosen is None:
            ranks = {name: kind.rank for name, kind in kinds.items() if kind.rank is not None}
            chosen = sorted(ranks, key=lambda name: ranks[name])
        figures: list[Figure] = [kinds[name](self._inspection) for name in chosen]
        self._figures = [each for each in figures if each.fits()]
        for each in self._figures:
            with scope(f"picture {each.name}"):
                for name, tensor in each.records().items():
                    self.recording.keep(f"{each.name}.{name}", tensor)

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        found: list[Picture] = []
        shared: dict[object, Any] = {}
        for each in self._figures:
            drawn = each.draw(Snapshot(self._inspection, each.name, self.recording, self._predictors, shared))
            found += [replace(picture, name=each.name) for picture in drawn]
        for predictor in self._predictors.values():
            predictor.let_go()
        return found
