"""How long a network that was never seen takes until its first step on a GPU:
`python -m tests.benchmarks.gpu_first_step LESSON…`.

A process runs `lab run LESSON --device cuda` until the driver is asked to launch the first training step; where
there is no GPU, one that exists nowhere stands for it (`tests.cuda.fake_driver`, compute capability 9.0). Everything
before is what it is in a run: imports, plans, LLVM IR, NVVM, the assembler. `--cuda-mode specialized` has code made for
the networks of short runs too.

Three times for each lesson: with an empty cache; once more, with all that this has left; and with the functions kept
that `BEFORE` left, which is the usual case for a network that was never seen.
What is said are seconds of one core, which other programs disturb less than a clock does: of the process and all that
it started, and of the longest chain of what has to come before what, which is what a run takes where cores are free.
"""

from __future__ import annotations

import argparse
import builtins
import contextlib
import ctypes
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

LESSONS = ("dead-relu", "lstm", "lenet5")
BEFORE = ("elu", "gru", "alexnet", "network-in-network")
"""Lessons that ran before, in the usual case: other networks with layers like these."""
MARK = "first step: "


class Phases:
    """Seconds of processor time that each thread spent in which phase, and the chains of what waits for what."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._own = threading.local()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def phase(self, name: str) -> Any:
        """Inside, time counts for this phase, and no longer for the one around it."""
        stack = self._stack()
        self._count(stack)
        stack.append(name)
        try:
            yield
        finally:
            self._count(stack)
            stack.pop()

    def _stack(self) -> list[str]:
        if not hasattr(self._own, "stack"):
            self._own.stack, self._own.last = ["anything else"], 0.0
        return self._own.stack

    def _count(self, stack: list[str]) -> None:
        now = time.thread_time()
        with self._lock:
            self.seconds[stack[-1]] += now - self._own.last
        self._own.last = now

    def within(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, as part of this phase."""

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.phase(name):
                return function(*arguments, **named)

        return timed


class Chain:
    """How far each thread would be if cores were free: its own processor time, and what it had to wait for."""

    def __init__(self) -> None:
        self.ahead = threading.local()
        self.free_at: dict[int, float] = defaultdict(float)

    def now(self) -> float:
        """Seconds since the process began, of the longest chain that leads to where this thread is."""
        return getattr(self.ahead, "by", 0.0) + time.thread_time()

    def wait_until(self, moment: float) -> None:
        """This thread cannot have gone on before."""
        self.ahead.by = getattr(self.ahead, "by", 0.0) + max(0.0, moment - self.now())


