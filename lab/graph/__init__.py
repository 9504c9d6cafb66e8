"""A static graph, reverse-mode differentiation and a planner; `functions` are the operations, `evaluate` runs one."""

from lab.graph import functions
from lab.graph.evaluation import evaluate
from lab.graph.gradients import differentiate
from lab.graph.planner import Layout
from lab.graph.tensor import Storage, Tensor, assign, constant, data, scope

__all__ = ["Layout", "Storage", "Tensor", "assign", "constant", "data", "differentiate", "evaluate", "functions", "scope"]
