import itertools
import signal
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lab.events import Compiling, Failed, Measured, PictureTaken, Started
from lab.pictures import Bars, Histograms, Table
from lab.scenario.show import Show
from lab.terminal import Options, choose, detect, reporter, sentences
from lab.terminal.dashboard import Dashboard
from lab.terminal.dashboard_content import DashboardContent
from lab.terminal.dashboard_layout import arrange, plotted
from lab.terminal.foreground_monitor import ForegroundMonitor
from lab.terminal.live import Live
from lab.terminal.plain import Plain
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.terminal.verdict import verdict
from tests.terminal.emulator import Terminal
from tests.terminal.streams import LOADED, VARIANTS, Screen, capabilities, measured, started, whole_run


def content_of(events, style=None):
    run_state = RunState()
    for event in events:
        run_state.handle(event)
    return DashboardContent(run_state, style or Style(colours=0))


def frame(events, width=80, height=23, style=None):
    return content_of(events, style).frame(width, height, "An idea.")


def text_of(lines):
    return "\n".join(line.plain for line in lines)


@pytest.mark.parametrize("size", [(80, 23), (200, 59), (120, 39), (40, 10), (20, 5), (1, 1)])
@pytest.mark.parametrize("style", [Style(), Style(colours=0), Style(colours=0, unicode=False)])
def test_every_moment_of_a_run_fits_every_window(size, style):
    width, height = size
    events = list(whole_run())
    panels = content_of([], style)
    for position, event in enumerate(events):
        panels.run_state.handle(event)
        if position % 25 == 0 or position == len(events) - 1:
            lines = panels.frame(width, height, "An idea.")
            assert len(lines) <= height
            assert {line.cell_len for line in lines} == {width}


def test_at_80_by_24_three_plots_the_picture_and_all_variants_are_seen():
    text = text_of(frame(list(whole_run())[:-3]))
    for word in (*VARIANTS, "loss", "gradient norm", "dead ReLU units", "decision regions", "stopped at step 100"):
        assert word in text
    assert text.count(" 200 step") - text.count(" 200 steps") == 3


def test_without_a_picture_all_four_plots_are_seen():
    text = text_of(frame([each for each in whole_run() if each.event != "picture"]))
    for word in (*VARIANTS, "loss", "accuracy", "gradient norm", "dead ReLU units"):
        assert word in text


def test_in_a_large_window_the_picture_is_seen_too():
    assert "decision regions" in text_of(frame(whole_run(), 200, 59))


def test_while_kernels_compile_it_is_said_which_and_how_many_are_left():
    text = text_of(frame([started(), Compiling("dense_forward", 4), Compiling("softmax_cross_entropy", 3)]))
    assert "compiling softmax_cross_entropy" in text
    assert "3 kernels left" in text
    assert "once per machine" in text
    long = [
        started(),
        Compiling("softmax_cross_entropy_gradient", 12),
        Compiling("softmax_cross_entropy_gradient", 11, 14.0),
    ]
    assert "once per machine: 11 kernels left, 14 s" in text_of(frame(long))


def test_before_anything_has_happened_there_is_something_to_see():
    assert "Starting" in text_of(frame([]))


def test_many_variants_are_counted_when_they_have_no_room():
    events = [started(), *(measured(f"variant {index}", 0, 0) for index in range(40))]
    assert "more variants" in text_of(frame(events))


def test_metrics_are_plotted_losses_first_and_at_most_four():
    assert plotted(("rate", "dead_relu", "loss", "a", "b", "c")) == ["loss", "dead_relu", "rate", "a"]
    assert plotted(("rate", "dead_relu", "loss", "a", "b", "c"), ["b", "a picture"]) == [
        "b",
        "loss",
        "dead_relu",
        "rate",
    ]


SAMPLES = Table("Samples", ("step", "text"), (("200", f"{'words ' * 11}end"),), name="samples")
GATES = Histograms("Gates", np.array([0.0, 1.0], np.float32), {"lstm1": np.array([3])}, name="gates")


def lesson(first, width, height):
    """The plots of a run whose scenario shows these first, with a picture that is no decisive one, too."""
    taken = [PictureTaken("good", 0, 0, each) for each in (SAMPLES, GATES)]
    other = PictureTaken("good", 0, 90, replace(GATES, title="Other gates", name=""))
    events = [started(), *(each for each in whole_run(picture=False) if each.event == "measured"), *taken, other]
    run_state = RunState()
    for event in events:
        run_state.handle(event)
    return DashboardContent(run_state, Style(colours=0), show=Show(first=list(first))).plots(width, height)


