"""Compiled code: kept, loaded without numba, made again where it is damaged, made by several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from kernels.language import kernel
from kernels.matrix import matmul, matmul_transposed_left, matmul_transposed_right
from kernels.relu import relu, relu_gradient
from kernels.tanh import tanh
from kernels.targets import cache, compile_processes, compile_workers, cpu
from kernels.targets.code import PRODUCTS
from kernels.targets.compile_workers import Unit
from tests.kernels.running import Run

RUN = """
import sys
import numpy as np
from kernels.relu import relu
from tests.kernels.running import Run
run = Run(relu, {"x": np.array([-1.0, 2.0])}, {"n": 2})()
assert run["y"].tolist() == [0, 2]
print("numba" in sys.modules)
"""


@kernel("x[n] -> y[n]")
def twice_as_much(x, y, thread, threads):
    """y = 2 x."""
    for i in range(thread, x.size, threads):
        y[i] = x[i] + x[i]


@kernel("x[n] -> y[n]")
def in_a_new_array(x, y, thread, threads):
    """What no kernel should do: ask for memory."""
    copy = np.zeros(x.size, np.float32)
    for i in range(thread, x.size, threads):
        y[i] = copy[i]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of one's own, with nothing in it."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    cache.cache_folder.cache_clear()
    yield cache.cache_folder()
    cache.cache_folder.cache_clear()


def test_what_is_in_the_cache_runs_without_numba():
    Run(relu, {"x": np.ones(2)}, {"n": 2})()
    again = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert again.stdout.split() == ["False"]


def test_the_product_of_matrices_is_compiled_only_for_what_calls_it(folder, monkeypatch):
    monkeypatch.setattr(cpu, "_entries", {})
    loaded = []
    monkeypatch.setattr(cpu, "load_shared", loaded.append)
    monkeypatch.setattr(cpu, "load", lambda code, symbol: 1)
    monkeypatch.setattr(cpu, "executor", lambda: None)
    cpu.prepare([relu], "float32")
    assert not loaded
    assert not cache.has(compile_workers.PRODUCT.name)
    cpu.entry(matmul, "float32")
    assert loaded == [PRODUCTS]


def test_damaged_code_is_not_loaded(folder):
    code = Unit.of(relu, "float32").compile()
    assert cache.read("relu_float32") == code
    path = folder / f"relu_float32{cache.SUFFIX}"
    for damaged in (path.read_bytes()[:-1], path.read_bytes()[:10], b""):
        path.write_bytes(damaged)
        assert cache.read("relu_float32") is None


def test_code_that_cannot_be_kept_is_compiled_all_the_same(folder, monkeypatch):
    monkeypatch.setattr(cache, "_place", lambda name: folder / "absent" / name)
    assert Unit.of(relu, "float32").compile()
    assert cache.read("relu_float32") is None


def test_what_was_not_used_for_longest_goes_when_too_much_is_kept(folder):
    others = [folder.parent / f"kernels-{name}" for name in ("0123456789abcdef", "fedcba9876543210")]
    somebody = folder.parent / "kernels-src"
    somebody.mkdir()
    (somebody / "thesis.txt").write_text("mine")
    for age, other in enumerate(others):
        other.mkdir()
        (other / "kept.code").write_bytes(bytes(1000))
        (other / "used").touch()
        os.utime(other / "used", (age, age))
    for age, name in enumerate(("first", "second")):
        cache.write(name, bytes(1000))
        os.utime(folder / f"{name}{cache.SUFFIX}", (age, age))
    cache.keep_within(3500)
    assert [each.exists() for each in others] == [False, True]
    cache.keep_within(1500)
    assert not others[1].exists()
    assert [cache.has("first"), cache.has("second")] == [False, True]
    assert (somebody / "thesis.txt").exists()


def test_several_processes_compile_side_by_side(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "FEWEST", 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(2), raising=False)
    compiled = []
    monkeypatch.setattr(Unit, "compile", lambda self: compiled.append(self.kernel))
    told = []
    kernels = (relu, matmul, matmul_transposed_left, tanh)  # what calls the product, before the product itself
    units = [*(Unit.of(each, "float32") for each in kernels), compile_workers.EXECUTOR, compile_workers.PRODUCT]
    own = Unit.of(twice_as_much, "float32")
    compile_workers.compile_all([own, *units], lambda name, left, seconds: told.append((left, seconds)))
    assert compiled == ["twice_as_much"]  # other processes could not import it
    assert all(cache.read(each.name) for each in units)
    assert [left for left, _ in told] == [5, 4, 3, 2, 1]
    assert told[0][1] is None  # nothing is known yet
    assert all(seconds is None or seconds > 0 for _, seconds in told)
    assert told[-1][1] is not None


def test_a_listener_that_raises_ends_the_other_processes(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "FEWEST", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(2), raising=False)
    started = []
    start = compile_workers.start
    monkeypatch.setattr(compile_workers, "start", lambda count: started.extend(start(count)) or started)

    def refuse(name, left, seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile_workers.compile_all([Unit.of(each, "float32") for each in (relu, relu_gradient)], refuse)
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_threads_that_compile_at_the_same_time_end_their_own_processes_only(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "FEWEST", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(2), raising=False)
    started, ended = [], []

    class Process(subprocess.Popen):
        def communicate(self, *arguments):
            ended.append(self)
            time.sleep(0.05)  # as long as another thread needs to come to the same
            return super().communicate(*arguments)

    def start():
        repeat = "import sys, time\nfor line in sys.stdin: time.sleep(0.05); print(line, end='', flush=True)"
        command = [sys.executable, "-c", repeat]
        started.append(Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    monkeypatch.setattr(compile_workers, "start", lambda count: [start() for _ in range(count)])
    answered, failures = [], []

    def compile_some(rounds):
        try:
            for _ in range(rounds):
                told = compile_workers._Told(units, None)
                told.after = answered.append
                compile_workers._side_by_side(units, 2, told)
        except BaseException as error:
            failures.append(error)

    units = [Unit.of(each, "float32") for each in (relu, relu_gradient, tanh)]
    monkeypatch.setattr(compile_workers, "_early", [start() for _ in range(4)])
    threads = [threading.Thread(target=compile_some, args=(rounds,)) for rounds in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(answered) == 30
    assert len(ended) == len(set(ended)) == len(started)
    assert all(process.poll() is not None for process in started)


def test_a_process_that_ends_leaves_its_work_to_be_done_later(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "FEWEST", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(2), raising=False)
    monkeypatch.setattr(sys, "executable", "/bin/true")
    compile_workers.compile_all([Unit.of(each, "float32") for each in (relu, relu_gradient)])
    assert not cache.has("relu_float32")


@pytest.mark.skipif(not compile_processes.CAN_COPY, reason="this system copies no processes")
def test_processes_are_copies_of_the_first_one_each_of_which_ends_alone(folder):
    first, *copies = started = compile_processes.start(3)
    try:
        units = [Unit.of(each, "float32") for each in (relu, relu_gradient, tanh)]
        for process, unit in zip(started, units, strict=True):
            process.stdin.write(f"{unit.line}\n")
            process.stdin.flush()
        assert [each.stdout.readline() for each in started] == ["done\n"] * 3
        assert all(cache.has(each.name) for each in (*units, compile_workers.EXECUTOR))
        assert [each.poll() for each in started] == [None] * 3
        copies[0].kill()
        copies[0].communicate()  # comes back, though the others go on
        assert [each.poll() is None for each in started] == [True, False, True]
        first.kill()
        first.communicate()
        copies[1].stdin.write(f"{units[0].line}\n")
        copies[1].stdin.flush()
        assert copies[1].stdout.readline() == "done\n"
    finally:
        for each in started:
            each.kill()
            each.communicate()
    assert all(each.poll() is not None for each in started)


@pytest.mark.skipif(not compile_processes.CAN_COPY, reason="this system copies no processes")
def test_a_copy_ends_in_the_middle_of_its_work_when_nobody_waits_for_it(folder):
    _, copy = started = compile_processes.start(2)
    copy.stdin.write(f"{compile_workers.PRODUCT.line}\n")  # takes about a second
    copy.stdin.flush()
    for each in started:
        each.kill()
    for each in started:
        each.communicate()
    assert not cache.has(compile_workers.PRODUCT.name)


def test_where_processes_cannot_be_copied_each_begins_anew(folder, monkeypatch):
    monkeypatch.setattr(compile_processes, "CAN_COPY", False)
    monkeypatch.setattr(compile_workers, "FEWEST", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(2), raising=False)
    units = [Unit.of(each, "float32") for each in (relu, relu_gradient)]
    compile_workers.compile_all(units)
    assert all(cache.has(each.name) for each in units)


def test_code_that_needs_numba_is_refused():
    from kernels.targets.compiler import kernel_code

    with pytest.raises(Exception, match=r"numba|NRT"):
        kernel_code(in_a_new_array, "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", [matmul, matmul_transposed_left, matmul_transposed_right])
@pytest.mark.parametrize(
    ("rows", "length", "columns"), [(1, 5, 1), (1, 5, 3), (4, 5, 1), (4, 0, 3), (4, 0, 1), (3, 1, 2)]
)
def test_products_with_one_row_or_column_or_nothing_to_sum(kernel, rows, length, columns, dtype):
    random = np.random.default_rng(0)
    a, b = random.standard_normal((rows, length)), random.standard_normal((length, columns))
    given = {
        "matmul": ((a, b), {"B": rows, "D": length, "H": columns}),
        "matmul_transposed_left": ((a.T, b), {"D": rows, "B": length, "H": columns}),
        "matmul_transposed_right": ((a, b.T), {"B": rows, "D": length, "H": columns}),
    }
    (first, second), sizes = given[kernel.name]
    run = Run(kernel, {"a": first, "b": second}, sizes, dtype=dtype)()
    np.testing.assert_allclose(run["y"], a @ b, rtol=1e-5, atol=1e-5)


def test_a_folder_that_cannot_be_used_is_said_once_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").touch()
    program = (
        "import os, subprocess, sys\nfrom kernels.targets.cache import cache_folder\nprint(cache_folder())\n"
        "again = 'from kernels.targets.cache import cache_folder; print(cache_folder())'\n"
        "sys.stdout.flush(); subprocess.run([sys.executable, '-c', again], check=True)"
    )
    environment = {**os.environ, "LAB_CACHE": str(tmp_path / "file" / "cache")}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    first, second = ended.stdout.splitlines()
    assert first == second
    assert not os.path.exists(first)
    assert len(ended.stderr.splitlines()) == 1
    assert "LAB_CACHE" in ended.stderr


def test_processes_that_are_started_early_get_the_units_and_end(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "available_cores", lambda: 2)
    compile_workers.start_early()
    early = list(compile_workers._early)
    assert len(early) == 2
    compile_workers.start_early()
    assert compile_workers._early == early  # not twice
    monkeypatch.setattr(compile_workers, "start", lambda count: pytest.fail("another process is started"))
    kernels = (relu, relu_gradient, tanh, matmul, matmul_transposed_left, matmul_transposed_right)
    units = [*(Unit.of(each, "float32") for each in kernels), compile_workers.EXECUTOR, compile_workers.PRODUCT]
    compile_workers.compile_all(units)
    assert all(cache.has(each.name) for each in units)
    assert all(each.poll() is not None for each in early)
    assert not compile_workers._early
    compile_workers.start_early()
    assert not compile_workers._early  # something is compiled


def test_processes_that_were_started_for_nothing_end(folder, monkeypatch):
    monkeypatch.setattr(compile_workers, "available_cores", lambda: 2)
    compile_workers.start_early()
    early = list(compile_workers._early)
    compile_workers._end_early()
    assert [each.poll() is not None for each in early] == [True, True]


def test_what_is_compiled_is_told_at_once_and_with_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(compile_workers.time, "monotonic", lambda: now[0])

    def compile_for(unit):
        now[0] += unit.cost  # as long as it is said to take

    monkeypatch.setattr(Unit, "compile", compile_for)
    monkeypatch.setattr(compile_workers, "available_cores", lambda: 1)
    told = []
    units = [compile_workers.PRODUCT, Unit.of(matmul, "float32"), Unit.of(relu, "float32")]
    compile_workers.compile_all(units, lambda *all: told.append(all))
    assert told == [("matmul", 2, None), ("matmul", 2, 2.0), ("relu", 1, 1.0)]
