"""The BLAS that kernels call: SciPy's, which is at hand wherever the lab is, with one thread."""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

FUNCTIONS = ("sgemm", "dgemm", "sgemv", "dgemv")
"""Those that kernels call."""


@functools.cache
def load_blas() -> None:
    """Load SciPy's BLAS with one thread: replicas are what runs in parallel.

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


@functools.cache
def addresses() -> dict[str, int]:
    """Look up the address of each of `FUNCTIONS`, which take all arguments by reference, as in Fortran.

    SciPy documents these capsules: https://docs.scipy.org/doc/scipy/reference/linalg.cython_blas.html
    """
    load_blas()
    capsules = sys.modules["scipy.linalg.cython_blas"].__pyx_capi__
    name_of, address_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return {each: address_of(capsules[each], name_of(capsules[each])) for each in FUNCTIONS}


def blas_libraries() -> list[Any]:
    """List the controllers (threadpoolctl) of the BLAS that `load_blas` has loaded: SciPy's own, else whatever it
    shares."""
    from threadpoolctl import ThreadpoolController

    found = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
    own = [each for each in found if any(part.startswith("scipy") for part in Path(each.filepath).parts[-3:-1])]
    return own or found
