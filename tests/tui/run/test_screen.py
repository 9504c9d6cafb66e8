"""The run screen, action by action, with real training behind it."""

from __future__ import annotations

import gc
import itertools
import shlex

import pytest
from textual.widgets import Input

from lab.scenario import parse_setting
from lab.scenario.loading import load_text
from lab.store import Store
from lab.tui.run.dialogs import ChooseDialog, FormDialog, QuestionDialog, ReadingDialog
from lab.tui.run.multiples import Multiples
from lab.tui.run.outcome import Outcome
from lab.tui.run.plot import Plot
from lab.tui.run.screen import RunScreen
from lab.tui.run.view_options import TileContent
from tests.session.scenarios import HOT, SMALL, small
from tests.tui.driving import drive, screen_text
from tests.tui.run.driving import ASKED, DESCENT, begun, over, paused, run, shows, until

LONG = {"steps": 5_000_000}


def step(screen, variant="calm"):
    return next(each.experiment.step for each in screen.session.replicas if each.name == variant)


def plots(screen):
    return {
        each.content.title: each.content
        for each in screen.board.tiles
        if each.display and isinstance(each.content, Plot)
    }


def beside(screen):
    return [each.content for each in screen.board.tiles if each.display and isinstance(each.content, Multiples)]


def test_at_the_end_the_verdict_with_evidence_and_the_screen_stays():
    async def script(screen, pilot):
        await over(screen, pilot)
        await shows(pilot, "✓ held")
        text = screen_text(pilot.app)
        assert "✗ fell short" in text
        assert "1 of 2 claims held" in text
        assert "Your guess, “Both”, is right." in text
        assert "Both rates are small." in text
        await pilot.pause(0.3)
        assert not any(word in screen_text(pilot.app).splitlines()[-1] for word in ("Pause", "Skip", "Step"))
        assert pilot.app.screen is screen
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    assert run(script, text=ASKED, guess="Both", steps=60) == Outcome(None, False, True)


def test_the_verdict_can_be_read_to_its_end_without_a_mouse():
    async def script(screen, pilot):
        await over(screen, pilot)
        await shows(pilot, "1 of 2 claims held")
        assert "This cannot be." not in screen_text(pilot.app)
        await pilot.press("down")
        await shows(pilot, "This cannot be.")
        await pilot.press("pageup")
        await shows(pilot, "1 of 2 claims held")

    run(script, text=ASKED, guess="Both", size=(70, 18))


def test_a_wrong_guess_is_told_the_answer():
    async def script(screen, pilot):
        await over(screen, pilot)
        await shows(pilot, "Your guess, “Neither”, is not right.")
        await shows(pilot, "Answer: Both")
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    assert run(script, text=ASKED, guess="Neither").guess_right is False


def test_the_run_is_kept_with_its_verdict_and_weights():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    outcome = run(script, keep=True)
    assert outcome.run_name == "small-1"
    with Store.open() as store:
        assert store.info("small-1").state == "finished"
        assert len(store.claims("small-1")) == 2
        assert ("calm", 0) in store.weights("small-1")


def test_leaving_early_loses_nothing_and_does_not_ask():
    async def script(screen, pilot):
        await begun(screen, pilot)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)
        assert not isinstance(pilot.app.screen, QuestionDialog)
        await shows(pilot, "small-1 is kept")

    assert run(script, keep=True, **LONG) == Outcome("small-1", None, None)
    with Store.open() as store:
        assert store.info("small-1").state == "interrupted"
        assert store.info("small-1").resumable


def test_leaving_asks_where_something_would_be_lost_and_says_what():
    async def script(screen, pilot):
        await begun(screen, pilot)
        await pilot.press("q")
        await shows(pilot, "This run is not kept")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.session.state == "running"
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionDialog))
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen is not screen and not isinstance(pilot.app.screen, QuestionDialog))

    assert run(script, keep=False, **LONG) == Outcome(None, None, None)


def test_a_finished_run_that_is_rewound_stays_and_the_verdict_says_what_was_changed():
    async def script(screen, pilot):
        session = await over(screen, pilot)
        await until(pilot, lambda: screen.record.closed)
        await pilot.press("w")
        await shows(pilot, "small-1 is finished and stays as it was")
        await pilot.press("1")
        await shows(pilot, "follows is kept as small-2")
        await until(pilot, lambda: session.idle)
        assert session.state == "paused"
        assert step(screen) == 0
        session.change("optimizer.rate", 0.2, "calm")
        await pilot.press("space")
        await over(screen, pilot)
        await shows(pilot, "optimizer.rate of calm to 0.2 at step")
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    assert run(script, keep=True) == Outcome("small-1", None, None)  # 400 steps instead of 60 are not what was claimed
    with Store.open() as store:
        assert [(each.name, each.origin, each.state) for each in store.runs()] == [
            ("small-2", "small-1", "finished"),
            ("small-1", "", "finished"),
        ]
        curves = store.curves("small-1")["calm", 0]["loss"], store.curves("small-2")["calm", 0]["loss"]
        assert (curves[0][1][1:] != curves[1][1][1:]).all()


