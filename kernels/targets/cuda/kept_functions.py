"""LLVM IR of functions for a GPU, kept beside machine code: of a network that was never seen, numba compiles what no
network before had.

Numba-cuda hands all functions of a kernel to NVVM as they are, and NVVM puts them together, so that a kept one is
inlined as one that was just made. It is kept with all that it calls, under what it was made of: its byte code, that
of what it calls, the numbers and settings they see, and the types of its arguments.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import types as python_types
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from kernels.language import global_names
from kernels.targets import cache
from kernels.targets.cuda import machine_code_cache
from kernels.targets.cuda.ir_modules import DEFINED, MENTIONED, in_order
from kernels.targets.cuda.numba_cuda import part

_dispatcher: Any = part("dispatcher")
_extending: Any = part("extending")
_codegen: Any = part("codegen")
_compiler: Any = part("compiler")
_typing: Any = part("typing")
_descriptors: Any = part("core.funcdesc")
_callconv: Any = part("core.callconv")


class Unknown(Exception):
    """A function sees something of which nobody can tell whether another process sees the same."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a function.

    name:    by which LLVM IR calls it
    returns: numba's type of its result
    modules: LLVM IR of it and of all that it calls, each module once, behind one that calls it: NVVM leaves out what
             nobody has called yet
    """

    name: str
    returns: Any
    modules: tuple[str, ...]


class Module:
    """A module of LLVM IR that is text already, where numba-cuda has one that it may still change."""

    functions: tuple[Any, ...] = ()

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Library(_codegen.CUDACodeLibrary):
    """The code of a function that is kept."""

    def __init__(self, codegen: Any, kept: Kept) -> None:
        super().__init__(codegen, kept.name)
        self.texts = kept.modules
        self._finalized = True

    @cached_property
    def modules(self) -> list[Module]:
        return [Module(each) for each in self.texts]


def compile_device(self: Any, args: Any, return_type: Any = None) -> Any:
    """In place of the method of numba-cuda's dispatchers: take the function from the cache, or compile and keep it."""
    if args not in self.overloads:
        capability = _dispatcher.get_current_device().compute_capability
        name = _file(self, args, capability)
        kept = _read(name) if name else None
        if kept is None:
            with self._compiling_counter:
                kept = _canonical(_compiled(self, args, return_type, capability))
            if name:
                cache.write(name, zlib.compress(pickle.dumps((kept.name, kept.returns, kept.modules)), 1))
        result = _result(kept, args)
        self.overloads[args] = result
        result.target_context.insert_user_function(result.entry_point, result.fndesc, [result.library])
    return self.overloads[args]


def _compiled(dispatcher: Any, args: Any, return_type: Any, capability: Any) -> Any:
    """What numba-cuda makes of a function, without debug information."""
    options = dispatcher.targetoptions
    return _dispatcher.compile_cuda(
        dispatcher.py_func,
        return_type,
        args,
        forceinline=options.get("forceinline"),
        inline=options.get("inline", "never"),
        fastmath=options.get("fastmath"),
        nvvm_options={"opt": 3 if options.get("opt") else 0, "fastmath": options.get("fastmath")},
        cc=capability,
    )


def _result(kept: Kept, args: Any) -> Any:
    """A kept function as numba-cuda knows one that it has compiled."""
    target = part("descriptor").cuda_target
    convention = _callconv.CUDACallConv(target.target_context)
    described = _descriptors.ExternalFunctionDescriptor(kept.name, kept.returns, args, convention)
    described.inline = True
    return _compiler.cuda_compile_result(
        typing_context=target.typing_context,
        target_context=target.target_context,
        signature=_typing.signature(kept.returns, *args),
        library=Library(target.target_context.codegen(), kept),
        fndesc=described,
    )


def _read(name: str) -> Kept | None:
    content = cache.read(name)
    return None if content is None else Kept(*pickle.loads(zlib.decompress(content)))


# Names that are the same in every process, and only for the same code


