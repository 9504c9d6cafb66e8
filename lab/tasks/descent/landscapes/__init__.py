"""Functions of a point, to walk down on: each is one small class, built from operations of the graph, so that its
gradient comes from their rules. A new one is a new file: every file of this folder is imported."""

from __future__ import annotations

from lab.discovery import modules_of
from lab.tasks.descent.landscapes.landscape import LANDSCAPES, Landscape, landscape

modules_of(__name__)

__all__ = ["LANDSCAPES", "Landscape", "landscape"]
