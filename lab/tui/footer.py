"""The line of keys at the bottom: as many as fit, among them always how to leave and how to get help."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_ALWAYS = ("leave", "back", "explain", "take")
"""Actions whose keys are shown however narrow the screen is; Ctrl-P's menu has all others."""


class KeysThatFit(Footer):
    """Textual's footer, without the keys that would be cut off at its end."""

    def compose(self) -> ComposeResult:
        keys = list(super().compose())
        room = (self.size.width or self.app.size.width) - sum(self._width(each) for each in keys if _always(each))
        for each in keys:
            if not _always(each):
                room -= self._width(each)
                if room < 0:
                    room = -1  # those that follow are less important, even if they are shorter
                    continue
            yield each

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self.recompose)

    def _width(self, key: Widget) -> int:
        if not isinstance(key, FooterKey):
            return 0
        around = 2 if self.compact else 4
        return cell_len(key.key_display) + cell_len(key.description) + around


def _always(key: Widget) -> bool:
    return isinstance(key, FooterKey) and key.action.rpartition(".")[2].partition("(")[0] in _ALWAYS
