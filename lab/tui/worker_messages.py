"""From a worker's thread to the screen that started it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen
from textual.worker import get_current_worker


def tell(screen: Screen[Any], function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in the interface's own thread, unless by then the screen, or the lab, is being closed: what the
    function would speak to is gone before the worker hears of it."""

    def told() -> None:
        if screen.app.is_running and screen in screen.app.screen_stack:
            function(*arguments)

    if not get_current_worker().is_cancelled:
        screen.app.call_from_thread(told)
