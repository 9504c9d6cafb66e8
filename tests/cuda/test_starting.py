"""A run whose code is kept starts on a GPU without the compiler, whichever way the GPU is used."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cuda.fake_driver import FakeDriver
from tests.cuda.needs import needs_compiler

pytestmark = [needs_compiler, pytest.mark.cuda]

HEAVY = ("numba", "scipy", "cuda.core", "torch")


class Driver(FakeDriver):
    """A GPU in whose memory are zeros alone."""

    def cuMemcpyDtoHAsync(self, target: int, address: int, size: int, stream: int) -> tuple[Any, ...]:
        ctypes.memset(target, 0, size)
        return super().cuMemcpyDtoHAsync(target, address, size, stream)


def start(mode: str, lesson: str) -> None:
    """In a process of its own: run a lesson until its first training step, where all code is kept that is asked for;
    say what was loaded, and which code that was."""
    from kernels.targets import cache
    from kernels.targets.cuda import driver
    from lab.cli import main
    from lab.tasks import programs, side_by_side

    asked: list[str] = []

    def read(name: str) -> bytes:
        asked.append(name)
        return b"entry\0code"

    def ended(jobs: Any) -> None:
        if all(each.state is None for each in jobs):
            return run_jobs(jobs)
        loaded = [name for name in HEAVY if name in sys.modules]
        run_jobs(jobs[:1])
        print(json.dumps([loaded, [name for name in HEAVY if name in sys.modules], sorted(asked)]), flush=True)
        os._exit(0)

    run_jobs = programs.run_jobs
    programs.run_jobs = side_by_side.run_jobs = ended  # type: ignore[assignment]
    cache.read = read  # type: ignore[assignment]
    cache.has = lambda name: True  # type: ignore[assignment]
    driver._bindings, driver.toolkit_version = Driver, lambda: None  # type: ignore[assignment]
    sys.argv = ["lab", "run", lesson, "--plain", "--device", "cuda", "--cuda-mode", mode]
    main()


@pytest.mark.parametrize(
    ("mode", "lesson"),
    [("block", "dead-relu"), ("specialized", "dead-relu"), ("specialized", "lstm"), ("grid", "dead-relu")],
)
def test_with_its_code_kept_a_run_starts_without_the_compiler(mode, lesson, tmp_path):
    found = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", f"from tests.cuda.test_starting import start; start({mode!r}, {lesson!r})"],
            env=os.environ
            | {"PYTHONHASHSEED": seed, "LAB_HOME": str(tmp_path / seed), "LAB_CACHE": str(tmp_path / "cache")},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        before, behind, names = json.loads(done.stdout.splitlines()[-1])
        assert (before, behind) == ([], [])
        assert any(name.startswith("cuda-") for name in names)
        found.append(names)
    assert found[0] == found[1]  # another process looks for it under the same names


def meeting() -> None:
    """In a process of its own: say of which kernels the threads meet, before and after the compiler was loaded."""
    from kernels.targets.cuda import row_kernels
    from tests.kernels.running import all_kernels

    def found() -> list[str]:
        row_kernels.synchronizes.cache_clear()
        return sorted(name for name, each in all_kernels().items() if row_kernels.needs_one_block(each))

    before = found()
    from kernels.targets.cuda import compiler

    assert compiler
    print(json.dumps([before, found()]))


def test_which_kernels_take_one_block_is_known_without_the_compiler():
    code = "from tests.cuda.test_starting import meeting; meeting()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True, text=True
    )
    before, behind = json.loads(done.stdout)
    assert before == behind
    assert {"softmax_cross_entropy", "lstm"} < set(before)
    assert "relu" not in before


def test_the_compiler_is_loaded_without_what_no_kernel_needs(tmp_path):
    """Numba-cuda loads ml_dtypes where it is installed, for numbers of 16 bits."""
    (tmp_path / "ml_dtypes.py").write_text("loaded = True\n")
    code = (
        "import sys; from kernels.targets.cuda import compiler; before = 'ml_dtypes' in sys.modules\n"
        "import ml_dtypes; print(before, ml_dtypes.loaded)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"]
