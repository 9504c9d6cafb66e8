import io
import math
from dataclasses import replace

import pytest

from lab.events import Compiling, Ended, Failed, Measured
from lab.terminal import reporter
from lab.terminal.output import Output
from lab.terminal.plain import Plain
from lab.terminal.question import question_of
from lab.terminal.sentences import FIRST_START
from tests.terminal.streams import LOADED, VARIANTS, Clock, capabilities, measured, outcomes, started, whole_run


def told(events, unicode=True, question=None, seconds=0.0):
    stream, clock = io.StringIO(), Clock()
    shown = Plain(Output(stream, unicode), question, clock)
    for event in events:
        shown.handle(event)
        clock.now += seconds
    shown.close()
    return stream.getvalue()


def test_a_run_is_told_from_start_to_verdict():
    text = told(whole_run(), question=question_of(LOADED))
    lines = text.splitlines()
    assert lines[0] == "Dead ReLUs"
    assert lines[1] == "3 variants × 2 seeds, 200 steps each, on cpu"
    assert "compiling dense_forward, 2 left" in lines
    assert lines[lines.index("compiling dense_forward, 2 left") - 1] == FIRST_START
    assert "hot, seed 1, stopped at step 100: loss is NaN, first in dense2.weight" in lines
    assert "held        Hot kills. (held on 2 of 2 seeds)" in lines
    assert "FELL SHORT  Leaky lives. (fell short on 1 of 2 seeds)" in lines
    assert lines.index("Answer: hot") == lines.index("Which dies?") + 1
    assert lines[-3:] == [
        "1 of 2 claims held.",
        "It took 4.2 s.",
        "Saved as dead-relu-3: see it again with `lab replay dead-relu-3`.",
    ]


def test_there_are_no_escape_sequences():
    assert "\x1b" not in told(whole_run())


def test_a_short_run_tells_each_variant_once():
    lines = told(whole_run()).splitlines()
    for variant in VARIANTS:
        assert sum(line.startswith(f"{variant} ") and "step" in line for line in lines) == 1


def test_a_long_run_is_told_less_and_less_often():
    events = [started((0,), 100_000), *(measured("good", 0, step) for step in range(0, 100_000, 100))]
    lines = [line for line in told(events, seconds=3.6).splitlines() if line.startswith("good")]
    assert 10 < len(lines) < 60


@pytest.mark.parametrize(("replayed", "left"), [(False, ", 30 s left: "), (True, "10 of 40: ")])
def test_a_long_run_says_how_long_it_still_takes_unless_it_is_a_replay(replayed, left):
    aside, clock = io.StringIO(), iter(range(0, 100, 10))
    shown = Plain(Output(aside), clock=lambda: next(clock), paced=not replayed)
    for event in [started((0,), 40), *(replace(measured("good", 0, step), seconds=float(step)) for step in (0, 10))]:
        shown.handle(event)
    assert left in aside.getvalue()


def test_a_diverged_seed_does_not_hide_the_others():
    lines = told(whole_run()).splitlines()
    (hot,) = (line for line in lines if line.startswith("hot ") and " of 200" in line)
    assert "nan" not in hot
    assert "(mean of 1 seed; 1 diverged)" in hot


def test_changes_of_hyperparameters_are_told():
    event = Measured("good", 0, 40, {"loss": 1.0}, changed={"optimizer.rate": 0.5})
    assert "good, seed 0, step 40: optimizer.rate changed to 0.5" in told([started(), event])


def test_an_interrupted_run_says_how_far_it_came():
    ended = Ended(True, False, 0, 0, 2.0, outcomes((0, 1), 30, "interrupted"))
    assert "Interrupted after 2.0 s and 180 steps." in told([started(), measured("good", 0, 10), ended])


def test_a_failure_is_one_line():
    assert told([Failed("The device has gone.")]) == "The run failed: The device has gone.\n"


def test_nothing_is_told_of_nothing():
    assert told([]) == ""


def test_events_in_a_strange_order_are_no_error():
    events = list(whole_run())
    assert told(reversed(events))
    early = [measured("good", 0, 40), Compiling("relu", 1), started(), measured("good", 0, 20), measured("new", 5, 1)]
    assert "Dead ReLUs" in told(early)


def test_all_nan_is_said_as_nan():
    event = Measured("hot", 0, 0, {"loss": math.nan}, diverged="loss is NaN")
    ended = Ended(False, True, 0, 0, 1.0, ())
    assert "loss nan" in told([started((0,)), event, ended])


def test_an_ascii_locale_gets_ascii():
    text = told(whole_run(), unicode=False)
    assert text.isascii()
    assert "3 variants x 2 seeds" in text


def test_a_reader_that_has_gone_is_noticed():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    shown = reporter("plain", stream=Gone(), capabilities=capabilities())
    shown.handle(started())
    assert shown.broken
    shown.handle(measured("good", 0, 0))
    shown.close()


def test_variants_are_told_in_the_order_of_the_scenario_whichever_ends_first():
    ends = [Measured(variant, 0, 200, {"loss": 0.5}) for variant in ("leaky", "hot", "good")]
    lines = told([started((0,)), *ends, Ended(False, True, 0, 0, 1.0, ())]).splitlines()
    assert [line.split()[0] for line in lines if "step 200" in line] == ["good", "hot", "leaky"]


def test_two_runs_of_the_same_say_the_same_whatever_their_threads_did():
    def output(order, seconds):
        found, aside, clock = io.StringIO(), io.StringIO(), Clock()
        shown = Plain(Output(found), clock=clock, aside=Output(aside))
        shown.handle(started((0, 1, 2)))
        shown.handle(Compiling("relu", 1))
        shown.handle(Compiling("", 0))
        for step in (0, 100, 200):
            for variant, seed in order:
                clock.now += seconds
                broke = "loss is NaN" if (variant, seed, step) in (("hot", 0, 200), ("hot", 1, 100)) else None
                shown.handle(Measured(variant, seed, step, {"loss": 0.1 * seed}, diverged=broke))
        shown.handle(Ended(False, True, 1, 1, seconds, outcomes((0, 1, 2), 200)))
        return found.getvalue(), aside.getvalue()

    replicas = [(variant, seed) for variant in VARIANTS for seed in (0, 1, 2)]
    quick, nothing = output(replicas, 0.01)
    slow, aside = output(replicas[::-1], 3.0)
    assert quick == slow
    assert "good" not in nothing
    assert "1 of 3 seeds done" in aside
    assert "mean" not in aside  # the seeds are not all there yet
    assert "compiling relu, 1 left" in aside
    assert quick.index("hot, seed 0, stopped") < quick.index("hot, seed 1, stopped") < quick.index("leaky ")