def test_an_interrupted_run_is_taken_up_where_it_was():
    async def leave(screen, pilot):
        await begun(screen, pilot)
        await until(pilot, lambda: step(screen) > 200)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is not screen)

    run(leave, keep=True, **LONG)

    async def go_on(screen, pilot):
        session = await begun(screen, pilot)
        assert step(screen) > 200
        steps, _ = session.history.curve("calm", 0, "loss")
        assert steps[0] == 0
        assert screen.run_state.curves["calm", 0, "loss"].arrays()[0][0] == 0

    run(go_on, resume="small-1", keep=True, **LONG)


def test_a_step_explained_after_the_end_does_not_promise_that_anything_goes_on():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReadingDialog))
        await pilot.press("escape")
        await shows(pilot, "Nothing is left to train; this would be the next step.")

    run(script)


def test_of_a_formula_nothing_can_be_changed_and_its_gates_are_not_those_of_an_lstm():
    text = "title: F\ntask: gates\noptions: {expression: f = x * y, inputs: {x: 1, y: 2}}\nwatch: [value]\n"

    async def script(screen, pilot):
        await until(pilot, lambda: screen._judged and bool(screen.run_state.pictures))
        await pilot.press("plus")
        await shows(pilot, "no number that could be changed")
        told = {str(name): str(meaning) for name, meaning in screen.help_entries()}
        assert told["Gates"].startswith("The formula as a circuit")

    run(script, text=text, steps=None)


def test_pause_step_and_undo():
    async def script(screen, pilot):
        await paused(screen, pilot)
        before = step(screen)
        await pilot.press("s")
        await until(pilot, lambda: step(screen) == before + 1)
        await shows(pilot, "paused")
        await pilot.press("u")
        await until(pilot, lambda: step(screen) == before)
        await pilot.press("space")
        await until(pilot, lambda: step(screen) > before + 10)
        await pilot.press("space")
        await until(pilot, lambda: screen.session.state == "paused")

    run(script, **LONG)


def test_a_setting_goes_up_is_marked_on_the_curves_and_is_taken_back():
    async def script(screen, pilot):
        session = await begun(screen, pilot)
        await pilot.press("plus", "plus")
        assert session.settings("calm")["optimizer.rate"] == pytest.approx(0.5)
        await until(pilot, lambda: any(mark.kind == "changed" for mark in plots(screen)["loss"].marks))
        await until(pilot, lambda: "▲" in screen_text(pilot.app))
        await shows(pilot, "rate 0.5")
        await pilot.press("u")
        await until(pilot, lambda: session.settings("calm")["optimizer.rate"] == pytest.approx(0.2))
        await pilot.press("t")
        await until(pilot, lambda: "momentum 0.9  rate 0.2" in screen_text(pilot.app).splitlines()[0])
        await pilot.press("minus")
        await until(pilot, lambda: session.settings("calm")["optimizer.momentum"] == pytest.approx(0.8))
        assert session.settings("quick")["optimizer.momentum"] == pytest.approx(0.9)
        await pilot.press("A", "minus")
        assert session.settings("quick")["optimizer.momentum"] == pytest.approx(0.8)

    run(script, **LONG)


def test_a_value_is_typed_and_a_wrong_one_is_said_in_place():
    async def script(screen, pilot):
        session = await begun(screen, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog))
        field = pilot.app.screen.query_one(Input)
        field.value = "quick"
        await pilot.press("enter")
        await shows(pilot, "is not a number")
        field.value = "0.125"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert session.settings("calm")["optimizer.rate"] == pytest.approx(0.125)

    run(script, **LONG)


def test_rewinding_asks_and_begins_with_the_same_weights():
    async def script(screen, pilot):
        session = await over(screen, pilot)
        before = session.history.curve("calm", 0, "loss")[1]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionDialog))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionDialog))
        await pilot.press("1")
        await shows(pilot, "is back at its first weights")
        await until(pilot, lambda: session.idle)
        assert session.state == "paused"
        assert step(screen) == 0
        await pilot.press("space")
        await until(pilot, lambda: session.finished)
        assert (session.history.curve("calm", 0, "loss")[1] == before).all()

    run(script)


