"""What the terminal does by itself with a key, switched off while something is drawn over in place.

An echoed key would break the picture. An interrupt would do so too: the terminal then throws away whatever it has not
shown yet, in the middle of a line, of a colour's sequence or even of a character. A console that is no Unix terminal
does not echo while nobody reads from it, and is left alone.
"""

from __future__ import annotations

import sys

from lab.terminal import tty_attributes


class KeyboardEcho:
    """Switches the echo of stdin off and on again, and with it the loss of output at an interrupt.

    What is typed meanwhile is kept for whoever reads next.
    """

    def __init__(self) -> None:
        self._before: tuple[int, tty_attributes.Attributes] | None = None

    def disable(self) -> None:
        """Nothing typed is shown any more; without effect where stdin is not a terminal of ours to change.

        May be called again when the program was in the background: the shell may have switched the echo on.
        """
        try:
            descriptor = sys.stdin.fileno()
            before = tty_attributes.read(descriptor) if tty_attributes.in_foreground(descriptor) else None
            if before is None:
                return
            self._before = self._before or (descriptor, before)  # first: a signal may come in between
            tty_attributes.write(descriptor, tty_attributes.silent(before))
        except (OSError, ValueError, AttributeError):
            return  # closed, replaced, or gone

    def restore(self) -> None:
        """As it was before. May be called at any time, also twice."""
        if self._before is None:
            return
        (descriptor, before), self._before = self._before, None
        try:
            if tty_attributes.in_foreground(descriptor):
                tty_attributes.write(descriptor, before)
        except OSError:
            pass  # the terminal has gone, and with it what was to be restored


def discard_typed_input() -> None:
    """Drops what was typed and not yet read, as a terminal does at an interrupt unless `KeyboardEcho` is off.

    Whoever types half a command, sees nothing of it and presses Ctrl-C does not want it at the next prompt.
    """
    try:
        descriptor = sys.stdin.fileno()
        if tty_attributes.in_foreground(descriptor):
            tty_attributes.discard_input(descriptor)
    except (OSError, ValueError, AttributeError):
        return  # closed, replaced, gone, or no terminal at all
