import math

import pytest

from lab.events import Claimed, Compiling, Ended, Measured, Outcome, Started
from lab.terminal.story import Story
from tests.terminal.streams import VARIANTS, Clock, measured, started, whole_run


def story_of(events, clock=None, keep=None):
    story = Story(clock or Clock(), keep)
    for event in events:
        story.handle(event)
    return story


def test_curves_come_from_the_events():
    story = story_of(whole_run())
    steps, values = story.curves["good", 0, "loss"].arrays()
    assert steps.tolist() == list(range(0, 201, 10))
    assert values[1] == pytest.approx(1 / 11)


def test_only_the_curves_asked_for_are_kept():
    story = story_of(
        [measured("good", 0, 0, **{"loss": 1.0, "grad_norm.dense1": 2.0})], keep=lambda name: "." not in name
    )
    assert {metric for _, _, metric in story.curves} == {"loss"}


def test_progress_counts_all_seeds():
    story = story_of([started((0, 1), 200), measured("good", 0, 100)])
    assert story.progress("good") == 0.25
    assert story.progress("leaky") == 0.0


def test_a_diverged_replica_has_nothing_left_to_do():
    story = story_of([started((0,), 200), Measured("hot", 0, 20, {"loss": math.nan}, diverged="loss is NaN")])
    assert story.over("hot")
    assert story.progress("hot") == 1.0


def test_speed_and_time_left_follow_the_clock():
    clock = Clock()
    story = story_of([started((0,), 200), measured("good", 0, 0)], clock)
    assert math.isnan(story.speed("good"))
    clock.now += 2.0
    story.handle(measured("good", 0, 50))
    assert story.speed("good") == 25.0
    assert story.seconds_left("good") == pytest.approx(6.0)


def test_a_resumed_run_does_not_count_the_steps_it_did_not_make():
    clock = Clock()
    story = story_of([started((0,), 2000), measured("good", 0, 1000)], clock)
    clock.now += 1.0
    story.handle(measured("good", 0, 1100))
    assert story.speed("good") == 100.0


def test_a_rewound_replica_forgets_its_future():
    story = story_of([started((0,), 200), *(measured("hot", 0, step) for step in range(0, 100, 10))])
    story.handle(Measured("hot", 0, 100, {"loss": math.nan}, diverged="loss is NaN"))
    story.handle(measured("hot", 0, 50))
    assert story.curves["hot", 0, "loss"].arrays()[0].tolist() == [0, 10, 20, 30, 40, 50]
    assert not story.over("hot")


def test_kernels_are_counted_down():
    story = story_of([Compiling("relu", 3), Compiling("tanh", 2)])
    assert (story.kernel, story.kernels_left, story.kernels) == ("tanh", 2, 3)
    story.handle(measured("good", 0, 0))
    assert story.kernel is None


def test_a_claim_judged_again_replaces_the_first_verdict():
    first = Claimed("It holds.", "1 > 0", False, {0: False}, {0: "0 > 0"})
    again = Claimed("It holds.", "1 > 0", True, {0: True}, {0: "1 > 0"})
    assert story_of([first, again]).claims == [again]


def test_the_newest_picture_of_the_first_variant_is_shown():
    taken = story_of(whole_run()).picture()
    assert taken is not None
    assert (taken.variant, taken.step) == ("good", 200)


def test_variants_nobody_announced_are_added():
    story = story_of([started(), measured("branch", 0, 0)])
    assert story.variants[-1] == "branch"


def test_what_was_interrupted_is_as_far_as_it_came():
    story = story_of([
        started((0,), 100), measured("good", 0, 50), measured("hot", 0, 100),
        Ended(True, False, 0, 0, 1.0, (
            Outcome("good", 0, 50, "interrupted", 1.0), Outcome("hot", 0, 100, "finished", 1.0),
            Outcome("leaky", 0, 0, "waiting", 0.0),
        )),
    ])  # fmt: skip
    assert [story.progress(variant) for variant in VARIANTS] == [0.5, 1.0, 0.0]
    assert all(story.over(variant) for variant in VARIANTS)


def test_a_claim_without_a_seed_is_no_verdict():
    assert story_of([started(), Claimed("It learns.", "1 > 0", True, {}, {})]).claims == []


def test_a_variant_that_is_no_longer_announced_is_forgotten():
    story = Story(lambda: 0.0)
    both = ("good", "hot")
    story.handle(Started("s", "S", both, (0,), dict.fromkeys(both, 10), ("loss",)))
    for variant in both:
        story.handle(Measured(variant, 0, 0, {"loss": 1.0}, changed={"optimizer.rate": 2.0}))
    story.handle(Started("s", "S", ("good",), (0,), {"good": 10}, ("loss",)))
    assert story.variants == ("good",)
    assert set(story.curves) == {("good", 0, "loss")}
    assert {change.variant for change in story.changes} == {"good"}