def test_what_decides_the_lesson_comes_first():
    for first in (["dead_relu", "gates"], ["gates", "dead_relu"]):
        titles = [text_of(lesson(first, 80, 20)).find(each) for each in ("dead ReLU units", "Gates of good", "loss")]
        assert -1 not in titles
        assert (titles if first[0] == "dead_relu" else [titles[1], titles[0], titles[2]]) == sorted(titles)
    assert "Other gates" in text_of(lesson(["loss"], 80, 20))  # none of them decides: the newest


@pytest.mark.parametrize(("width", "height"), [(80, 19), (200, 50)])
def test_a_text_that_decides_the_lesson_is_not_cut(width, height):
    lines = lesson(["samples", "dead_relu"], width, height)
    assert lines[0].plain.startswith("Samples of good")
    assert any("words end" in line.plain for line in lines)
    assert len(lines) <= height
    assert "dead ReLU units" in text_of(lines)
    behind = lesson(["dead_relu", "samples"], width, height)
    assert behind[0].plain.startswith("dead ReLU units")
    assert any("words end" in line.plain for line in behind)


def test_beside_a_short_text_there_is_room_for_another_picture():
    assert "Gates of good" in text_of(lesson(["samples", "dead_relu", "gates"], 200, 50))
    assert "Gates of good" not in text_of(lesson(["samples", "dead_relu", "gates"], 80, 20))


def test_a_picture_is_that_of_the_variant_that_matters_most():
    events = [started(), *(PictureTaken(each, 0, 0, GATES) for each in ("good", "hot"))]
    for variants, shown in ((None, "good"), (["hot", "good"], "hot")):
        run_state = RunState()
        for event in events:
            run_state.handle(event)
        content = DashboardContent(run_state, Style(colours=0), show=Show(first=["gates"], variants=variants))
        assert f"Gates of {shown}" in text_of(content.plots(80, 20))


def test_in_a_wide_window_a_picture_stands_beside_that_of_another_variant_on_one_scale():
    run_state = RunState()
    run_state.handle(started())
    for variant, share in (("good", 50.0), ("hot", 100.0), ("leaky", 25.0)):
        run_state.handle(PictureTaken(variant, 0, 0, Bars("Dead", {"relu1": share}, "%", name="dead")))
    content = DashboardContent(run_state, Style(colours=0), show=Show(first=["dead"], variants=["hot", "good"]))
    lines = [line.plain for line in content.plots(200, 50)]
    assert all(len(line) <= 200 for line in lines)
    [head] = [line for line in lines if "hot: Dead" in line]
    assert head.index("hot: Dead") < head.index("good: Dead")
    assert "leaky: Dead" not in "".join(lines)
    [row] = [line for line in lines if line.count("relu1") == 2]
    one, other = (part.count("█") for part in row.split("relu1")[1:])
    assert one == pytest.approx(2 * other, abs=1)
    assert content.plots(200, 50)[lines.index(row)].plain == row
    run_state.handle(PictureTaken("good", 0, 5, Bars("Dead", {"relu1": 100.0}, "%", name="dead")))
    [row] = [line.plain for line in content.plots(200, 50) if line.plain.count("relu1") == 2]
    one, other = (part.count("█") for part in row.split("relu1")[1:])
    assert one == other
    narrow = text_of(content.plots(80, 24))
    assert "Dead of hot" in narrow
    assert "good" not in narrow


def two_metrics(variants):
    """The plots of a run that measures loss and accuracy, which belong in one plot."""
    run_state = RunState()
    run_state.handle(Started("s", "t", variants, (0,), dict.fromkeys(variants, 10), ("loss", "accuracy")))
    for variant, step in itertools.product(variants, range(11)):
        run_state.handle(measured(variant, 0, step, loss=1.0 - step / 20, accuracy=step / 20))
    content = DashboardContent(run_state, Style(colours=0), show=Show(), together=[("loss", "accuracy")])
    return [line.plain for line in content.plots(60, 14)]


def test_metrics_that_belong_in_one_plot_are_drawn_in_one_the_first_faintly():
    lines = two_metrics(("good", "hot"))
    assert lines[0].strip() == "accuracy (faint: loss)"
    assert sum("┤" in line for line in lines) >= 2
    assert "1.0┤" in lines[1]  # where the loss begins, which accuracy never reaches
    letters = [each for line in lines[1:-2] for each in line.split("┤")[-1].split("│")[-1] if each in "ab"]
    assert set(letters) <= {"a", "b"}
    assert any("b" in line for line in lines[5:8])  # they end in the middle, with letters of accuracy
    assert "accuracy (faint" not in "".join(two_metrics(tuple("vwxyz")))  # ten curves cannot be told apart


def test_texts_of_two_variants_stand_under_each_other_where_there_is_room():
    events = [started(), *(PictureTaken(each, 0, 0, SAMPLES) for each in ("good", "hot", "leaky"))]
    content = content_of(events)
    content = DashboardContent(content.run_state, Style(colours=0), show=Show(first=["samples"]))
    both = text_of(content.plots(80, 26))
    assert both.index("Samples of good") < both.index("Samples of hot")
    assert "Samples of leaky" not in both
    assert "Samples of hot" not in text_of(content.plots(80, 15))


