"""Which colours curves and classes have: the option `--palette`, or the environment variable LAB_PALETTE."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.terminal.palettes import PaletteName

VARIABLE = "LAB_PALETTE"

PaletteOption = Annotated[
    str | None,
    typer.Option(
        metavar="default|safe", help=f"Colours: safe ones differ for colour-blind people, too. Default: ${VARIABLE}."
    ),
]


def palette_of(option: str | None) -> PaletteName:
    """The palette that was asked for, by the option or else by the environment. Raises BadInput for an unknown one."""
    from lab.errors import BadInput, nearest
    from lab.terminal.palettes import PRINTED

    asked, where = (option, "--palette") if option is not None else (os.environ.get(VARIABLE) or "default", VARIABLE)
    for name in PRINTED:
        if asked == name:
            return name
    raise BadInput(f"{where}: there is no palette {asked!r}: {nearest(asked, PRINTED)}.")
