"""What the terminal does by itself with a key, switched off while something is drawn over in place.

An echoed key would break the picture. An interrupt would do so too: the terminal then throws away whatever it has not
shown yet, in the middle of a line, of a colour's sequence or even of a character.
"""

from __future__ import annotations

import os
import sys
from typing import Any

try:
    import termios
except ImportError:  # not a Unix: its console does not echo while nobody reads from it
    termios = None  # type: ignore[assignment]  # the module is asked for before each use

_LOCAL_FLAGS = 3


class KeyboardEcho:
    """Switches the echo of stdin off and on again, and with it the loss of output at an interrupt.

    What is typed meanwhile is kept for whoever reads next.
    """

    def __init__(self) -> None:
        self._before: tuple[int, list[Any]] | None = None

    def disable(self) -> None:
        """Nothing typed is shown any more; without effect where stdin is not a terminal of ours to change.

        May be called again when the program was in the background: the shell may have switched the echo on.
        """
        if termios is None:
            return
        try:
            descriptor = sys.stdin.fileno()
            if not _ours(descriptor):
                return
            before = termios.tcgetattr(descriptor)
            silent = [*before]
            silent[_LOCAL_FLAGS] = silent[_LOCAL_FLAGS] & ~termios.ECHO | termios.NOFLSH
            self._before = self._before or (descriptor, before)  # first: a signal may come in between
            termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
        except (OSError, ValueError, AttributeError, termios.error):
            return  # closed, replaced, or gone

    def restore(self) -> None:
        """As it was before. May be called at any time, also twice."""
        if termios is None or self._before is None:
            return
        (descriptor, before), self._before = self._before, None
        try:
            if _ours(descriptor):
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        except (OSError, termios.error):
            pass  # the terminal has gone, and with it what was to be restored


def discard_typed_input() -> None:
    """Drops what was typed and not yet read, as a terminal does at an interrupt unless `KeyboardEcho` is off.

    Whoever types half a command, sees nothing of it and presses Ctrl-C does not want it at the next prompt.
    """
    if termios is None:
        return
    try:
        descriptor = sys.stdin.fileno()
        if _ours(descriptor):
            termios.tcflush(descriptor, termios.TCIFLUSH)
    except (OSError, ValueError, AttributeError, termios.error):
        return  # closed, replaced, gone, or no terminal at all


def _ours(descriptor: int) -> bool:
    """Whether it is a terminal with us in the foreground: to change it from the background would stop the process."""
    return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
