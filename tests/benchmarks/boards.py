"""How well the boards of all lessons use the screen: `python -m tests.benchmarks.boards [LESSON…]`.

Each lesson is run to its end in the full screen. Measured are, at 120 by 40, the share of the characters of board and
verdict that belong neither to a tile nor to the verdict, and the share of the tiles' lines that are empty from edge to
edge; and at 80 by 24 whether the first tile shows what decides the lesson, beside the verdict, without a key.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import statistics
import sys
import tempfile

import numpy as np

from lab.pictures import Picture
from lab.scenario import library, load
from lab.tui.app import LabApp
from lab.tui.run.multiples import Multiples
from lab.tui.run.plot import Plot
from lab.tui.run.screen import RunScreen
from tests.captures import settle
from tests.tui.driving import until


async def measured(slug: str) -> tuple[float, float, bool]:
    """Blank shares at 120 by 40 of board and tiles, and whether the decisive picture is there at 80 by 24."""
    app = LabApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = RunScreen(load(slug), keep=False)
        app.push_screen(screen)
        await until(pilot, lambda: screen.is_attached and screen._ready)
        screen.session.throttle(None)
        await until(pilot, lambda: screen._judged, 900)
        await settle(pilot, screen)
        tiles = [each for each in screen.board.tiles if each.display]
        inside = sum(each.size.width * each.size.height for each in (*tiles, screen.verdict))
        blank = 1 - inside / (screen.middle.size.width * screen.middle.size.height)
        lines = [strip.text.strip() for each in tiles for strip in each._strips]
        await pilot.resize_terminal(80, 24)
        await settle(pilot, screen)
        first = screen.board.tiles[0]
        wanted = screen.tile_data.subjects()[0]
        shown = isinstance(first.content, Plot | Multiples | Picture)
        shown = shown and _same(first.content, screen.tile_data.content(wanted))
        shown = shown and bool(screen.verdict.display) and screen.verdict.region.x > first.region.x
        screen.session.stop()
        app.live.stop_all()
    return blank, sum(not each for each in lines) / max(1, len(lines)), shown


def _same(one: object, other: object) -> bool:
    """Whether two contents show the same: arrays are compared as a whole, fields of data classes one by one."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[each], other[each]) for each in one)
    if dataclasses.is_dataclass(one) and type(one) is type(other):
        return all(_same(getattr(one, each.name), getattr(other, each.name)) for each in dataclasses.fields(one))
    return one == other


def main() -> None:
    """See the module's text."""
    slugs = sys.argv[1:] or [each.slug for each in library()]
    blanks, empty, missing = [], [], []
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LAB_HOME": home, "LAB_CONFIG": f"{home}/settings.yaml"}
        for slug in slugs:
            blank, lines, shown = asyncio.run(measured(slug))
            print(f"{slug:<26} blank {blank:6.1%}   empty lines in tiles {lines:6.1%}   80x24 {shown}", flush=True)
            blanks.append(blank)
            empty.append(lines)
            missing += [] if shown else [slug]
    print(f"blank: median {statistics.median(blanks):.1%}, worst {max(blanks):.1%}")
    print(f"empty lines in tiles: median {statistics.median(empty):.1%}, worst {max(empty):.1%}")
    print(f"decisive picture beside the verdict at 80x24: {len(slugs) - len(missing)} of {len(slugs)} {missing or ''}")


if __name__ == "__main__":
    main()