def test_a_watched_metric_that_is_never_measured_takes_no_room():
    text = text_of(content_of([started(), measured("good", 0, 0, loss=1.0)]).plots(80, 16))
    assert "loss" in text
    assert "accuracy" not in text


def test_a_curve_that_was_rewound_is_drawn_anew():
    panels = content_of([started((0,)), *(measured("good", 0, step, loss=1.0) for step in (0, 10, 20))])
    before = text_of(panels.plots(80, 12))
    for step in (10, 20):
        panels.run_state.handle(measured("good", 0, step, loss=9.0))
    assert text_of(panels.plots(80, 12)) != before


def test_a_grid_uses_the_window():
    grid = arrange(4, 200, 50)
    assert grid is not None
    assert grid.across * grid.down >= 4
    assert (grid.across, grid.down) == (2, 2)
    assert arrange(1, 20, 3) is None


def shown_by(events, width=80, height=24, size=None):
    """What stands on a terminal after a run, everything drawn by hand."""
    stream = Screen()
    dashboard = Dashboard(stream, capabilities(width, height), Options(fps=10), LOADED)
    for event in events:
        dashboard.handle(event)
    dashboard.close()
    terminal = Terminal(width, height)
    terminal.feed(stream.getvalue())
    return terminal, dashboard


def test_the_last_plots_and_the_verdict_stay_in_the_scrollback():
    terminal, _ = shown_by(whole_run())
    text = terminal.text()
    assert text.count("Dead ReLUs") == 1
    for word in (
        "loss",
        "gradient norm",
        "✓ held",
        "2/2",
        "✗ fell short",
        "1/2",
        "0.4 > 0.2",
        "Which dies?",
        "Answer: hot",
    ):
        assert word in text
    assert text.splitlines()[-1] == "Saved as dead-relu-3: see it again with `lab replay dead-relu-3`."
    assert terminal.cursor_shown


def test_a_run_that_fails_says_so_and_leaves_the_terminal_alone():
    terminal, _ = shown_by([Failed("The device has gone.")])
    assert terminal.text().strip() == "The run failed: The device has gone."


def test_closing_twice_writes_once():
    stream = Screen()
    dashboard = Dashboard(stream, capabilities(), Options(), LOADED)
    for event in whole_run():
        dashboard.handle(event)
    dashboard.close()
    written = len(stream.getvalue())
    dashboard.close()
    dashboard.handle(started())
    assert len(stream.getvalue()) == written


