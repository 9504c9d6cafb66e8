"""On its way to LLVM IR a function for a GPU goes through those of numba-cuda's passes alone that change something.

The type of an operation on numbers is found once, and not wherever it stands: numba asks a hundred templates each time.
`kernels.targets.linked` does the same for the CPU, with numba's own passes.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from numba import types

from kernels.targets.cuda import kept_functions
from kernels.targets.cuda.numba_cuda import part

_compiler: Any = part("compiler")
_untyped: Any = part("core.untyped_passes")
_ssa: Any = part("core.ssa")
_usual_rewriting = _ssa._run_block_rewrite
_ir: Any = part("core.ir")
_typed: Any = part("core.typed_passes")
PASSES = (
    _compiler.CUDATranslateBytecode,
    _untyped.FixupArgs,
    _untyped.IRProcessing,
    _untyped.RewriteSemanticConstants,
    _untyped.DeadBranchPrune,
    _untyped.GenericRewrites,
    _untyped.ReconstructSSA,
    _typed.NopythonTypeInference,
    _typed.PreLowerStripPhis,
    _typed.IRLegalization,
    _typed.AnnotateTypes,
    _compiler.CreateLibrary,
    _compiler.CUDANativeLowering,
    _compiler.CUDABackend,
)
"""Left out is what serves closures, exceptions, generators and expressions of whole arrays: no kernel has any."""


class ShortCompiler(_compiler.CompilerBase):
    """numba-cuda's compiler with fewer passes."""

    def define_pipelines(self) -> list[Any]:
        passes = _compiler.PassManager("cuda")
        passes._ENFORCING = False  # what each pass leaves is known here; numba analyses it after every one
        for each in PASSES:
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


_NUMBERS = (types.Number, types.Boolean, types.IntegerLiteral, types.BooleanLiteral)
_usual = types.Function.get_call_type
_known: dict[Any, Any] = {}


def _get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
    if kws or not all(isinstance(each, _NUMBERS) for each in args):
        return _usual(self, context, args, kws)
    key = (id(self), id(context), args)  # what belongs to the signature is kept with the function
    if key not in _known:
        _known[key] = _usual(self, context, args, kws), self, context  # so that nothing else gets their numbers
    return _known[key][0]


def _rewritten(blocks: Any, states: dict[str, Any], handler: Any) -> dict[Any, Any]:
    """Rewrite a variable's places, as numba does when it gives each assignment a variable of its own, but only in the
    blocks that mention it: numba writes all of them anew for each variable."""
    name, found = states["varname"], {}
    for label, block in blocks.items():
        found[label] = block
        if not hasattr(block, "names"):
            block.names = {each.name for statement in block.body for each in statement.list_vars()}
        if name in block.names:
            found[label] = _usual_rewriting({label: block}, states, handler)[label]
            found[label].names = block.names  # those that are new need not be rewritten
    return found


def _find_singly_assigned(self: Any) -> None:
    """Find the variables that one place assigns and its block alone uses: numba looks through the block for each."""
    blocks = self.func_ir.blocks
    found = part("core.analysis").compute_use_defs(blocks)
    assigned = Counter(each.target.name for block in blocks.values() for each in block.find_insts(_ir.assign_types))
    elsewhere = set().union(*found.usemap.values()) | part("core.analysis").must_use_alloca(blocks)
    self._singly_assigned_vars = {name for name, times in assigned.items() if times == 1} - elsewhere
    self._blk_local_varmap = {}


def _learn(self: Any) -> None:
    """Look for what numba learns while it compiles: what intrinsics do, which is put into the first of its registries.
    The others, of which it has thirty, were filled when they were imported."""
    self.install_registry(next(iter(self._registries)))


TYPES = ("cudadecl", "cudamath", "typing.cmathdecl", "libdevicedecl", "typing.npydecl")
CODE = (
    "cudaimpl",
    "libdeviceimpl",
    "cpython.mathimpl",
    "cpython.numbers",
    "core.optional",
    "mathimpl",
    "cpython.slicing",
    "cpython.tupleobj",
    "cpython.rangeobj",
    "cpython.enumimpl",
    "cpython.builtins",
    "np.arrayobj",
)
"""The registries of numba-cuda that kernels need, of types and of code, in numba's order. Left out are those of text,
lists, linear algebra (which loads SciPy's), and numbers of 8 and 16 bits: to load them took half a second."""


def _install(self: Any, names: Sequence[str]) -> None:
    for each in names:
        self.install_registry(part(each).registry)


@contextlib.contextmanager
def in_short() -> Iterator[None]:
    """Inside, numba-cuda compiles in this way."""
    target: Any = part("descriptor").cuda_target.target_context
    kind = target.__class__
    with contextlib.ExitStack() as changed:
        for of, registries in ((kind, CODE), (target.typing_context.__class__, TYPES)):
            load = functools.partialmethod(_install, registries)
            changed.enter_context(_replaced(of, "load_additional_registries", load))
        target.refresh()
        for of, name, value in (
            (_compiler, "CUDACompiler", ShortCompiler),
            (types.Function, "get_call_type", _get_call_type),
            (kind, "refresh", _learn),
            (part("lowering").Lower, "_find_singly_assigned_variable", _find_singly_assigned),
            (_ssa, "_run_block_rewrite", _rewritten),
            (part("dispatcher").CUDADispatcher, "compile_device", kept_functions.compile_device),
        ):
            changed.enter_context(_replaced(of, name, value))
        yield


@contextlib.contextmanager
def _replaced(of: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(of, name)
    setattr(of, name, value)
    try:
        yield
    finally:
        setattr(of, name, before)
