"""What the screens of a run use of the application they are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.dom import DOMNode

if TYPE_CHECKING:
    from lab.graph.devices import Choice
    from lab.store import Store
    from lab.terminal.style import Style
    from lab.tui.live import LiveSessions


class ChosenSettings(Protocol):
    """Of the settings file: the keys that were chosen, by action."""

    @property
    def keys(self) -> Mapping[str, str]: ...


class AppServices(Protocol):
    """The application, as far as the screens of a run know it; `lab.tui.app.LabApp` is one.

    live:   where a session that has been started is added, so that it is ended with the lab
    device: where runs are trained; None: the CPU
    fps:    how often curves are drawn at most, per second
    style:  with how many colours, which characters and which palette to draw
    """

    live: LiveSessions
    device: Choice | None
    fps: float

    @property
    def settings(self) -> ChosenSettings: ...

    @property
    def store(self) -> Store: ...

    @property
    def style(self) -> Style: ...

    def choose_pace(self, seconds: float | None) -> None:
        """Remember how long the steps of a run take on the screen; None: as fast as it can."""

    def copy(self, text: str, what: str, beyond: str = "") -> None:
        """Put a text on the clipboard, and show it."""


def services(node: DOMNode) -> AppServices:
    """The application that a screen or widget is in."""
    return cast("AppServices", cast("Any", node.app))


def frames_per_second(node: DOMNode) -> float:
    """How often curves are drawn at most: what was asked for, within what a terminal can bear."""
    return min(10.0, max(0.1, float(services(node).fps)))
