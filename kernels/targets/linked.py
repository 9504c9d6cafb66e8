"""Functions that compiled code alone calls: numba makes LLVM IR of them and nothing else.

Of what `njit` decorates, numba makes machine code, of each function with all that it calls, and a wrapper for Python;
that took a third of the time of compiling a convolution, and none of it was ever run. Here what a function consists of
is a list of modules, which are put together once, under the entry of a kernel, and optimised there.

On its way to LLVM IR a function goes through those of numba's passes alone that change something of it. They find
the type of an operation anew wherever it stands, among a hundred that NumPy has; here each is found once.
"""

from __future__ import annotations

import copy
import ctypes
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numba import _dynfunc, types  # type: ignore[attr-defined]
from numba.core import typed_passes, untyped_passes
from numba.core.codegen import AOTCodeLibrary, AOTCPUCodegen
from numba.core.compiler import CompilerBase, Flags, compile_extra
from numba.core.compiler_machinery import PassManager
from numba.core.cpu import CPUContext, CPUTargetOptions
from numba.core.descriptors import TargetDescriptor
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.typing import Context


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


def _declared(registries: Iterable[Any]) -> int:
    """How much is declared in numba's registries of types, or of implementations, by now."""
    return sum(len(each) for registry in registries for each in vars(registry).values() if isinstance(each, list))


class _TargetContext(CPUContext):
    """Numba's own knowledge of how operations are written in LLVM IR."""

    _known = -1

    def refresh(self) -> None:
        """Learn what was declared since it was last asked, if anything was."""
        self.typing_context.refresh()
        if self._known != _declared(self._registries):
            super().refresh()
            self._known = _declared(self._registries)


@functools.cache
def _context() -> Any:
    context = cpu_target.target_context.subtarget(
        _internal_codegen=_Codegen("backprop_lab", cpu_name="host"), aot_mode=True, get_executable=_never_called
    )
    context.__class__ = _TargetContext
    return context


_SCALARS = (types.Number, types.Boolean, types.IntegerLiteral, types.BooleanLiteral)


class _TypingContext(Context):
    """Numba's own knowledge of types, which remembers what an operation on numbers gives."""

    _remembered: dict[Any, Any]
    _known = -1

    def refresh(self) -> None:
        """Learn what was declared since it was last asked, if anything was."""
        if self._known != _declared(self._registries):
            super().refresh()
            self._known = _declared(self._registries)

    def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
        """Find the signature of a call."""
        if kws or not isinstance(func, types.Function) or not all(isinstance(each, _SCALARS) for each in args):
            return super().resolve_function_type(func, args, kws)
        key = (id(func), args)  # what belongs to the signature is kept with the function, which is kept beside it here
        if key not in self._remembered:
            self._remembered[key] = func, super().resolve_function_type(func, args, kws)
        return self._remembered[key][1]


@functools.cache
def _typing_context() -> Any:
    # What numba learns later, of functions that are declared then, both know.
    context = copy.copy(cpu_target.typing_context)
    context.__class__ = _TypingContext
    context._remembered = {}
    return context


_PASSES = (
    untyped_passes.TranslateByteCode,
    untyped_passes.FixupArgs,
    untyped_passes.IRProcessing,
    untyped_passes.RewriteSemanticConstants,
    untyped_passes.DeadBranchPrune,
    untyped_passes.GenericRewrites,
    untyped_passes.ReconstructSSA,
    typed_passes.NopythonTypeInference,
    typed_passes.PreLowerStripPhis,
    typed_passes.IRLegalization,
    typed_passes.AnnotateTypes,
    typed_passes.NativeLowering,
    typed_passes.NoPythonBackend,
)
"""Left out is what serves closures, exceptions, generators and arrays that are made: no kernel has any."""


class _Passes(PassManager):
    """Numba's passes one after the other, and nothing between them: neither what it measures and tells of each, nor the
    lifetimes of variables, which it finds anew behind each and which the last ones find for themselves."""

    def _runPass(self, index: int, pss: Any, internal_state: Any) -> None:
        pss.analysis = self._analysis
        pss.run_pass(internal_state)


@functools.cache
def _passes() -> PassManager:
    passes = _Passes("linked")
    for each in _PASSES:
        passes.add_pass(each, each.__name__)
    passes.finalize()
    return passes


class _Compiler(CompilerBase):
    def define_pipelines(self) -> list[PassManager]:
        return [_passes()]


class _Target(TargetDescriptor):
    options = CPUTargetOptions

    @property
    def typing_context(self) -> Any:
        return _typing_context()

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
    chosen = {"nopython": True, **_ONLY_LINKED, **options}
    return _Dispatcher(body, targetoptions=chosen, pipeline_class=_Compiler)


def library_of(body: Callable, kinds: Sequence[Any], result: Any, fastmath: frozenset[str]) -> tuple[Any, Any, Any]:
    """Compile a function's body; return its library, still open, the description of the function, and the context.

    kinds, result: numba's types of its arguments and of what it returns
    """
    flags: Any = Flags()
    options = {"fastmath": set(fastmath), "nopython": True, "forceinline": True, **_ONLY_LINKED}
    CPUTargetOptions.parse_as_flags(flags, options)
    flags.no_compile = True
    compiled = compile_extra(
        _typing_context(), _context(), body, tuple(kinds), result, flags, {}, pipeline_class=_Compiler
    )
    return compiled.library, compiled.fndesc, _context()
