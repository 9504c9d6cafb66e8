"""Cases of averages over steps."""

from __future__ import annotations

from tests.kernels.cases import CASES, Case

CASES["running_mean"] = Case(
    lambda v, s: {"mean": v["mean"] + (v["values"] - v["mean"]) / 4}, integers=lambda s: {"begin": 3}, step=7
)
