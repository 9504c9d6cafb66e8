"""Keys at random over all screens: `python -m tests.tui.random_keys --keys 10000 --seeds 0 1 2`.

A key is one of those of the screen that is open, or one of those that can be typed anywhere. Nothing may raise, no key
may take longer than a screen needs, and after the lab was left it begins again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from typing import Any

from lab.tui.app import LabApp
from tests.tui.driving import answered_at_once, until

ANYWHERE = ["enter", "escape", "tab", "space", "up", "down", "left", "right", "pagedown", "home", "a", "1", "minus"]
LEAVES = 0.1
"""How often a key that leaves a run is pressed, of the times when it was chosen: else little of it would be seen."""
LONGEST = 20.0
"""Seconds for a key, on a busy machine, until something hangs."""
SIZES = [(80, 24), (120, 40), (60, 20), (40, 12), (200, 60)]


def choose(app: Any, chance: random.Random) -> str:
    """The next key."""
    own = [key for key, each in app.screen.active_bindings.items() if each.enabled and key != "ctrl+q"]
    while True:
        key = chance.choice(own) if own and chance.random() < 0.8 else chance.choice(ANYWHERE)
        binding = app.screen.active_bindings.get(key)
        leaves = binding is not None and binding.binding.action.rpartition(".")[2] in (
            "leave",
            "quit",
            "suspend_process",
        )
        often = LEAVES if type(app.screen).__name__ == "RunScreen" else 1.0
        if not leaves or (chance.random() < often and len(app.screen_stack) > 2):
            return key


async def _press(keys: int, seed: int) -> tuple[list[BaseException], dict[str, int], float]:
    chance, seen, slowest = random.Random(seed), dict[str, int](), 0.0
    app = LabApp()
    async with app.run_test(size=SIZES[0]) as pilot:
        with answered_at_once(pilot):
            await until(pilot, lambda: getattr(app.screen, "_ready", True))
            for number in range(keys):
                if number % 500 == 499:
                    await pilot.resize_terminal(*chance.choice(SIZES))
                name = type(app.screen).__name__
                seen[name] = seen.get(name, 0) + 1
                begun = time.monotonic()
                await asyncio.wait_for(pilot.press(choose(app, chance)), LONGEST)
                slowest = max(slowest, time.monotonic() - begun)
            app.live.stop_all()
    return app.problems, seen, slowest


def pressed(keys: int, seed: int) -> tuple[list[BaseException], dict[str, int], float]:
    """What was raised, how many keys each kind of screen got, and how long the slowest took, in seconds."""
    return asyncio.run(_press(keys, seed))


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LAB_HOME": home, "LAB_CONFIG": f"{home}/settings.yaml"}
        os.chdir(home)
        for seed in options.seeds:
            problems, seen, slowest = pressed(options.keys, seed)
            print(f"seed {seed}: {len(problems)} exceptions, slowest key {slowest:.2f} s, {seen}", flush=True)
            for each in problems[:5]:
                print("  ", repr(each))


if __name__ == "__main__":
    main()
