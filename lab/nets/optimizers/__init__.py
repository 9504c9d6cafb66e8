"""Optimizers: how a gradient becomes a step. Each is one small class in one file; its docstring is its reference.

Every number of an optimizer is a setting that can be changed while it runs. Parameters, gradients and the optimizer's
own states are one contiguous block each, so that a step is one kernel call. A new optimizer is a new file: every file
of this folder is imported.
"""

from __future__ import annotations

from lab.discovery import modules_of
from lab.nets.optimizers.optimizer import OPTIMIZERS, Optimizer, OptimizerContext, is_weight, optimizer

modules_of(__name__)

__all__ = ["OPTIMIZERS", "Optimizer", "OptimizerContext", "is_weight", "optimizer"]
