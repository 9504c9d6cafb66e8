"""The CPU target: each kernel becomes a C entry `void(arena*, row*, state*)`, compiled once per machine and cached.

The glue from row to arrays is a generated source file, because numba caches functions that live in files and not those
made by `exec`. One view per operand, made from pointer and offset, is what lets the loops vectorise. Numba does not
notice that a callee in another file changed, so the cache folder is named by a hash of the whole `kernels` tree and
of the versions that matter.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic

from kernels.elementary import larger
from kernels.language import KERNELS, Device, Kernel, specialise
from kernels.memory import Memory
from kernels.plan import SEED, SHARED, STATE_SIZE, STEP, Plan
from kernels.targets import products

_TREE = Path(__file__).resolve().parent.parent
_lock = threading.RLock()


@intrinsic
def pointer_at(typing_context, pointer, offset):
    """The pointer `offset` elements further on."""
    signature = pointer(pointer, offset)

    def generate(context, builder, signature, arguments):
        return builder.gep(arguments[0], [arguments[1]])

    return signature, generate


@intrinsic
def maxnum(typing_context, a, b):
    """LLVM's maximum. Unlike the select that numba makes of `max`, it carries the fastmath flags a reduction needs."""

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        function = builder.module.declare_intrinsic("llvm.maxnum", [kind], ir.FunctionType(kind, [kind, kind]))
        return builder.call(function, arguments)

    return a(a, b), generate


@larger.on("cpu")
def _larger(a, b):
    return maxnum(a, b)  # type: ignore[call-arg]  # numba supplies the typing context


_devices: dict[tuple[int, str], Any] = {}


def _compile_device(real_name: str) -> Callable[[Callable, Device], Any]:
    def compile_device(body: Callable, device: Device) -> Any:
        key = (id(device), real_name)
        if key not in _devices:
            options: dict[str, Any] = {"inline": "never", "forceinline": device.inlined}
            _devices[key] = njit(fastmath=set(device.fastmath), error_model="numpy", **options)(body)
        return _devices[key]

    return compile_device


def inner_of(name: str, real_name: str) -> Any:
    """The compiled body of a kernel for one real type; the generated entries inline it."""
    kernel = KERNELS[name]
    body = specialise(kernel.body("cpu"), "cpu", real_name, _compile_device(real_name))
    return njit(fastmath=set(kernel.fastmath), error_model="numpy")(body)


def entry_source(kernel: Kernel, real_name: str) -> str:
    """The Python text of a kernel's entry: from arena, plan row and state to arrays and integers."""
    lines = [
        '"""Generated from the declaration of a kernel."""',
        "from numba import carray",
        "from kernels.targets.cpu import inner_of, pointer_at",
        f"import {kernel.function.__module__}",
        f'inner = inner_of("{kernel.name}", "{real_name}")',
        f"def {kernel.name}(arena, row, state):",
    ]
    place = len(kernel.operands)
    for name in (*kernel.extents, *kernel.integers):
        lines.append(f"    {name}_ = row[{place}]")
        place += 1
    for index, operand in enumerate(kernel.operands):
        shape = ", ".join(extent if extent.isdigit() else f"{extent}_" for extent in operand.extents)
        lines.append(f"    array_{operand.name} = carray(pointer_at(arena, row[{index}]), ({shape},))")
    whole_state = f"carray(state, ({STATE_SIZE},))"
    values = {"lane": "0", "lanes": "1", "step": f"state[{STEP}]", "seed": f"state[{SEED}]", "state": whole_state}
    arguments = [f"array_{operand.name}" for operand in kernel.operands]
    arguments += [f"{name}_" for name in kernel.integers] + [values[name] for name in kernel.extra]
    lines.append(f"    inner({', '.join(arguments)})")
    return "\n".join(lines) + "\n"


