"""From a worker's thread to the screen that started it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen
from textual.worker import NoActiveWorker, get_current_worker


def tell(screen: Screen[Any], function: Callable[..., object], *arguments: Any) -> None:
    """Call a function in the interface's own thread, unless by then the screen, or the lab, is being closed: what the
    function would speak to is gone before the worker hears of it. Returns when the function has returned."""

    def told() -> None:
        if screen.app.is_running and screen in screen.app.screen_stack:
            function(*arguments)

    if screen.app.is_running and not _is_cancelled():
        screen.app.call_from_thread(told)


def _is_cancelled() -> bool:
    """Whether this thread is a worker whose screen has been left; a thread that a worker has begun is none."""
    try:
        return get_current_worker().is_cancelled
    except NoActiveWorker:
        return False
