"""The race itself: every contestant in a process of its own, turn by turn on the same core, and the medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from typing import Any

from lab.bench.image_nets import ImageNet, write_images
from lab.bench.machine import PINNED
from lab.bench.nets import Net, write_data
from lab.bench.sequence_nets import SequenceNet, write_text

_GPU_FOR_ALL = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who takes part: module of `lab.bench.contestants`, what must be installed, and its modes by title."""

    name: str
    module: str
    needs: str | None
    modes: Mapping[str, str]


LAB = Contestant("lab", "lab_itself", None, {"lab": ""})
LAB_ON_A_GPU = Contestant("lab", "lab_on_gpu", None, {"lab": "", "lab, rows interpreted": "interpreted"})
PEERS_ON_A_GPU = (
    Contestant("jax", "jax_on_gpu", "jax", {"JAX vmap + scan": ""}),
    Contestant(
        "torch",
        "torch_on_gpu",
        "torch",
        {"PyTorch eager": "", "PyTorch eager, fused": "fused", "PyTorch, CUDA graph": "graph"},
    ),
)
PEERS = (
    Contestant(
        "torch",
        "torch_eager",
        "torch",
        {"PyTorch eager": "", "PyTorch eager, foreach": "foreach", "PyTorch eager, fused": "fused"},
    ),
    Contestant("jax", "jax_scan", "jax", {"JAX jit + scan": ""}),
)
IMAGE_PEERS = (
    Contestant(
        "torch",
        "torch_images",
        "torch",
        {"PyTorch eager, fused": "", "PyTorch eager, fused, channels last": "channels_last"},
    ),
)
SEQUENCE_PEERS = (
    Contestant("torch", "torch_sequences", "torch", {"PyTorch eager, fused": ""}),
    Contestant("numpy", "numpy_loop", None, {"a loop in NumPy": ""}),
)


@dataclass(frozen=True, slots=True)
class Result:
    """Median seconds per step of one contestant on one net; ratio: the lab's over this one's, the median of rounds."""

    title: str
    version: str
    seconds: float
    ratio: float
    rounds: int


@dataclass(frozen=True, slots=True)
class NetResults:
    """All contestants on one net, the lab first. limit: operations per second that a product of matrices reaches."""

    net: Net | ImageNet | SequenceNet
    results: tuple[Result, ...]
    limit: float
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def speed(self) -> float:
        """The lab's operations per second."""
        return self.net.operations / self.results[0].seconds


class Failed(Exception):
    """A contestant's process has ended; the text is the last line of what it said on stderr."""


class Process:
    """One contestant at work, in a process of its own."""

    def __init__(self, contestant: Contestant, folder: Path, core: int | None, gpu: bool = False) -> None:
        self.contestant = contestant
        self._errors = (folder / f"{contestant.name}.stderr").open("w+", encoding="utf-8", errors="replace")
        command = [sys.executable, "-m", f"lab.bench.contestants.{contestant.module}", str(folder)]
        self._process = subprocess.Popen(
            [*command, "any" if core is None else str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(gpu),
            text=True,
        )
        self.versions: dict[str, str] = {}

    def hear(self) -> Any:
        """Wait for the next answer of the contestant. Raises Failed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise Failed(said[-1] if said else f"ended with code {self._process.returncode}")
        return json.loads(line)

    def ask(self, question: str, **details: Any) -> Any:
        """Ask the contestant a question and wait for the answer. Raises Failed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"question": question, **details}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # why it has ended is heard instead of the answer
        return self.hear()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def race(
    nets: Sequence[Net | ImageNet | SequenceNet],
    folder: Path,
    rounds: int,
    peers: Iterable[Contestant] = PEERS,
    progress: Callable[[str], None] = lambda message: None,
    gpu: bool = False,
) -> Iterator[NetResults]:
    """The results of one net after the other. Peers that are not installed, or fail, are named as absent.

    gpu: the race is run on one; each contestant then takes the nets that it is made for
    """
    absent = {}
    present = [LAB_ON_A_GPU if gpu else LAB]
    for peer in peers:
        if peer.needs is not None and util.find_spec(peer.needs) is None:
            absent[peer.name] = "not installed"
        else:
            present.append(peer)
    for net in nets:
        if isinstance(net, ImageNet):
            write_images(folder, net)
        elif isinstance(net, SequenceNet):
            write_text(folder, net)
        else:
            write_data(folder, net)
    with _processes(present, folder, absent, progress, gpu) as processes:
        for net in nets:
            yield _compete(net, processes, rounds, absent, progress)


@contextmanager
def _processes(
    contestants: Sequence[Contestant],
    folder: Path,
    absent: dict[str, str],
    progress: Callable[[str], None],
    gpu: bool,
) -> Iterator[list[Process]]:
    with ExitStack() as stack:
        started = []
        for each in contestants:
            process = Process(each, folder, None if gpu else core(), gpu)
            stack.callback(process.close)
            started.append(process)
        ready = []
        for process in started:
            progress(f"starting {process.contestant.name}")
            try:
                process.versions = process.hear()
                ready.append(process)
            except Failed as error:
                _gone(process, error, absent)
        yield ready


def _compete(
    net: Net | ImageNet | SequenceNet,
    processes: list[Process],
    rounds: int,
    absent: dict[str, str],
    progress: Callable[[str], None],
) -> NetResults:
    times: dict[str, list[float]] = {}
    limits = []
    for number in range(-1, rounds):  # the first turns are for compiling and filling caches, and are not counted
        progress(f"{net.title}: round {number + 1} of {rounds}")
        for process in list(processes):
            try:
                for title, mode in process.contestant.modes.items():
                    seconds = process.ask("turn", net=net.name, mode=mode, steps=net.steps)
                    if number >= 0 and seconds is not None:
                        times.setdefault(title, []).append(seconds)
                if process.contestant.name == LAB.name:
                    limits.append(process.ask("limit"))
            except Failed as error:
                _gone(process, error, absent)
                processes.remove(process)
                for title in process.contestant.modes:
                    times.pop(title, None)
    versions = {title: " ".join(each.versions.values()) for each in processes for title in each.contestant.modes}
    lab = times["lab"]
    results = tuple(
        Result(
            title,
            versions[title],
            statistics.median(each),
            statistics.median(own / other for own, other in zip(lab, each, strict=True)),
            len(each),
        )
        for title, each in times.items()
    )
    return NetResults(net, results, statistics.median(limits), dict(absent))


def _gone(process: Process, error: Failed, absent: dict[str, str]) -> None:
    """A peer that fails is absent; the lab itself must not fail."""
    if process.contestant.name == LAB.name:
        raise error
    absent[process.contestant.name] = str(error)


def environment(gpu: bool = False) -> dict[str, str]:
    """The environment of all contestants: one thread, and BLAS as it chooses itself; or a GPU that all share."""
    own = _GPU_FOR_ALL if gpu else _ONE_THREAD
    return {name: value for name, value in os.environ.items() if name != PINNED} | own


def core() -> int | None:
    """The core on which all contestants take turns; None where a process cannot be bound to one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))
