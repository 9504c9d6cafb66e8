"""NVVM, which makes PTX of LLVM IR, and the assembler: NVIDIA's libraries, called without numba."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from kernels.targets.cuda.driver import INSTALL
from kernels.targets.cuda.driver_answers import DeviceProblem

OPTIONS = {"prec_div": False, "prec_sqrt": False}
"""For NVVM: divisions and square roots of float32 may be wrong by 2 units in the last place, which takes a fifth of the
instructions, or half of them."""


@contextlib.contextmanager
def _there(library: str) -> Iterator[None]:
    """Inside, one of NVIDIA's libraries is called. Raises DeviceProblem where it is not found."""
    try:
        yield
    except RuntimeError as error:  # that of cuda.pathfinder; the libraries' own errors are none
        raise DeviceProblem(f"Code for a GPU needs {library}, which is not installed: {INSTALL}.") from error


def to_ptx(modules: Sequence[str], architecture: str, library: bytes) -> str:
    """PTX of modules of LLVM IR, each of which calls what stands in later ones.

    architecture: "compute_90", …;  library: CUDA's own functions (libdevice), as bitcode
    """
    from cuda.bindings import nvvm

    options = [
        "-opt=3",
        f"-arch={architecture}",
        *(f"-{name.replace('_', '-')}={value:d}" for name, value in OPTIONS.items()),
    ]
    with _there("NVVM"):
        program = nvvm.create_program()
    try:
        for each in modules:
            text = each.encode()
            nvvm.add_module_to_program(program, text, len(text), "")
        nvvm.verify_program(program, len(options), options)
        nvvm.lazy_add_module_to_program(program, library, len(library), "")
        nvvm.compile_program(program, len(options), options)
        ptx = bytearray(nvvm.get_compiled_result_size(program))
        nvvm.get_compiled_result(program, ptx)
    finally:
        nvvm.destroy_program(program)
    return ptx.decode().strip("\x00").strip()


def to_machine_code(ptx: str, capability: tuple[int, int], most_registers: int | None = None) -> bytes:
    """Machine code for one kind of GPU. Raises DeviceProblem for one that the assembler does not know."""
    from cuda.bindings import nvjitlink

    options = [f"-arch=sm_{capability[0]}{capability[1]}"]
    if most_registers is not None:
        options.append(f"-maxrregcount={most_registers}")
    text = ptx.encode() + b"\0"
    try:
        with _there("nvJitLink"):
            linker = nvjitlink.create(len(options), options)
        try:
            nvjitlink.add_data(linker, nvjitlink.InputType.PTX, text, len(text), "lab")
            nvjitlink.complete(linker)
            code = bytearray(nvjitlink.get_linked_cubin_size(linker))
            nvjitlink.get_linked_cubin(linker, code)
        finally:
            nvjitlink.destroy(linker)
    except nvjitlink.nvJitLinkError as error:
        raise DeviceProblem(
            f"The compiler makes no code for compute capability {capability[0]}.{capability[1]} "
            f"({str(error).splitlines()[0]}); a newer one may: pip install --upgrade 'backprop-lab[cuda]'."
        ) from error
    return bytes(code)
