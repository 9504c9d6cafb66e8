"""The keys at the bottom: how to leave and how to get help are there at any width."""

from __future__ import annotations

import pytest

from tests.tui.driving import drive, screen_text, until


@pytest.mark.parametrize("width", [40, 60, 80])
def test_help_and_quit_stay(width):
    async def script(app, pilot):
        await until(pilot, lambda: "Help" in screen_text(app).splitlines()[-1])
        await pilot.resize_terminal(width + 7, 20)
        await pilot.resize_terminal(width, 20)
        await until(pilot, lambda: "Help" in screen_text(app).splitlines()[-1])
        last = screen_text(app).splitlines()[-1]
        assert "? Help" in last
        assert "q Quit" in last
        assert len(last) <= width

    drive(script, size=(width, 20))
