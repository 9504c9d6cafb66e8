"""Pictures of a network in training. A new one is a new file with a `Figure`; every file of this folder is imported.

A scenario chooses by name, `options: {pictures: [decision_regions, dead_units]}`; otherwise those with a `rank` are
shown wherever they fit.
"""

from lab.tasks.figures.figure import FIGURES, Figure, FigureOptions, load_figures
from lab.tasks.figures.figures import Figures
from lab.tasks.figures.snapshot import Snapshot

__all__ = ["FIGURES", "Figure", "FigureOptions", "Figures", "Snapshot", "load_figures"]