def test_the_cursor_reads_all_plots_and_a_branch_begins_there():
    async def script(screen, pilot):
        session = await over(screen, pilot)
        await pilot.press("left", "left")
        await shows(pilot, "at step 392")
        assert {plot.cursor for plot in plots(screen).values()} == {392.0}
        await until(pilot, lambda: screen.tile_data.past is not None)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog))
        _, changes = pilot.app.screen.query(Input)
        changes.value = "optimizer.rat=2"
        await pilot.press("enter")
        await shows(pilot, "did you mean optimizer.rate")
        changes.value = "optimizer.rate=2"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: ("calm_2", 0, "loss") in screen.run_state.curves)
        await over(screen, pilot)
        steps, _ = session.history.curve("calm_2", 0, "loss")
        assert steps[0] == 392
        await pilot.press("u")
        await until(pilot, lambda: "calm_2" not in screen.run_state.variants)
        await pilot.press("escape")
        assert screen.view.cursor is None

    run(script)


def test_a_variant_is_added_and_appears_in_every_plot():
    async def script(screen, pilot):
        await begun(screen, pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog))
        name, overrides = pilot.app.screen.query(Input)
        name.value, overrides.value = "curved", "model.1=tanj"
        await pilot.press("enter")
        await shows(pilot, "did you mean tanh")
        overrides.value = "model.1=tanh"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: any(line.name == "curved" for line in plots(screen)["loss"].lines))

    run(script, **LONG)


def test_the_next_step_is_explained_and_taken():
    async def script(screen, pilot):
        await paused(screen, pilot)
        before = step(screen)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReadingDialog))
        await shows(pilot, f"Step {before + 1:,} uses 10 of")
        await shows(pilot, "y = x weight + bias")
        assert step(screen) == before
        await pilot.press("s")
        await until(pilot, lambda: step(screen) == before + 1)
        await shows(pilot, f"Step {before + 2:,} uses 10 of")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)

    run(script, **LONG)


def test_what_has_no_training_step_says_so_and_goes_on():
    async def script(screen, pilot):
        await begun(screen, pilot)
        await pilot.press("e")
        await shows(pilot, "Only training steps of a network can be explained; this experiment has none.")
        assert screen.session.state == "running"

    run(script, text=DESCENT, **LONG)


def test_a_copied_line_and_file_repeat_the_run_and_say_what_they_leave_out():
    async def script(screen, pilot):
        session = await over(screen, pilot)
        await pilot.press("y")
        assert "--steps 400" in pilot.app.clipboard
        assert "Not in it" not in screen_text(pilot.app)
        await pilot.press("escape")
        screen.controls.add("calm", "curved", "model.1=tanh")
        screen.controls.branch("calm", "calm_2", 0, "optimizer.rate=2")
        await until(pilot, lambda: {("curved", 0, "loss"), ("calm_2", 0, "loss")} <= set(screen.run_state.curves))
        screen.controls.set("optimizer.rate", 0.5, "quick")
        await until(pilot, lambda: session.settings("quick")["optimizer.rate"] == 0.5)
        await pilot.press("y")
        await shows(pilot, "Not in it: the branch calm_2 and 1 change of settings while it ran.")
        command, run_word, _, *options = shlex.split(pilot.app.clipboard)
        assert (command, run_word) == ("lab", "run")
        overrides = dict(parse_setting(value) for option, value in itertools.pairwise(options) if option == "--set")
        repeated = load_text(SMALL, screen.loaded.path, overrides)
        assert [each.name for each in repeated.variants] == ["calm", "quick", "curved"]
        assert repeated.variants[2].scenario.model[1] == screen.session.variants[2].scenario.model[1]
        await pilot.press("escape", "Y")
        await shows(pilot, "Not in it: the options --steps 400, the branch calm_2 and 1 change of settings")
        written = load_text(pilot.app.clipboard, screen.loaded.path)
        assert [each.scenario for each in written.variants] == [each.scenario for each in repeated.variants]

    run(script)


def test_the_selected_plot_says_which_key_enlarges_it():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v")
        await shows(pilot, "enter: enlarge")
        await pilot.press("enter")
        await shows(pilot, "enter: all plots")
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "enter: all plots")
        await pilot.press("escape", "tab")
        await shows(pilot, "▸Decision regions")

    run(script)


