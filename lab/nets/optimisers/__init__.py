"""Optimisers: how a gradient becomes a step. Each is one small class in one file; its docstring is its reference.

Every number of an optimiser is a setting that can be changed while it runs. Parameters, gradients and the optimiser's
own states are one contiguous block each, so that a step is one kernel call. A new optimiser is a new file: every file
of this folder is imported.
"""

from __future__ import annotations

from lab.discovery import modules_of
from lab.nets.optimisers.optimiser import OPTIMISERS, Optimiser, Workbench, is_weight, optimiser

modules_of(__name__)

__all__ = ["OPTIMISERS", "Optimiser", "Workbench", "is_weight", "optimiser"]
