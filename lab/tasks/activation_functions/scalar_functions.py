"""The activation functions by name, with their usual settings, for tasks that look at the functions themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.graph import Tensor, constant
from lab.graph import functions as f

LEAKY_SLOPE = 0.01
PRELU_SLOPE = 0.25
"""Where a PReLU's slope begins (He et al. 2015)."""
ALPHA = 1.0
"""How far below zero an ELU goes."""
PIECES = 2

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": f.sigmoid,
    "tanh": f.tanh,
    "relu": f.relu,
    "leaky_relu": lambda x: f.leaky_relu(x, constant(LEAKY_SLOPE)),
    "prelu": lambda x: f.prelu(x, constant(np.full(x.shape[-1], PRELU_SLOPE))),
    "elu": lambda x: f.elu(x, constant(ALPHA)),
    "maxout": lambda x: f.maxout(x, PIECES),
    "softplus": f.softplus,
    "silu": f.silu,
    "gelu": f.gelu,
}
"""From [rows, columns] to the same shape; maxout, which chooses between two pieces, from [rows, 2 columns]."""
