"""`lab tui`: the lab as a program with screens."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.device import DeviceOption, device_of


def command(
    target: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A built-in name, a file, or a folder with scenarios of your own."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=10, help="Redraw curves at most so many times a second; default: 4.")
    ] = None,
    device: DeviceOption = "cpu",
    no_mouse: Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")] = False,
) -> int:
    """Explore the lessons, guess, watch and steer runs, compare them. Like `lab` alone, on a terminal.

    Colours, keys and habits can be set in a file: the menu (ctrl+p) says where it is and what can stand in it.
    """
    from lab.tui.opening import open_lab

    # The CPU is there without asking, and what looks for GPUs takes as long to be imported as the first screen.
    where = None if device == "cpu" else device_of(device)
    return open_lab(target, mouse=not no_mouse, fps=fps, device=where)
