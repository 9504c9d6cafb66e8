"""Bytes from the keyboard that are no UTF-8, as some terminals send for Alt with a key, or for é: they are dropped."""

from __future__ import annotations

import codecs
import functools
from typing import Any


def drop_bytes_of_other_encodings() -> None:
    """Textual decodes strictly: one such byte would end the thread that reads the keyboard, and with it the lab."""
    try:
        from textual.drivers import linux_driver
    except ImportError:
        return  # on Windows, where characters come from the console and not as bytes
    linux_driver.getincrementaldecoder = _forgiving


def _forgiving(encoding: str) -> Any:
    return functools.partial(codecs.getincrementaldecoder(encoding), errors="ignore")
