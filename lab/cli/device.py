"""`--device` and `--cuda-mode`: where a command trains."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.graph.devices import Choice

DeviceOption = Annotated[
    str, typer.Option("--device", help="Where to train: cpu, cuda (all GPUs), cuda:1, or auto (GPUs if there are any).")
]
ModeOption = Annotated[
    str,
    typer.Option(
        "--cuda-mode",
        help="On a GPU: block (a thread group per replica), specialized (the same, with code made for its network), "
        "grid (all of it for one), or auto.",
    ),
]


def device_of(asked: str, mode: str = "auto") -> Choice:
    """Return the device that was asked for, and say on stderr why `auto` takes the CPU, or which GPU is left out.

    Raises BadInput, or DeviceMissing.
    """
    from lab.errors import BadInput, nearest
    from lab.graph.devices import FORMER_MODES, MODES, choose

    if mode in FORMER_MODES:
        raise BadInput(f"--cuda-mode {mode} is called {FORMER_MODES[mode]} now.")
    if mode not in MODES:
        raise BadInput(f"There is no --cuda-mode {mode!r}; {nearest(mode, MODES)}.")
    choice = choose(asked)
    if choice.reason:
        sys.stderr.write(f"{'Not on all GPUs' if choice.on_gpu else 'On the CPU'}: {choice.reason}\n")
    return choice