class Rests(threading.Event):
    """The end of a show, for which nobody waits; asked: for how long somebody would have."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def wait(self, timeout=None):
        self.asked.append(timeout)
        return self.is_set()


def test_drawing_takes_a_small_share_of_the_time(monkeypatch):
    took = [0.001, 0.01, 0.2]
    clock = itertools.chain.from_iterable((10.0, 10.0 + each) for each in took)
    monkeypatch.setattr("lab.terminal.live.time", SimpleNamespace(thread_time=lambda: next(clock)))
    dashboard = Dashboard(Screen(), capabilities(200, 60, 1 << 24), Options(fps=10), LOADED)
    rests = dashboard._live._over = Rests()
    for number in range(1, len(took) + 1):
        dashboard.handle(measured("good", 0, number))
        wait_for_frame(dashboard, number)
    while len(rests.asked) < len(took):
        time.sleep(0.001)
    dashboard.close()
    # Ten frames a second at most, and a twenty-fifth of the time.
    assert rests.asked == pytest.approx([0.1, 0.25, 5.0])
    assert dashboard.seconds_drawing == pytest.approx(sum(took))


def test_a_window_that_changes_its_size_is_drawn_anew():
    environment = {"COLUMNS": "80", "LINES": "24"}
    stream = Screen()
    dashboard = Dashboard(
        stream, detect(stream, {"TERM": "xterm", **environment}), Options(), LOADED, environment=environment
    )
    dashboard._run_state.handle(started())
    dashboard.draw()
    terminal = Terminal(100, 24)
    terminal.feed(stream.getvalue())
    environment["COLUMNS"] = "100"
    written = len(stream.getvalue())
    dashboard.draw()
    terminal.feed(stream.getvalue()[written:])
    assert terminal.lines[0].startswith("Dead ReLUs")
    assert terminal.text().count("Dead ReLUs") == 1
    assert max(len(line.rstrip()) for line in terminal.lines) > 90


def test_what_others_write_to_stderr_appears_above(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Screen())
    stream = Screen()
    dashboard = Dashboard(stream, capabilities(), Options(fps=10), LOADED)
    dashboard.handle(started())
    print("The disk is full.", file=sys.stderr)
    dashboard.handle(measured("good", 0, 0))
    before = sys.stderr
    dashboard.close()
    assert sys.stderr is not before
    terminal = Terminal(80, 24)
    terminal.feed(stream.getvalue())
    assert terminal.text().count("The disk is full.") == 1
    assert terminal.text().splitlines()[0] == "The disk is full."


def test_the_verdict_names_claims_seeds_and_evidence_at_any_width():
    run_state = content_of(whole_run()).run_state
    for width in (30, 60, 120):
        lines = verdict(run_state, width, Style(colours=0, unicode=False))
        assert all(line.cell_len <= max(width, 32) for line in lines)
        text = text_of(lines)
        assert "fell short" in text
        assert "1 of 2 claims held" in text
        assert text.isascii()


def test_replays_show_no_speed():
    run_state = content_of(whole_run()).run_state
    assert "steps/s" not in text_of(DashboardContent(run_state, Style(colours=0), paced=False).frame(120, 30))


def test_the_reporter_fits_the_stream():
    screen = detect(Screen(), {"TERM": "xterm"})
    assert choose(capabilities=screen) == "live"
    assert choose(plain=True, capabilities=screen) == "plain"
    assert choose(json=True, capabilities=screen) == "json"
    assert choose(capabilities=detect(Screen(), {"TERM": "dumb"})) == "plain"
    assert isinstance(reporter("plain", stream=Screen()), Plain)
    assert isinstance(reporter("live", stream=Screen(), capabilities=capabilities()), Dashboard)


def test_a_diverged_curve_does_not_spoil_the_axes():
    events = [started((0,)), measured("good", 0, 0, loss=1.0), measured("good", 0, 10, loss=0.5)]
    events.append(Measured("hot", 0, 10, {"loss": np.inf}, diverged="loss is Inf"))
    assert "inf" not in text_of(content_of(events).plots(80, 16)).lower()


def wait_for_frame(dashboard, number):
    deadline = time.monotonic() + 20
    while dashboard.frames < number and time.monotonic() < deadline:
        time.sleep(0.01)
    assert dashboard.frames >= number


def test_after_a_suspension_the_next_frame_begins_where_the_shell_has_left_the_cursor():
    stream = Screen()
    dashboard = Dashboard(stream, capabilities(), Options(fps=10), LOADED)
    dashboard.handle(started())
    wait_for_frame(dashboard, 1)
    stream.write("$ fg\n")
    signal.raise_signal(signal.SIGCONT)
    dashboard.handle(measured("good", 0, 0))
    wait_for_frame(dashboard, 2)
    dashboard.close()
    terminal = Terminal(80, 24)
    terminal.feed(stream.getvalue())
    lines = terminal.text().splitlines()
    assert lines[lines.index("$ fg") - 1].split() == ["0", "200", "step", "0", "200", "step"]  # the first frame, whole
    assert lines[lines.index("$ fg") + 1].startswith("Dead ReLUs")


def test_in_the_background_nothing_is_drawn(monkeypatch):
    stream = Screen()
    ours = []
    monkeypatch.setattr(ForegroundMonitor, "in_foreground", lambda self: bool(ours))
    dashboard = Dashboard(stream, capabilities(), Options(fps=10), LOADED)
    dashboard.handle(started())
    time.sleep(0.1)
    assert stream.getvalue() == ""
    ours.append(True)
    dashboard.handle(measured("good", 0, 0))
    wait_for_frame(dashboard, 1)
    dashboard.close()


def test_on_a_screen_the_end_of_a_run_names_no_command_of_the_shell():
    read = {"read": ("150 examples.",), "predicts": True}
    started = Started("own", "Own", ("base",), (0,), {"base": 10}, ("loss",), run="own-1", **read)
    assert "`" not in sentences.kept(started, screens=True)
    assert "evaluates it" in sentences.kept(started, screens=True)
    assert "`lab predict own-1 FILE`" in sentences.kept(started)
    assert "lab sample" not in sentences.kept(started)
    assert "`lab sample own-1`" in sentences.kept(replace(started, writes=True))
    assert "`" not in sentences.kept(replace(started, writes=True), screens=True)


def test_a_first_frame_that_takes_long_is_soon_followed_by_another(monkeypatch):
    live = Live(Screen(), capabilities(), lambda width, height: [], fps=10)
    took = iter([60.0, 0.0])
    waited = []

    def draw():
        live.frames += 1
        return next(took)

    def wait(seconds):
        waited.append(seconds)
        live._news.set()
        if len(waited) == 2:
            live._over.set()

    monkeypatch.setattr(live, "draw", draw)
    monkeypatch.setattr(live._foreground, "in_foreground", lambda: True)
    monkeypatch.setattr(live._over, "wait", wait)
    live._news.set()
    live._keep_drawing()
    assert waited == [0.1, 0.1]
