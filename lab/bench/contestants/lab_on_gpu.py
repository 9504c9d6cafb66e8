"""The lab on a GPU, on its real path: replicas of one scenario in one launch, or the whole GPU for one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kernels.matrix import matmul
from kernels.targets.cuda import grid_launches
from lab import __version__
from lab.bench import contestant, nets
from lab.bench.contestants import lab_itself
from lab.graph import Layout, assign
from lab.graph.devices import on, use_of
from lab.graph.running import specialize
from lab.graph.tensor import Storage, call
from lab.scenario import load
from lab.tasks import task_of
from lab.tasks.side_by_side import advance_together

SIZE = 4096
"""Rows and columns of the square matrices whose product shows what the GPU can do."""


def trainer(folder: Path, name: str, mode: str) -> contestant.Train | None:
    """A function that trains all replicas of a net so many steps, each from its own first weights.

    mode: "interpreted" for a thread group for each without code made for the net; "" for what is fastest
    """
    net = nets.ON_A_GPU[name]
    with on("cuda:0", replicas=net.replicas):
        plan = lab_itself.built(folder, name, nets.ON_A_GPU, 0).layout.plans["step"]
    on_all_of_it = use_of("cuda:0", plan, "auto", net.replicas) == "grid"
    if on_all_of_it and mode == "interpreted":
        return None
    made = replicas_of(
        lambda seed: lab_itself.built(folder, name, nets.ON_A_GPU, seed), net.replicas, not (on_all_of_it or mode)
    )

    def train(steps: int) -> None:
        advance_together([(each, steps) for each in made], [0] * len(made))

    return train


def replicas_of(build: Callable[[int], Any], count: int, specialized: bool) -> list[Any]:
    """Build so many experiments on the GPU, from a seed each. specialized: with code that is made for them"""
    with on("cuda:0", replicas=count, specialized=specialized):
        made = [build(seed) for seed in range(count)]
        if specialized:
            specialize(made[0].replica_programs(), count, "cuda:0")
        for each in made:
            each.prepare()
    return made


@functools.cache
def product() -> tuple[Any, grid_launches.CapturedPlan, float]:
    """A product of large matrices: its memory, the graph on it, and its floating-point operations."""
    inputs, outputs = Storage("states"), Storage("statistics")
    a, b = inputs.member("a", (SIZE, SIZE)), inputs.member("b", (SIZE, SIZE))
    y = assign(call(matmul, a, b).result, outputs.member("y", (SIZE, SIZE)))
    layout = Layout({"multiply": [y]})
    plan = layout.plans["multiply"]
    with on("cuda:0"):
        memory: Any = layout.memory(layout.shared_memory("float32"), 0)
    random = np.random.default_rng(0)
    for each in (a, b):
        layout.view(memory, each)[...] = random.standard_normal((SIZE, SIZE))
    memory.update_device()
    return memory, grid_launches.CapturedPlan(plan, memory), plan.operations


def limit() -> float:
    """Floating-point operations per second of the lab's product of large matrices on the whole GPU."""
    from kernels.targets.cuda.driver import device

    _, recorded, operations = product()

    def multiply(times: int) -> None:
        recorded.replay(times)
        device(0).wait()

    return operations / contestant.seconds_per_step(multiply, 10)


def metrics(replicas: int = 1024, steps: int = 400, every: int = 20) -> float:
    """The part of the time of a run of dead-relu that measuring takes, when it is done every so many steps."""
    loaded = load("dead-relu")
    scenario = loaded.variant("good").scenario
    made: list[Any] = replicas_of(lambda seed: task_of(scenario).build(scenario, seed, None), replicas, True)

    def seconds(measured: int) -> float:
        def train(count: int) -> None:
            advance_together([(each, count) for each in made], [measured] * len(made))

        train(steps)
        return min(contestant.seconds_per_step(train, steps) for _ in range(3))

    # Not at all: one measurement at the end of each launch is still there, one in 400 steps.
    return 1 - seconds(steps) / seconds(every)


def main() -> None:
    """Serve a race."""
    folder = contestant.folder()
    contestant.serve({"lab": __version__}, functools.partial(trainer, folder), limit=limit, metrics=metrics)


if __name__ == "__main__":
    main()
