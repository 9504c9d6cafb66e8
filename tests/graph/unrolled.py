"""A recurrence that is written out step by step, and its plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kernels.plan import Plan
from lab.graph import Layout, Storage, Tensor, assign, constant, differentiate
from lab.graph import functions as f
from lab.graph.running import bind

BATCH, UNITS = 3, 4


class Unrolled:
    """Steps that see a part of the inputs, write a part of the result, and share their weights; with gradients."""

    def __init__(self, steps: int, gradient: bool = True) -> None:
        self.parameters, self.kept = Storage("parameters"), Storage("statistics")
        self.weight = self.parameters.member("weight", (UNITS, UNITS))
        self.bias = self.parameters.member("bias", (UNITS,))
        self.x = Storage("inputs").member("x", (BATCH, steps * UNITS))
        h = constant(np.full((BATCH, UNITS), 0.5))
        written = constant(np.zeros((BATCH, steps * UNITS)))
        for step in range(steps):
            seen = self.x[:, step * UNITS : (step + 1) * UNITS]
            h = f.tanh(f.add(f.dense(h, self.weight, self.bias), f.square(seen)))
            written = f.add_columns(written, h, step * UNITS)
        loss = f.sum(f.square(written))
        self.results: list[Tensor] = [assign(written, self.kept.member("written", written.shape))]
        if gradient:
            for name, found in zip(("weight", "bias"), differentiate(loss, [self.weight, self.bias]), strict=True):
                assert found is not None
                self.results.append(assign(found, self.kept.member(name, found.shape)))
        self.layout = Layout({"step": self.results})
        self.plan = self.layout.plans["step"]

    def memory(self, real_name: str = "float32") -> Any:
        """Memory where `on` says, with weights and inputs in it."""
        memory = self.layout.memory(np.zeros(1, real_name), 0)
        random = np.random.default_rng(0)
        for each in (self.weight, self.bias, self.x):
            self.layout.view(memory, each)[...] = random.normal(size=each.shape)
        return memory

    def run(self, plan: Plan, target: str = "cpu", memory: Any = None) -> np.ndarray:
        """What is kept after two walks."""
        memory = self.memory() if memory is None else memory
        bind(plan, memory, target).run(2)
        return self.layout.view(memory, self.kept.whole).copy()


def written_out(plan: Plan) -> Plan:
    """The same without loops."""
    return replace(plan, repeats=(), joined_repeats=())
