"""Forms of a kernel on the CPU: bodies for rows of one geometry, each of which is compiled for itself.

A row of a plan has the form that its extents and integers ask for, and what is compiled are the forms that the rows of
a plan have. A device function's body for a form is that which is registered for `"cpu-FORM"`
(`kernels.language.Device.on`).
"""

from __future__ import annotations

from collections.abc import Iterable

from kernels import winograd
from kernels.language import Kernel
from kernels.plan import Row
from kernels.targets import tile_geometry
from kernels.targets.tile_geometry import SCATTERED, TILES
from kernels.targets.vector_code import HAS_AVX512

COMMON = ""
WINOGRAD = "winograd"
"""Convolutions by `kernels.targets.winograd`, whose transforms need masks, and 32 registers: those of AVX-512."""
CALL_TILES = {TILES, SCATTERED}
"""Convolutions by `kernels.targets.window_code`, or for pooled pixels alone, by code of their own; the common form does
what these cannot."""


def form_of(row: Row, real_name: str) -> str:
    """The form of a row's kernel, which its geometry alone decides."""
    if real_name != "float32":
        return COMMON
    return WINOGRAD if HAS_AVX512 and winograd.done_by(row) else tile_geometry.form_of(row)


def forms_of(kernels: Iterable[Kernel], rows: Iterable[Row], real_name: str) -> list[tuple[Kernel, str]]:
    """Each kernel in those forms that its rows have; the common one of a kernel that has no row here."""
    found: dict[Kernel, dict[str, None]] = {}
    for row in rows:
        found.setdefault(row.kernel, {})[form_of(row, real_name)] = None
    return [(kernel, form) for kernel in kernels for form in found.get(kernel, (COMMON,))]


def target_of(form: str) -> str:
    """The name under which bodies of a form are registered."""
    return f"cpu-{form}" if form else "cpu"