class WatchedLock:
    """A lock that takes part in the chain."""

    def __init__(self, lock: Any, chain: Chain) -> None:
        self._lock, self._chain, self._depth = lock, chain, 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._chain.wait_until(self._chain.free_at[id(self)])

    def __exit__(self, *_: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self._chain.free_at[id(self)] = self._chain.now()
        self._lock.release()


PHASES = {
    ("lab.session.compilation", "Compiler", "requirements"): "graph and plan",
    ("kernels.targets.cuda.specialized_kernels", None, "_specialized_plans"): "placement",
    ("kernels.targets.cuda.compiler", None, "to_ptx"): "front end",
    ("kernels.targets.cuda.compiler", None, "_for_nvvm"): "front end: text",
    ("kernels.targets.cuda.kept_functions", None, "_compiled"): "front end: numba",
    ("kernels.targets.cuda.plain_code", None, "modules"): "front end: generated code",
    ("kernels.targets.cuda.persistent_kernel_source", None, "specialized_kernel"): "source of the network's code",
    ("kernels.targets.cuda.persistent_kernel_source", None, "tabled_kernel"): "source of the network's code",
    ("kernels.targets.cuda.kept_rows", "Part", "texts"): "front end: the interpreter's parts",
    ("kernels.targets.cuda.nvidia_compilers", None, "to_ptx"): "NVVM",
    ("numba.cuda.cudadrv.nvvm", None, "compile_ir"): "NVVM",
    ("kernels.targets.cuda.nvidia_compilers", None, "to_machine_code"): "assembler",
    ("lab.session.roster", "Roster", "build"): "graph and plan",
}


def watch(phases: Phases, chain: Chain) -> None:
    """Put timers around the functions above as soon as their modules are there, and around all imports."""
    usual, waiting = builtins.__import__, dict(PHASES)

    def put() -> None:
        for (module, holder, name), phase in list(waiting.items()):
            found: Any = sys.modules.get(module)
            of = getattr(found, holder, None) if holder else found
            if of is not None and hasattr(of, name) and not getattr(found.__spec__, "_initializing", False):
                setattr(of, name, phases.within(phase, getattr(of, name)))
                del waiting[module, holder, name]
                if (module, name) == ("kernels.targets.cuda.compiler", "to_ptx"):
                    found._lock = WatchedLock(found._lock, chain)

    def timed(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        known = sys.modules.get(name) if level == 0 else None
        if known is not None and all(hasattr(known, each) for each in fromlist or ()):
            return usual(name, globals, locals, fromlist, level)
        with phases.phase("imports"):
            found = usual(name, globals, locals, fromlist, level)
        put()
        return found

    builtins.__import__ = timed
    imported = importlib.import_module

    def import_module(name: str, package: str | None = None) -> Any:
        if name in sys.modules:
            return sys.modules[name]
        with phases.phase("imports"):
            found = imported(name, package)
        put()
        return found

    importlib.import_module = import_module

    start, join = threading.Thread.start, threading.Thread.join

    def begin(self: Any) -> None:
        at, run = chain.now(), self.run

        def run_and_tell() -> None:
            chain.ahead.by = at
            phases._stack()
            run()
            phases._count(phases._stack())
            self.chain_end = chain.now()

        self.run = run_and_tell
        start(self)

    def wait(self: Any, timeout: float | None = None) -> None:
        join(self, timeout)
        if hasattr(self, "chain_end"):
            chain.wait_until(self.chain_end)

    threading.Thread.start, threading.Thread.join = begin, wait  # type: ignore[method-assign]


def run(lesson: str, mode: str) -> None:
    """In a process of its own: run a lesson until its first step, and say what it took."""
    phases, chain = Phases(), Chain()
    with phases.phase("imports"):
        import lab.cli
    from kernels.targets.cuda import driver

    if not _has_gpu(driver):
        from tests.cuda.fake_driver import FakeDriver

        class Imagined(FakeDriver):
            """A GPU in whose memory are zeros alone."""

            def cuMemcpyDtoHAsync(self, target: int, address: int, size: int, stream: int) -> tuple[Any, ...]:
                ctypes.memset(target, 0, size)
                return super().cuMemcpyDtoHAsync(target, address, size, stream)

        with contextlib.suppress(ImportError), phases.phase("imports"):
            importlib.import_module("cuda.bindings.driver")  # as whoever has a GPU imports it
        driver._initialised.cache_clear()
        driver._bindings = Imagined
        driver.toolkit_version = lambda: None
    phases.seconds["the interpreter's start"] = phases.seconds.pop("anything else", 0.0)
    watch(phases, chain)
    training = threading.local()

    def about_jobs(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def noting(jobs: Any) -> Any:
            training.steps = any(each.state is not None for each in jobs)
            return function(jobs)

        return noting

    from lab.tasks import programs, side_by_side

    modules: tuple[Any, ...] = (programs, side_by_side)
    for each in modules:
        each.run_jobs = about_jobs(each.run_jobs)
    usual = driver.Device.launch

    def launch(self: Any, *arguments: Any) -> None:
        if getattr(training, "steps", False):
            phases._count(phases._stack())
            told = {
                "wall": time.monotonic() - float(os.environ["STARTED_AT"]),
                "processor": sum(os.times()[:4]),
                "chain": chain.now(),
                "phases": phases.seconds,
            }
            print(f"{MARK}{json.dumps(told)}", flush=True)
            os._exit(0)
        usual(self, *arguments)

    driver.Device.launch = launch  # type: ignore[method-assign, assignment]
    sys.argv = ["lab", "run", lesson, "--plain", "--device", "cuda", "--cuda-mode", mode]
    lab.cli.main()


def _has_gpu(driver: Any) -> bool:
    from kernels.targets.cuda.driver_answers import DeviceProblem

    try:
        return bool(driver.count())
    except DeviceProblem:
        return False


def measured(lesson: str, mode: str, cache: Path) -> dict[str, Any]:
    """What a process found out that ran a lesson until its first step, with this folder as its cache."""
    with tempfile.TemporaryDirectory() as home:
        more = {"LAB_CACHE": str(cache), "LAB_HOME": home, "STARTED_AT": str(time.monotonic())}
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.gpu_first_step", "--in-this-process", "--cuda-mode", mode, lesson],
            env=os.environ | more,
            capture_output=True,
            text=True,
        )
    found = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not found:
        raise SystemExit(f"{lesson} took no step:\n{done.stdout}{done.stderr}")
    return json.loads(found[0].removeprefix(MARK))


def show(lesson: str, cache: str, found: dict[str, Any]) -> None:
    print(f"{lesson}, {cache}: {found['processor']:.1f} s of one core, the longest chain {found['chain']:.1f}", end="")
    print(f" (by the clock {found['wall']:.1f}, load {os.getloadavg()[0]:.1f})")
    for name, seconds in sorted(found["phases"].items(), key=lambda each: -each[1]):
        if seconds >= 0.05:
            print(f"  {name:32}{seconds:6.2f}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("lessons", nargs="*", default=LESSONS)
    asked.add_argument("--in-this-process", action="store_true")
    asked.add_argument("--cuda-mode", default="auto")
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--before", type=Path, help="a cache that other networks have filled; it is not changed")
    given = asked.parse_args()
    if given.in_this_process:
        run(given.lessons[0], given.cuda_mode)
        return
    with tempfile.TemporaryDirectory() as folder:
        before = given.before or Path(folder) / "before"
        if not before.exists():
            for each in BEFORE:
                measured(each, given.cuda_mode, before)
        for _ in range(given.rounds):
            for lesson in given.lessons:
                cache = Path(folder) / "cache"
                show(lesson, "nothing kept", measured(lesson, given.cuda_mode, cache))
                show(lesson, "all kept", measured(lesson, given.cuda_mode, cache))
                shutil.rmtree(cache)
                shutil.copytree(before, cache)
                show(lesson, "functions kept", measured(lesson, given.cuda_mode, cache))
                shutil.rmtree(cache)


if __name__ == "__main__":
    main()
