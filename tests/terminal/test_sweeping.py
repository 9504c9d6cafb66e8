"""What is shown of a sweep while it goes on."""

from __future__ import annotations

import math
import time

import pytest

from lab.search import Progress, Result, Sweep, parse_axis
from lab.search.pictures import scatters
from lab.terminal.output import Output
from lab.terminal.style import Style
from lab.terminal.sweeping import LiveSweep, PlainSweep
from tests.session.scenarios import small
from tests.terminal.emulator import Terminal
from tests.terminal.streams import Clock, Screen, capabilities

AXES = ("optimizer.rate=log(1e-4,1)", "model.0.dense=int(4,64)", "init=[he, xavier]")


def sweep(**options):
    return Sweep(small(), [parse_axis(each) for each in AXES], **{"trials": 60, "objective": "loss"} | options)


def results(made, number):
    """Trials of which every fifth diverged and the best has the number 2."""
    scores = [math.nan if each.number % 5 == 4 else abs(each.number - 2) / 10 + 0.1 for each in made.trials]
    return [Result(trial, (score,), made.steps) for trial, score in zip(made.trials, scores, strict=True)][:number]


def live(made, style=None, clock=None):
    stream = Screen()
    return LiveSweep(made, stream, capabilities(), style or Style(colours=0), clock=clock or Clock()), stream


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 10), (20, 5), (1, 1)])
@pytest.mark.parametrize("style", [Style(), Style(colours=0), Style(colours=0, unicode=False)])
@pytest.mark.parametrize("number", [0, 1, 2, 45])
def test_every_moment_fits_every_window(size, style, number):
    width, height = size
    made = sweep()
    shown, _ = live(made, style)
    for result in results(made, number):
        shown.notice(result)
    shown.tell(Progress(number, 60, number / 60))
    lines = shown.frame(width, height)
    shown.close()
    assert len(lines) < max(height, 2)
    assert {line.cell_len for line in lines} <= {width}


def test_at_80_by_24_progress_best_and_two_plots_are_seen():
    clock, made = Clock(), sweep()
    shown, _ = live(made, clock=clock)
    shown.tell(Progress(0, 60, 0.0))
    for result in results(made, 30):
        shown.notice(result)
    clock.now += 12
    shown.tell(Progress(30, 60, 0.5))
    lines = [line.plain.rstrip() for line in shown.frame(80, 24)]
    shown.close()
    assert lines[0] == "Sweep of Small: the lowest loss over optimizer.rate, model.0.dense, init, 60 tr…"
    assert lines[1].endswith("30 of 60 trainings, 12 s, about 12 s left")
    assert lines[1].startswith("█")
    assert lines[2].startswith("loss 0.1 with optimizer.rate")
    assert lines[2].endswith("(trial 2)")
    text = "\n".join(lines)
    assert "loss over log10 optimizer.rate" in text
    assert "loss over model.0.dense" in text


def test_time_left_counts_only_what_was_trained_since_it_began():
    clock = Clock()
    shown, _ = live(sweep(), clock=clock)
    shown.tell(Progress(30, 60, 0.5))
    assert "left" not in shown.frame(80, 24)[1].plain
    clock.now += 10
    shown.tell(Progress(36, 60, 0.6))
    assert "about 40 s left" in shown.frame(80, 24)[1].plain
    shown.close()


def test_it_is_drawn_in_place_and_taken_away():
    made = sweep()
    shown, stream = live(made)
    for result in results(made, 10):
        shown.notice(result)
    for _ in range(3000):  # its own thread draws, and no other may at the same time
        if shown._live.frames:
            break
        time.sleep(0.01)
    terminal = Terminal(80, 24)
    terminal.feed(stream.getvalue())
    assert "Sweep of Small" in terminal.text()
    shown.close()
    terminal = Terminal(80, 24)
    terminal.feed(stream.getvalue())
    assert terminal.text().strip() == ""


def test_diverged_trials_are_no_points():
    made = sweep()
    rate, width = scatters(made, sorted(results(made, 60), key=made.rank))
    assert sum(len(points) for points in rate.groups.values()) == 48
    assert rate.groups["best"].tolist() == [
        [pytest.approx(math.log10(made.trials[2].values["optimizer.rate"])), pytest.approx(0.1)]
    ]
    assert width.x_label == "model.0.dense"
    assert scatters(made, results(made, 1)) == []


def test_plain_lines_come_seldom_and_say_what_is_known():
    stream, clock, made = Screen(), Clock(), sweep(method="halving", trials=9)
    shown = PlainSweep(made, Output(stream), clock)
    for number, result in enumerate(results(made, 9)):
        shown.notice(result)
        clock.now += 0.5
        shown.tell(Progress(number + 1, 13, (number + 1) / 13))
    shown.close()
    first, *lines = stream.getvalue().splitlines()
    assert (
        first
        == "Sweep of Small: the lowest loss over optimizer.rate, model.0.dense, init, 9 trials by successive halving"
    )
    assert len(lines) == 2
    assert lines[0].startswith("4 of 13 trainings, 2.0 s, about 6.0 s left; best so far: loss 0.1 with optimizer.rate ")
    assert lines[0].endswith("(trial 2)")