def _canonical(compiled: Any) -> Kept:
    """What was compiled, with functions named by what they do: numba numbers them, in each process anew."""
    modules: list[str] = []
    names: dict[str, str] = {}
    for library in _in_order(compiled.library, set()):
        if isinstance(library, Library):
            modules += library.texts
            continue
        for function in library._module.functions:
            if not function.is_declaration:
                function.linkage = "linkonce_odr"  # as a caller would have it
        text = _renamed(re.sub(r"^; ModuleID = .*\n", "", str(library._module)), names)
        own = list(dict.fromkeys(DEFINED.findall(text)))
        digest = hashlib.sha256(_renamed(text, {each: str(number) for number, each in enumerate(own)}).encode())
        names |= {each: f"kept_{digest.hexdigest()[:32]}_{number}" for number, each in enumerate(own)}
        modules.append(_renamed(text, names))
    name = names[compiled.fndesc.mangled_name]
    return Kept(name, compiled.signature.return_type, tuple(in_order(modules[::-1])))


def _in_order(library: Any, seen: set[int]) -> Iterator[Any]:
    """All that a library calls, each once and behind what it calls itself, and then the library."""
    seen.add(id(library))
    for each in sorted(library._linking_libraries, key=lambda one: one.name):
        if id(each) not in seen:
            yield from _in_order(each, seen)
    yield library


def _renamed(text: str, names: dict[str, str]) -> str:
    return MENTIONED.sub(lambda found: f'@"{names.get(found[1], found[1])}"', text)


# What a function was made of


_fingerprints: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def _file(dispatcher: Any, args: Any, capability: Any) -> str | None:
    """The name under which a function is kept; None for one that cannot be told from others."""
    try:
        key = ["function", _of_dispatcher(dispatcher), repr(args), str(capability)]
    except Unknown:
        return None
    return machine_code_cache.name_of(key)


def _of_dispatcher(dispatcher: Any) -> str:
    if dispatcher not in _fingerprints:
        options = sorted((name, repr(value)) for name, value in dispatcher.targetoptions.items())
        parts = [repr(options), *_of_function(dispatcher.py_func)]
        _fingerprints[dispatcher] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return _fingerprints[dispatcher]


def _of_function(function: Any) -> Iterator[str]:
    """What a function does, and what it sees."""
    yield f"{function.__module__}.{function.__qualname__}"
    yield from _of_code(function.__code__)
    if function.__defaults__ or function.__kwdefaults__:
        raise Unknown
    for name in sorted(global_names(function.__code__)):
        if name in function.__globals__:
            yield f"{name}={_of_value(function.__globals__[name])}"
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield f"{name}={_of_value(cell.cell_contents)}"


def _of_code(code: Any) -> Iterator[str]:
    yield repr((code.co_argcount, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars))
    yield code.co_code.hex()
    for each in code.co_consts:
        if isinstance(each, python_types.CodeType):
            yield from _of_code(each)
        else:
            yield f"{type(each).__name__} {each!r}"


def _of_value(value: Any) -> str:
    if isinstance(value, _dispatcher.CUDADispatcher):
        return _of_dispatcher(value)
    if isinstance(value, _extending._Intrinsic):
        return "\0".join(_of_intrinsic(value._defn))
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, tuple):
        return f"({', '.join(_of_value(each) for each in value)})"
    if isinstance(value, python_types.ModuleType):
        return value.__name__
    if isinstance(value, (type, python_types.BuiltinFunctionType)):
        return f"{value.__module__}.{value.__qualname__}"
    raise Unknown(repr(value))


def _of_intrinsic(definition: Any) -> Iterator[str]:
    """The folder of the cache is named by the sources of `kernels`: what an intrinsic there does need not be asked."""
    if not definition.__module__.startswith("kernels."):
        raise Unknown(definition.__qualname__)
    yield f"{definition.__module__}.{definition.__qualname__} {definition.__code__.co_firstlineno}"
    for cell in definition.__closure__ or ():
        if not callable(cell.cell_contents):
            yield _of_value(cell.cell_contents)
