"""The attributes of a Unix terminal: the only use of `termios`. On Windows there are none, and nothing is changed."""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import Any

Attributes = list[Any]
"""What `termios.tcgetattr` returns: input, output, control and local flags, two speeds, control characters."""

_LOCAL_FLAGS = 3


def _termios() -> ModuleType | None:
    try:
        return importlib.import_module("termios")
    except ImportError:
        return None


def in_foreground(descriptor: int) -> bool:
    """Whether this process may change the terminal: one that does so from the background is stopped by the system.
    Raises OSError if the terminal has gone."""
    if not os.isatty(descriptor):
        return False
    return not hasattr(os, "tcgetpgrp") or os.tcgetpgrp(descriptor) == os.getpgrp()


def read(descriptor: int) -> Attributes | None:
    """The attributes now; None where terminals have none. Raises OSError if it is no terminal, or has gone."""
    termios = _termios()
    if termios is None:
        return None
    try:
        found: Attributes = termios.tcgetattr(descriptor)
    except termios.error as error:
        raise OSError(*error.args) from None
    return found


def write(descriptor: int, attributes: Attributes | None, *, at_once: bool = False) -> None:
    """Set the attributes that were read before; None: nothing. Raises OSError if the terminal has gone.

    at_once: not only after everything written so far has been shown
    """
    termios = _termios()
    if termios is None or attributes is None:
        return
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW if at_once else termios.TCSADRAIN, attributes)
    except termios.error as error:
        raise OSError(*error.args) from None


def silent(attributes: Attributes) -> Attributes:
    """The same attributes without the echo of keys, and without the loss of output at an interrupt."""
    termios = _termios()
    changed = [*attributes]
    if termios is not None:
        changed[_LOCAL_FLAGS] = changed[_LOCAL_FLAGS] & ~termios.ECHO | termios.NOFLSH
    return changed


def discard_input(descriptor: int) -> None:
    """Drop what was typed and is not yet read. Raises OSError if the terminal has gone."""
    termios = _termios()
    if termios is None:
        return
    try:
        termios.tcflush(descriptor, termios.TCIFLUSH)
    except termios.error as error:
        raise OSError(*error.args) from None