def test_that_there_are_more_plots_than_have_room_is_said_with_the_key_for_them():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v")
        await shows(pilot, "page 1 of 4 (])")
        before = list(plots(screen))
        await pilot.press("right_square_bracket")
        await shows(pilot, "page 2 of 4 (])")
        assert not set(before) & set(plots(screen))
        await pilot.resize_terminal(200, 60)
        await shows(pilot, "of 2 (])")

    run(script, size=(100, 24))


def test_nothing_branches_off_at_the_last_step_but_before_it():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("b")
        await shows(pilot, "Step 400 is the last one: move the cursor back (left), and b branches off there.")
        await pilot.press("left", "b")
        await shows(pilot, "Branch off")

    run(script)


def test_a_pace_is_shown_kept_remembered_and_skipped():
    async def script(screen, pilot):
        await until(pilot, lambda: bool(screen.session.settings("quick")))
        await shows(pilot, "in 1 h 00 min")
        await shows(pilot, "57 min 00 s left")  # the first of 400 steps takes the longest, 3 min
        await pilot.press("greater_than_sign")
        await shows(pilot, "in 15 min 00 s")
        assert pilot.app.progress.pace == 900.0
        assert pilot.app.pace == 900.0
        assert not screen.session.finished
        await pilot.press("z")
        await over(screen, pilot)
        assert pilot.app.progress.pace == 900.0
        await pilot.press("greater_than_sign")
        assert pilot.app.pace is None

    run(script, pace=3600.0)


def test_what_is_noticed_stands_below_the_plots_on_the_curves_and_in_a_log():
    async def script(screen, pilot):
        await over(screen, pilot)
        noticed = [each for each in screen.run_state.noticed if each.variant == "quick"]
        assert {"dead_units", "gradients"} <= {each.detector for each in noticed}
        await pilot.press("v")
        await until(pilot, lambda: "dead_relu" in plots(screen))
        marks = plots(screen)["dead_relu"].marks
        assert [each.number for each in marks if each.kind == "noticed"]
        await until(pilot, lambda: "◆" in screen_text(pilot.app))
        await pilot.press("j")
        await until(pilot, lambda: all(f"step {each.step}: " in screen_text(pilot.app) for each in noticed))
        await shows(pilot, "units of relu1 are dead")
        await pilot.press("j")
        await until(pilot, lambda: "Noticed" not in screen_text(pilot.app))
        screen.session.rewind()
        await until(pilot, lambda: screen.session.finished)

    run(script, text=SMALL.replace("optimizer.rate: 0.3", "optimizer.rate: 30"))


def test_divergence_ends_the_curve_with_a_cross_and_a_sentence():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v")
        await until(pilot, lambda: "became" in screen_text(pilot.app))
        assert "✗" in screen_text(pilot.app)
        assert any(mark.kind == "diverged" for mark in plots(screen)["loss"].marks)

    run(script, text=HOT)


def test_plots_are_chosen_enlarged_by_layer_smoothed_and_logarithmic():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v", "enter")
        assert list(plots(screen)) == ["loss"]
        was = plots(screen)["loss"].log
        await pilot.press("l")
        assert plots(screen)["loss"].log is not was
        await pilot.press("m")
        assert "smoothed" in plots(screen)["loss"].note
        await pilot.press("enter", "tab", "tab", "tab")
        assert screen.selected().name == "grad_norm"
        await pilot.press("g")
        (by_layer,) = [each for each in beside(screen) if each.title.startswith("gradient norm: 1 dense1, 2 dense2")]
        assert [each.variants for each in by_layer.cells] == [((0, "calm"),), ((1, "quick"),)]
        assert [[line.name for line in each.content.lines] for each in by_layer.cells] == [["dense1", "dense2"]] * 2
        assert len({each.content.y_range for each in by_layer.cells}) == 1
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseDialog))
        await pilot.press("space", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "loss" not in plots(screen)
        await pilot.press("i")
        low, high = screen.view.window
        assert high - low == 200
        await pilot.press("comma", "full_stop", "o")
        assert screen.view.window is None

    run(script)


def test_variants_are_hidden_and_looked_at():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseDialog))
        await pilot.press("space", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert [line.name for line in plots(screen)["loss"].lines] == ["quick"]
        await pilot.press("n")
        assert screen.tile_data.variant == "quick"
        regions = TileContent("picture", "Decision regions")
        await until(pilot, lambda: isinstance(screen.tile_data.content(regions), Multiples))
        assert [each.variants for each in screen.tile_data.content(regions).cells] == [((1, "quick"),)]

    run(script)


def test_seeds_are_a_mean_with_a_band_or_one_alone():
    async def script(screen, pilot):
        await over(screen, pilot)
        assert plots(screen)["loss"].lines[0].band is not None
        await pilot.press("N")
        assert plots(screen)["loss"].lines[0].band is None
        await shows(pilot, "seed 0")

    run(script, seeds=(0, 1, 2))


def test_many_resizes_while_training():
    async def script(screen, pilot):
        await begun(screen, pilot)
        for number in range(16):
            width, height = (40 + 37 * number % 170, 12 + 11 * number % 50)
            await pilot.resize_terminal(width, height)
            lines = screen_text(pilot.app).splitlines()
            assert len(lines) <= height
            assert all(len(line) <= width for line in lines)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "loss" in plots(screen))
        assert screen.session.state == "running"
        assert step(screen) > 0

    run(script, **LONG)


