"""What a GPU would execute for a training step of a net: `python -m tests.benchmarks.gpu_instructions NET…`.

Needs no GPU: the compiled code runs on the machine of `tests.ptx_machine`, which counts what each thread does. Moves
between registers are left out, as the assembler does without most of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from kernels.jobs import Job, ReplicaPrograms
from kernels.plan import STEP
from kernels.targets.cuda import launch_configuration, matmul, matmul_specialized
from lab.bench import nets
from lab.bench.contestants import lab_itself
from lab.graph.devices import on
from lab.graph.running import run_jobs, specialize
from tests.cuda.ptx_gpu import machine

STEPS = 3
BEGUN = (0, 100_000)
"""Steps that were done before those that are counted, so that what a late one takes more is seen: powers of Adam's
decay rates were once multiplied together by the digits of the step's number."""


def counted(name: str, specialized: bool, begun: int) -> dict[str, np.ndarray]:
    """For each kind of instruction, how many each thread executes in a step.

    specialized: by code made for the net;  begun: the steps that were done before
    """
    with tempfile.TemporaryDirectory() as folder, machine() as used, on("cuda:0", "block", specialized=specialized):
        nets.write_data(Path(folder), nets.ON_A_GPU[name])
        net = lab_itself.experiment(Path(folder), name, nets.ON_A_GPU)
        programs = ReplicaPrograms(net.layout.plans["step"], kept=net.layout.kept)
        if specialized:
            specialize([programs], 1, "cuda:0")
        found = []
        for steps in (1, 1 + STEPS):
            net.memory.state[STEP] = begun
            run_jobs([Job(net.memory, programs, steps)])
            found.append(used.counts)
    return {kind: (found[1][kind] - found[0][kind]) / STEPS for kind in found[0]}


def wavefronts(name: str) -> int:
    """Turns of a multiprocessor's shared memory for what the products of a training step read and combine, by code made
    for the net, those in large tiles left out."""
    with tempfile.TemporaryDirectory() as folder, machine() as used, on("cuda:0", "block", specialized=True):
        nets.write_data(Path(folder), nets.ON_A_GPU[name])
        plan = lab_itself.experiment(Path(folder), name, nets.ON_A_GPU).layout.plans["step"]
        threads = launch_configuration.threads_for(plan, used)
    rows = [row for row in launch_configuration.analysis_of(plan).rows if row.kernel is matmul.MULTIPLY]
    shapes = [matmul_specialized.shape_of(row, threads) for row in rows]
    return sum(
        matmul_specialized.best_tile(each).wavefronts
        for each in shapes
        if not matmul.in_tiles(each.rows, each.columns, threads)
    )


def main() -> None:
    for name in sys.argv[1:] or nets.ON_A_GPU:
        for how, specialized in (("rows interpreted", False), ("with code made for it", True)):
            for begun in BEGUN:
                found = counted(name, specialized, begun)
                print(f"{name}, {how}, by {len(found['instructions'])} threads, per thread and step after {begun:,}:")
                for kind, numbers in found.items():
                    print(f"  {kind:22}{numbers.mean():10,.0f}   at most {numbers.max():10,.0f}")
        print(f"{name}, turns of shared memory for its products, per thread group and step: {wavefronts(name):,}")


if __name__ == "__main__":
    main()
