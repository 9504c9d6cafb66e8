"""Replaying: the same board from stored events, at any speed and from any point; and the board at three sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.events import Claimed, Ended, Measured, PictureTaken, Started
from lab.outcome import Outcome
from lab.pictures import Histograms, Regions, Units
from lab.store import Store
from lab.terminal.replaying import without_waits
from lab.tui.run.replay import SHOWN_SECONDS, Player, ReplayScreen
from tests.session.scenarios import SMALL
from tests.tui.driving import drive, matches_snapshot, screen_text, shows, until

STEPS, EVERY = 400, 10
METRICS = ("loss", "accuracy", "grad_norm", "dead_relu")


def events():
    """What a run of two variants could have told: one learns, the other diverges half way."""
    yield Started("small", "Small", ("calm", "quick"), (0,), dict.fromkeys(("calm", "quick"), STEPS), METRICS)
    for step in range(0, STEPS + 1, EVERY):
        share = step / STEPS
        values = {"loss": 1.1 - share, "accuracy": 0.3 + 0.7 * share, "grad_norm": 2.0**-step, "dead_relu": 0.125}
        changed = {"optimizer.rate": 0.2} if step == 100 else {}
        yield Measured("calm", 0, step, values, changed=changed)
        if step <= 200:
            values = {**values, "loss": 1.1 + share, "grad_norm": 1.0 + share, "dead_relu": share}
            yield Measured("quick", 0, step, values)
    broken = {"loss": float("nan"), "accuracy": 0.3, "grad_norm": float("nan"), "dead_relu": 0.5}
    yield Measured("quick", 0, 210, broken, diverged="y of dense in dense2 became infinite at step 203.")
    classes = np.add.outer(np.arange(8), np.arange(12)) // 10 % 3
    points = np.array([[-0.5, 0.5], [0.5, -0.5]], np.float32)
    extent = (-1.0, 1.0, -1.0, 1.0)
    regions = Regions("Decision regions", classes, np.ones((8, 12), np.float32), extent, points, np.array([0, 2]))
    yield PictureTaken("calm", 0, STEPS, regions)
    activity, dead = np.linspace(0, 1, 8, dtype=np.float32), np.arange(8) == 0
    yield PictureTaken("calm", 0, STEPS, Units("Units", {"relu1": activity}, {"relu1": dead}))
    counts = {"relu1": np.arange(10, dtype=np.float32)}
    yield PictureTaken("calm", 0, STEPS, Histograms("Activations", np.linspace(0, 1, 11), counts, "activation"))
    yield Claimed("Both learn something.", "last(calm.loss) < first(calm.loss)", True, {0: True}, {0: "0.1 < 1.1"})
    yield Claimed("This cannot be.", "last(calm.accuracy) > 1", False, {0: False}, {0: "1 > 1"})
    outcomes = (Outcome("calm", 0, STEPS, "finished", 0.4), Outcome("quick", 0, 210, "diverged", 0.2))
    yield Ended(False, False, 1, 2, 2.0, outcomes)


@pytest.fixture
def kept():
    with Store.open() as store:
        writer = store.create(
            "small", title="Small", text=SMALL, path="small.yaml", variants=("calm", "quick"), seeds=(0,),
            steps=dict.fromkeys(("calm", "quick"), STEPS),
        )  # fmt: skip
        for event in events():
            writer.write(event)
        writer.close("finished")
        assert writer.name is not None
        return writer.name


def replayed(script, name, *, size=(120, 40), speed=1000.0):
    async def with_screen(app, pilot):
        screen = ReplayScreen(app.store, name, speed)
        app.push_screen(screen)
        await until(pilot, lambda: screen.is_attached and bool(screen.player.events))
        await script(screen, pilot)

    drive(with_screen, size=size)


def test_a_replay_ends_as_the_run_did(kept):
    async def script(screen, pilot):
        await shows(pilot, "✓ held")
        steps, values = screen.run_state.curves["calm", 0, "loss"].arrays()
        assert steps[-1] == STEPS
        assert values[-1] == pytest.approx(0.1)
        assert screen.run_state.replicas["quick", 0].diverged_at == 210
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    replayed(script, kept)


def test_it_is_held_and_jumps(kept):
    async def script(screen, pilot):
        player = screen.player
        # As if the run had taken ten seconds.
        player.times = [10.0 * n / (len(player.events) - 1) for n in range(len(player.events))]
        player.length = player.seconds = 10.0
        await pilot.press("space")
        await shows(pilot, "held")
        await pilot.press("5")
        half = screen.run_state.replicas["calm", 0].step
        assert 50 < half < STEPS
        await pilot.press("s")
        assert screen.run_state.replicas["calm", 0].step > half
        await pilot.press("b", "b")
        assert screen.run_state.replicas["calm", 0].step < half
        await pilot.press("z")
        assert screen.run_state.replicas["calm", 0].step == STEPS
        await pilot.press("0")
        assert screen.run_state.replicas["calm", 0].step < 50
        assert not screen.verdict.display
        await pilot.press("plus")
        assert player.speed == 0.02 or player.speed > 0.01

    replayed(script, kept, speed=0.01)


def test_what_nobody_did_for_minutes_is_not_replayed(kept):
    written = [(0.0, "began"), (1.5, "trained"), (601.5, "went on"), (602.0, "was over")]
    assert list(without_waits(written)) == [(0.0, "began"), (1.5, "trained"), (3.5, "went on"), (4.0, "was over")]

    async def script(screen, pilot):
        assert screen.player.length / screen.player.speed <= SHOWN_SECONDS + 0.01
        assert screen.player.length <= 2.0 * len(screen.player.events)

    replayed(script, kept, speed=None)


times = st.lists(st.floats(0, 100), min_size=1, max_size=30).map(sorted)


@given(times, st.lists(st.tuples(st.booleans(), st.floats(0, 120)), max_size=20), st.floats(0.1, 100))
def test_wherever_it_jumps_the_state_is_what_had_happened_until_there(at, moves, speed):
    player = Player([(seconds, Measured("a", 0, n, {})) for n, seconds in enumerate(at)], speed)
    seen: list[int] = []
    for jumps, amount in moves:
        if jumps:
            anew, taken = player.jump(amount)
            seen = [] if anew else seen
        else:
            taken = player.advance(amount)
        seen += [event.step for event in taken]
        assert seen == [n for n, seconds in enumerate(at) if seconds <= player.seconds and (seen or jumps or amount)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("verdict", [False, True])
def test_the_board_looks_as_it_did(kept, size, verdict):
    async def script(screen, pilot):
        await shows(pilot, "✓ held")
        screen.status.say("")
        if not verdict:
            await pilot.press("v")
        screen.player.length = screen.player.seconds = 2.0
        screen.redraw()
        await pilot.pause()
        screen.redraw()
        await pilot.pause()
        await matches_snapshot(pilot.app, "run-verdict" if verdict else "run")

    replayed(script, kept, size=size)


def test_without_colours_the_letters_tell_the_curves_apart(kept):
    from lab.terminal.capabilities import NO_COLOURS, Capabilities

    async def with_screen(app, pilot):
        app.push_screen(ReplayScreen(app.store, kept, 1000.0))
        await shows(pilot, "✓ held")
        await pilot.press("v")
        await pilot.pause()
        rows = [row for row in screen_text(app).splitlines() if "│" in row]
        assert any("a" in row for row in rows)
        assert any("b" in row for row in rows)

    drive(with_screen, size=(120, 40), capabilities=Capabilities(True, True, 120, 40, NO_COLOURS, True))
