"""The line of keys at the bottom: as many as fit, among them always how to leave and how to get help.

It is one widget that writes one line. Textual's own footer has a widget for each key, whose styles are looked up
whenever a key appears or goes: a fifth of the work of a screen.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget

_ALWAYS = ("leave", "back", "explain", "take")
"""Actions whose keys are shown however narrow the screen is; Ctrl-P's menu has all others."""


@dataclass(frozen=True, slots=True)
class _Key:
    """One key: which, how it is called, what it does in a word, and whether it does it now."""

    key: str
    shown: str
    description: str
    action: str
    enabled: bool

    @property
    def stays(self) -> bool:
        """Whether it is shown at any width."""
        return self.action.rpartition(".")[2].partition("(")[0] in _ALWAYS


class KeysThatFit(Widget, can_focus=False):
    """The keys of the screen, and of what has the focus in it, in their order.

    compact: with less room around them
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"footer--key", "footer--description"}
    DEFAULT_CSS = """
    KeysThatFit {
        dock: bottom;
        height: 1;
        text-wrap: nowrap;
        color: $footer-foreground;
        background: $footer-background;
        .footer--key {
            color: $footer-key-foreground;
            background: $footer-key-background;
            text-style: bold;
        }
        .footer--description {
            color: $footer-description-foreground;
            background: $footer-description-background;
        }
        &:nocolor .footer--key { text-style: bold reverse; }
        &:ansi .footer--key { text-style: bold; }
    }
    """

    def __init__(self, compact: bool = False) -> None:
        super().__init__()
        self._compact = compact
        self._places: list[tuple[int, _Key]] = []  # where each key ends

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and self.app.app_focus:
            self.refresh()

    def render(self) -> Text:
        """One line, in the colours of the theme."""
        line = Text(no_wrap=True)
        key_style = self.get_component_rich_style("footer--key")
        description_style = self.get_component_rich_style("footer--description")
        self._places = []
        for each in self._fitting():
            shown = each.shown if self._compact else f" {each.shown} "
            told = f" {each.description} " if self._compact else f"{each.description} "
            start = len(line)
            line.append(shown, key_style).append(told, description_style)
            if not each.enabled:
                line.stylize("dim", start)
            self._places.append((line.cell_len, each))
        return line

    def on_click(self, event: events.Click) -> None:
        """Press the key that is pointed at."""
        for end, each in self._places:
            if event.x < end:
                if each.enabled:
                    self.app.simulate_key(each.key)
                else:
                    self.app.bell()
                return

    def _keys(self) -> list[_Key]:
        """Those that are to be shown, each action once."""
        found: dict[str, _Key] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and binding.action not in found:
                shown = self.app.get_key_display(binding)
                found[binding.action] = _Key(binding.key, shown, binding.description, binding.action, enabled)
        return list(found.values())

    def _fitting(self) -> list[_Key]:
        keys = self._keys()
        room = (self.size.width or self.app.size.width) - sum(self._width(each) for each in keys if each.stays)
        fitting = []
        for each in keys:
            if not each.stays:
                room -= self._width(each)
                if room < 0:
                    room = -1  # those that follow are less important, even if they are shorter
                    continue
            fitting.append(each)
        return fitting

    def _width(self, key: _Key) -> int:
        return cell_len(key.shown) + cell_len(key.description) + (2 if self._compact else 3)