@functools.cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: a folder for this version of the kernels, python, numba and processor.

    `LAB_CACHE` names another place. Folders of other versions that were not used for a month are removed.
    """
    digest = hashlib.sha256()
    for path in sorted(_TREE.rglob("*.py")):
        digest.update(path.relative_to(_TREE).as_posix().encode() + b"\0" + path.read_bytes())
    processor = llvmlite.binding.get_host_cpu_name() + platform.machine()
    for part in (sys.version, numba.__version__, llvmlite.__version__, np.__version__, processor):
        digest.update(part.encode() + b"\0")
    root = Path(os.environ["LAB_CACHE"]) if os.environ.get("LAB_CACHE") else _default_cache()
    folder = root / f"kernels-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "used").touch()
    except OSError:
        import tempfile

        return Path(tempfile.mkdtemp(prefix="backprop-lab-kernels-"))
    _purge(root, keep=folder)
    return folder


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("backprop-lab")


def _purge(root: Path, keep: Path) -> None:
    month_ago = time.time() - 30 * 86400
    for folder in root.glob("kernels-*"):
        try:
            if folder != keep and (folder / "used").stat().st_mtime < month_ago:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _load_generated(name: str, source: str) -> ModuleType:
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(source)
        os.replace(partial, path)
    full_name = f"kernels_generated_{name}"
    specification = importlib.util.spec_from_file_location(full_name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[full_name] = module
    specification.loader.exec_module(module)
    return module


_entries: dict[tuple[str, str], Any] = {}


def entry(kernel: Kernel, real_name: str) -> Any:
    """The compiled C entry of a kernel (a numba CFunc), compiled now or loaded from the cache."""
    with _lock:
        key = (kernel.name, real_name)
        if key not in _entries:
            load_blas()
            if real_name == "float32":
                load_products()
            module = _load_generated(f"{kernel.name}_{real_name}", entry_source(kernel, real_name))
            real = getattr(types, real_name)
            signature = types.void(types.CPointer(real), types.CPointer(types.int64), types.CPointer(types.int64))
            compile_entry = cfunc(signature, fastmath=set(kernel.fastmath), error_model="numpy", cache=True)
            _entries[key] = compile_entry(getattr(module, kernel.name))
        return _entries[key]


def is_ready(kernel: Kernel, real_name: str) -> bool:
    """Whether a kernel is loaded or in the cache, so that it costs milliseconds and not a compilation."""
    if (kernel.name, real_name) in _entries:
        return True
    return any((cache_folder() / "__pycache__").glob(f"{kernel.name}_{real_name}.{kernel.name}-*.nbi"))


@functools.cache
def load_products() -> None:
    """Load, or compile once, the product of matrices that kernels call."""
    products.provide(_load_generated("product_of_matrices_float32", products.ENTRY_SOURCE).entry)


@functools.cache
def load_blas() -> None:
    """Load the BLAS behind `np.dot` in kernels, SciPy's, with one thread: replicas are what runs in parallel.

    Its worker threads would wait in loops on the cores that other replicas need, and their number would change the
    order of sums. NumPy's own BLAS is another library and is left alone.
    """
    if "scipy.linalg" in sys.modules:
        importlib.import_module("scipy.linalg.cython_blas")
        for library in blas_libraries():
            library.set_num_threads(1)
        return
    asked = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # The module alone: the rest of scipy.linalg would take a fifth of a second, and nothing here uses it. Whoever
    # imports scipy.linalg later gets all of it.
    import scipy

    alone = ModuleType("scipy.linalg")
    alone.__path__ = [str(Path(scipy.__file__).parent / "linalg")]
    sys.modules["scipy.linalg"] = alone
    try:
        importlib.import_module("scipy.linalg.cython_blas")
    finally:
        del sys.modules["scipy.linalg"]
        if asked is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = asked


def blas_libraries() -> list[Any]:
    """The controllers (threadpoolctl) of the BLAS that `load_blas` has loaded: SciPy's own, else whatever it shares."""
    from threadpoolctl import ThreadpoolController

    found = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
    own = [each for each in found if any(part.startswith("scipy") for part in Path(each.filepath).parts[-3:-1])]
    return own or found


def prepare(kernels: Iterable[Kernel], real_name: str, progress: Callable[[str, int], None] | None = None) -> None:
    """Compile or load kernels and the executor. `progress(kernel, left)` is called before each real compilation."""
    waiting = [kernel for kernel in kernels if (kernel.name, real_name) not in _entries]
    missing = [kernel for kernel in waiting if not is_ready(kernel, real_name)]
    for kernel in waiting:
        if progress and kernel in missing:
            progress(kernel.name, len(missing) - missing.index(kernel))
        entry(kernel, real_name)
    executor()
    if progress and missing:
        progress("", 0)


@functools.cache
def executor() -> Any:
    """The compiled loop over rows, `execute(rows, arena address, state, steps)`."""
    with _lock:
        load_blas()
        source = (Path(__file__).parent / "executor.py").read_text()
        return _load_generated("executor", source).execute


class Program:
    """A plan bound to one replica's memory, ready to run."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan, self.memory = plan, memory
        self._execute = executor()
        real_name = memory.arena.dtype.name
        if plan.arena > memory.arena.size or plan.shared > memory.shared.size:
            raise ValueError("the memory is smaller than the plan needs")
        if memory.shared.dtype != memory.arena.dtype:
            raise ValueError("arena and shared memory must have one type")
        distance = memory.shared.ctypes.data - memory.arena.ctypes.data
        if distance % memory.arena.itemsize:
            raise ValueError("shared memory is not aligned to its elements")
        shift = distance // memory.arena.itemsize
        width = 1 + max((row.kernel.width for row in plan.rows), default=0)
        self.rows = np.zeros((len(plan.rows), width), np.int64)
        for line, row in zip(self.rows, plan.rows, strict=True):
            places = [offset + (shift if segment == SHARED else 0) for segment, offset in row.operands]
            values = [entry(row.kernel, real_name).address, *places, *row.extents, *row.integers]
            line[: len(values)] = values
        self._arena = memory.arena.ctypes.data

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times without holding the GIL; returns how often, fewer if a kernel halted."""
        return self._execute(self.rows, self._arena, self.memory.state, steps)

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        self.memory.state[STEP] -= 1
        self._execute(self.rows[index : index + 1], self._arena, self.memory.state, 1)
