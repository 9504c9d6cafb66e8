import math

import numpy as np
import pytest

from lab.events import Claimed, Compiling, Ended, Measured, PictureTaken, Started
from lab.outcome import Outcome
from lab.pictures import Images
from lab.terminal.run_state import RunState
from tests.terminal.streams import VARIANTS, measured, started, whole_run


def state_of(events, keep=None):
    run_state = RunState(keep)
    for event in events:
        run_state.handle(event)
    return run_state


def test_curves_come_from_the_events():
    run_state = state_of(whole_run())
    steps, values = run_state.curves["good", 0, "loss"].arrays()
    assert steps.tolist() == list(range(0, 201, 10))
    assert values[1] == pytest.approx(1 / 11)


def test_only_the_curves_asked_for_are_kept():
    run_state = state_of(
        [measured("good", 0, 0, **{"loss": 1.0, "grad_norm.dense1": 2.0})], keep=lambda name: "." not in name
    )
    assert {metric for _, _, metric in run_state.curves} == {"loss"}


def test_progress_counts_all_seeds():
    run_state = state_of([started((0, 1), 200), measured("good", 0, 100)])
    assert run_state.progress("good") == 0.25
    assert run_state.progress("leaky") == 0.0


def test_a_diverged_replica_has_nothing_left_to_do():
    run_state = state_of([started((0,), 200), Measured("hot", 0, 20, {"loss": math.nan}, diverged="loss is NaN")])
    assert run_state.over("hot")
    assert run_state.progress("hot") == 1.0


def test_what_ended_before_its_last_step_has_nothing_left_to_do_once_that_is_said():
    run_state = state_of([started((0,), 200), measured("good", 0, 38)])
    assert not run_state.over("good")
    run_state.finished = True
    assert run_state.over("good")


def at(seconds, variant, seed, step):
    return Measured(variant, seed, step, {"loss": 1.0}, seconds=seconds)


def test_speed_and_time_left_follow_the_times_of_the_events():
    run_state = state_of([started((0,), 200), at(0.5, "good", 0, 0)])
    assert math.isnan(run_state.speed("good"))
    run_state.handle(at(2.5, "good", 0, 50))
    assert run_state.speed("good") == 25.0
    assert run_state.seconds_left("good") == pytest.approx(6.0)


def test_speed_is_of_all_seeds_together():
    run_state = state_of([started((0, 1), 200), at(0.0, "good", 0, 0), at(1.0, "good", 1, 0)])
    run_state.handle(at(2.0, "good", 0, 60))
    run_state.handle(at(4.0, "good", 1, 60))
    assert run_state.speed("good") == 30.0


def test_a_resumed_run_does_not_count_the_steps_it_did_not_make():
    run_state = state_of([started((0,), 2000), at(0.0, "good", 0, 1000)])
    run_state.handle(at(1.0, "good", 0, 1100))
    assert run_state.speed("good") == 100.0


def test_what_was_measured_before_an_interruption_is_timed_by_another_clock():
    run_state = state_of([started((0, 1), 2000), at(0.0, "good", 0, 0), at(90.0, "good", 0, 1000)])
    run_state.handle(at(95.0, "good", 1, 1000))
    run_state.handle(at(1.0, "good", 0, 1100))
    run_state.handle(at(2.0, "good", 0, 1200))
    assert run_state.speed("good") == 100.0


def test_after_rewinding_speed_is_counted_anew():
    run_state = state_of([started((0,), 2000), at(0.0, "good", 0, 0), at(1.0, "good", 0, 1000)])
    run_state.handle(at(50.0, "good", 0, 0))
    run_state.handle(at(60.0, "good", 0, 100))
    assert run_state.speed("good") == 10.0


def test_a_rewound_replica_forgets_its_future():
    run_state = state_of([started((0,), 200), *(measured("hot", 0, step) for step in range(0, 100, 10))])
    run_state.handle(Measured("hot", 0, 100, {"loss": math.nan}, diverged="loss is NaN"))
    run_state.handle(measured("hot", 0, 50))
    assert run_state.curves["hot", 0, "loss"].arrays()[0].tolist() == [0, 10, 20, 30, 40, 50]
    assert not run_state.over("hot")