def test_a_resize_lays_out_only_what_is_seen_and_what_is_below_when_it_is_back():
    async def script(screen, pilot):
        below = pilot.app.screen_stack[-2].query_one("#page")
        before = below.size
        await over(screen, pilot)
        await pilot.resize_terminal(61, 33)
        assert screen.board.size.width == 61
        assert below.size == before
        await pilot.press("q")
        await until(pilot, lambda: below.outer_size.width == 61)

    run(script)


def test_while_something_trains_no_key_waits_for_the_garbage_of_everything_that_was_imported():
    async def script(screen, pilot):
        await until(pilot, lambda: gc.get_freeze_count() > 0)
        pilot.app.pop_screen()
        await until(pilot, lambda: not screen.is_attached)
        assert gc.get_freeze_count() == 0

    run(script, **LONG)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_each_size_shows_variants_curves_a_picture_and_the_keys(size):
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v")
        for wanted in ("a calm", "b quick", "loss", "accuracy", "Decision regions", "Explain", "Leave", "Help"):
            await shows(pilot, wanted)
        if size == (80, 24):
            await pilot.press("right_square_bracket")
        await shows(pilot, "gradient norm")

    run(script, size=size)


def test_what_cannot_begin_is_one_message_and_the_way_back():
    given = []

    async def script(app, pilot):
        screen = RunScreen(small(), resume="nothing-7")
        app.push_screen(screen, given.append)
        await until(pilot, lambda: bool(given))
        await shows(pilot, "nothing-7")

    drive(script)
    assert given == [Outcome(None, None, None)]


def test_mouse_reads_and_zooms():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v")
        await pilot.pause()
        await pilot.click(screen.board.tiles[0], offset=(30, 5))
        assert screen.view.cursor is not None
        assert 0 < screen.view.cursor < 400

    run(script)


def test_the_selected_plot_and_picture_are_defined():
    async def script(screen, pilot):
        await over(screen, pilot)
        await pilot.press("v", "d")
        await until(pilot, lambda: "loss: a metric" in screen_text(pilot.app))
        assert "mean loss over the evaluation sample" in screen_text(pilot.app)
        await pilot.press("escape")
        pictures = [each for each in screen.shown()[0] if each.kind == "picture"]
        while screen.selected() != pictures[0]:
            await pilot.press("tab")
        await pilot.press("d")
        await until(pilot, lambda: ": a picture" in screen_text(pilot.app))
        await pilot.press("d")
        assert pilot.app.screen is screen

    run(script)


def test_the_lesson_stands_beside_plots_that_can_be_read_and_the_keys_stay():
    pages = "lesson: |\n" + "".join(f"  Line {n} of the lesson.\n\n" for n in range(30))

    async def script(screen, pilot):
        await over(screen, pilot)
        wide = screen.board.size.width
        await pilot.press("r")
        await until(pilot, lambda: screen.verdict.away)
        await until(pilot, lambda: screen.board.size.width > 38)
        await shows(pilot, "down reads on, r closes the lesson.")
        await shows(pilot, "q Leave ? Help")
        assert "Line 0 of the lesson." in screen_text(pilot.app)
        await pilot.press("down")
        await shows(pilot, "Line 12 of the lesson.")
        assert "Line 0 of the lesson." not in screen_text(pilot.app)
        await pilot.press("r")
        await until(pilot, lambda: screen.board.size.width == wide)
        await shows(pilot, "1 of 2 claims held.")
        assert "closes the lesson" not in screen_text(pilot.app)

    run(script, size=(80, 24), text=SMALL + pages, steps=40)
