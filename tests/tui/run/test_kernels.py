"""The kernels screen: every row of the plan, measured, with the source behind it."""

from __future__ import annotations

from textual.widgets import DataTable

from kernels.relu import relu
from lab.graph.catalogue import rules_of, shapes, source
from lab.graph.limits import Limits
from lab.tui.kernels.screen import KernelsScreen
from tests.session.scenarios import small
from tests.tasks.test_training import experiment
from tests.tui.driving import drive, shows, until


def test_a_kernel_is_shown_with_its_source_and_its_gradient_rule():
    assert "y = max(x, 0)" in source(relu)
    assert source(relu).startswith("@kernel")
    assert "kernels.relu_gradient" in rules_of(relu)["relu"]

    async def script(app, pilot):
        screen = KernelsScreen(small())
        app.push_screen(screen)
        await until(pilot, lambda: screen.measured is not None)
        table = screen.query_one(DataTable)
        names = [str(table.get_cell_at((row, 2))) for row in range(table.row_count)]
        table.move_cursor(row=names.index("relu_gradient"))
        await shows(pilot, "The gradient rule of relu_gradient")
        assert list(rules_of(screen._rows[table.cursor_row].row.kernel)) == ["relu_gradient", "relu"]
        table.move_cursor(row=names.index("choose_batch"))
        await shows(pilot, "No gradient passes through it")

    drive(script, size=(120, 60))


def test_operands_are_named_with_their_shapes():
    plan = experiment().layout.plans["step"]
    row = next(each for each in plan.rows if each.kernel.name == "dense")
    told = shapes(row)
    assert told.startswith("x[")
    assert "→ y[" in told


def test_the_nearer_of_the_two_limits_counts():
    limits = Limits(100e9, ((1 << 15, 400e9), (1 << 26, 20e9)))
    assert limits.share(1e9, 1 << 10, 0.02) == 0.5
    assert limits.share(0, 1 << 26, (1 << 26) / 10e9) == 0.5


def test_all_rows_are_measured_sorted_and_explained(monkeypatch):
    monkeypatch.setattr("lab.tui.kernels.measuring.limits", lambda: Limits(100e9, ((1 << 15, 400e9),)))

    async def script(app, pilot):
        screen = KernelsScreen(small())
        app.push_screen(screen)
        await until(pilot, lambda: screen.measured is not None)
        table = screen.query_one(DataTable)
        plan = experiment().layout.plans
        assert table.row_count > 5
        await shows(pilot, "100 GFLOP/s; 400 (32 KiB) GB/s.")
        await shows(pilot, "kernels/batches.py")
        await pilot.press("s")
        times = [float(str(table.get_cell_at((row, 3))).replace(",", "")) for row in range(table.row_count)]
        assert times == sorted(times, reverse=True)
        await pilot.press("p")
        assert screen._program != "step"
        assert set(plan) >= {"step", "measure"}
        await pilot.press("q")
        await until(pilot, lambda: app.screen is not screen)

    drive(script, size=(120, 40))
