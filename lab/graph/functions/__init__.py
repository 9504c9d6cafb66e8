"""The operations of the graph: plain functions from tensors to tensors, each beside its gradient rule.

An operation computes nothing itself: it adds calls of kernels to the graph and returns the tensor of their result. In
the docstrings, `x [batch, features]` gives an argument's shape, and `...` stands for any number of leading axes.

Every module of this folder is searched for its `__all__`, so that adding an operation is adding a file:
`lab.graph.functions.relu` is the function `relu`, wherever it stands.
"""

from __future__ import annotations

from typing import Any

from lab.discovery import modules_of

_HOMES = {name: module for module in modules_of(__name__) for name in module.__all__}

# Importing a module sets its name here; where a function has the same name (`relu`), the function is what is meant.
for _name, _module in _HOMES.items():
    globals()[_name] = getattr(_module, _name)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"there is no operation {name!r}; there are {', '.join(sorted(_HOMES))}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
