"""The way into the lab and out of it: whatever happens, the terminal is left as it was and sessions are ended."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput
from lab.terminal import tty_attributes
from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS, detect

if TYPE_CHECKING:
    from lab.graph.devices import Choice

PATIENCE = 8.0
"""Seconds for sessions to end cleanly after a signal."""
LAST_MOMENT = 4.0
"""Seconds after that for the screen to close; a terminal that has gone may hold it for ever."""

_SYSTEMS = {NO_COLOURS: "standard", SIXTEEN_COLOURS: "standard", PALETTE_COLOURS: "256", TRUE_COLOURS: "truecolor"}
_MODES_OFF = (1000, 1003, 1015, 1006, 2004, 2048, 1004)  # mouse, pasting, size and focus reports
_RESTORE = "".join(f"\x1b[?{mode}l" for mode in _MODES_OFF) + "\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"


def open_lab(
    target: str | None = None, *, mouse: bool = True, fps: float | None = None, device: Choice | None = None
) -> int:
    """Opens the lab on this terminal and returns the exit code when it is left.

    target: a slug, a file, a folder of scenarios, or None
    device: where runs are trained; by default the CPU
    Raises BadInput if the target is not there, or the terminal cannot be drawn on.
    """
    terminal = sys.__stderr__  # where Textual draws
    if terminal is None or not (sys.stdin.isatty() and terminal.isatty()):
        raise BadInput("The lab needs a terminal; `lab run SCENARIO` also works without one.")
    capabilities = detect(terminal)
    if not capabilities.live:
        raise BadInput("This terminal cannot be drawn on (TERM is dumb or not set); `lab run SCENARIO` works there.")
    # Read by Textual when it is imported; by itself it knows fewer terminals than the lab does.
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", _SYSTEMS[capabilities.colours])
    from lab.tui import settings
    from lab.tui.app import LabApp
    from lab.tui.explore.lessons import find_target

    chosen, complaint = settings.read()
    app = LabApp(
        find_target(target, chosen.folder),
        settings=chosen,
        capabilities=capabilities,
        complaint=complaint,
        fps=fps,
        device=device,
        tour=target is None,
    )
    before = tty_attributes.read(sys.stdin.fileno())
    left = threading.Event()
    app.end_with(lambda code: _end_soon(app, code, left, before))
    try:
        app.run(mouse=mouse and chosen.mouse)
    finally:
        app.live.stop_all()
        left.set()
    if app.failure is not None:
        raise app.failure
    if app.live.interrupted:
        print("The run that was going on is kept: `lab resume` goes on with it.")
    return app.return_code or 0


def _end_soon(app: Any, code: int, left: threading.Event, attributes: tty_attributes.Attributes | None) -> None:
    """Sees to it, beside the screens, that a signal ends the process, and that it ends the sessions first."""

    def end() -> None:
        try:
            app.live.stop_all(PATIENCE)
        finally:
            if not left.wait(LAST_MOMENT):
                _restore(attributes)
                os._exit(code)

    threading.Thread(target=end, name="ending", daemon=True).start()


def _restore(attributes: tty_attributes.Attributes | None) -> None:
    """Puts the terminal back by hand, as far as there still is one."""
    try:
        tty_attributes.write(sys.stdin.fileno(), attributes, at_once=True)
        os.write(2, _RESTORE.encode())
    except OSError:
        pass  # a connection that is lost has no terminal to restore
