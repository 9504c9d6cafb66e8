"""The lab, on its real path: scenario file, task, layout, executor; the batch is drawn and gathered in each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kernels.matrix import matmul
from lab import __version__
from lab.bench import contestant, image_nets, machine, nets, sequence_nets, sessions
from lab.graph import Layout, assign
from lab.graph.profile import best_seconds
from lab.graph.running import bind
from lab.graph.tensor import Storage, call
from lab.scenario import load_text
from lab.tasks import task_of

SIZES = (512, 1024, 1536)
"""Rows and columns of the square matrices whose product shows what the machine can do."""


def experiment(folder: Path, net: str, known: Mapping[str, nets.Net] = nets.NETS, seed: int = 0) -> Any:
    """The net as a session builds it."""
    made = built(folder, net, known, seed)
    made.prepare()
    return made


def built(folder: Path, net: str, known: Mapping[str, nets.Net], seed: int) -> Any:
    """Build an experiment, which has not taken memory yet."""
    own = folder / net
    if net in known:
        text = nets.scenario_text(known[net])
    elif net in sequence_nets.SEQUENCE_NETS:
        text = sequence_nets.scenario_text(sequence_nets.SEQUENCE_NETS[net])
    else:
        text = image_nets.scenario_text(image_nets.IMAGE_NETS[net])
    loaded = load_text(text, own / "net.yaml")
    scenario = loaded.variants[0].scenario
    return task_of(scenario).build(scenario, seed, own)


class Multiplier:
    """Products of square matrices by the kernel and the BLAS that networks are trained with."""

    def __init__(self, size: int) -> None:
        inputs, outputs = Storage("states"), Storage("statistics")
        a, b = inputs.member("a", (size, size)), inputs.member("b", (size, size))
        y = assign(call(matmul, a, b).result, outputs.member("y", (size, size)))
        layout = Layout({"multiply": [y]})
        memory = layout.memory(layout.shared_memory("float32"), 0)
        random = np.random.default_rng(0)
        for each in (a, b):
            layout.view(memory, each)[...] = random.standard_normal((size, size))
        self._program = bind(layout.plans["multiply"], memory)

    def speed(self) -> float:
        """Floating-point operations per second, at the best of a few tries."""
        return self._program.plan.operations / best_seconds(self._program)


def main() -> None:
    """Serve a race, and whole runs."""
    folder = contestant.folder()
    multipliers: list[Multiplier] = []

    def limit() -> float:
        if not multipliers:
            multipliers.extend(Multiplier(size) for size in SIZES)
        return max(each.speed() for each in multipliers)

    contestant.serve(
        {"lab": __version__},
        lambda net, mode: experiment(folder, net).advance,
        limit=limit,
        blas=machine.blas,
        replicas=lambda **wanted: asdict(sessions.replicas(folder, **wanted)),
        metrics=lambda **wanted: asdict(sessions.metrics(**wanted)),
        plots=lambda **wanted: asdict(sessions.plots(**wanted)),
    )


if __name__ == "__main__":
    main()
