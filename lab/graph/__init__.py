"""A static graph, reverse-mode differentiation and a planner; `functions` are the operations, `evaluate` runs one."""

from lab.graph import functions
from lab.graph.evaluation import evaluate
from lab.graph.gradients import differentiate
from lab.graph.planner import Layout
from lab.graph.scopes import scope
from lab.graph.tensor import Call, Storage, Tensor, assign, call, constant, data

__all__ = [
    "Call",
    "Layout",
    "Storage",
    "Tensor",
    "assign",
    "call",
    "constant",
    "data",
    "differentiate",
    "evaluate",
    "functions",
    "scope",
]
