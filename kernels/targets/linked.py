"""Functions that compiled code alone calls: numba makes LLVM IR of them and nothing else.

Of what `njit` decorates, numba makes machine code, of each function with all that it calls, and a wrapper for Python;
that took a third of the time of compiling a convolution, and none of it was ever run. Here what a function consists of
is a list of modules, which are put together once, under the entry of a kernel, and optimised there.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import AOTCodeLibrary, AOTCPUCodegen
from numba.core.compiler import Flags, compile_extra
from numba.core.cpu import CPUTargetOptions
from numba.core.descriptors import TargetDescriptor
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target


class Library(AOTCodeLibrary):
    """A function's own code as it is, and the libraries of what it calls."""

    def add_llvm_module(self, ll_module: Any) -> None:
        """Add code, which is not optimised yet."""
        self._final_module.link_in(ll_module)

    def finalize(self) -> None:
        """Nothing is added any more."""
        self._raise_if_finalized()
        self._finalized = True

    def together(self) -> Any:
        """Put together the module of all that is needed."""
        found: dict[Library, None] = {}

        def find(library: Library) -> None:
            if library not in found:
                found[library] = None
                for each in library._linking_libraries:
                    find(each)

        find(self)
        module = self._final_module.clone()
        for library in found:
            if library is not self:
                module.link_in(library._final_module, preserve=True)
        return module

    def _get_module_for_linking(self) -> Any:
        """What numba links where it makes machine code all the same, in a test."""
        module = self.together()
        for each in module.functions:
            if not each.is_declaration and each.linkage.name == "external":
                each.linkage = "linkonce_odr"
        return module


class _Codegen(AOTCPUCodegen):
    _library_class = Library


def _never_called(library: Any, description: Any, environment: Any) -> Any:
    """What numba knows a compiled function by; Python would get a TypeError of it."""
    address = ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value
    module, name = description.lookup_module(), description.qualname.rpartition(".")[2]
    return _dynfunc.make_function(module, name, "", address, environment, (library,))


@functools.cache
def _context() -> Any:
    return cpu_target.target_context.subtarget(
        _internal_codegen=_Codegen("backprop_lab", cpu_name="host"), aot_mode=True, get_executable=_never_called
    )


class _Target(TargetDescriptor):
    options = CPUTargetOptions

    @property
    def typing_context(self) -> Any:
        return cpu_target.typing_context

    @property
    def target_context(self) -> Any:
        return _context()


_target = _Target("cpu")
_ONLY_LINKED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False, "error_model": "numpy"}


class _Dispatcher(Dispatcher):
    targetdescr = _target


def linked(body: Callable | None = None, **options: Any) -> Any:
    """Make a function that compiled code can call; `options` are those of numba's `njit`.

    Without `fastmath`, it has the liberties of whoever calls it first.
    """
    if body is None:
        return functools.partial(linked, **options)
    return _Dispatcher(body, targetoptions={"nopython": True, **_ONLY_LINKED, **options})


def library_of(body: Callable, kinds: Sequence[Any], result: Any, fastmath: frozenset[str]) -> tuple[Any, Any, Any]:
    """Compile a function's body; return its library, still open, the description of the function, and the context.

    kinds, result: numba's types of its arguments and of what it returns
    """
    flags: Any = Flags()
    options = {"fastmath": set(fastmath), "nopython": True, "forceinline": True, **_ONLY_LINKED}
    CPUTargetOptions.parse_as_flags(flags, options)
    flags.no_compile = True
    compiled = compile_extra(cpu_target.typing_context, _context(), body, tuple(kinds), result, flags, {})
    return compiled.library, compiled.fndesc, _context()