def test_kernels_are_counted_down():
    run_state = state_of([Compiling("relu", 3), Compiling("tanh", 2)])
    assert (run_state.kernel, run_state.kernels_left, run_state.kernels) == ("tanh", 2, 3)
    run_state.handle(measured("good", 0, 0))
    assert run_state.kernel is None


def test_a_claim_judged_again_replaces_the_first_verdict():
    first = Claimed("It holds.", "1 > 0", False, {0: False}, {0: "0 > 0"})
    again = Claimed("It holds.", "1 > 0", True, {0: True}, {0: "1 > 0"})
    assert state_of([first, again]).claims == [again]


def test_the_newest_picture_of_the_first_variant_is_shown():
    taken = state_of(whole_run()).picture()
    assert taken is not None
    assert (taken.variant, taken.step) == ("good", 200)


def test_variants_nobody_announced_are_added():
    run_state = state_of([started(), measured("branch", 0, 0)])
    assert run_state.variants[-1] == "branch"


def test_what_was_interrupted_is_as_far_as_it_came():
    run_state = state_of([
        started((0,), 100), measured("good", 0, 50), measured("hot", 0, 100),
        Ended(True, False, 0, 0, 1.0, (
            Outcome("good", 0, 50, "interrupted", 1.0), Outcome("hot", 0, 100, "finished", 1.0),
            Outcome("leaky", 0, 0, "waiting", 0.0),
        )),
    ])  # fmt: skip
    assert [run_state.progress(variant) for variant in VARIANTS] == [0.5, 1.0, 0.0]
    assert all(run_state.over(variant) for variant in VARIANTS)


def test_a_claim_without_a_seed_is_no_verdict():
    assert state_of([started(), Claimed("It learns.", "1 > 0", True, {}, {})]).claims == []


def test_a_variant_that_is_no_longer_announced_is_forgotten():
    run_state = RunState()
    both = ("good", "hot")
    run_state.handle(Started("s", "S", both, (0,), dict.fromkeys(both, 10), ("loss",)))
    for variant in both:
        run_state.handle(Measured(variant, 0, 0, {"loss": 1.0}, changed={"optimizer.rate": 2.0}))
    run_state.handle(Started("s", "S", ("good",), (0,), {"good": 10}, ("loss",)))
    assert run_state.variants == ("good",)
    assert set(run_state.curves) == {("good", 0, "loss")}
    assert {change.variant for change in run_state.changes} == {"good"}


def taken(step, title, name="found", variant="good"):
    return PictureTaken(variant, 0, step, Images(title, np.full((1, 2, 2), step / 10, np.float32), name=name))


def test_a_picture_whose_title_says_a_number_takes_the_place_of_the_one_before():
    run_state = state_of([
        *(taken(0, title) for title in ("mAP 0.0", "of relu1")), taken(0, "mAP 0.0", variant="leaky"),
        *(taken(5, title) for title in ("mAP 0.7", "of relu1")), taken(5, "Another", name="other"),
    ])  # fmt: skip
    assert [(key[0], key[2], each.step) for key, each in run_state.pictures.items()] == [
        ("good", "mAP 0.7", 5), ("good", "of relu1", 5), ("leaky", "mAP 0.0", 0), ("good", "Another", 5),
    ]  # fmt: skip
    assert run_state.decisive_pictures(["found"])[0].picture.images.max() == np.float32(0.5)


def test_pictures_of_one_name_and_step_stand_side_by_side():
    run_state = state_of([taken(0, "of relu1"), taken(0, "of relu2"), taken(5, "of relu2"), taken(5, "of relu3")])
    assert [(key[2], each.step) for key, each in run_state.pictures.items()] == [("of relu3", 5), ("of relu2", 5)]
